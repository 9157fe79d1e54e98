package scene_test

import (
	"context"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/scene"
)

// month is the longest that a code lives.
const month = 30 * 24 * time.Hour

const createPath = "/cgi-bin/qrcode/create"

func TestCallsToTheLetter(t *testing.T) {
	t.Parallel()
	type client = *scene.Client
	add := func(s scene.Scene, lifetime time.Duration) func(context.Context, client) (any, error) {
		return func(ctx context.Context, c client) (any, error) { return c.Add(ctx, s, lifetime) }
	}
	permanent := func(s scene.Scene) func(context.Context, client) (any, error) {
		return func(ctx context.Context, c client) (any, error) { return c.AddPermanent(ctx, s) }
	}
	shorten := func(lifetime time.Duration) func(context.Context, client) (any, error) {
		return func(ctx context.Context, c client) (any, error) { return c.Shorten(ctx, "<数据>\n", lifetime) }
	}
	expand := func(ctx context.Context, c client) (any, error) { return c.Expand(ctx, "iTqRJFSEqk9RvPk") }
	expandCall := call{"POST", "/cgi-bin/shorten/fetch", `{"short_key":"iTqRJFSEqk9RvPk"}`, true}
	for name, tt := range map[string]struct {
		call   func(context.Context, client) (any, error)
		answer string
		want   call
		result any
	}{
		"text": {add(scene.Text("CODE"), 7*24*time.Hour),
			`{"ticket":"gQH47joAAA+/w==","expire_seconds":604800,"url":"http://weixin.qq.com/q/kZgf"}`,
			call{"POST", createPath, `{"expire_seconds":604800,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"CODE"}}}`, true},
			scene.Code{Ticket: "gQH47joAAA+/w==", URL: "http://weixin.qq.com/q/kZgf", Lifetime: 7 * 24 * time.Hour}},
		"number": {add(scene.Number(123), month), `{"ticket":"T","expire_seconds":"60","url":null}`,
			call{"POST", createPath, `{"expire_seconds":2592000,"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":123}}}`, true},
			scene.Code{Ticket: "T", Lifetime: time.Minute}},
		"lifetime not told": {add(scene.Number(math.MaxUint32), 1900*time.Millisecond), `{"ticket":"T"}`,
			call{"POST", createPath, `{"expire_seconds":1,"action_name":"QR_SCENE","action_info":{"scene":{"scene_id":4294967295}}}`, true},
			scene.Code{Ticket: "T", Lifetime: time.Second}},
		"permanent text": {permanent(scene.Text("<a> & 三年级")), `{"errcode":0,"ticket":"T","url":"U"}`,
			call{"POST", createPath, `{"action_name":"QR_LIMIT_STR_SCENE","action_info":{"scene":{"scene_str":"<a> & 三年级"}}}`, false},
			scene.Code{Ticket: "T", URL: "U"}},
		"permanent number": {permanent(scene.Number(100000)), `{"ticket":"T","expire_seconds":1800}`,
			call{"POST", createPath, `{"action_name":"QR_LIMIT_SCENE","action_info":{"scene":{"scene_id":100000}}}`, false},
			scene.Code{Ticket: "T"}},
		"shorten": {shorten(24 * time.Hour), `{"errcode":0,"errmsg":"ok","short_key":"iTqRJFSEqk9RvPk"}`,
			call{"POST", "/cgi-bin/shorten/gen", `{"long_data":"<数据>\n","expire_seconds":86400}`, true}, "iTqRJFSEqk9RvPk"},
		"shorten for 30 days": {shorten(0), `{"short_key":"k"}`, call{"POST", "/cgi-bin/shorten/gen", `{"long_data":"<数据>\n"}`, true}, "k"},
		"expand": {expand, `{"errcode":0,"errmsg":"ok","long_data":"D","create_time":1611047541,"expire_seconds":86300}`, expandCall,
			scene.Shortened{Data: "D", Created: time.Unix(1611047541, 0), Lifetime: 86300 * time.Second}},
		"expand quoted": {expand, `{"long_data":"","create_time":"1611047541","expire_seconds":""}`, expandCall,
			scene.Shortened{Created: time.Unix(1611047541, 0)}},
		"expand nulls": {expand, `{"long_data":"D","create_time":null}`, expandCall, scene.Shortened{Data: "D"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: tt.answer}
			got, err := tt.call(t.Context(), newClient(f))
			require.NoError(t, err)
			assert.Equal(t, tt.result, got)
			assert.Equal(t, []call{tt.want}, f.calls)
			got, err = tt.call(t.Context(), newClient(&fake{err: coded(48001)}))
			assert.Equal(t, coded(48001), err, "the Caller's error, untouched")
			assert.Empty(t, got)
		})
	}
}

func TestAnswersThatAreNonsense(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{}`, `{"ticket":"","short_key":""}`, `{"ticket":null,"short_key":null,"long_data":null}`} {
		c := newClient(&fake{answer: answer})
		for want, err := range map[string]error{
			"scene: the platform made a code and told no ticket":   errOf(c.Add(t.Context(), scene.Number(1), month)),
			"scene: the platform kept the data and told no key":    errOf(c.Shorten(t.Context(), "a", 0)),
			"scene: the platform knows the key and told no data":   errOf(c.Expand(t.Context(), "k")),
			"scene: the platform made a code and told no ticket\n": errOf(c.AddPermanent(t.Context(), scene.Number(1))),
		} {
			require.EqualError(t, err, strings.TrimSuffix(want, "\n"))
			assert.Equal(t, "lost", kindName(t, err))
		}
	}
	for _, answer := range []string{`{"ticket":1}`, `{"ticket":"T","expire_seconds":"soon"}`, `{"ticket":"T","expire_seconds":1.5}`} {
		_, err := newClient(&fake{answer: answer}).Add(t.Context(), scene.Number(1), month)
		require.Error(t, err, answer)
	}
	code, err := newClient(&fake{answer: `{"ticket":"T","expire_seconds":9223372036854775807}`}).Add(t.Context(), scene.Number(1), month)
	require.NoError(t, err)
	assert.Positive(t, code.Lifetime)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := &fake{answer: `{"ticket":"T","short_key":"k","long_data":"d"}`}
	c, ctx := newClient(f), t.Context()
	add := func(s scene.Scene) error { return errOf(c.Add(ctx, s, month)) }
	permanent := func(s scene.Scene) error { return errOf(c.AddPermanent(ctx, s)) }
	const size = " characters, it must have 1 to 64: for a longer one use a short key of it"
	for want, err := range map[string]error{
		"the scene has 0" + size:       add(scene.Scene{}),
		"the scene has 65" + size:      permanent(scene.Text(strings.Repeat("字", 65))),
		"the scene has 66" + size:      add(scene.Text(strings.Repeat("a", 66))),
		"the scene is not valid UTF-8": add(scene.Text("a\xff")),
		"the scene has a control character, which is not pushed as it is":                                                add(scene.Text("a\r\n")),
		"the scene has ]]> in it, which ends it in the XML of a push":                                                    permanent(scene.Text("a]]>b")),
		"the scene's number must be 1 to 4294967295":                                                                     add(scene.Number(0)),
		"the scene's number must be 1 to 100000 for a permanent code: use a Text or a code for a while":                  permanent(scene.Number(100001)),
		"the lifetime is 0s, it must be 1s to 720h0m0s (30 days)":                                                        errOf(c.Add(ctx, scene.Number(1), 0)),
		"the lifetime is 720h0m0.000000001s, it must be 1s to 720h0m0s (30 days)":                                        errOf(c.Add(ctx, scene.Number(1), month+1)),
		"the scene's number must be 1 to 4294967295; the lifetime is -1s, it must be 1s to 720h0m0s (30 days)":           errOf(c.Add(ctx, scene.Number(0), -time.Second)),
		"the data has 0 bytes, it must have 1 to 4096":                                                                   errOf(c.Shorten(ctx, "", 0)),
		"the data has 4098 bytes, it must have 1 to 4096; the lifetime is 720h0m1s, it must be 1s to 720h0m0s (30 days)": errOf(c.Shorten(ctx, strings.Repeat("数", 1366), month+time.Second)),
		"the lifetime is 999ms, it must be 1s to 720h0m0s (30 days)":                                                     errOf(c.Shorten(ctx, "a", 999*time.Millisecond)),
		"the data is not valid UTF-8":                                                                                    errOf(c.Shorten(ctx, "a\xff", 0)),
		"the data has a control character, which the platform does not take in JSON":                                     errOf(c.Shorten(ctx, "a\x00", 0)),
		"the short key is empty":                                   errOf(c.Expand(ctx, "")),
		"the short key has something else than letters and digits": errOf(c.Expand(ctx, "a-b")),
		"the ticket is empty":                                      errOf(scene.ImageURL("")),
		"the Caller is nil":                                        errOf(scene.NewClient(nil)),
	} {
		require.ErrorIs(t, err, scene.ErrInvalidArgument, want)
		require.EqualError(t, err, "scene: "+want)
		assert.Equal(t, "request", kindName(t, err))
	}
	for _, n := range []int64{-1, 1 << 32, 200_000} {
		require.ErrorIs(t, permanent(scene.Number(n)), scene.ErrInvalidArgument)
		assert.NotContains(t, permanent(scene.Number(n)).Error(), strconv.FormatInt(n, 10), "no error text holds a scene")
	}
	require.ErrorIs(t, add(scene.Number(-1)), scene.ErrInvalidArgument)
	require.ErrorIs(t, add(scene.Number(1<<32)), scene.ErrInvalidArgument)
	assert.Empty(t, f.calls)

	require.NoError(t, add(scene.Text(strings.Repeat("字", 64))), "at the limits")
	require.NoError(t, errOf(c.Add(ctx, scene.Number(1), time.Second)))
	require.NoError(t, errOf(c.Shorten(ctx, strings.Repeat("a", 4096), month)))
	assert.Len(t, f.calls, 3)
}

func errOf[T any](_ T, err error) error { return err }

// nilCaller is a Caller that may be nil without a pointer.
type nilCaller func()

func (nilCaller) Call(context.Context, string, string, any, any) error { return nil }

func TestNewClientOfNil(t *testing.T) {
	t.Parallel()
	for _, c := range []scene.Caller{nil, (*fake)(nil), nilCaller(nil)} {
		client, err := scene.NewClient(c)
		require.ErrorIs(t, err, scene.ErrInvalidArgument)
		assert.Nil(t, client)
	}
}

// FuzzCode: whatever the platform answers is an error or a code with a ticket, never a panic.
func FuzzCode(f *testing.F) {
	f.Add(`{"ticket":"gQH47joAAA==","expire_seconds":604800,"url":"http://weixin.qq.com/q/kZgf","short_key":"k","long_data":"d","create_time":1}`)
	f.Add(`{"ticket":"T","expire_seconds":-1e300,"create_time":"9223372036854775807"}`)
	f.Fuzz(func(t *testing.T, answer string) {
		c := newClient(&fake{answer: answer})
		code, err := c.Add(t.Context(), scene.Number(1), month)
		assert.Equal(t, err == nil, code.Ticket != "")
		assert.Equal(t, err == nil, code.Lifetime > 0)
		key, err := c.Shorten(t.Context(), "a", 0)
		assert.Equal(t, err == nil, key != "")
		kept, err := c.Expand(t.Context(), "k")
		assert.True(t, err == nil || kept == scene.Shortened{})
	})
}

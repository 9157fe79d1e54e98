package callback

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// undelivered returns the reply that err says is lost.
func undelivered(t *testing.T, err error) Reply {
	t.Helper()
	lost, ok := errors.AsType[*UndeliveredError](err)
	require.True(t, ok, "%v", err)
	return lost.Reply
}

// A text that fits into no response goes by Late as a whole, and not at all without Late.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		long bool
	}{
		"2,048 bytes":                {strings.Repeat("a", 2048), false},
		"2,049 bytes":                {strings.Repeat("a", 2049), true},
		"682 Chinese":                {strings.Repeat("长", 682), false},
		"683 Chinese":                {strings.Repeat("长", 683), true},
		"an emoji over the edge":     {strings.Repeat("a", 2045) + "🎉", true},
		"a language model's":         {strings.Repeat("好的，以下是详细的说明。\n", 300), true},
		"controls are not sent":      {strings.Repeat("a", 2048) + "\x00\x01", false},
		"broken UTF-8 grows":         {strings.Repeat("\xff", 700), true},
		"line breaks are one byte":   {strings.Repeat("\r\n", 2048), false},
		"a megabyte":                 {strings.Repeat("长", 350_000), true},
		"an end of CDATA is no part": {strings.Repeat("]]>", 682), false},
	} {
		for _, late := range []bool{false, true} {
			for _, safe := range []bool{false, true} {
				t.Run(fmt.Sprint(name, late, safe), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						e := &ends{}
						var outcomes []Outcome
						cfg := Config{Account: testAccount(safe), OnError: e.failed, Logger: quiet(), Hook: func(_ context.Context, d Delivery) {
							outcomes = append(outcomes, d.Outcome)
						}}
						if late {
							cfg.Late = e.sent
						}
						s, err := NewServer(cfg, texter(tt.text))
						require.NoError(t, err)
						p := pushed{account: testAccount(safe), body: textPush(1), safe: safe}
						for range 2 { // and again for a repeat
							w := serve(s, p.request(t.Context(), ""))
							got, err := textReply(p, w.status, w.body.Bytes())
							require.NoError(t, err)
							assert.Equal(t, tt.long, got == "", "success")
							if !tt.long {
								assert.Equal(t, normalize(tt.text), got)
							}
						}
						require.NoError(t, s.Shutdown(t.Context()))
						switch {
						case !tt.long:
							assert.Empty(t, e.late)
							assert.Empty(t, e.errors)
							assert.Equal(t, []Outcome{OutcomeRan, OutcomeReplayed}, outcomes)
						case late:
							assert.Equal(t, []Reply{Text{Content: tt.text}}, e.late)
							assert.Empty(t, e.errors)
							assert.Equal(t, []Outcome{OutcomeLate, OutcomeLate}, outcomes)
						default:
							require.Len(t, e.errors, 1)
							assert.ErrorIs(t, e.errors[0], ErrReply)
							assert.Equal(t, Text{Content: tt.text}, undelivered(t, e.errors[0]))
							assert.NotContains(t, e.errors[0].Error(), tt.text)
							assert.Equal(t, []Outcome{OutcomeRan, OutcomeReplayed}, outcomes)
						}
					})
				})
			}
		}
	}
}

// Whatever reply is lost, OnError gets it.
func TestLostRepliesReachOnError(t *testing.T) {
	t.Parallel()
	answer := Text{Content: "您的照片"}
	rest := Image{MediaID: "rest"}
	for name, tt := range map[string]struct {
		reply Reply
		takes time.Duration
		late  func(context.Context, Header, Reply) error
		want  Reply
		is    error
	}{
		"no Late":                 {answer, time.Hour, nil, answer, ErrLate},
		"Late fails":              {answer, time.Hour, func(context.Context, Header, Reply) error { return errTest }, answer, errTest},
		"Late panics":             {answer, time.Hour, func(context.Context, Header, Reply) error { panic("late") }, answer, nil},
		"Late ends its goroutine": {answer, time.Hour, func(context.Context, Header, Reply) error { goexit(); return nil }, answer, errExited},
		"Late has sent a part": {answer, time.Hour, func(context.Context, Header, Reply) error {
			return fmt.Errorf("x: %w", &UndeliveredError{rest, errTest})
		}, rest, errTest},
		"Late exceeds its time":    {answer, time.Hour, func(ctx context.Context, _ Header, _ Reply) error { <-ctx.Done(); return ctx.Err() }, answer, context.DeadlineExceeded},
		"an invalid reply":         {Image{}, 0, nil, Image{}, ErrReply},
		"an invalid reply, Late":   {Image{}, 0, func(context.Context, Header, Reply) error { return errTest }, Image{}, ErrReply},
		"an invalid reply, late":   {Image{}, time.Hour, func(context.Context, Header, Reply) error { return errTest }, Image{}, ErrReply},
		"a pointer":                {&answer, 0, nil, &answer, ErrReply},
		"a long text that is late": {Text{Content: strings.Repeat("a", 3000)}, time.Hour, func(context.Context, Header, Reply) error { return errTest }, Text{Content: strings.Repeat("a", 3000)}, errTest},
		"a long text, and no Late": {Text{Content: strings.Repeat("a", 3000)}, 0, nil, Text{Content: strings.Repeat("a", 3000)}, ErrReply},
		"a long text, and no repeat": {Text{Content: strings.Repeat("a", 3000)}, 4700 * time.Millisecond, func(context.Context, Header, Reply) error { return errTest },
			Text{Content: strings.Repeat("a", 3000)}, errTest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := &ends{}
				s, err := NewServer(Config{
					Account: testAccount(true), Late: tt.late, OnError: e.failed, HandlerTimeout: 2 * time.Hour, Logger: quiet(),
				}, HandlerFunc(func(context.Context, Message) (Reply, error) { time.Sleep(tt.takes); return tt.reply, nil }))
				require.NoError(t, err)
				serve(s, genuine(true, 1))
				require.NoError(t, s.Shutdown(t.Context()))
				require.Len(t, e.errors, 1)
				assert.Equal(t, tt.want, undelivered(t, e.errors[0]))
				if tt.is != nil {
					assert.ErrorIs(t, e.errors[0], tt.is)
				}
				assert.True(t, idle(s), "its place is given back")
			})
		})
	}
}

// Late may return an UndeliveredError of its own, also one that says nothing.
func TestUndeliveredWithoutACause(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "callback: the reply was not delivered", (&UndeliveredError{}).Error())
	assert.NotErrorIs(t, &UndeliveredError{}, errTest)
	synctest.Test(t, func(t *testing.T) {
		e := &ends{}
		s, err := NewServer(Config{
			Account: testAccount(false), OnError: e.failed, Logger: quiet(),
			Late: func(context.Context, Header, Reply) error {
				return &UndeliveredError{Reply: Text{Content: "the rest"}}
			},
		}, &slow{takes: 5 * time.Second})
		require.NoError(t, err)
		serve(s, genuine(false, 1))
		require.NoError(t, s.Shutdown(t.Context()))
		require.Len(t, e.errors, 1)
		assert.Equal(t, Text{Content: "the rest"}, undelivered(t, e.errors[0]))
	})
}

// Late has LateTimeout, whatever HandlerTimeout is, and begins with it when it begins.
func TestLateTimeout(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{0: 2 * time.Minute, time.Second: time.Second, time.Hour: time.Hour} {
		t.Run(fmt.Sprint(timeout), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				called := false
				s, err := NewServer(Config{
					Account: testAccount(false), LateTimeout: timeout, HandlerTimeout: 10 * time.Second, Logger: quiet(),
					Late: func(ctx context.Context, _ Header, _ Reply) error {
						called = true
						deadline, _ := ctx.Deadline()
						assert.Equal(t, want, time.Until(deadline))
						return nil
					},
				}, &slow{takes: 9 * time.Second})
				require.NoError(t, err)
				serve(s, genuine(false, 1))
				require.NoError(t, s.Shutdown(t.Context()))
				assert.True(t, called)
			})
		})
	}
}

// A handler may use its articles again, and change its message.
func TestRepliesAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	articles := []Article{{Title: "一"}}
	s, err := NewServer(Config{Account: testAccount(false), Logger: quiet()}, HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
		*m.Head() = Header{FromUserName: "oSomebody", ToUserName: "gh_else"}
		return News{Articles: articles}, nil
	}))
	require.NoError(t, err)
	w := serve(s, genuine(false, 1))
	articles[0].Title = "二"
	assert.Contains(t, w.body.String(), "<ToUserName><![CDATA[o9AgO5Kd5ggOC-bXrbNODIiE3bGY]]>")
	again := serve(s, genuine(false, 1))
	assert.Equal(t, w.body.String(), again.body.String())
	assert.NotContains(t, again.body.String(), "oSomebody")
	head := Header{ToUserName: "gh", FromUserName: "o", MsgType: "event"}
	kept, _, err := s.checked(&head, News{Articles: articles})
	require.NoError(t, err)
	articles[0].Title = "三"
	assert.Equal(t, News{Articles: []Article{{Title: "二"}}}, kept)
}

// The server keeps nothing of a message after its handler, however it is answered: neither the
// message, nor a part of its plaintext, which would keep the whole.
func TestNothingOfAMessageIsKept(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		takes time.Duration
		reply Reply
		late  bool
	}{
		"a reply": {0, Text{Content: "x"}, true}, "success": {0, nil, true}, "an invalid reply": {0, Image{}, true},
		"a late reply": {6 * time.Second, Text{Content: "x"}, true}, "a long text": {0, Text{Content: strings.Repeat("x", 3000)}, true},
		"a lost reply": {time.Minute, Text{Content: "x"}, false}, "a held reply": {5 * time.Second, Text{Content: "x"}, true},
	} {
		for _, safe := range []bool{false, true} {
			t.Run(fmt.Sprint(name, safe), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var plain string
					told := 0
					check := func(h Header) {
						told++
						checkDetached(t, h, plain)
					}
					cfg := Config{Account: testAccount(safe), HandlerTimeout: time.Hour, Logger: quiet(), OnError: func(_ context.Context, h Header, _ error) { check(h) }}
					if name == "a held reply" {
						cfg.Lapse = 1
					}
					if tt.late {
						cfg.Late = func(_ context.Context, h Header, _ Reply) error { check(h); return nil }
					}
					s, err := NewServer(cfg, HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
						plain = m.Head().Raw.text
						assert.True(t, within(m.Head().FromUserName, plain))
						time.Sleep(tt.takes)
						return tt.reply, nil
					}))
					require.NoError(t, err)
					serve(s, genuine(safe, 1))
					time.Sleep(time.Second)
					for _, r := range s.messages.runs.values {
						s.messages.mu.Lock()
						assert.Equal(t, name == "a held reply", r.held)
						if r.held {
							assert.Nil(t, r.in.message)
							checkDetached(t, r.in.head, plain)
						}
						s.messages.mu.Unlock()
					}
					require.NoError(t, s.Shutdown(t.Context()))
					require.Len(t, s.messages.runs.values, 1)
					for _, r := range s.messages.runs.values {
						assert.Nil(t, r.in)
						assert.Nil(t, r.waiting)
					}
					assert.Equal(t, name != "a reply" && name != "success", told == 1)
				})
			})
		}
	}
}

// checkDetached checks that h keeps nothing of the plaintext in memory.
func checkDetached(t *testing.T, h Header, plain string) {
	t.Helper()
	assert.Equal(t, Raw{}, h.Raw)
	assert.Equal(t, "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", h.FromUserName)
	for _, text := range []string{h.ToUserName, h.FromUserName, h.MsgType} {
		assert.False(t, within(text, plain), "%s is a part of the plaintext", text)
	}
}

// within reports whether part shares the memory of whole.
func within(part, whole string) bool {
	at, from := uintptr(unsafe.Pointer(unsafe.StringData(part))), uintptr(unsafe.Pointer(unsafe.StringData(whole)))
	return from <= at && at < from+uintptr(len(whole))
}

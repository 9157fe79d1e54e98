package template_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

// call is one Call as a Caller saw it, encoded as the wechat Client does.
type call struct {
	method, path, body string
	repeatable         bool
}

// fake answers every call with the same JSON or error, or with answers one after the other.
type fake struct {
	calls   []call
	answer  string
	answers []string
	err     error
}

func (f *fake) Call(_ context.Context, method, path string, in, out any) error {
	c := call{method: method, path: path}
	if in != nil {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(in); err != nil {
			return err
		}
		c.body = strings.TrimSuffix(buf.String(), "\n")
		r, ok := in.(interface{ Repeatable() bool })
		c.repeatable = ok && r.Repeatable()
	}
	f.calls = append(f.calls, c)
	if f.err != nil || out == nil {
		return f.err
	}
	if len(f.answers) > 0 {
		f.answer, f.answers = f.answers[0], f.answers[1:]
	}
	return json.Unmarshal([]byte(f.answer), out)
}

// newClient is NewClient for a Caller that is there.
func newClient(c template.Caller) *template.Client {
	client, err := template.NewClient(c)
	if err != nil {
		panic(err)
	}
	return client
}

// coded is an error as the platform's are.
type coded int

func (c coded) Error() string { return fmt.Sprintf("errcode %d", int(c)) }
func (c coded) ErrCode() int  { return int(c) }

func message() template.Message {
	return template.Message{
		To: "OPENID", TemplateID: "TID", ClientMsgID: "MSG_1",
		Data: template.Data{"thing1": {Value: "巧克力<&>"}, "amount2": {Value: "39.8元", Color: "#FF0000"}},
	}
}

func TestSendToTheLetter(t *testing.T) {
	t.Parallel()
	full := message()
	full.URL, full.MiniProgram = "https://example.com/x?a=1&b=2", &template.MiniProgram{AppID: "wx1", PagePath: "index?foo=bar"}
	path := message()
	path.MiniProgram = &template.MiniProgram{AppID: "wx1", Path: "index"}
	empty := template.Message{To: "O", TemplateID: "T", ClientMsgID: "I", MiniProgram: &template.MiniProgram{}}
	const head, data = `{"touser":"OPENID","template_id":"TID",`,
		`"client_msg_id":"MSG_1","data":{"amount2":{"value":"39.8元","color":"#FF0000"},"thing1":{"value":"巧克力<&>"}}}`
	for name, tt := range map[string]struct {
		m    template.Message
		body string
	}{
		"plain": {message(), head + data},
		"full": {full, head + `"url":"https://example.com/x?a=1&b=2","miniprogram":{"appid":"wx1","pagepath":"index?foo=bar"},` +
			data},
		"path":  {path, head + `"miniprogram":{"appid":"wx1","path":"index"},` + data},
		"empty": {empty, `{"touser":"O","template_id":"T","client_msg_id":"I","data":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: `{"errcode":0,"errmsg":"ok","msgid":3717005636572528642}`}
			id, err := newClient(f).Send(t.Context(), tt.m)
			require.NoError(t, err)
			assert.Equal(t, int64(3717005636572528642), id)
			assert.Equal(t, []call{{"POST", "/cgi-bin/message/template/send", tt.body, true}}, f.calls)
		})
	}
	assert.NotNil(t, empty.MiniProgram, "the caller's message has changed")
	assert.Nil(t, empty.Data)
}

func TestSendFillsTheID(t *testing.T) {
	t.Parallel()
	f := &fake{answer: `{"msgid":7}`}
	m := message()
	m.ClientMsgID = ""
	for range 2 {
		_, err := newClient(f).Send(t.Context(), m)
		require.NoError(t, err)
	}
	assert.Empty(t, m.ClientMsgID)
	assert.False(t, m.Repeatable())
	for _, c := range f.calls {
		assert.Regexp(t, `"client_msg_id":"[A-Z2-7]{26}"`, c.body)
		assert.True(t, c.repeatable)
	}
	assert.NotEqual(t, f.calls[0].body, f.calls[1].body)
}

func TestSendReadsTheMsgID(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]int64{
		`{"msgid":200228332}`:             200228332,
		`{"msgid":3717005636572528642}`:   3717005636572528642,
		`{"msgid":"9223372036854775807"}`: 9223372036854775807,
		`{"msgid":null}`:                  0,
		`{"msgid":""}`:                    0,
		`{}`:                              0,
	} {
		id, err := newClient(&fake{answer: answer}).Send(t.Context(), message())
		require.NoError(t, err, answer)
		assert.Equal(t, want, id, answer)
	}
	for _, answer := range []string{`{"msgid":1.5}`, `{"msgid":"x"}`, `{"msgid":9223372036854775808}`, `{"msgid":{}}`, `{"msgid":1e300}`, `{"msgid":"1e-1"}`} {
		_, err := newClient(&fake{answer: answer}).Send(t.Context(), message())
		require.ErrorContains(t, err, "a whole number is expected", answer)
	}
}

func TestSendErrors(t *testing.T) {
	t.Parallel()
	f := &fake{err: coded(43004)}
	c := newClient(f)
	id, err := c.Send(t.Context(), message())
	assert.Equal(t, coded(43004), err, "the Caller's error, untouched")
	assert.Zero(t, id)
	for _, m := range []template.Message{{}, {TemplateID: "T"}, {To: "O"}} {
		_, err := c.Send(t.Context(), m)
		require.ErrorIs(t, err, template.ErrInvalidMessage)
	}
	assert.Len(t, f.calls, 1, "a refused message has reached the wire")
}

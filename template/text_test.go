package template_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

// What JSON has a short escape for is sent with it, or raw: WeChat refuses \u.
func TestTextsWithoutUnicodeEscapes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\rb": `a\rb`, "a\tb": `a\tb`, "a\r\nb": `a\r\nb`, "\t\t": `\t\t`, "a\bb\fc": `a\bb\fc`,
		"\u2028\u2029": "\u2028\u2029", "\ufffd": "\ufffd", "<&>": "<&>", "\x7f\u0085": "\x7f\u0085", "𠮷\U0001F600": "𠮷\U0001F600",
	} {
		f := &fake{answer: `{"msgid":1}`}
		m := message()
		m.Data = template.Data{"remark": {Value: text}}
		_, err := newClient(f).Send(t.Context(), m)
		require.NoError(t, err, "%q", text)
		assert.Contains(t, f.calls[0].body, `"remark":{"value":"`+want+`"}`, "%q", text)
		_, err = newClient(f).Notify(t.Context(), template.Notification{To: "O", TemplateID: "T", Data: m.Data})
		require.NoError(t, err, "%q", text)
		assert.NotContains(t, f.calls[1].body, `\u`)
		var back template.Data
		data, err := json.Marshal(m.Data)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &back))
		assert.Equal(t, m.Data, back, "%q", text)
	}
}

// unwritable are texts that WeChat cannot be sent.
var unwritable = []string{"a\x00b", "\x01", "\x0b", "a\x1f", "\x1b[31m", "\xff", "a\xc3", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80"}

func TestTextsThatCannotBeSentAreRefused(t *testing.T) {
	t.Parallel()
	for field, set := range map[string]func(*template.Message, string){
		"To":          func(m *template.Message, s string) { m.To = s },
		"TemplateID":  func(m *template.Message, s string) { m.TemplateID = s },
		"URL":         func(m *template.Message, s string) { m.URL = "https://example.com/" + s },
		"ClientMsgID": func(m *template.Message, s string) { m.ClientMsgID = s },
		"AppID":       func(m *template.Message, s string) { m.MiniProgram = &template.MiniProgram{AppID: s} },
		"PagePath":    func(m *template.Message, s string) { m.MiniProgram = &template.MiniProgram{AppID: "wx1", PagePath: s} },
		"Path":        func(m *template.Message, s string) { m.MiniProgram = &template.MiniProgram{AppID: "wx1", Path: s} },
		"keyword":     func(m *template.Message, s string) { m.Data[s] = template.Value{Value: "a"} },
		"value":       func(m *template.Message, s string) { m.Data["thing1"] = template.Value{Value: s} },
		"remark":      func(m *template.Message, s string) { m.Data["remark"] = template.Value{Value: s} },
		"color":       func(m *template.Message, s string) { m.Data["thing1"] = template.Value{Value: "a", Color: s} },
	} {
		for _, text := range unwritable {
			m := message()
			set(&m, text)
			s := &sender{}
			c := newClient(s)
			_, err := c.Send(t.Context(), m)
			var result error
			for r := range c.SendAll(t.Context(), func(yield func(template.Message, error) bool) { yield(m, nil) }) {
				result = r.Err
			}
			require.ErrorIs(t, result, template.ErrNotSent)
			errs := []error{m.Validate(), err, result}
			if field != "URL" && field != "ClientMsgID" {
				_, err = c.Notify(t.Context(), template.Notification{To: m.To, TemplateID: m.TemplateID, MiniProgram: m.MiniProgram, Data: m.Data})
				errs = append(errs, err)
			}
			for _, err := range errs {
				require.ErrorIs(t, err, template.ErrInvalidMessage, "%s %q", field, text)
				assert.Equal(t, "value", kindName(t, err))
				assert.NotContains(t, err.Error(), text)
				assert.Equal(t, 1, strings.Count(err.Error(), "template: "), err)
			}
			assert.Zero(t, s.calls.Load())
		}
	}
}

// Of several values that cannot be sent the first by keyword is named, each time.
func TestFirstValueThatCannotBeSent(t *testing.T) {
	t.Parallel()
	m := message()
	m.Data = template.Data{"thing3": {Value: "\x00"}, "thing2": {Value: "\xff"}, "thing1": {Value: "a"}, "thing4": {Value: "\x01"}}
	for range 50 {
		_, err := newClient(&fake{}).Send(t.Context(), m)
		var wrong *template.ValueError
		require.ErrorAs(t, err, &wrong)
		assert.Equal(t, template.ValueError{Key: "thing2", Rule: "thing", Reason: "the value is not valid UTF-8"}, *wrong)
		require.Equal(t, err, m.Validate())
	}
}

func TestArgumentsThatCannotBeSentAreRefused(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	c := newClient(f)
	once := func(change func(*template.OneTimeMessage)) error {
		m := template.OneTimeMessage{To: "O", TemplateID: "T", Title: "t", Content: "c"}
		change(&m)
		return c.SendOneTime(context.Background(), m)
	}
	for _, text := range unwritable {
		_, added := c.Add(t.Context(), text)
		_, keyword := c.Add(t.Context(), "TM1", "ok", text)
		_, scene := c.AddSubscribeTemplate(t.Context(), 1, []int{1, 2}, text)
		errs := []error{added, keyword, scene, c.Delete(t.Context(), text), c.DeleteSubscribeTemplate(t.Context(), text)}
		for _, err := range c.Blocked(t.Context(), text) {
			errs = append(errs, err)
		}
		for i, err := range errs {
			require.ErrorIs(t, err, template.ErrInvalidArgument, "%d %q", i, text)
			assert.Equal(t, "request", kindName(t, err))
		}
		for i, err := range []error{
			once(func(m *template.OneTimeMessage) { m.To = text }), once(func(m *template.OneTimeMessage) { m.TemplateID = text }),
			once(func(m *template.OneTimeMessage) { m.Title = text }), once(func(m *template.OneTimeMessage) { m.Content = text }),
			once(func(m *template.OneTimeMessage) { m.URL = text }), once(func(m *template.OneTimeMessage) { m.Color = text }),
			once(func(m *template.OneTimeMessage) { m.MiniProgram = &template.MiniProgram{AppID: text} }),
		} {
			require.ErrorIs(t, err, template.ErrInvalidMessage, "%d %q", i, text)
		}
	}
	assert.Empty(t, f.calls)
	require.NoError(t, once(func(m *template.OneTimeMessage) { m.Content = "a\tb\r\nc" }))
	assert.False(t, bytes.Contains([]byte(f.calls[0].body), []byte(`\u`)), "encoding/json has short escapes too")
}

// Kinds of ErrNotSent are those of its reason.
func TestKindOfWhatWasNotSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		yielded error
		want    string
	}{
		"a value":     {template.CheckValue("thing1", ""), "value"},
		"no name":     {errors.New("database gone"), "network"},
		"an ended":    {context.Canceled, "network"},
		"with a name": {template.ErrInvalidArgument, "request"},
	} {
		for r := range newClient(&sender{}).SendAll(t.Context(), func(yield func(template.Message, error) bool) { yield(message(), tt.yielded) }) {
			require.ErrorIs(t, r.Err, template.ErrNotSent)
			require.ErrorIs(t, r.Err, tt.yielded)
			assert.Equal(t, tt.want, kindName(t, r.Err), name)
		}
	}
	for r := range newClient(panics{}).SendAll(t.Context(), messages(1)) {
		assert.Equal(t, "lost", kindName(t, r.Err), "it may have been sent")
	}
}

type panics struct{}

func (panics) Call(context.Context, string, string, any, any) error { panic("SECRET") }

// Numbers come quoted, and as decimals, from gateways.
func TestNumbersOfAllKindsAreRead(t *testing.T) {
	t.Parallel()
	for _, n := range []string{`7200`, `"7200"`, `7200.0`, `" 7200 "`, `7.2e3`, `"7200.00"`} {
		c := newClient(&fake{answer: strings.ReplaceAll(`{"count":N,"data":[{"id":N,"tid":N,"kid":N,"type":N,"categoryId":N,"name":"x"}]}`, "N", n)})
		categories, err := c.SubscribeCategories(t.Context())
		require.NoError(t, err, n)
		assert.Equal(t, []template.Category{{ID: 7200, Name: "x"}}, categories)
		for title, err := range c.SubscribeTitles(t.Context(), 1) {
			require.NoError(t, err, n)
			assert.Equal(t, template.SubscribeTitle{TID: 7200, Type: 7200, CategoryID: 7200}, title)
			break
		}
		templates, err := c.SubscribeTemplates(t.Context())
		require.NoError(t, err, n)
		assert.Equal(t, 7200, templates[0].Type)
		keywords, err := c.SubscribeKeywords(t.Context(), 1)
		require.NoError(t, err, n)
		assert.Equal(t, 7200, keywords[0].KID)
		id, err := newClient(&fake{answer: `{"msgid":` + n + `}`}).Send(t.Context(), message())
		require.NoError(t, err, n)
		assert.EqualValues(t, 7200, id)
	}
}

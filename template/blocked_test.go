package template_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

func blocked(t *testing.T, f *fake) (found []template.BlockedMessage, last error) {
	t.Helper()
	for m, err := range newClient(f).Blocked(t.Context(), "T") {
		require.NoError(t, last, "nothing comes after an error")
		if last = err; err == nil {
			found = append(found, m)
		}
	}
	return found, last
}

func TestBlockedToTheLetter(t *testing.T) {
	t.Parallel()
	const one = `{"id":%s,"tmpl_msg_id":"T","title":"测试标题","content":"测试内容","send_timestamp":1788796187,"openid":"O"}`
	want := []template.BlockedMessage{{ID: 2, TemplateID: "T", Title: "测试标题", Content: "测试内容", Sent: time.Unix(1788796187, 0), To: "O"}}
	for name, tt := range map[string]struct {
		answer string
		want   []template.BlockedMessage
	}{
		"object":          {fmt.Sprintf(`{"errcode":0,"errmsg":"ok","msginfo":`+one+`}`, "2"), want},
		"array":           {fmt.Sprintf(`{"msginfo":[`+one+`]}`, "2"), want},
		"id is a string":  {fmt.Sprintf(`{"msginfo":[`+one+`]}`, `"2"`), want},
		"object, string":  {fmt.Sprintf(`{"msginfo":`+one+`}`, `"2"`), want},
		"empty":           {`{"msginfo":[],"errcode":0,"errmsg":"ok"}`, nil},
		"empty object":    {`{"msginfo":{}}`, nil},
		"null":            {`{"msginfo":null}`, nil},
		"nothing":         {`{"errcode":0}`, nil},
		"without a time":  {`{"msginfo":[{"id":5}]}`, []template.BlockedMessage{{ID: 5}}},
		"empty id string": {`{"msginfo":[{"id":"","openid":"O"}]}`, []template.BlockedMessage{{To: "O"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: tt.answer}
			got, err := blocked(t, f)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, []call{{"POST", "/wxa/sec/queryblocktmplmsg", `{"tmpl_msg_id":"T","largest_id":0,"limit":100}`, true}}, f.calls)
		})
	}
	_, err := blocked(t, &fake{err: coded(-1)})
	assert.Equal(t, coded(-1), err)
	_, err = blocked(t, &fake{answer: `{"msginfo":{"id":"x"}}`})
	require.Error(t, err)
	_, err = blocked(t, &fake{answer: `{"msginfo":"x"}`})
	require.Error(t, err)
}

func TestBlockedWalksThePages(t *testing.T) {
	t.Parallel()
	page := func(from, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `{"id":%d},`, from+n-i) // the newest first
		}
		return `{"msginfo":[` + strings.TrimSuffix(b.String(), ",") + `]}`
	}
	f := &fake{answers: []string{page(0, 100), page(100, 100), page(200, 2)}}
	found, err := blocked(t, f)
	require.NoError(t, err)
	assert.Len(t, found, 202)
	require.Len(t, f.calls, 3)
	assert.Equal(t, `{"tmpl_msg_id":"T","largest_id":100,"limit":100}`, f.calls[1].body)
	assert.Equal(t, `{"tmpl_msg_id":"T","largest_id":200,"limit":100}`, f.calls[2].body)

	f = &fake{answer: page(0, 100)} // over and over
	found, err = blocked(t, f)
	require.EqualError(t, err, "template: the platform gave a full page of blocked messages and no next one")
	assert.Len(t, found, 200)

	f = &fake{answer: page(0, 100)}
	for range newClient(f).Blocked(t.Context(), "T") {
		break
	}
	assert.Len(t, f.calls, 1, "the loop ends it")
	for _, err := range newClient(f).Blocked(t.Context(), "") {
		require.ErrorIs(t, err, template.ErrInvalidArgument)
	}
	assert.Len(t, f.calls, 1)
}

// FuzzBlocked: whatever the platform answers is an error or messages, never a panic or a loop
// without end.
func FuzzBlocked(f *testing.F) {
	f.Add(`{"msginfo":{"id":2,"send_timestamp":1788796187}}`)
	f.Add(`{"msginfo":[{"id":"2"},{"id":""},{"id":null}]}`)
	f.Add(`{"msginfo":[` + strings.Repeat(`{"id":1},`, 99) + `{"id":9}]}`)
	f.Fuzz(func(t *testing.T, answer string) {
		for _, err := range newClient(&fake{answer: answer}).Blocked(t.Context(), "T") {
			if err != nil {
				return
			}
		}
	})
}

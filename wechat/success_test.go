package wechat_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/scene"
)

// sends are the calls that a person notices, and a few that change the account.
func sends(t *testing.T, c *wechat.Client) map[string]func() error {
	return map[string]func() error{
		"/cgi-bin/message/template/send": func() error { _, err := c.Template.Send(t.Context(), note("oA")); return err },
		"/cgi-bin/message/subscribe/bizsend": func() error {
			_, err := c.Template.Notify(t.Context(), template.Notification{To: "oA", TemplateID: "T"})
			return err
		},
		"/cgi-bin/message/template/subscribe": func() error {
			return c.Template.SendOneTime(t.Context(), template.OneTimeMessage{To: "oA", TemplateID: "T", Title: "t", Content: "c"})
		},
		"/cgi-bin/message/custom/send": func() error { return c.Custom.Send(t.Context(), "oA", custom.Text{Content: "hi"}) },
		"/cgi-bin/media/upload": func() error {
			_, err := c.Media.Upload(t.Context(), media.Image, "a.jpg", strings.NewReader("\xff\xd8\xff\xe0 a JPEG"))
			return err
		},
		"/cgi-bin/tags/members/batchtagging": func() error { return c.Followers.Tag(t.Context(), 134, "oA") },
		"/cgi-bin/user/info/updateremark":    func() error { return c.Followers.SetRemark(t.Context(), "oA", "R") },
		"/cgi-bin/tags/create":               func() error { _, err := c.Followers.AddTag(t.Context(), "T"); return err },
		"/cgi-bin/qrcode/create":             func() error { _, err := c.Scenes.AddPermanent(t.Context(), scene.Number(1)); return err },
		"/cgi-bin/shorten/gen":               func() error { _, err := c.Scenes.Shorten(t.Context(), "D", 0); return err },
		"/cgi-bin/clear_quota":               func() error { return c.ClearQuota(t.Context()) },
		"/cgi-bin/clear_quota/v2":            func() error { return c.ClearQuotaBySecret(t.Context()) },
		"/cgi-bin/x": func() error {
			return c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", repeatable{}, &map[string]any{})
		},
	}
}

// An answer that came whole and says nothing of success is none, and is not asked for again.
func TestOddAnswersAreNoSuccess(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"code":500,"message":"gateway error"}`, `{"errcode":40003.0}`, `{"errcode":40003.0,"msgid":1}`, `{"errcode":null}`, `[]`, `"ok"`, `{}`, ``, ` `,
		`<html><body>502</body></html>`, `ok`, `0`, `null`, `true`, `success`, `{"errmsg":"ok"}`, `{"errcode":"ok","errmsg":"ok"}`, `{"errcode":true,"media_id":"M"}`,
		`{"msgid":0}`, `{"msgid":null}`, `{"msgid":""}`, `{"msgid":"0"}`, `{"data":{"errcode":0}}`, `[{"errcode":0,"errmsg":"ok"}]`, `{"errcode":0} {"errcode":0}`,
		`{"errcode":0,"errmsg":"ok"}<!-- proxy -->`, `{"success":true}`, `{"status":"ok","data":null}`, `{"ErrCode":0,"msgid":1}`, "\x1f\x8b\x08\x00", `{"errcode":[0]}`,
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			g := newGateway()
			c := g.client(t)
			for path, send := range sends(t, c) {
				g.on(http.MethodPost, path, text(200, body), text(200, okJSON))
				before := len(g.requests)
				err := send()
				require.Error(t, err, path)
				assert.Len(t, g.requests, before+1, "%s is not repeated", path)
				if path != "/cgi-bin/media/upload" { // whose answer package media judges
					assert.Equal(t, wechat.KindLost, wechat.KindOf(err), "%s: %v", path, err)
				}
			}
		})
	}
}

// What the endpoint documents is a success, also where it documents no errcode.
func TestDocumentedAnswersAreSuccess(t *testing.T) {
	t.Parallel()
	var menu struct {
		ID json.Number `json:"menuid"`
	}
	var list struct {
		Total int `json:"total_count"`
		Items []struct{}
	}
	for body, out := range map[string]any{
		okJSON: nil, `{"errcode":"0","errmsg":"ok"}`: nil, "\ufeff{\"errcode\":0,\"errmsg\":\"\x01\"}": nil, `{"errmsg":"","errcode": 0 }`: nil,
		`{"errcode":0,"errmsg":"ok","msgid":0}`: &menu, `{"menuid":"208379533"}`: &menu, `{"MENUID":208379533}`: &menu, `{"menuid":1,"more":[{}]}`: &menu,
		`{"total_count":0,"items":[]}`: &list, `{"errcode":0}`: &map[string]any{},
	} {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", text(200, body))
		assert.NoError(t, g.client(t).Call(t.Context(), http.MethodPost, "/cgi-bin/x", map[string]int{}, out), body)
	}
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, `{"total_count":0}`), text(200, `{"a":1}`), text(200, `{"code":500}`), text(200, `{"ip_list":[]}`))
	require.NoError(t, g.client(t).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, &list), "nothing was sent, and the name is there")
	require.NoError(t, g.client(t).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, &map[string]any{}), "the caller reads the names")
	for range 2 {
		err := g.client(t).Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, &list)
		assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
		assert.ErrorContains(t, err, "neither errcode 0 nor what this endpoint documents")
	}
}

// Do judges an errcode that is there; what an answer without one holds is for its caller.
func TestDoRefusesAnOddErrcode(t *testing.T) {
	t.Parallel()
	for body, fine := range map[string]bool{
		`{"errcode":40003.0,"media_id":"M"}`: false, `{"errcode":null}`: false, `{"ERRCODE":0}`: false, `{"errcode":"x"}`: false,
		`{"media_id":"M"}`: true, `<html>`: true, ``: true,
	} {
		g := newGateway()
		g.on(http.MethodPost, "/cgi-bin/x", text(200, body))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/cgi-bin/x", strings.NewReader("{}"))
		require.NoError(t, err)
		req.Header["Idempotency-Key"] = nil
		resp, err := g.client(t).Do(req)
		assert.Len(t, g.requests, 1, body)
		if !fine {
			assert.Equal(t, wechat.KindLost, wechat.KindOf(err), body)
			continue
		}
		require.NoError(t, err, body)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, body, string(got))
		require.NoError(t, resp.Body.Close())
	}
}

// asked is sent by a POST that changes nothing.
type asked bool

func (a asked) ReadOnly() bool { return bool(a) }

// A POST that changes nothing is answered and repeated as a GET is.
func TestReadOnlyPost(t *testing.T) {
	t.Parallel()
	var list struct {
		Count int      `json:"count"`
		Next  []string `json:"next"`
	}
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/x", fails(io.ErrUnexpectedEOF), text(200, `{"count":0}`), text(200, `{"code":500}`), text(200, `{"count":0}`))
	c := g.client(t)
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", asked(true), &list))
	assert.Len(t, g.requests, 2, "the lost answer was asked for again")
	err := c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", asked(true), &list)
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err), "an answer without a member of the endpoint's")
	err = c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", asked(false), &list)
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err), "a count of 0 is no sign that something was done")
	assert.Len(t, g.requests, 4)
}

// refused takes what a refusal has besides its errcode.
type refused struct {
	Failed  []string `json:"fail_openid_list"`
	answers []string
}

func (r *refused) Refused(answer []byte) {
	r.answers = append(r.answers, string(answer))
	_ = json.Unmarshal(answer, r)
}

// An out that asks for it is given the answer of an errcode.
func TestRefusedAnswers(t *testing.T) {
	t.Parallel()
	const some = `{"errcode":45171,"errmsg":"some openid fail rid: 1-2-3","fail_openid_list":["oA"]}`
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/x", text(200, `{"errcode":40001,"errmsg":"x"}`), text(200, some), text(200, okJSON), text(200, some))
	c := g.client(t)
	var out refused
	require.ErrorIs(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", struct{}{}, &out), wechat.ErrSomeOpenIDsFailed)
	assert.Equal(t, refused{[]string{"oA"}, []string{`{"errcode":40001,"errmsg":"x"}`, some}}, out)

	out = refused{}
	require.NoError(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", struct{}{}, &out))
	assert.Empty(t, out.answers)
	var plain struct {
		Failed []string `json:"fail_openid_list"`
	}
	require.Error(t, c.Call(t.Context(), http.MethodPost, "/cgi-bin/x", struct{}{}, &plain))
	assert.Nil(t, plain.Failed, "left untouched")
}

// nothing is a body that may be a nil pointer.
type nothing struct{}

func (nothing) ReadOnly() bool   { return true }
func (nothing) Repeatable() bool { return true }

func TestBodyThatIsANilPointer(t *testing.T) {
	t.Parallel()
	g := newGateway()
	for _, in := range []any{(*nothing)(nil), (*asked)(nil), (*int)(nil)} {
		err := g.client(t).Call(t.Context(), http.MethodPost, "/cgi-bin/x", in, nil)
		require.ErrorContains(t, err, "wechat: POST /cgi-bin/x: in is a nil *", "%T", in)
		assert.Equal(t, wechat.KindRequest, wechat.KindOf(err))
	}
	assert.Empty(t, g.requests)
}

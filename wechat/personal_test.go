package wechat_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/follower"
	"github.com/org/wxhome/wechat/menu"
	"github.com/org/wxhome/wechat/scene"
)

// personalCalls are calls with openids, scenes and what a menu shows, and the words that no error of them
// may hold.
func personalCalls(t *testing.T, c *wechat.Client) map[string]struct {
	err   func() error
	words []string
} {
	type call = struct {
		err   func() error
		words []string
	}
	first := func(list iter.Seq2[string, error]) error {
		for _, err := range list {
			return err
		}
		return nil
	}
	return map[string]call{
		"/cgi-bin/tags/members/batchtagging": {
			func() error { return c.Followers.Tag(t.Context(), 100, "oSECRET1", "oS2") }, []string{"oSECRET1", "oS2"},
		},
		"/cgi-bin/tags/members/batchblacklist": {func() error { return c.Followers.Block(t.Context(), "oSECRET1") }, []string{"oSECRET1"}},
		"/cgi-bin/user/info": {
			func() error { _, err := c.Followers.Info(t.Context(), "oSEC RET1"); return err }, []string{"oSEC RET1", "oSEC+RET1", "oSEC%20RET1"},
		},
		"/cgi-bin/user/info/batchget": {func() error {
			for r := range c.Followers.InfoAll(t.Context(), follower.OpenIDs("oSECRET1")) {
				return r.Err
			}
			return nil
		}, []string{"oSECRET1"}},
		"/cgi-bin/changeopenid": {func() error {
			for r := range c.Followers.Changed(t.Context(), "wxOLD", follower.OpenIDs("oSECRET1")) {
				return r.Err
			}
			return nil
		}, []string{"oSECRET1"}},
		"/cgi-bin/user/tag/get":               {func() error { return first(c.Followers.TagMembers(t.Context(), 100, "oSECRET1")) }, []string{"oSECRET1"}},
		"/cgi-bin/user/get":                   {func() error { return first(c.Followers.All(t.Context(), "oSECRET1")) }, []string{"oSECRET1"}},
		"/cgi-bin/tags/members/getblacklist":  {func() error { return first(c.Followers.Blacklist(t.Context(), "oSECRET1")) }, []string{"oSECRET1"}},
		"/cgi-bin/user/info/updateremark":     {func() error { return c.Followers.SetRemark(t.Context(), "oSECRET1", "张三妈") }, []string{"oSECRET1", "张三妈"}},
		"/cgi-bin/menu/trymatch":              {func() error { _, err := c.Menu.Try(t.Context(), "weixin7"); return err }, []string{"weixin7"}},
		"/cgi-bin/shorten/fetch":              {func() error { _, err := c.Scenes.Expand(t.Context(), "k3Y"); return err }, []string{"k3Y"}},
		"/customservice/kfsession/getsession": {func() error { _, err := c.Custom.Session(t.Context(), "oSECRET1"); return err }, []string{"oSECRET1"}},
		"/cgi-bin/menu/create": {func() error {
			return c.Menu.Create(t.Context(), []menu.Button{{Name: "张三", Type: menu.Click, Key: "KEY7"}, {Name: "N7", Type: menu.View, URL: "https://h/?a=1&b=<2>"}})
		}, []string{"张三", "KEY7", "N7", "https://h/?a=1", "b=<2>"}},
		"/cgi-bin/qrcode/create": {func() error {
			_, err := c.Scenes.Add(t.Context(), scene.Text("三年级 \"2\""), time.Hour)
			return err
		}, []string{"三年级"}},
		"/cgi-bin/message/template/send": {func() error {
			_, err := c.Template.Send(t.Context(), template.Message{To: "oSECRET1", TemplateID: "TEMPLATE", Data: template.Data{"thing1": {Value: "张三"}}})
			return err
		}, []string{"oSECRET1", "张三"}},
		"/cgi-bin/message/custom/send": {func() error { return c.Custom.Send(t.Context(), "oSECRET1", custom.Text{Content: "张三"}) }, []string{"oSECRET1", "张三"}},
	}
}

// No error holds what its request had of a person, in whatever spelling an errmsg or a page repeats it.
func TestErrorsRepeatNothingPersonal(t *testing.T) {
	t.Parallel()
	asJSON := func(s string) string {
		b, err := json.Marshal(s)
		require.NoError(t, err)
		return string(b[1 : len(b)-1])
	}
	inASCII := func(s string) string { q := strconv.QuoteToASCII(s); return q[1 : len(q)-1] }
	for spelling, spell := range map[string]func(string) string{
		"plain": func(s string) string { return s }, "escaped": url.QueryEscape, "HTML": html.EscapeString, "JSON": asJSON, "ASCII": inASCII,
	} {
		for form, answer := range map[string]struct {
			status int
			text   string
		}{
			"errmsg": {200, `{"errcode":40003,"errmsg":"invalid openid %s hint: [x] rid: 61725984-6126f6f9-040f19c4"}`},
			"page":   {200, "<html>bad request: %s</html>"}, "gateway": {502, "<html>bad request: %s</html>"}, "odd": {200, `{"whatever":"%s"}`},
		} {
			t.Run(spelling+"/"+form, func(t *testing.T) {
				t.Parallel()
				g := newGateway()
				echo := func(r *http.Request) (*http.Response, error) {
					query := r.URL.Query()
					query.Del("access_token")
					sent := strings.Join(query["openid"], " ") + " " + strings.Join(query["next_openid"], " ")
					if r.Body != nil {
						body, err := io.ReadAll(r.Body)
						if err != nil {
							return nil, err
						}
						sent += " " + string(body)
					}
					said := spell(sent)
					if strings.HasPrefix(answer.text, "{") {
						said = asJSON(said)
					}
					return httpmock.NewStringResponse(answer.status, fmt.Sprintf(answer.text, said)), nil
				}
				for path, call := range personalCalls(t, g.client(t, wechat.WithMaxAttempts(1))) {
					g.on(http.MethodGet, path, echo)
					g.on(http.MethodPost, path, echo)
					err := call.err()
					require.Error(t, err, path)
					require.ErrorContains(t, err, "[redacted]", path)
					for _, word := range call.words {
						for _, spelled := range []string{word, spell(word), asJSON(spell(word)), spell(asJSON(word))} {
							assert.NotContains(t, err.Error(), spelled, path)
						}
					}
				}
			})
		}
	}
}

// What is not personal stays: it is what a person looks for.
func TestErrorsKeepWhatIsNotPersonal(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodPost, "/cgi-bin/message/template/send", text(200, `{"errcode":40037,"errmsg":"invalid template_id TEMPLATE of touser oA, not oAB rid: 1-2-3"}`))
	_, err := g.client(t).Template.Send(t.Context(), template.Message{To: "oA", TemplateID: "TEMPLATE"})
	require.EqualError(t, err, "wechat: POST /cgi-bin/message/template/send: 40037 invalid template_id TEMPLATE of touser [redacted], not oAB (rid 1-2-3)")
}

// Lists of openids in an odd answer are nobody's business either, and a long page shows no openid that
// was cut off.
func TestErrorsHoldNoOpenIDsOfAnAnswer(t *testing.T) {
	t.Parallel()
	g := newGateway()
	long := bytes.Repeat([]byte(`oSECRETOPENIDofSomebody `), 3000)
	const path = "/cgi-bin/tags/members/batchtagging"
	g.on(http.MethodPost, path, text(200, `{"errcode":"x","data":{"openid":["oOTHER1", "oOTHER2"]},"fail_openid_list":["oOTHER3"]}`), text(200, "<p>"+string(long)), text(502, string(long)))
	c := g.client(t, wechat.WithMaxAttempts(1))
	for range 3 {
		err := c.Followers.Tag(t.Context(), 100, "oSECRETOPENIDofSomebody")
		require.ErrorContains(t, err, "[redacted]")
		assert.NotContains(t, err.Error(), "oOTHER")
		assert.NotContains(t, err.Error(), "oSEC")
	}
}

// A value need not be UTF-8: it comes from a query of the caller's own.
func TestErrorsOfABrokenQuery(t *testing.T) {
	t.Parallel()
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(200, `{"errcode":40003,"errmsg":"invalid openid"}`))
	err := g.client(t).Call(t.Context(), http.MethodGet, "/cgi-bin/x?openid=%ff%26%22%5c", nil, nil)
	require.EqualError(t, err, "wechat: GET /cgi-bin/x: 40003 invalid openid")
}

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/photopage"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const linkKey = "a key of sixteen bytes"

// visitor is the web authorization of one openid.
type visitor string

func (v visitor) WebAuthURL(back, state string, _ ...wechat.WebAuthOption) (string, error) {
	return back + "?code=c&state=" + state, nil
}

func (v visitor) WebAuthOpenID(context.Context, string) (wechat.WebAuth, error) {
	return wechat.WebAuth{OpenID: string(v)}, nil
}

// openAs opens a link as openid does in WeChat, or as whoever has the link where openid is empty,
// and returns the page that it leads to.
func openAs(t *testing.T, address, appID, link, openid string) (status int, body string) {
	t.Helper()
	d := dbtest.Open(t, address)
	photos, err := photofile.New(photofile.Config{Hosts: []string{"p.example"}})
	require.NoError(t, err)
	page, err := photopage.New(photopage.Config{
		BaseURL: "https://school.example/photo", Key: linkKey, Photos: photos, Authorizer: visitor(openid), LinkOnly: openid == "",
		Store: photopage.SQLStore{Ledger: d.DB, School: d.DB, AppID: appID},
	})
	require.NoError(t, err)
	cookie := ""
	for range 4 {
		request := httptest.NewRequest(http.MethodGet, link, nil)
		request.Header.Set("User-Agent", "MicroMessenger")
		request.Header.Set("Cookie", cookie)
		answer := httptest.NewRecorder()
		page.ServeHTTP(answer, request)
		if status, body = answer.Code, answer.Body.String(); status != http.StatusFound {
			break
		}
		cookies := answer.Result().Cookies()
		last := cookies[len(cookies)-1]
		cookie, link = last.Name+"="+last.Value, answer.Header().Get("Location")
	}
	return status, body
}

// linked are the flags of a push with links.
func linked(db, templateID string, more ...string) []string {
	return append([]string{
		"-db", db, "-template", templateID, "-field", "thing1={student_name}", "-field", "time2={photo_update_time}",
		"-link", "https://school.example/photo", "-rate", "1000", "-interval", "1ms",
	}, more...)
}

// TestTrialLinkOpens: for the openid of the trial, also when it is not bound to the pupil of
// -student, and for no stranger.
func TestTrialLinkOpens(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s, id, environment := newServer(t)
		environment["WXHOME_LINK_KEY"] = linkKey
		s.Follow("oMyself")
		d := dbtest.Open(t, address)
		_, err := school.Import(t.Context(), d.DB, strings.NewReader(csvHeader+
			"13900000001,oA,1,甲,https://p.example/1.jpg,2026-11-20 09:00\n13900000002,oB,2,乙,https://p.example/2.jpg,2026-11-20 09:00\n"))
		require.NoError(t, err)
		for _, c := range []struct {
			flags []string
			name  string
			opens map[string]int // for whom, by the status of the page
		}{
			{[]string{"-to", "oB"}, "乙", map[string]int{"oB": 200, "oA": 403, "oMyself": 403, "": 200}},
			{[]string{"-to", "oMyself", "-student", "1"}, "甲", map[string]int{"oMyself": 200, "oA": 200, "oB": 403, "": 200}},
		} {
			before := s.AcceptedCount()
			r := runProgram(t.Context(), environment, linked(address, id, c.flags...)...)
			require.Equal(t, exitOK, r.status, r.both())
			require.Equal(t, before+1, s.AcceptedCount())
			m := s.Accepted()[before].Message
			assert.Equal(t, c.name, m.Data["thing1"].Value)
			for openid, want := range c.opens {
				status, body := openAs(t, address, s.AppID, m.URL, openid)
				assert.Equal(t, want, status, "%v for %q: %s", c.flags, openid, body)
				assert.Equal(t, want == http.StatusOK, strings.Contains(body, c.name), "%v for %q", c.flags, openid)
			}
		}
		r := runProgram(t.Context(), environment, linked(address, id, "-yes")...)
		require.Equal(t, exitOK, r.status, r.both())
		assert.EqualValues(t, 4, s.AcceptedCount(), "a trial is none of the campaign's messages")
	})
}

var shownURL = regexp.MustCompile(`url = (https\S+)`)

// TestDryRunLinksOpen: for the parents whom the messages are for, before anything is in the ledger
// and afterwards, and nothing is written.
func TestDryRunLinksOpen(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	environment["WXHOME_LINK_KEY"] = linkKey
	address := newSchool(t, "13900000001,oA,1,甲,https://p.example/1.jpg,2026-11-20 09:00", "13900000002,oB,2,乙,https://p.example/2.jpg,2026-11-20 09:00")
	query := filepath.Join(t.TempDir(), "query.sql")
	require.NoError(t, os.WriteFile(query, []byte(`SELECT wechat_openid AS openid, b.student_id, student_name, photo_url, photo_update_time
FROM parent_wechat_bind b JOIN student_photo p ON CAST(p.student_id AS TEXT) = CAST(b.student_id AS TEXT) COLLATE BINARY`), 0o600))
	opens := func(flags ...string) {
		t.Helper()
		before := readFile(t, strings.TrimPrefix(address, "sqlite:"))
		r := runProgram(t.Context(), environment, linked(address, id, append(flags, "-dry-run")...)...)
		require.Equal(t, exitOK, r.status, r.both())
		assert.Equal(t, before, readFile(t, strings.TrimPrefix(address, "sqlite:")))
		links := shownURL.FindAllStringSubmatch(r.out, -1)
		require.Len(t, links, 2, r.out)
		for i, openid := range []string{"oA", "oB"} {
			status, body := openAs(t, address, s.AppID, links[i][1], openid)
			assert.Equal(t, http.StatusOK, status, body)
			status, _ = openAs(t, address, s.AppID, links[1-i][1], openid)
			assert.Equal(t, http.StatusForbidden, status, "another parent's")
		}
	}
	opens()
	opens("-query", query)
	s.Fail("/cgi-bin/message/template/send", 10, wechattest.Fault{Code: 45009}) // the quota
	r := runProgram(t.Context(), environment, linked(address, id, "-yes")...)
	require.Equal(t, exitStopped, r.status, r.both())
	opens()
}

package main

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/photopage"
	"github.com/org/wxhome/wechat"
)

// photoServer has a photo at /1.png and a web page at /page.
func photoServer(t *testing.T) string {
	t.Helper()
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 9, 9))))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/1.png":
			_, _ = w.Write(picture.Bytes())
		case "/page":
			_, _ = w.Write([]byte("<html>please log in</html>"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// pageServer is a photo page of a school, with a key of its own.
func pageServer(t *testing.T, address, appID, key string, linkOnly bool) (link string) {
	t.Helper()
	d := dbtest.Open(t, address)
	photos, err := photofile.New(photofile.Config{Hosts: []string{"p.example"}})
	require.NoError(t, err)
	var page http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { page.ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	page, err = photopage.New(photopage.Config{
		BaseURL: s.URL + "/photo", Key: key, Photos: photos, Authorizer: authorizer{}, LinkOnly: linkOnly,
		Store: photopage.SQLStore{Ledger: d.DB, School: d.DB, AppID: appID},
	})
	require.NoError(t, err)
	return s.URL + "/photo"
}

// authorizer sends visitors to WeChat.
type authorizer struct{ visitor }

func (authorizer) WebAuthURL(back, state string, _ ...wechat.WebAuthOption) (string, error) {
	return "https://open.weixin.qq.com/connect/oauth2/authorize?redirect_uri=" + url.QueryEscape(back) + "&state=" + state, nil
}

// TestCheckOpensTheLink finds what parents would find.
func TestCheckOpensTheLink(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	environment["WXHOME_LINK_KEY"] = linkKey
	address := newSchool(t, "13900000001,oA,1,甲,"+photoServer(t)+"/1.png,2026-11-20 09:00")
	other := newSchool(t, "13900000009,oZ,9,壬,https://p.example/9.jpg,2026-11-20 09:00")
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	elsewhere := httptest.NewServer(http.RedirectHandler("https://portal.example/login", http.StatusFound))
	t.Cleanup(elsewhere.Close)
	for name, c := range map[string]struct {
		link, says string
		status     int
	}{
		"the key is the same":    {pageServer(t, address, s.AppID, linkKey, false), "asks WeChat who the parent is", exitOK},
		"another key":            {pageServer(t, address, s.AppID, "another key of sixteen", false), "WXHOME_LINK_KEY must be the same", exitUsage},
		"link only":              {pageServer(t, address, s.AppID, linkKey, true), "it knows the link's key", exitOK},
		"link only, another key": {pageServer(t, address, s.AppID, "another key of sixteen", true), "WXHOME_LINK_KEY must be the same", exitUsage},
		"another database":       {pageServer(t, other, s.AppID, linkKey, true), "must be the same databases", exitUsage},
		"another path":           {strings.TrimSuffix(pageServer(t, address, s.AppID, linkKey, false), "/photo") + "/photos", "-public-url", exitUsage},
		"leads elsewhere":        {elsewhere.URL + "/photo", "leads elsewhere", exitUsage},
		"nobody there":           {closed.URL + "/photo", "cannot be reached", exitOK},
	} {
		flags := []string{"check", "-lang", "en", "-db", address, "-template", id, "-field", "thing1={student_name}", "-field", "time2={photo_update_time}", "-link", c.link}
		r := runProgram(t.Context(), environment, flags...)
		assert.Equal(t, c.status, r.status, "%s: %s", name, r.both())
		assert.Contains(t, r.out, c.says, name)
		assert.Contains(t, r.out, "1 fetched for a sample", name)
		assert.NotContains(t, r.both(), linkKey, name)
	}
}

// TestCheckFetchesPhotos: a photo that is none is found before parents find it.
func TestCheckFetchesPhotos(t *testing.T) {
	t.Parallel()
	_, id, environment := newServer(t)
	photos := photoServer(t)
	for _, c := range []struct {
		photo, says string
		status      int
	}{
		{photos + "/1.png", "fetched for a sample", exitOK},
		{photos + "/2.png", "BAD  photos: pupil 1: there is no such photo", exitUsage},
		{photos + "/page", "BAD  photos: pupil 1: this is not a picture", exitUsage},
		{"https://10.0.0.1/1.png", "BAD  photos: pupil 1: the photo's host has a private address", exitUsage},
		{"https://no-such-host.invalid/1.png", "!    photos: pupil 1: the photo cannot be had now", exitOK},
	} {
		address := newSchool(t, "13900000001,oA,1,甲,"+c.photo+",2026-11-20 09:00")
		r := runProgram(t.Context(), environment, append([]string{"check", "-lang", "en"}, realFlags(address, id)...)...)
		assert.Equal(t, c.status, r.status, r.both())
		assert.Contains(t, r.out, c.says)
	}
}

// TestCheckTellsFieldsThatDoNotExist: of the template, and columns.
func TestCheckTellsFieldsThatDoNotExist(t *testing.T) {
	t.Parallel()
	_, id, environment := newServer(t)
	address := smallSchool(t)
	for _, c := range []struct{ field, says string }{
		{"thing9={student_name}", "does not cover thing1"},
		{"thing1={class}", "class"},
		{"thing1={student_name}", "A push with these flags would work"},
	} {
		r := runProgram(t.Context(), environment, "check", "-lang", "en", "-db", address, "-template", id, "-public-photos", "-field", c.field, "-field", "time2={photo_update_time}")
		assert.Contains(t, r.out, c.says)
	}
}

// TestCheckShowsPairsOfAQuery for a person to compare.
func TestCheckShowsPairsOfAQuery(t *testing.T) {
	t.Parallel()
	_, id, environment := newServer(t)
	address := newSchool(t,
		"13900000001,oAParentOfTheFirst,1,甲,https://p.example/1.jpg,2026-11-20 09:00", "13900000002,oB,2,乙,https://p.example/2.jpg,2026-11-20 09:00",
		"13900000003,oC,3,丙,https://p.example/3.jpg,2026-11-20 09:00", "13900000004,oD,4,丁,https://p.example/4.jpg,2026-11-20 09:00")
	query := filepath.Join(t.TempDir(), "query.sql")
	require.NoError(t, os.WriteFile(query, []byte(`SELECT wechat_openid AS openid, b.student_id, student_name, photo_url, photo_update_time
FROM parent_wechat_bind b JOIN student_photo p ON p.student_id = b.student_id`), 0o600))
	r := runProgram(t.Context(), environment, append([]string{"check", "-lang", "en"}, realFlags(address, id, "-query", query)...)...)
	assert.Equal(t, exitOK, r.status, r.both())
	assert.Equal(t, 3, strings.Count(r.out, "is told of pupil"))
	assert.Contains(t, r.out, "openid oAPa…irst is told of pupil 1 甲")
	assert.NotContains(t, r.out, "oAParentOfTheFirst")
}

package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/photolink"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/wechat/wechattest"
)

// TestRightChild: the chat and the photo page show the photo of the child whose id the database
// prints, and of no other, whatever types and collations the school's columns have.
func TestRightChild(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s := startServer(t, address, nil, "-photo-auth", "link")
		s.wechat.AddTemplate(school.DemoTemplate())
		var link string
		for i, p := range dbtest.Pairs(s.school.Dialect) {
			p.Make(t, s.school, "https://photos.example/1.png")
			said := s.says(dbtest.PairOpenID, "照片")
			switch {
			case p.Text == "":
				assert.Contains(t, said, "还没有绑定", p.Name)
			case !p.Same:
				assert.Contains(t, said, "还没有照片", p.Name)
			default:
				assert.Contains(t, said, "正在发送"+dbtest.PairName, p.Name)
			}
			_, err := push.Run(t.Context(), nil, push.Config{
				AppID: s.wechat.AppID, Caller: s.wechat.Client(), School: s.school, Ledger: s.school, Campaign: fmt.Sprintf("c%d", i),
				TemplateID: school.DemoTemplate().ID, Again: true, LinkBase: "https://school.example/photo",
				Fields: []push.Field{{Key: "thing1", Text: "{student_name}"}, {Key: "time2", Text: "{photo_update_time}"}, {Key: "thing3", Text: "点击查看"}},
				Link:   func(row int64) string { return signed(t, row) },
			})
			require.NoError(t, err, p.Name)
			if !p.Same {
				continue
			}
			for _, m := range s.wechat.Accepted() {
				if m.Message.URL != "" {
					link = m.Message.URL
				}
			}
			status, body := s.open(link)
			assert.Equal(t, http.StatusOK, status, "%s: %s", p.Name, body)
			assert.Contains(t, body, dbtest.PairName, p.Name)
		}
	})
}

// signed is the link that batchpush would send.
func signed(t *testing.T, row int64) string {
	links, err := photolink.New("https://school.example/photo", testKey)
	require.NoError(t, err)
	return links.Link(row, time.Now().Add(time.Hour))
}

// open opens a link as a browser does, and returns the page that it leads to.
func (s *server) open(link string) (status int, body string) {
	s.t.Helper()
	cookie, path := "", strings.TrimPrefix(link, "https://school.example")
	for range 3 {
		request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
		require.NoError(s.t, err)
		if cookie != "" {
			request.Header.Set("Cookie", cookie)
		}
		answer, err := http.DefaultTransport.RoundTrip(request)
		require.NoError(s.t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(s.t, err)
		require.NoError(s.t, answer.Body.Close())
		status, body = answer.StatusCode, string(text)
		if status != http.StatusFound {
			break
		}
		cookie, _, _ = strings.Cut(answer.Header.Get("Set-Cookie"), ";")
		path = answer.Header.Get("Location")
	}
	return status, body
}

// TestLeavesAndComesBack: a parent who unfollows is forgotten, and known again when she is bound again:
// the photo that she has got is not sent a second time.
func TestLeavesAndComesBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		s := startServer(t, address, nil)
		s.wechat.AddTemplate(school.DemoTemplate())
		config := push.Config{
			AppID: s.wechat.AppID, Caller: s.wechat.Client(), School: s.school, Ledger: s.school, Campaign: "spring",
			TemplateID: school.DemoTemplate().ID, Public: true,
			Fields: []push.Field{{Key: "thing1", Text: "{student_name}"}, {Key: "time2", Text: "{photo_update_time}"}, {Key: "thing3", Text: "点击查看"}},
		}
		first, err := push.Run(t.Context(), nil, config)
		require.NoError(t, err)
		require.Equal(t, 2, first.Accepted)
		_, err = s.wechat.Push(t.Context(), wechattest.Unsubscribe("oA"))
		require.NoError(t, err)
		assert.Zero(t, table(t, s.school, "push_message WHERE openid = 'oA'"))
		assert.Zero(t, table(t, s.school, "parent_wechat_bind WHERE wechat_openid = 'oA'"))
		_, err = school.Import(t.Context(), s.school.DB, strings.NewReader("parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time\n"+
			"13900000001,oA,S1,张三,https://photos.example/1.png,2026-11-20 09:00\n"))
		require.NoError(t, err)
		config.Campaign = "summer"
		second, err := push.Run(t.Context(), nil, config)
		require.NoError(t, err)
		assert.Equal(t, []int{0, 2}, []int{second.Sent, second.Unchanged})
	})
}

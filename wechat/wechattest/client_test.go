package wechattest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

func TestClient(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]wechattest.Option{nil, {wechattest.InMemory()}} {
		s := wechattest.New(t, opts...)
		other := s.AddAccount("wxother00000000002", "othersecret")
		for _, a := range []*wechattest.Account{s.Account, other} {
			_, err := a.Client().CallbackIPs(t.Context())
			require.NoError(t, err)
		}
		_, err := s.Client(wechat.WithBaseURL("https://api.weixin.qq.com")).CallbackIPs(t.Context())
		require.NoError(t, err, "stays here")
		assert.Equal(t, 3, s.Requests(pathIPs))
		assert.Panics(t, func() { s.Client(wechat.WithBaseURL("no scheme")) })
	}
}

func TestClientManagesTemplates(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	c := s.Client()
	id, err := c.Template.Add(t.Context(), "43231", "学生姓名", "温馨提示")
	require.NoError(t, err)
	list, err := c.Template.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, id, list[0].ID)
	assert.Len(t, list[0].Keywords(), 2)
	require.NoError(t, c.Template.Delete(t.Context(), id))
	require.ErrorIs(t, c.Template.Delete(t.Context(), id), wechat.Code(40037))

	require.NoError(t, c.Template.SetIndustry(t.Context(), 1, 16))
	require.ErrorIs(t, c.Template.SetIndustry(t.Context(), 1, 16), wechat.Code(43100))
	in, err := c.Template.Industry(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, in.Primary, in.Secondary)
	assert.NotZero(t, in.Secondary)
}

func TestClientAsksAboutTheAccount(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	c := s.Client()
	s.SetDailyQuota(pathSend, 5)
	q, err := c.Quota(t.Context(), pathSend)
	require.NoError(t, err)
	assert.Equal(t, int64(5), q.Remain)
	require.NoError(t, c.ClearQuota(t.Context()))
	check, err := c.CheckCallback(t.Context(), "", "")
	require.NoError(t, err)
	assert.Len(t, check.DNS, 1)

	_, err = c.Template.Send(t.Context(), template.Message{To: "oNobody", TemplateID: "T", Data: template.Data{"thing1": {Value: "a"}}})
	var refused *wechat.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, wechat.Code(40003), refused.Code)
	info, err := c.RequestInfo(t.Context(), refused.RID)
	require.NoError(t, err)
	assert.Contains(t, info.RequestBody, "oNobody")
}

func TestClientInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory())
		s.Follow(follower)
		id := s.AddTemplate(template.Template{Content: "姓名{{thing1.DATA}}"})
		m := template.Message{To: follower, TemplateID: id, Data: template.Data{"thing1": {Value: "a"}}}
		c := s.Client()
		for range 3 {
			_, err := c.Template.Send(t.Context(), m)
			require.NoError(t, err)
			time.Sleep(2 * time.Hour)
		}
		assert.Equal(t, int64(3), s.AcceptedCount())
		assert.Equal(t, 3, s.TokenFetches())
	})
}

// What the caller of Client gives wins, and is given once.
func TestOptionsOfTheCallerWin(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	seen := 0
	count := roundTrip(func(r *http.Request) (*http.Response, error) {
		seen++
		assert.Equal(t, "gateway.example", r.URL.Host)
		return s.Transport().RoundTrip(r)
	})
	c := s.Client(wechat.WithHTTPClient(&http.Client{Transport: count}), wechat.WithBaseURL("http://gateway.example"), wechat.WithAuthorizeURL("http://pages.example"))
	_, err := c.CallbackIPs(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, seen)
	address, err := c.WebAuthURL("https://school.example/", "s")
	require.NoError(t, err)
	assert.Contains(t, address, "http://pages.example?appid=")
	address, err = s.Client().WebAuthURL("https://school.example/", "s")
	require.NoError(t, err)
	assert.Contains(t, address, s.AuthorizeURL())
	assert.PanicsWithValue(t, "wechattest: wechat: WithMaxAttempts is given twice", func() { s.Client(wechat.WithMaxAttempts(1), wechat.WithMaxAttempts(1)) })
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

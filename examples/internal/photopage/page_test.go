package photopage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/wechat/wechattest"
)

const view7 = base + "/view/7"

// refused asserts a page with a status that shows neither photo nor pupil.
func refused(t *testing.T, status int, says string, got shown) {
	t.Helper()
	assert.Equal(t, status, got.StatusCode)
	assert.Contains(t, got.body, says)
	for _, leak := range []string{"secret-photo", "张三", "<img", "/picture", "oMother", "oFather"} {
		assert.NotContains(t, got.body, leak)
	}
	assert.Contains(t, got.Header.Get("Content-Type"), "text/html")
}

func TestBothParentsSeeThePhoto(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, who := range []string{"oMother", "oFather"} {
		b := s.browser(who)
		got := b.get(s.link(7))
		assert.Equal(t, http.StatusOK, got.StatusCode, got.body)
		require.Len(t, b.way, 3)
		assert.Regexp(t, `^http://wechattest\.invalid/connect/oauth2/authorize\?appid=wxsimulation000001&redirect_uri=https%3A%2F%2Fschool\.example%2Fphoto%2Fback&response_type=code&scope=snsapi_base&state=[A-Z2-7]{26}#wechat_redirect$`, b.way[0])
		assert.Regexp(t, `^https://school\.example/photo/back\?code=`, b.way[1])
		assert.Equal(t, view7, b.way[2][:len(view7)], "a clean address")
		assert.Contains(t, got.body, `<img src="/photo/view/7/picture"`)
		assert.Contains(t, got.body, "张三&lt;b&gt;")
		assert.Contains(t, got.body, "2026年11月20日 18:00")
		assert.NotContains(t, got.body, "secret-photo")
		assert.NotContains(t, got.body, "<script")

		picture := b.get(view7 + "/picture")
		assert.Equal(t, http.StatusOK, picture.StatusCode)
		assert.Equal(t, jpeg, picture.body)
		assert.Equal(t, "image/jpeg", picture.Header.Get("Content-Type"))
		assert.EqualValues(t, len(jpeg), picture.ContentLength)
		assert.Equal(t, "inline; filename=photo.jpg", picture.Header.Get("Content-Disposition"))
		again := b.get(view7)
		assert.Equal(t, got.body, again.body, "a reload")
		assert.Empty(t, b.way)
	}
	assert.Equal(t, 2, s.wechat.Requests("/sns/oauth2/access_token"), "reloads ask WeChat nothing")
	assert.Equal(t, []string{secret, secret}, s.photos.asked)
	assert.Empty(t, s.log.String())
}

func TestEverybodyElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stranger := s.browser("oStranger")
	refused(t, 403, "没有查看权限", stranger.get(s.link(7)))
	picture := stranger.get(view7 + "/picture")
	assert.Equal(t, 403, picture.StatusCode)
	assert.Contains(t, picture.Header.Get("Content-Type"), "text/plain")

	fresh := s.browser("oMother")
	refused(t, 403, "请重新打开", fresh.get(view7))
	assert.Equal(t, 403, fresh.get(view7+"/picture").StatusCode)

	outside := s.browser("oMother")
	outside.agent = "Mozilla/5.0 Chrome/130 Safari/537.36"
	refused(t, 403, "请在微信中打开", outside.get(s.link(7)))
	outside.agent = "Mozilla/5.0 wxwork/4.1 MicroMessenger/7.0"
	refused(t, 403, "请在微信中打开", outside.get(s.link(7)))

	s.store.rows[8] = Row{OpenID: "oMother", StudentID: "S2", PhotoURL: secret}
	refused(t, 403, "没有查看权限", s.browser("oMother").get(s.link(8)))
	s.store.rows[9] = Row{OpenID: "oMother", StudentID: "S1"}
	refused(t, 404, "照片已不在", s.browser("oMother").get(s.link(9)))
	refused(t, 404, "照片已不在", s.browser("oMother").get(s.link(1)))
	assert.Empty(t, s.photos.asked)
}

func TestLinksThatAreNotGood(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oMother")
	good := s.link(7)
	for i := len(good) - 20; i < len(good); i++ {
		bad := good[:i] + string(good[i]^1) + good[i+1:]
		if strings.ContainsAny(bad[i:i+1], "/?#%") {
			continue
		}
		refused(t, 403, "链接无效", b.get(bad))
	}
	expired := s.page.Link(7, s.clock.Now().Add(-2*time.Minute))
	refused(t, 410, "链接已过期", b.get(expired))
	assert.Empty(t, b.way)
	assert.Zero(t, s.wechat.Requests("/connect/oauth2/authorize"))
	ahead := s.page.Link(7, s.clock.Now().Add(-30*time.Second))
	assert.Equal(t, 200, b.get(ahead).StatusCode, "a clock that is ahead by less than a minute")
}

func TestUnbindingTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oFather")
	require.Equal(t, 200, b.get(s.link(7)).StatusCode)
	s.store.bind("oFather", "S1", false)
	refused(t, 403, "没有查看权限", b.get(view7))
	assert.Equal(t, 403, b.get(view7+"/picture").StatusCode)
	s.store.bind("oFather", "S1", true)
	assert.Equal(t, 200, b.get(view7).StatusCode)
}

func TestSessionIsForOneRowAndEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.store.rows[70] = s.store.rows[7]
	b := s.browser("oMother")
	require.Equal(t, 200, b.get(s.link(7)).StatusCode)
	assert.Equal(t, 403, b.get(base+"/view/70").StatusCode, "another row wants a link of its own")
	// The cookie of row 7, sent for row 70.
	r := httptest.NewRequest(http.MethodGet, base+"/view/70", nil)
	for _, c := range b.jar.Cookies(mustParse(t, view7)) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.page.ServeHTTP(w, r)
	assert.Equal(t, 403, w.Code)

	s.clock.advance(59 * time.Minute)
	assert.Equal(t, 200, b.get(view7).StatusCode)
	s.clock.advance(2 * time.Minute)
	refused(t, 403, "请重新打开", b.get(view7))
	assert.Equal(t, 200, b.get(s.link(7)).StatusCode)
}

func TestCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oMother")
	first := b.step(s.link(7))
	require.Len(t, first.Cookies(), 1)
	visit := first.Cookies()[0]
	assert.Regexp(t, `^__Secure-photo_visit_[A-Z2-7]{26}$`, visit.Name)
	assert.Equal(t, "/photo/back", visit.Path)
	assert.Equal(t, 600, visit.MaxAge)
	second := b.step(first.Header.Get("Location"))
	third := b.step(second.Header.Get("Location"))
	require.Len(t, third.Cookies(), 2)
	assert.Equal(t, visit.Name, third.Cookies()[0].Name)
	assert.Negative(t, third.Cookies()[0].MaxAge, "a state is good once")
	session := third.Cookies()[1]
	assert.Equal(t, "/photo/view/7", session.Path)
	assert.Equal(t, 3600, session.MaxAge)
	for _, c := range []*http.Cookie{visit, session} {
		assert.True(t, c.HttpOnly)
		assert.True(t, c.Secure)
		assert.Equal(t, http.SameSiteLaxMode, c.SameSite)
		assert.Empty(t, c.Domain)
		assert.True(t, c.Expires.IsZero())
		assert.NotContains(t, c.Value, "oMother")
	}
	replay := b.get(second.Header.Get("Location"))
	refused(t, 403, "请重新打开", replay)
}

// TestStateIsTiedToTheBrowser has somebody hand a victim the way back of a visit of his own.
func TestStateIsTiedToTheBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attacker, victim := s.browser("oStranger"), s.browser("oMother")
	back := attacker.step(attacker.step(s.link(7)).Header.Get("Location")).Header.Get("Location")
	require.Contains(t, back, "/photo/back?code=")
	refused(t, 403, "请重新打开", victim.get(back))
	assert.Zero(t, s.wechat.Requests("/sns/oauth2/access_token"), "the code is not even looked at")
	victimBack := victim.step(victim.step(s.link(7)).Header.Get("Location")).Header.Get("Location")
	state := mustParse(t, victimBack).Query().Get("state")
	mixed := strings.Replace(back, mustParse(t, back).Query().Get("state"), state, 1)
	require.NotEqual(t, back, mixed)
	for _, odd := range []string{"/back", "/back?state=", "/back?code=1", "/back?state=" + strings.Repeat("A", 65) + "&code=1", "/back?state=%00;&code=1", "/back?state=%E7%85%A7"} {
		refused(t, 403, "请重新打开", victim.get(base+odd))
	}
}

func TestTabsDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.store.rows[8] = Row{OpenID: "oMother", StudentID: "S1", PhotoURL: secret, StudentName: "李四"}
	b := s.browser("oMother")
	first, second := b.step(s.link(7)), b.step(s.link(8))
	again := b.step(s.link(7))
	for _, tab := range []struct {
		shown
		at string
	}{{second, base + "/view/8"}, {first, view7}, {again, view7}} {
		back := b.step(tab.Header.Get("Location"))
		got := b.get(back.Header.Get("Location"))
		assert.Equal(t, 200, got.StatusCode)
		assert.Equal(t, tab.at, strings.TrimSuffix(got.Request.URL.String(), "#wechat_redirect"))
	}
	assert.Contains(t, b.get(base+"/view/8").body, "李四")
}

func TestVisitEndsAfterTenMinutes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oMother")
	back := b.step(b.step(s.link(7)).Header.Get("Location")).Header.Get("Location")
	s.clock.advance(11 * time.Minute)
	refused(t, 403, "请重新打开", b.get(back))
}

func TestSnapshotVisitor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oMother?")
	link := s.link(7)
	got := b.get(link)
	refused(t, 403, "使用完整服务", got)
	assert.Equal(t, link, strings.TrimSuffix(got.Request.URL.String(), "#wechat_redirect"), "where a reload begins anew")
	assert.Contains(t, got.body, `href="`+strings.TrimPrefix(link, "https://school.example")+`"`)
	refused(t, 403, "使用完整服务", b.get(link))
	b.who = "oMother"
	assert.Equal(t, 200, b.get(link).StatusCode, "after the tap")
}

func TestExchangeFails(t *testing.T) {
	t.Parallel()
	const path = "/sns/oauth2/access_token"
	for name, tt := range map[string]struct {
		code, times int
		status      int
		says        string
		asked       int
	}{
		"code used, then good": {40163, 1, 200, "张三", 2},
		"invalid, then good":   {40029, 1, 200, "张三", 2},
		"used for ever":        {40163, 9, 503, "暂时打不开", 2},
		"busy":                 {-1, 9, 503, "暂时打不开", 1},
		"wrong secret":         {40125, 9, 503, "暂时打不开", 1},
		"no code":              {41008, 9, 403, "没有确认身份", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.wechat.Fail(path, tt.times, wechattest.Fault{Code: tt.code})
			b := s.browser("oMother")
			link := s.link(7)
			got := b.get(link)
			assert.Equal(t, tt.status, got.StatusCode)
			assert.Contains(t, got.body, tt.says)
			assert.Equal(t, tt.asked, s.wechat.Requests(path))
			if tt.status == 503 {
				assert.NotEmpty(t, got.Header.Get("Retry-After"))
				assert.Contains(t, s.log.String(), "web authorization failed")
				assert.Contains(t, got.body, "重新打开")
			}
			for _, leak := range []string{"oMother", s.wechat.AppSecret, "code="} {
				assert.NotContains(t, s.log.String(), leak)
			}
		})
	}
}

func TestNetworkIsLost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.wechat.Fail("/sns/oauth2/access_token", 1, wechattest.Fault{Reset: wechattest.ResetAfter})
	assert.Equal(t, 200, s.browser("oMother").get(s.link(7)).StatusCode, "tried once more, with a new code")
}

func TestStoreFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oMother")
	require.Equal(t, 200, b.get(s.link(7)).StatusCode)
	s.store.err = errors.New("the database is away")
	refused(t, 503, "暂时打不开", b.get(view7))
	assert.Equal(t, 503, b.get(view7+"/picture").StatusCode)
	s.store.err, s.store.fails = nil, errors.New("so is the ledger")
	refused(t, 503, "暂时打不开", b.get(view7))
	assert.Contains(t, s.log.String(), "the database is away")
	assert.Contains(t, s.log.String(), "so is the ledger")
}

func TestPictureFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oMother")
	require.Equal(t, 200, b.get(s.link(7)).StatusCode)
	for status, err := range map[int]error{
		404: photofile.ErrNotFound, 502: photofile.ErrHost, 503: fmt.Errorf("x: %w", photofile.ErrUnavailable),
	} {
		s.photos.err = err
		got := b.get(view7 + "/picture")
		assert.Equal(t, status, got.StatusCode)
		assert.Contains(t, got.body, "照片暂时打不开")
		assert.Equal(t, "private, no-store", got.Header.Get("Cache-Control"))
	}
	assert.Equal(t, 200, b.get(view7).StatusCode, "the page says so itself")
}

// TestPictureBreaksOff has photos that end early: the browser must see it, also where it was
// not told the length.
func TestPictureBreaksOff(t *testing.T) {
	t.Parallel()
	for name, photos := range map[string]Photos{
		"known":   photosFunc(func() io.Reader { return strings.NewReader(jpeg[:10]) }, int64(len(jpeg))),
		"unknown": photosFunc(func() io.Reader { return io.MultiReader(strings.NewReader(jpeg), failing{}) }, -1),
	} {
		s := newSite(t, func(c *Config) { c.Photos = photos })
		b := s.browser("oMother")
		require.Equal(t, 200, b.get(s.link(7)).StatusCode)
		r, err := http.NewRequest(http.MethodGet, view7+"/picture", nil)
		require.NoError(t, err)
		_, err = b.http.Do(r)
		require.ErrorIs(t, err, errBrokenOff, name)
		assert.Contains(t, s.log.String(), "broke off")
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, photofile.ErrTooLarge }

type openFunc func() (*photofile.File, error)

func (f openFunc) Open(context.Context, string) (*photofile.File, error) { return f() }

func photosFunc(body func() io.Reader, size int64) Photos {
	return openFunc(func() (*photofile.File, error) {
		return &photofile.File{ReadCloser: io.NopCloser(body()), Format: photofile.PNG, Size: size}, nil
	})
}

func TestUnknownLengthIsStreamed(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) {
		c.Photos = photosFunc(func() io.Reader { return strings.NewReader(strings.Repeat("x", 100_000)) }, -1)
	})
	b := s.browser("oMother")
	require.Equal(t, 200, b.get(s.link(7)).StatusCode)
	got := b.get(view7 + "/picture")
	assert.Len(t, got.body, 100_000)
	assert.Empty(t, got.Header.Get("Content-Length"))
}

func TestLinkOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.LinkOnly, c.Authorizer = true, nil })
	b := s.browser("")
	b.agent = "Safari"
	got := b.get(s.link(7))
	assert.Equal(t, 200, got.StatusCode)
	assert.Equal(t, []string{view7}, b.way)
	assert.Equal(t, jpeg, b.get(view7+"/picture").body)
	refused(t, 403, "请重新打开", s.browser("").get(view7))
	refused(t, 403, "链接无效", b.get(base+"/back"))
	s.store.bind("oMother", "S1", false)
	refused(t, 403, "已解除绑定", b.get(view7))

	strict := newSite(t)
	strict.clock = s.clock
	strictBrowser := strict.browser("oMother")
	strictBrowser.jar.SetCookies(mustParse(t, view7), b.jar.Cookies(mustParse(t, view7)))
	refused(t, 403, "请重新打开", strictBrowser.get(view7))
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	before := newSite(t, func(c *Config) { c.Key = oldKey })
	b := before.browser("oMother")
	link := before.link(7)
	require.Equal(t, 200, b.get(link).StatusCode)
	for _, tt := range []struct {
		previous []string
		view     int
		link     int
	}{{[]string{oldKey, ""}, 200, 200}, {nil, 403, 403}} {
		after := newSite(t, func(c *Config) { c.Previous = tt.previous })
		b.http.Transport = after
		assert.Equal(t, tt.view, b.get(view7).StatusCode)
		assert.Equal(t, tt.link, b.get(link).StatusCode)
		if tt.previous != nil {
			b.jar.SetCookies(mustParse(t, view7), nil)
		} else {
			return
		}
		b = before.browser("oMother") // one that has not seen the new key
		require.Equal(t, 200, b.get(link).StatusCode)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oMother")
	require.Equal(t, 200, b.get(s.link(7)).StatusCode)
	for _, address := range []string{s.link(7), view7, view7 + "/picture", base + "/nothing", "https://school.example/", base + "/back", base + "/view/8"} {
		got := b.step(address)
		for name, want := range map[string]string{
			"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
		} {
			assert.Equal(t, want, got.Header.Get(name), address)
		}
		assert.Contains(t, got.Header.Get("Content-Security-Policy"), "default-src 'none'")
		assert.Contains(t, got.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	}
	assert.Regexp(t, `; img-src 'self'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; base-uri 'none'; form-action 'none'`, b.get(view7).Header.Get("Content-Security-Policy"))
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oMother")
	back := b.step(b.step(s.link(7)).Header.Get("Location")).Header.Get("Location")
	head := b.do(http.MethodHead, back)
	assert.Equal(t, 405, head.StatusCode)
	assert.Equal(t, "GET", head.Header.Get("Allow"))
	assert.Zero(t, s.wechat.Requests("/sns/oauth2/access_token"), "a HEAD spends no code")
	require.Equal(t, 200, b.get(back).StatusCode)
	for _, address := range []string{view7, view7 + "/picture"} {
		get, head := b.get(address), b.do(http.MethodHead, address)
		assert.Equal(t, 200, head.StatusCode)
		assert.Empty(t, head.body)
		assert.Equal(t, get.Header, head.Header)
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
			got := b.do(method, address)
			assert.Equal(t, 405, got.StatusCode)
			assert.Equal(t, "GET, HEAD", got.Header.Get("Allow"))
		}
	}
}

func TestPathsThatAreNone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oMother")
	require.Equal(t, 200, b.get(s.link(7)).StatusCode)
	for _, path := range []string{
		"", "/", "/photo", "/photo/", "/photos/view/7", "/photo/view", "/photo/view/", "/photo/view/07", "/photo/view/+7", "/photo/view/7/", "/photo/view/7/x",
		"/photo/view/7/picture/", "/photo/view/99999999999999999999", "/photo/a/b", "/photo//evil.example", "//evil.example/photo/", "/photo/back/x",
		"/MP_verify_abc.txt", "/.env",
	} {
		got := b.step("https://school.example" + path)
		assert.Contains(t, []int{403, 404}, got.StatusCode, path)
		assert.NotEqual(t, 200, got.StatusCode, path)
		assert.Empty(t, got.Header.Get("Location"), path)
	}
	assert.Equal(t, 403, b.get(base+"/view/-7").StatusCode)
}

func TestBasePaths(t *testing.T) {
	t.Parallel()
	// A path in Chinese works in browsers, whose cookies have escaped paths, but not in cookiejar.
	for _, at := range []string{"https://school.example", "https://school.example/", "https://school.example/a/b.c", "https://school.example/photo//"} {
		s := newSite(t, func(c *Config) { c.BaseURL = at })
		b := s.browser("oMother")
		got := b.get(s.link(7))
		require.Equal(t, 200, got.StatusCode, at)
		assert.Equal(t, jpeg, b.get(strings.TrimSuffix(got.Request.URL.String(), "#wechat_redirect")+"/picture").body)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := newSite(t).config
	for says, change := range map[string]func(*Config){
		"https://":            func(c *Config) { c.BaseURL = "http://school.example" },
		"5 bytes":             func(c *Config) { c.Key = "short" },
		"6 bytes":             func(c *Config) { c.Previous = []string{"shorty"} },
		"Store and Photos":    func(c *Config) { c.Store = nil },
		"Authorizer":          func(c *Config) { c.Authorizer = nil },
		"Session is negative": func(c *Config) { c.Session = -1 },
		"is no folder":        func(c *Config) { c.VerifyDir = "no/such/folder" },
	} {
		c := good
		change(&c)
		_, err := New(c)
		require.ErrorContains(t, err, says)
	}
	c := good
	c.Photos = nil
	_, err := New(c)
	require.Error(t, err)
}

func TestFullHouse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.browser("oMother")
	require.Equal(t, 200, b.get(s.link(7)).StatusCode)
	for range streams {
		s.page.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.False(t, s.page.takeSlot(ctx))
	<-s.page.slots
	assert.Equal(t, jpeg, b.get(view7+"/picture").body)
	assert.Len(t, s.page.slots, streams-1, "the slot is given back")
}

func FuzzPage(f *testing.F) {
	for _, seed := range []string{"/photo/view/7", "/photo/back?state=a&code=b", "/photo//evil", "/MP_verify_a.txt", "/photo/%2e%2e/x", "/photo/AAAA"} {
		f.Add(seed, "photo_session=x")
	}
	f.Fuzz(func(t *testing.T, target, cookie string) {
		r, err := http.NewRequest(http.MethodGet, "https://school.example"+target, nil)
		if err != nil || r.URL.Host != "school.example" {
			return
		}
		r.Header = http.Header{"Cookie": {cookie, "__Secure-" + cookie}, "User-Agent": {weChatAgent}}
		w := httptest.NewRecorder()
		page, err := New(Config{
			BaseURL: base, Key: key, LinkOnly: true, Photos: &memoryPhotos{},
			Store: &memoryStore{rows: map[int64]Row{7: {OpenID: "o", StudentID: "S", PhotoURL: secret}}, bound: map[[2]string]bool{{"o", "S"}: true}},
		})
		require.NoError(t, err)
		page.ServeHTTP(w, r)
		assert.NotEqual(t, 200, w.Code)
		assert.Empty(t, w.Header().Get("Location"))
		assert.NotContains(t, w.Body.String(), "secret-photo")
	})
}

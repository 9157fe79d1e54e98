package photopage_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/photopage"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	weChatAgent = "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36 MicroMessenger/8.0.50 NetType/WIFI"
	otherAgent  = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
	mother      = "oMother-0000000000000000001"
	father      = "oFather-0000000000000000001"
	stranger    = "oStranger-00000000000000001"
)

// findChrome returns a browser, or skips the test and says why. In CI there must be one.
func findChrome(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("WXHOME_TEST_CHROME"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "no chromium, chromium-browser or google-chrome on the PATH, and WXHOME_TEST_CHROME names none"
	if os.Getenv("CI") != "" {
		t.Fatal(missing + ", and CI must have one")
	}
	t.Skip(missing)
	return ""
}

// newChrome starts a browser that reaches nothing but this machine.
func newChrome(t *testing.T) context.Context {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(findChrome(t)), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.DisableGPU,
		chromedp.NoDefaultBrowserCheck, chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
	}
	for _, flag := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage",
		"disable-extensions", "disable-default-apps", "disable-domain-reliability", "hide-scrollbars", "mute-audio",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx), "the browser does not start")
	return ctx
}

// campus is a school with a real database, a push that has been sent, a photo host, a
// simulated WeChat and the page, all on ports of this machine.
type campus struct {
	wechat *wechattest.Server
	page   *photopage.Page
	links  map[string]string // what the template messages link to, by openid
	asked  chan *http.Request
	gone   atomic.Bool // the photo host has lost the photo
}

func newCampus(t *testing.T) *campus {
	t.Helper()
	c := &campus{links: map[string]string{}, asked: make(chan *http.Request, 100)}
	c.wechat = wechattest.New(t)
	c.wechat.Follow(mother, father, stranger)
	id := c.wechat.AddTemplate(template.Template{Content: "学生姓名{{thing1.DATA}}"})
	c.wechat.SetWebAuthDomain("127.0.0.1")
	c.wechat.VisitFunc(visitor)
	picture := photo(t)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.asked <- r
		if c.gone.Load() {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(picture)
	}))
	t.Cleanup(host.Close)
	school := newSchool(t, host.URL+"/2026/secret-photo.png")

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	photos, err := photofile.New(photofile.Config{AllowLoopback: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = photos.Close() })
	c.page, err = photopage.New(photopage.Config{
		BaseURL: "http://" + listener.Addr().String() + "/photo", Key: "0123456789abcdef", Account: "阳光小学",
		Store:  photopage.SQLStore{Ledger: school.DB, School: school.DB, AppID: c.wechat.AppID},
		Photos: photos, Authorizer: c.wechat.Client(),
	})
	require.NoError(t, err)
	server := &http.Server{Handler: c.page}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })

	_, err = push.Run(t.Context(), nil, push.Config{
		AppID: c.wechat.AppID, Caller: c.wechat.Client(), School: school, Ledger: school, Campaign: "c", TemplateID: id,
		Fields: []push.Field{{Key: "thing1", Text: "{student_name}"}},
		Link:   func(row int64) string { return c.page.Link(row, time.Now().Add(time.Hour)) },
	})
	require.NoError(t, err)
	for _, a := range c.wechat.Accepted() {
		c.links[a.Message.To] = a.Message.URL
	}
	require.Len(t, c.links, 2)
	return c
}

// visitor is whoever the browser's cookie says; with ? in snapshot mode.
func visitor(r *http.Request) wechattest.Visitor {
	who, err := r.Cookie("who")
	if err != nil {
		return wechattest.Visitor{}
	}
	openid, snapshot := strings.CutSuffix(who.Value, "_snapshot")
	return wechattest.Visitor{OpenID: openid, Snapshot: snapshot}
}

func newSchool(t *testing.T, photo string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "school.db"), db.Create())
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	file := "parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time\n"
	for i, who := range []string{mother, father} {
		file += fmt.Sprintf("1390000000%d,%s,S1,欧阳晓雨,%s,2026-11-20 18:00:00\n", i, who, photo)
	}
	_, err = school.Import(t.Context(), d.DB, strings.NewReader(file))
	require.NoError(t, err)
	return d
}

// middle is the colour in the middle of the photo.
var middle = color.NRGBA{R: 214, G: 69, B: 65, A: 255}

// photo is a landscape with something red in the middle.
func photo(t *testing.T) []byte {
	t.Helper()
	const w, h = 1200, 900
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{R: uint8(120 + y/12), G: uint8(180 + y/20), B: 245, A: 255}
			hill := 620 + (x-300)*(x-300)/1800 - x/9
			if y > hill {
				c = color.NRGBA{R: uint8(90 + (y-hill)/8), G: uint8(160 - (y-hill)/6), B: 90, A: 255}
			}
			if dx, dy := x-w/2, y-h/2; dx*dx+dy*dy < 130*130 {
				c = middle
			}
			m.SetNRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}

// phone is a visitor's browser, with cookies of its own.
type phone struct {
	t   *testing.T
	ctx context.Context
}

func newPhone(t *testing.T, chrome context.Context, agent string, opts ...chromedp.ContextOption) *phone {
	t.Helper()
	if opts == nil {
		opts = append(opts, chromedp.WithNewBrowserContext())
	}
	ctx, cancel := chromedp.NewContext(chrome, opts...)
	t.Cleanup(cancel)
	p := &phone{t, ctx}
	p.do(chromedp.EmulateViewport(360, 740))
	_, err := chromedp.Call(p.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent})
	require.NoError(t, err)
	return p
}

func (p *phone) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.ctx, steps...))
}

// get runs an action on a phone and returns its value.
func get[T any](p *phone, action chromedp.Action[T]) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, action)
	require.NoError(p.t, err)
	return v
}

// become has WeChat take the browser's user for somebody.
func (p *phone) become(who string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.SetCookie, network.SetCookieParams{Name: "who", Value: who, URL: "http://127.0.0.1/"})
	require.NoError(p.t, err)
}

// sight is what a page shows.
type sight struct {
	status    int64
	text      string
	html      string
	address   string
	pixels    [4]int // of the photo's middle, by canvas
	width     int    // of the decoded photo
	scrolls   bool   // sideways
	smallText int    // elements with text of less than 14 px
	scripts   int
	letters   string // the size of the body's text, which the style sheet sets
}

func (p *phone) open(address string) sight { return p.look(chromedp.Navigate(address)) }
func (p *phone) reload() sight             { return p.look(chromedp.Reload()) }

// look navigates and looks at what is there.
func (p *phone) look(navigate chromedp.Action[chromedp.Void]) (s sight) {
	p.t.Helper()
	resp, err := chromedp.RunResponse(p.ctx, navigate)
	require.NoError(p.t, err)
	s.status = resp.Status
	s.text = get(p, chromedp.Evaluate[string](`document.body.innerText`))
	s.html = get(p, chromedp.OuterHTML(chromedp.CSS("html")))
	s.address = get(p, chromedp.Location())
	s.scrolls = get(p, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	s.letters = get(p, chromedp.Evaluate[string](`getComputedStyle(document.body).fontSize`))
	s.scripts = get(p, chromedp.Evaluate[int](`document.scripts.length`))
	s.smallText = get(p, chromedp.Evaluate[int](`[...document.querySelectorAll("body *")].filter(e => e.innerText && parseFloat(getComputedStyle(e).fontSize) < 14).length`))
	if strings.Contains(s.html, "<img") {
		s.width = get(p, chromedp.Evaluate[int](`(async () => { const i = document.querySelector("img"); await i.decode().catch(() => 0); return i.naturalWidth })()`, chromedp.EvalAwaitPromise))
	}
	if s.width > 0 {
		s.pixels = get(p, chromedp.Evaluate[[4]int](`(() => { const i = document.querySelector("img"), c = document.createElement("canvas"); c.width = i.naturalWidth; c.height = i.naturalHeight;
const g = c.getContext("2d"); g.drawImage(i, 0, 0); return [...g.getImageData(c.width / 2, c.height / 2, 1, 1).data] })()`))
	}
	return s
}

// shoot makes a screenshot of 360 px. With WXHOME_TEST_SCREENSHOTS it writes it to that folder,
// and one of 1280 px beside it, for people to look at.
func (p *phone) shoot(name string) image.Image {
	p.t.Helper()
	shot := get(p, chromedp.FullScreenshot(100))
	if dir := os.Getenv("WXHOME_TEST_SCREENSHOTS"); dir != "" {
		require.NoError(p.t, os.WriteFile(filepath.Join(dir, name+"-360.png"), shot, 0o644))
		p.do(chromedp.EmulateViewport(1280, 800))
		require.NoError(p.t, os.WriteFile(filepath.Join(dir, name+"-1280.png"), get(p, chromedp.FullScreenshot(100)), 0o644))
		p.do(chromedp.EmulateViewport(360, 740))
	}
	m, err := png.Decode(bytes.NewReader(shot))
	require.NoError(p.t, err)
	return m
}

// sees asserts that a phone shows the photo: its pixels are there, on the canvas and on the screen.
func (p *phone) sees(got sight, name string) {
	p.t.Helper()
	assert.EqualValues(p.t, http.StatusOK, got.status)
	assert.Equal(p.t, 1200, got.width, "the photo is decoded")
	assert.Equal(p.t, [4]int{int(middle.R), int(middle.G), int(middle.B), 255}, got.pixels)
	assert.Contains(p.t, got.text, "欧阳晓雨")
	assert.Contains(p.t, got.text, "2026年11月20日 18:00")
	assert.NotContains(p.t, got.html, "secret-photo")
	assert.Regexp(p.t, `/photo/view/\d+(#wechat_redirect)?$`, got.address, "a clean address")
	p.readable(got)
	red := 0
	shot := p.shoot(name)
	for x := 0; x < shot.Bounds().Dx(); x += 4 {
		for y := 0; y < shot.Bounds().Dy(); y += 4 {
			if color.NRGBAModel.Convert(shot.At(x, y)) == middle {
				red++
			}
		}
	}
	assert.Greater(p.t, red, 100, "the photo is on the screen")
}

// refused asserts that a phone shows a notice and neither photo nor pupil.
func (p *phone) refused(got sight, status int, says, name string) {
	p.t.Helper()
	assert.EqualValues(p.t, status, got.status)
	assert.Contains(p.t, got.text, says)
	assert.Zero(p.t, got.width)
	for _, leak := range []string{"secret-photo", "欧阳", "<img", "/picture"} {
		assert.NotContains(p.t, got.html, leak)
	}
	p.readable(got)
	p.shoot(name)
}

func (p *phone) readable(got sight) {
	p.t.Helper()
	assert.False(p.t, got.scrolls, "360 px are wide enough")
	assert.Zero(p.t, got.smallText)
	assert.Zero(p.t, got.scripts)
	assert.Equal(p.t, "17px", got.letters, "the policy lets the style sheet in")
}

func TestRealBrowser(t *testing.T) {
	t.Parallel()
	chrome, c := newChrome(t), newCampus(t)
	link := c.links[mother]

	for who, name := range map[string]string{mother: "mother", father: "father"} {
		t.Run(name, func(t *testing.T) {
			p := newPhone(t, chrome, weChatAgent)
			p.become(who)
			p.sees(p.open(c.links[who]), name)
			p.sees(p.reload(), name+"-reloaded")
		})
	}
	t.Run("another parent's link", func(t *testing.T) {
		p := newPhone(t, chrome, weChatAgent)
		p.become(father)
		p.sees(p.open(link), "others-link")
	})
	t.Run("another openid", func(t *testing.T) {
		p := newPhone(t, chrome, weChatAgent)
		p.become(stranger)
		p.refused(p.open(link), 403, "没有查看权限", "stranger")
		p.refused(p.reload(), 403, "没有查看权限", "stranger-reloaded")
	})
	t.Run("snapshot", func(t *testing.T) {
		p := newPhone(t, chrome, weChatAgent)
		p.become(mother + "_snapshot")
		p.refused(p.open(link), 403, "使用完整服务", "snapshot")
		p.refused(p.reload(), 403, "使用完整服务", "snapshot-reloaded")
		p.become(mother)
		p.sees(p.reload(), "snapshot-left")
	})
	badLinks(t, chrome, c)
	t.Run("two tabs", func(t *testing.T) { twoTabs(t, chrome, c) })
	t.Run("lost photo, in the dark", func(t *testing.T) { lostPhoto(t, chrome, c) })
	for len(c.asked) > 0 {
		r := <-c.asked
		assert.Empty(t, r.Header.Get("Cookie"), "the photo host learns nothing of the visitor")
		assert.Empty(t, r.Header.Get("Referer"))
	}
}

// badLinks opens what is no good link, or a good one in the wrong place.
func badLinks(t *testing.T, chrome context.Context, c *campus) {
	link := c.links[mother]
	t.Run("changed signature", func(t *testing.T) {
		p := newPhone(t, chrome, weChatAgent)
		p.become(mother)
		bad := link[:len(link)-3] + string(link[len(link)-3]^1) + link[len(link)-2:]
		p.refused(p.open(bad), 403, "链接无效", "forged")
	})
	t.Run("expired", func(t *testing.T) {
		p := newPhone(t, chrome, weChatAgent)
		p.become(mother)
		p.refused(p.open(c.page.Link(1, time.Now().Add(-time.Hour))), 410, "链接已过期", "expired")
	})
	t.Run("outside WeChat", func(t *testing.T) {
		p := newPhone(t, chrome, otherAgent)
		p.refused(p.open(link), 403, "请在微信中打开", "outside")
	})
	t.Run("shared address", func(t *testing.T) {
		p := newPhone(t, chrome, weChatAgent)
		p.become(mother)
		clean := p.open(link).address
		other := newPhone(t, chrome, weChatAgent)
		other.refused(other.open(clean), 403, "请重新打开", "shared")
	})
}

// lostPhoto looks at the page when the photo host has lost the photo, in dark colours.
func lostPhoto(t *testing.T, chrome context.Context, c *campus) {
	c.gone.Store(true)
	p := newPhone(t, chrome, weChatAgent)
	p.become(mother)
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	})
	require.NoError(t, err)
	got := p.open(c.links[mother])
	assert.EqualValues(t, 200, got.status)
	assert.Zero(t, got.width)
	assert.Contains(t, got.html, "照片加载中")
	p.readable(got)
	p.shoot("lost")
	p.become(stranger)
	p.refused(p.open(c.links[mother]), 403, "没有查看权限", "stranger-dark")
}

// twoTabs has both messages of a phone on their way at once.
func twoTabs(t *testing.T, chrome context.Context, c *campus) {
	first := newPhone(t, chrome, weChatAgent)
	first.become(mother)
	second := newPhone(t, first.ctx, weChatAgent, chromedp.WithExistingBrowserContext(chromedp.FromContext(first.ctx).BrowserContextID))
	done := make(chan error, 1)
	go func() { done <- chromedp.Do(second.ctx, chromedp.Navigate(c.links[father])) }()
	first.sees(first.open(c.links[mother]), "tab-1")
	require.NoError(t, <-done)
	second.sees(second.reload(), "tab-2")
}

package photopage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	key    = "0123456789abcdef"
	oldKey = "fedcba9876543210"
	base   = "https://school.example/photo"
	secret = "https://cdn.example/secret-photo.jpg" // a photo's address, which nobody may see

	weChatAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.50(0x18003230) NetType/WIFI"
	jpeg        = "\xff\xd8\xff\xe0 the bytes of a photo"
)

// memoryStore is a Store of maps.
type memoryStore struct {
	mu    sync.Mutex
	rows  map[int64]Row
	bound map[[2]string]bool
	err   error // of Bound
	fails error // of Row
}

func (s *memoryStore) Row(_ context.Context, id int64) (Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.rows[id]
	if s.fails != nil {
		return Row{}, s.fails
	}
	if !ok {
		return Row{}, ErrNoRow
	}
	return row, nil
}

func (s *memoryStore) Bound(_ context.Context, openid, studentID string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bound[[2]string{openid, studentID}], s.err
}

func (s *memoryStore) bind(openid, studentID string, bound bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bound[[2]string{openid, studentID}] = bound
}

// memoryPhotos opens the same bytes for every address.
type memoryPhotos struct {
	body   string
	size   int64
	format photofile.Format
	err    error
	asked  []string
}

func (m *memoryPhotos) Open(_ context.Context, address string) (*photofile.File, error) {
	m.asked = append(m.asked, address)
	if m.err != nil {
		return nil, m.err
	}
	return &photofile.File{ReadCloser: io.NopCloser(strings.NewReader(m.body)), Format: m.format, Size: m.size}, nil
}

// clock is one that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// site is a photo page with a simulated WeChat, in memory.
type site struct {
	t      *testing.T
	page   *Page
	config Config
	store  *memoryStore
	photos *memoryPhotos
	wechat *wechattest.Server
	clock  *clock
	log    *bytes.Buffer
}

// newSite has row 7 of pupil S1, who is bound to oMother and oFather.
func newSite(t *testing.T, change ...func(*Config)) *site {
	t.Helper()
	s := &site{
		t: t, clock: &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}, log: new(bytes.Buffer),
		store: &memoryStore{
			rows:  map[int64]Row{7: {OpenID: "oMother", StudentID: "S1", StudentName: "张三<b>", PhotoURL: secret, Updated: "2026年11月20日 18:00"}},
			bound: map[[2]string]bool{{"oMother", "S1"}: true, {"oFather", "S1"}: true},
		},
		photos: &memoryPhotos{body: jpeg, size: int64(len(jpeg)), format: photofile.JPEG},
	}
	s.wechat = wechattest.New(t, wechattest.InMemory(), wechattest.WithClock(s.clock.Now))
	s.wechat.SetWebAuthDomain("school.example")
	s.wechat.VisitFunc(func(r *http.Request) wechattest.Visitor {
		who := r.Header.Get("Who")
		return wechattest.Visitor{OpenID: strings.TrimSuffix(who, "?"), Snapshot: strings.HasSuffix(who, "?")}
	})
	s.config = Config{
		BaseURL: base, Key: key, Store: s.store, Photos: s.photos, Now: s.clock.Now, Account: "阳光小学",
		Authorizer: s.wechat.Client(wechat.WithMaxAttempts(1)),
		Log:        slog.New(slog.NewTextHandler(s.log, nil)),
	}
	for _, f := range change {
		f(&s.config)
	}
	var err error
	s.page, err = New(s.config)
	require.NoError(t, err)
	return s
}

// link is the link of a row for a day.
func (s *site) link(id int64) string { return s.page.Link(id, s.clock.Now().Add(24*time.Hour)) }

// RoundTrip serves school.example by the page, and everything else by WeChat.
func (s *site) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if r.URL.Host != "school.example" {
		return s.wechat.Transport().RoundTrip(r)
	}
	w := httptest.NewRecorder()
	defer func() {
		if v := recover(); v != nil {
			resp, err = nil, errBrokenOff
		}
	}()
	s.page.ServeHTTP(w, r)
	resp = w.Result()
	resp.Request = r
	return resp, nil
}

var errBrokenOff = errors.New("the connection was broken off")

// browser is a visitor's: it has cookies and remembers the way.
type browser struct {
	t     *testing.T
	who   string // at WeChat; with ? in snapshot mode
	agent string
	http  *http.Client
	jar   http.CookieJar
	way   []string // the addresses of the last visit
}

func (s *site) browser(who string) *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	b := &browser{t: s.t, who: who, agent: weChatAgent, jar: jar}
	b.http = &http.Client{Transport: s, Jar: jar, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		b.way = append(b.way, r.URL.String())
		if len(via) > 10 {
			return errors.New("a loop")
		}
		return nil
	}}
	return b
}

// shown is what a browser got.
type shown struct {
	*http.Response
	body string
}

func (b *browser) do(method, address string) shown {
	b.t.Helper()
	r, err := http.NewRequest(method, address, nil)
	require.NoError(b.t, err)
	r.Header.Set("User-Agent", b.agent)
	r.Header.Set("Who", b.who)
	b.way = nil
	resp, err := b.http.Do(r)
	require.NoError(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return shown{resp, string(body)}
}

func (b *browser) get(address string) shown {
	b.t.Helper()
	return b.do(http.MethodGet, address)
}

// step is get without following redirects.
func (b *browser) step(address string) shown {
	b.t.Helper()
	follow := b.http.CheckRedirect
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer func() { b.http.CheckRedirect = follow }()
	return b.get(address)
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u
}

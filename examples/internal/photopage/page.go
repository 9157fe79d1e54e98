package photopage

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/photolink"
	"github.com/org/wxhome/wechat"
)

// Row is what the page needs of a row of the ledger.
type Row struct {
	OpenID      string // whom the message was sent to
	StudentID   string
	StudentName string
	PhotoURL    string // as photofile understands it; empty: there is none
	Updated     string // when the photo was taken or changed, for people
	Guest       bool   // a trial: OpenID may see it without being bound to the pupil
}

// ErrNoRow is what a [Store] answers for a row that is not there.
var ErrNoRow = errors.New("photopage: there is no such row in the ledger")

// Store is what the page reads. [SQLStore] is one.
type Store interface {
	// Row returns the row id of the ledger, or an error that wraps ErrNoRow.
	Row(ctx context.Context, id int64) (Row, error)
	// Bound reports whether an openid is bound to a pupil now.
	Bound(ctx context.Context, openid, studentID string) (bool, error)
}

// Authorizer is web authorization. [*wechat.Client] is one.
type Authorizer interface {
	WebAuthURL(redirectURI, state string, opts ...wechat.WebAuthOption) (string, error)
	WebAuthOpenID(ctx context.Context, code string) (wechat.WebAuth, error)
}

// Photos opens photos. [*photofile.Opener] is one.
type Photos interface {
	Open(ctx context.Context, address string) (*photofile.File, error)
}

// Config is what a [Page] is made of.
type Config struct {
	// BaseURL is where the page is, such as https://school.example/photo; the
	// same as batchpush's -link. Its host must be registered with the account
	// as 网页授权域名. Plain http is for this machine only.
	BaseURL string

	// Key signs links and seals cookies; at least [photolink.MinKey] bytes,
	// shared with batchpush. What was made with one of Previous still works.
	Key      string
	Previous []string

	// Store and Photos are required.
	Store  Store
	Photos Photos

	// Authorizer tells who a visitor is. It is required, unless LinkOnly.
	Authorizer Authorizer

	// LinkOnly (-photo-auth link) is for accounts without web authorization:
	// whoever has a link sees the photo, in any browser, until the link expires
	// or the parent whom it was sent to is not bound any more.
	LinkOnly bool

	// VerifyDir is the folder with the MP_verify_*.txt files that WeChat asks
	// for when a host is registered; empty: there is none.
	VerifyDir string

	// Account is the account's name as parents know it; empty: 公众号.
	Account string

	// Session is how long a page can be reloaded, an hour unless set.
	Session time.Duration

	// Log hears of what goes wrong; nil: nobody does.
	Log *slog.Logger

	// Now is the clock, time.Now unless set.
	Now func() time.Time
}

const (
	defaultSession = time.Hour
	// visitTime is how long a visitor may take at WeChat. A code lives for five minutes.
	visitTime = 10 * time.Minute
	// skew is by how much the clock of the machine that signs links may be ahead.
	skew = time.Minute
	// streams is how many pictures are under way at once; others wait.
	streams = 64
)

// A Page is the photo page. Use [New].
type Page struct {
	cfg    Config
	base   *url.URL
	path   string // of base, escaped, without a trailing slash
	links  *photolink.Signer
	seals  sealer
	verify http.Handler // nil: no such files
	slots  chan struct{}
}

// New checks a Config and makes the page.
func New(c Config) (*Page, error) {
	links, err := photolink.New(c.BaseURL, c.Key, c.Previous...)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimRight(c.BaseURL, "/"))
	switch {
	case err != nil:
		return nil, errors.New("photopage: the base URL cannot be parsed")
	case c.Store == nil || c.Photos == nil:
		return nil, errors.New("photopage: Store and Photos are required")
	case c.Authorizer == nil && !c.LinkOnly:
		return nil, errors.New("photopage: an Authorizer is required, unless the link alone shall do (LinkOnly)")
	case c.Session < 0:
		return nil, errors.New("photopage: Session is negative")
	}
	if c.Session == 0 {
		c.Session = defaultSession
	}
	if c.Account == "" {
		c.Account = "公众号"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	p := &Page{cfg: c, base: base, path: base.EscapedPath(), links: links, slots: make(chan struct{}, streams)}
	if p.seals, err = newSealer(c.Key, c.Previous); err != nil {
		return nil, err
	}
	if c.VerifyDir != "" {
		if p.verify, err = verifyFiles(c.VerifyDir); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Link returns the address that shows the ledger row id until expiry.
func (p *Page) Link(id int64, expiry time.Time) string { return p.links.Link(id, expiry) }

// ServeHTTP serves the addresses that the package's comment lists, and answers
// 404 for others. It is mounted at the root of the host.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if p.verify != nil && isVerifyPath(r.URL.Path) {
		p.verify.ServeHTTP(w, r)
		return
	}
	rest, ours := strings.CutPrefix(r.URL.Path, p.base.Path+"/")
	if !ours {
		p.say(w, r, noticeMissing)
		return
	}
	id, part := viewPath(rest)
	back := rest == "back" && !p.cfg.LinkOnly
	if r.Method != http.MethodGet && (r.Method != http.MethodHead || back) { // a HEAD must not spend the code
		allow := "GET, HEAD"
		if back {
			allow = "GET"
		}
		w.Header().Set("Allow", allow)
		p.say(w, r, noticeMethod)
		return
	}
	switch {
	case back:
		p.back(w, r)
	case part == partPage:
		p.view(w, r, id)
	case part == partPicture:
		p.picture(w, r, id)
	case strings.Contains(rest, "/") || rest == "":
		p.say(w, r, noticeMissing)
	default:
		p.open(w, r, rest)
	}
}

// secure sets what every answer has. [Page.html] adds what HTML needs.
func secure(h http.Header) {
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

package main

import (
	"context"
	"errors"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/template"
)

const (
	// sampled is how many photos are fetched and how many pairs are shown.
	sampled = 3
	// pageTime bounds the wait for the photo page.
	pageTime = 15 * time.Second
)

// parents checks what parents would find: who would be told of whom, the photos, and the page
// behind the link.
func (c *checker) parents(ctx context.Context, look push.Preview) {
	if c.p.query != "" {
		c.pairs(look)
	}
	c.photos(ctx, look)
	if c.s.links != nil {
		c.page(ctx, look)
	}
}

// pairs shows whom a query of the school's tells of whom, for a person to compare: no program can
// know it.
func (c *checker) pairs(look push.Preview) {
	for _, w := range look.Shown[:min(len(look.Shown), sampled)] {
		c.ok("-query", c.p.text("openid %s is told of pupil %s %s: compare it with the school's list", shortened(w.OpenID), w.StudentID, w.StudentName))
	}
}

// shortened is an openid that a person can compare and nobody can use.
func shortened(openid string) string {
	if len(openid) <= 8 {
		return openid[:min(len(openid), 3)] + "…"
	}
	return openid[:4] + "…" + openid[len(openid)-4:]
}

// photos fetches a few photos by the rules of the photo page and the chat.
func (c *checker) photos(ctx context.Context, look push.Preview) {
	if c.s.account.Simulated() || len(look.Shown) == 0 {
		return // a simulation draws its own
	}
	what := c.p.text("photos")
	var good, local int
	last := len(look.Shown) - 1
	for _, i := range slices.Compact([]int{0, last / 2, last}) {
		w := look.Shown[i]
		u, err := url.Parse(w.PhotoURL)
		if err == nil && u.Host == "" {
			local++
			continue
		}
		if err == nil {
			err = c.photo(ctx, u)
		}
		switch {
		case err == nil:
			good++
		case errors.Is(err, photofile.ErrUnavailable):
			c.warn(what, c.p.text("pupil %s: %s", w.StudentID, trimmed(err)))
		default:
			c.fail(what, c.p.text("pupil %s: %s", w.StudentID, trimmed(err)))
		}
	}
	if good > 0 {
		c.ok(what, c.p.text("%d fetched for a sample", good))
	}
	if local > 0 {
		c.warn(what, c.p.text("%d of the sample are paths, for photobot's -photo-dir: they cannot be checked from here", local))
	}
}

func trimmed(err error) string { return strings.TrimPrefix(oneLine(err.Error()), "photofile: ") }

// photo opens one as the photo page would, from the host that it names.
func (c *checker) photo(ctx context.Context, u *url.URL) error {
	opener, err := photofile.New(photofile.Config{Hosts: []string{u.Host}, AllowLoopback: isLoopback(c.s.account.Host)})
	if err != nil {
		return err
	}
	defer opener.Close()
	f, err := opener.Open(ctx, u.String())
	if err != nil {
		return err
	}
	return f.Close()
}

// isLoopback reports whether WeChat's address is this machine, as in a test.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// page opens a link as WeChat's browser does.
func (c *checker) page(ctx context.Context, look push.Preview) {
	what, link, name := c.p.text("photo page"), c.s.link(0), ""
	if i := slices.IndexFunc(look.First, func(m template.Message) bool { return m.URL != "" }); i >= 0 {
		link, name = look.First[i].URL, look.Shown[i].StudentName
	}
	answer, _, err := visit(ctx, link, "")
	if err != nil {
		c.warn(what, c.p.text("%s cannot be reached from here: %s", c.p.link, oneLine(err.Error())))
		return
	}
	next, _ := answer.Location()
	switch status := answer.StatusCode; {
	case status == http.StatusForbidden:
		c.fail(what, c.p.text("it takes the link for a forgery: WXHOME_LINK_KEY must be the same there and here"))
	case status == http.StatusGone:
		c.fail(what, c.p.text("it takes a new link for one that has expired: set the clocks of both machines (NTP)"))
	case status == http.StatusNotFound:
		c.fail(what, c.p.text("there is none at %s: -link is photobot's -public-url with /photo behind it", c.p.link))
	case status != http.StatusFound:
		c.warn(what, c.p.text("it answers HTTP status %d", status))
	case next != nil && strings.HasPrefix(next.Query().Get("redirect_uri"), strings.TrimRight(c.p.link, "/")+"/"):
		c.ok(what, c.p.text("it knows the link's key and asks WeChat who the parent is"))
	case next != nil && strings.HasPrefix(next.String(), strings.TrimRight(c.p.link, "/")+"/view/"):
		c.view(ctx, what, next.String(), answer.Cookies(), name)
	default:
		c.fail(what, c.p.text("%s leads elsewhere: -link must be the address of the page itself", c.p.link))
	}
}

// view opens the page that a link leads to where the link alone opens it. It shows the name of a pupil
// if the link is of a message; empty: it is of none.
func (c *checker) view(ctx context.Context, what, address string, cookies []*http.Cookie, name string) {
	var cookie []string
	for _, k := range cookies {
		cookie = append(cookie, k.Name+"="+k.Value)
	}
	answer, body, err := visit(ctx, address, strings.Join(cookie, "; "))
	switch {
	case err != nil:
		c.warn(what, c.p.text("%s cannot be reached from here: %s", c.p.link, oneLine(err.Error())))
	case name == "", answer.StatusCode == http.StatusOK && strings.Contains(body, html.EscapeString(name)):
		c.ok(what, c.p.text("it knows the link's key"))
	default:
		c.fail(what, c.p.text("it knows the link's key and does not find the photo: photobot's -db and -ledger must be the same databases as here"))
	}
}

// maxPage is more than a photo page has, without the photo.
const maxPage = 1 << 20

// visit asks for an address once, without following it on.
func visit(ctx context.Context, address, cookie string) (answer *http.Response, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", errors.New("its address cannot be used")
	}
	request.Header.Set("User-Agent", "batchpush check MicroMessenger")
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	if answer, err = http.DefaultTransport.RoundTrip(request); err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxPage))
	return answer, string(text), err
}

package jssdk

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// TicketSource returns the account's jsapi_ticket. WeChat limits how many tickets an account may fetch a
// day, so a source should cache the ticket and share it between processes. It must be safe for
// concurrent use.
type TicketSource interface {
	// Ticket returns a valid ticket, or an error whose text holds no ticket.
	Ticket(ctx context.Context) (string, error)
}

// Client signs pages for one account with the tickets of a [TicketSource].
type Client struct {
	appID   string
	tickets TicketSource
}

// NewClient returns a Client for the account appID. An empty appID and a nil source are an
// [ErrInvalidArgument]. Every wechat.Client has a Client already, as its field JSSDK.
func NewClient(appID string, tickets TicketSource) (*Client, error) {
	switch {
	case appID == "":
		return nil, badArgument("the AppID is empty")
	case isNil(tickets):
		return nil, badArgument("the TicketSource is nil")
	}
	return &Client{appID, tickets}, nil
}

// isNil also finds a nil pointer, func or map in an interface, which would panic at its first
// use.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan:
		return r.IsNil()
	}
	return false
}

// Config holds the values that a page passes to wx.config. Its JSON has the names that wx.config takes. It
// holds no secret.
type Config struct {
	AppID     string `json:"appId"`     // the account's
	Timestamp int64  `json:"timestamp"` // unix seconds
	NonceStr  string `json:"nonceStr"`  // random
	Signature string `json:"signature"` // see [Signature]
}

// Config signs the page at pageURL for wx.config. The signature is valid for this URL only, and until the
// ticket expires, which is two hours at most. Sign the page at each visit.
//
// pageURL is location.href of the page: the address that the browser shows, with its query. Config drops
// a fragment (#...) and changes nothing else. WeChat compares byte for byte, so Chinese characters and
// escapes must be as in the browser.
//
// If the page fetches its Config, it sends encodeURIComponent(location.href), and the server unescapes
// that once, as [*net/http.Request.FormValue] does. If the server renders the page, it takes scheme and
// host from its own settings, since a proxy may have changed them, and the rest from RequestURI.
//
// An empty URL, one without http:// or https:// and a host, and one with blanks, control characters or
// invalid UTF-8 are an [ErrInvalidArgument].
//
// Package wechat takes the ticket from GET /cgi-bin/ticket/getticket.
func (c *Client) Config(ctx context.Context, pageURL string) (Config, error) {
	if ctx == nil {
		return Config{}, badArgument("the context is nil")
	}
	if err := checkURL(pageURL); err != nil {
		return Config{}, err
	}
	ticket, err := c.tickets.Ticket(ctx)
	if err != nil {
		return Config{}, err
	}
	if ticket == "" {
		return Config{}, &refusal{nil, "token", "the TicketSource gave an empty ticket"}
	}
	config := Config{AppID: c.appID, Timestamp: time.Now().Unix(), NonceStr: rand.Text()}
	config.Signature = Signature(ticket, config.NonceStr, config.Timestamp, pageURL)
	return config, nil
}

// Signature returns the signature of a page over the ticket, the nonceStr and timestamp of its wx.config,
// and its URL without a fragment. It checks nothing; [Client.Config] does.
func Signature(ticket, nonceStr string, timestamp int64, pageURL string) string {
	pageURL, _, _ = strings.Cut(pageURL, "#")
	seconds := strconv.FormatInt(timestamp, 10)
	sum := sha1.Sum([]byte("jsapi_ticket=" + ticket + "&noncestr=" + nonceStr + "&timestamp=" + seconds + "&url=" + pageURL))
	return hex.EncodeToString(sum[:])
}

// checkURL refuses what no browser shows as an address.
func checkURL(pageURL string) error {
	if pageURL == "" {
		return badArgument("the page's URL is empty: give location.href")
	}
	page, _, _ := strings.Cut(pageURL, "#")
	if !utf8.ValidString(page) || strings.ContainsFunc(page, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return badArgument("the page's URL has a blank, a control character or broken UTF-8: give location.href as the browser has it")
	}
	// The rest is as the browser shows it: it leaves a % by itself as it is, which net/url refuses.
	scheme, rest, _ := strings.Cut(page, "://")
	host := rest
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		host = rest[:end]
	}
	u, err := url.Parse("https://" + host)
	if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") || err != nil || u.Hostname() == "" {
		return badArgument("the page's URL must begin with http:// or https:// and a host: give location.href")
	}
	return nil
}

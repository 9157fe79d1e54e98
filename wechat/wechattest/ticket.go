package wechattest

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/org/wxhome/wechat/jssdk"
)

const pathTicket = "/cgi-bin/ticket/getticket"

// ticketBook are an account's tickets, for pages and for cards.
type ticketBook struct {
	mu      sync.Mutex // guards the fields below
	byType  map[string][]issuedTicket
	domains []string // JS接口安全域名
}

type issuedTicket struct {
	value string
	end   time.Time
}

// SetJSDomain registers hosts (JS接口安全域名) in place of the ones before: wx.config fails on pages of
// other hosts, so that without a call of it on all. A host may have a port.
func (a *Account) SetJSDomain(hosts ...string) {
	a.tickets.mu.Lock()
	defer a.tickets.mu.Unlock()
	a.tickets.domains = slices.Clone(hosts)
}

// ExpireTickets ends all tickets of the account at once, as if other programs had replaced them. No
// call tells a client: pages that were signed with them are refused by [Account.WXConfig].
func (a *Account) ExpireTickets() {
	a.tickets.mu.Lock()
	defer a.tickets.mu.Unlock()
	a.tickets.byType = nil
}

// WXConfig does what wx.config does in WeChat's browser on the page at address, which may have a
// fragment. The error has WeChat's words: config:invalid url domain for a host that is not one of
// [Account.SetJSDomain], and config:invalid signature for a signature of another address, or by a
// ticket that has ended.
func (a *Account) WXConfig(address string, config jssdk.Config) error {
	if config.AppID != a.AppID {
		return fmt.Errorf("wechattest: config:invalid appid: %q is not the account's", config.AppID)
	}
	page, _, _ := strings.Cut(address, "#")
	u, err := url.Parse(page)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("wechattest: %q is no address of a page", page)
	}
	b, now := &a.tickets, a.server.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.domains, u.Host) && !slices.Contains(b.domains, u.Hostname()) {
		return fmt.Errorf("wechattest: config:invalid url domain: %q is not one of SetJSDomain", u.Host)
	}
	for _, t := range b.byType["jsapi"] {
		sum := sha1.Sum(fmt.Appendf(nil, "jsapi_ticket=%s&noncestr=%s&timestamp=%d&url=%s", t.value, config.NonceStr, config.Timestamp, page))
		if now.Before(t.end) && hex.EncodeToString(sum[:]) == config.Signature {
			return nil
		}
	}
	return fmt.Errorf("wechattest: config:invalid signature: no ticket that works signs %q so", page)
}

// getTicket serves GET /cgi-bin/ticket/getticket. A new ticket ends the one before, after a while.
func (c *call) getTicket() reply {
	kind := c.query("type")
	switch {
	case kind != "jsapi" && kind != "wx_card":
		return c.refuse(40097)
	case c.account.runBy() != "":
		return c.refuse(61007)
	}
	b, s := &c.account.tickets, c.server
	b.mu.Lock()
	defer b.mu.Unlock()
	var alive []issuedTicket
	for _, t := range b.byType[kind] {
		if t.end = earlier(t.end, c.now.Add(s.overlap())); c.now.Before(t.end) {
			alive = append(alive, t)
		}
	}
	if b.byType == nil {
		b.byType = make(map[string][]issuedTicket)
	}
	issued := issuedTicket{newTicket(), c.now.Add(s.lifetime)}
	b.byType[kind] = append(alive, issued)
	return c.success(struct {
		Code      int    `json:"errcode"`
		Message   string `json:"errmsg"`
		Ticket    string `json:"ticket"`
		ExpiresIn int64  `json:"expires_in"`
	}{0, "ok", issued.value, seconds(s.lifetime)})
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// newTicket returns a ticket of the length that today's have.
func newTicket() string {
	var b [64]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

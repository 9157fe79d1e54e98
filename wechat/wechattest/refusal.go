package wechattest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// refuse answers with an errcode, its text and a rid, and remembers the rid.
// detail, if given, takes the place of the usual text.
func (c *call) refuse(code int, detail ...string) reply {
	message, ok := c.server.errmsgs[code]
	if len(detail) > 0 {
		message = detail[0]
	} else if !ok {
		message = "error" // what a test has scripted, so nobody misses the text
	}
	if c.now.IsZero() {
		c.now = c.server.Now()
	}
	rid := newRID(c.now)
	r := reply{text: c.route.text, body: encode(struct {
		Code    int    `json:"errcode"`
		Message string `json:"errmsg"`
	}{code, message + " rid: " + rid})}
	c.server.rids.add(rid, c, r.body)
	return r
}

// newRID returns an id of the form that WeChat appends to its errors.
func newRID(now time.Time) string {
	return fmt.Sprintf("%08x-%08x-%08x", uint32(now.Unix()), rand.Uint32(), rand.Uint32())
}

const (
	ridsKept   = 1000
	ridsFor    = 7 * 24 * time.Hour
	ridBodyMax = 4 << 10
)

// A refusal is a refused request as openapi/rid/get tells it.
type refusal struct {
	rid     string
	account *Account // nil: the request was refused before its account was known
	at      time.Time
	query   string
	body    string
	answer  string
	client  string
}

// ridLog keeps the last refused requests.
type ridLog struct {
	mu   sync.Mutex // guards ring and next
	ring []refusal
	next int
}

func (l *ridLog) add(rid string, c *call, answer []byte) {
	r := refusal{rid: rid, account: c.account, at: c.now, answer: string(answer), client: c.request.RemoteAddr}
	r.query = maskToken(c.request.URL.RawQuery)
	if !c.route.open { // the others have the secret in them
		r.body = string(c.raw[:min(len(c.raw), ridBodyMax)])
	} else {
		r.query = ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < ridsKept {
		l.ring = append(l.ring, r)
		return
	}
	l.ring[l.next] = r
	l.next = (l.next + 1) % ridsKept
}

func (l *ridLog) find(rid string) (refusal, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.ring {
		if r.rid == rid {
			return r, true
		}
	}
	return refusal{}, false
}

// maskToken leaves of a query's access_token what WeChat shows of it.
func maskToken(query string) string {
	const shown = 6
	before, token, ok := strings.Cut(query, "access_token=")
	if !ok {
		return query
	}
	token, after, more := strings.Cut(token, "&")
	masked := before + "access_token=" + token[:min(len(token), shown)] + "xxxx"
	if more {
		masked += "&" + after
	}
	return masked
}

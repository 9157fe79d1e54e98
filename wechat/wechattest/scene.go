package wechattest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

// The platform's limits on codes and short keys.
const (
	maxSceneNumber     = math.MaxUint32
	maxPermanentScene  = 100_000
	maxSceneText       = 64 // characters
	maxPermanentCodes  = 100_000
	maxCodeLife        = 2_592_000 * time.Second
	defaultCodeLife    = 60 * time.Second
	maxShortData       = 4 << 10
	shortKeyLength     = 15
	pathShowQRCode     = "/cgi-bin/showqrcode"
	qrCodeSide         = 43 // pixels of the picture, which nobody can scan
	codeAddressesBegin = "http://weixin.qq.com/q/"
)

// addSceneRoutes adds the paths of codes and short keys.
func addSceneRoutes(routes map[string]*route) {
	for _, r := range []*route{
		{path: "/cgi-bin/qrcode/create", method: http.MethodPost, serve: (*call).createCode},
		{path: pathShowQRCode, method: http.MethodGet, open: true, serve: (*call).showCode},
		{path: "/cgi-bin/shorten/gen", method: http.MethodPost, serve: (*call).shorten},
		{path: "/cgi-bin/shorten/fetch", method: http.MethodPost, serve: (*call).expand},
	} {
		routes[r.path] = r
	}
}

// codeBook are the QR codes of an account.
type codeBook struct {
	mu        sync.Mutex // guards the fields below
	byTicket  map[string]qrCode
	permanent map[string]string // tickets by action and scene
}

// qrCode is a QR code with a scene (带参数二维码).
type qrCode struct {
	number  int64     // the scene, if it is one
	text    string    // the scene as it is pushed
	expires time.Time // zero: never
	url     string
}

// find returns the code with a ticket.
func (b *codeBook) find(ticket string) (code qrCode, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	code, ok = b.byTicket[ticket]
	return code, ok
}

// live reports whether the code can be scanned.
func (q qrCode) live(now time.Time) bool { return q.expires.IsZero() || now.Before(q.expires) }

// add keeps a code and returns its ticket. It has the characters that a query must escape, as real ones do.
func (b *codeBook) add(code qrCode) (ticket string) {
	if b.byTicket == nil {
		b.byTicket, b.permanent = make(map[string]qrCode), make(map[string]string)
	}
	ticket = "gQ" + rand.Text() + "+/" + rand.Text() + "=="
	b.byTicket[ticket] = code
	return ticket
}

type codeReply struct {
	Ticket  string `json:"ticket"`
	Seconds int64  `json:"expire_seconds,omitempty"`
	URL     string `json:"url"`
}

// createCode serves POST /cgi-bin/qrcode/create.
func (c *call) createCode() reply {
	in := c.object()
	action, seconds := in.text("action_name"), in.number("expire_seconds")
	code, errcode := readScene(action, in.object("action_info").object("scene"))
	life := defaultCodeLife
	if seconds != 0 {
		life = time.Duration(seconds) * time.Second
	}
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case errcode != 0:
		return c.refuse(errcode)
	case seconds < 0 || seconds > int64(maxCodeLife/time.Second):
		return c.refuse(40097)
	}
	b := &c.account.codes
	b.mu.Lock()
	defer b.mu.Unlock()
	code.url = codeAddressesBegin + rand.Text()
	if action == "QR_SCENE" || action == "QR_STR_SCENE" {
		code.expires = c.now.Add(life)
		return c.success(codeReply{b.add(code), int64(life / time.Second), code.url})
	}
	ticket, made := b.permanent[action+code.text]
	switch {
	case made:
		code = b.byTicket[ticket]
	case len(b.permanent) >= maxPermanentCodes:
		return c.refuse(45029)
	default:
		ticket = b.add(code)
		b.permanent[action+code.text] = ticket
	}
	return c.success(codeReply{Ticket: ticket, URL: code.url})
}

// readScene reads the scene of a code that is made by this action.
func readScene(action string, in object) (code qrCode, errcode int) {
	most := int64(maxSceneNumber)
	switch action {
	case "QR_LIMIT_SCENE":
		most = maxPermanentScene
		fallthrough
	case "QR_SCENE":
		n := in.number("scene_id")
		switch {
		case !in.has("scene_id"):
			return code, 40053
		case n < 1 || n > most:
			return code, 40129
		}
		return qrCode{number: n, text: strconv.FormatInt(n, 10)}, 0
	case "QR_STR_SCENE", "QR_LIMIT_STR_SCENE":
		text := in.text("scene_str")
		if n := utf8.RuneCountInString(text); n < 1 || n > maxSceneText {
			return code, 40053
		}
		return qrCode{text: text}, 0
	}
	return code, 40052
}

// showCode serves GET /cgi-bin/showqrcode, a page of mp.weixin.qq.com.
func (c *call) showCode() reply {
	c.server.accountsMu.RLock()
	defer c.server.accountsMu.RUnlock()
	for _, a := range c.server.accounts {
		if code, ok := a.codes.find(c.query("ticket")); ok && code.live(c.now) {
			var b bytes.Buffer
			if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, qrCodeSide, qrCodeSide)), nil); err != nil {
				panic("wechattest: " + err.Error()) // it is written to memory
			}
			return reply{contentType: "image/jpg", body: b.Bytes()}
		}
	}
	return reply{status: http.StatusNotFound}
}

// Scan has somebody scan the QR code with this ticket (扫描带参数二维码), and pushes what WeChat pushes: SCAN for
// a follower, and subscribe for anybody else, who follows the account from then on. Both have the scene
// and the ticket, as [github.com/org/wxhome/callback.ScanEvent] and SubscribeEvent tell them. It returns what
// [Account.Push] returns. It is an error, and nothing is pushed, if the account has no such code or it
// has expired.
func (a *Account) Scan(ctx context.Context, openid, ticket string) (Delivered, error) {
	code, ok := a.codes.find(ticket)
	switch {
	case openid == "":
		return Delivered{}, errors.New("wechattest: Scan by an empty openid")
	case !ok:
		return Delivered{}, errors.New("wechattest: Scan of a ticket that the account has not made")
	case !code.live(a.server.Now()):
		return Delivered{}, errors.New("wechattest: Scan of a code that has expired")
	}
	event, key := "SCAN", code.text
	if !a.follower(openid).follows() {
		event, key = "subscribe", "qrscene_"+code.text
	}
	return a.Push(ctx, Event(openid, event, Element{"EventKey", key}, Element{"Ticket", ticket}))
}

// shortKeys are the short keys of an account.
type shortKeys struct {
	mu    sync.Mutex // guards byKey
	byKey map[string]shortKey
}

type shortKey struct {
	data             string
	created, expires time.Time
}

// shorten serves POST /cgi-bin/shorten/gen.
func (c *call) shorten() reply {
	in := c.object()
	data, seconds := in.text("long_data"), in.number("expire_seconds")
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case data == "":
		return c.refuse(40097)
	case len(data) > maxShortData:
		return c.refuse(9410010)
	case seconds < 0 || seconds > int64(maxCodeLife/time.Second):
		return c.refuse(9410011)
	case seconds == 0:
		seconds = int64(maxCodeLife / time.Second)
	}
	key := rand.Text()[:shortKeyLength]
	k := &c.account.shortKeys
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byKey == nil {
		k.byKey = make(map[string]shortKey)
	}
	k.byKey[key] = shortKey{data, c.now, c.now.Add(time.Duration(seconds) * time.Second)}
	return c.success(struct {
		Code    int    `json:"errcode"`
		Message string `json:"errmsg"`
		Key     string `json:"short_key"`
	}{0, "ok", key})
}

// expand serves POST /cgi-bin/shorten/fetch.
func (c *call) expand() reply {
	in := c.object()
	key := in.text("short_key")
	k := &c.account.shortKeys
	k.mu.Lock()
	defer k.mu.Unlock()
	known, ok := k.byKey[key]
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case !ok || !c.now.Before(known.expires):
		return c.refuse(9410012)
	}
	return c.success(struct {
		Code    int    `json:"errcode"`
		Message string `json:"errmsg"`
		Data    string `json:"long_data"`
		Created int64  `json:"create_time"`
		Seconds int64  `json:"expire_seconds"`
	}{0, "ok", known.data, known.created.Unix(), int64(known.expires.Sub(c.now) / time.Second)})
}

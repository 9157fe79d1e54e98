package wechattest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
)

// Mode is how pushes are encrypted (消息加解密方式).
type Mode int

// The modes of the console.
const (
	Plain      Mode = iota // 明文模式: not at all
	Compatible             // 兼容模式: a plain copy and a ciphertext
	Safe                   // 安全模式: a ciphertext
)

// Defaults of [Callback].
const (
	defaultPushTimeout = 5 * time.Second // WeChat's
	defaultDeliveries  = 3               // "three times in all"; some count four
	defaultOriginalID  = "gh_simulation01"
)

// Callback says where and how an account's messages and events are pushed (消息推送配置).
type Callback struct {
	// Handler is served over connections in memory, by a net/http server of its own, which
	// works in a testing/synctest bubble. With URL, an address of http or https, it is nil.
	Handler http.Handler
	URL     string

	Token  string          // needed
	AESKey string          // EncodingAESKey, 43 characters; needed unless the mode is Plain
	Mode   Mode            // the zero Mode is Plain
	Format callback.Format // the zero Format is XML

	// AppID is the component's for an account that a third-party platform runs. Empty: the
	// account's.
	AppID string
	// OriginalID (原始ID) is the account's name in messages. Empty: gh_simulation01.
	OriginalID string
	// Timeout is when WeChat hangs up. 0: 5 s.
	Timeout time.Duration
	// Deliveries is how often a push is delivered in all when no answer comes. 0: 3.
	Deliveries int
	// Gap passes between a delivery that failed and the next. 0: none.
	Gap time.Duration
	// Renew signs each repeat anew, with another timestamp and nonce. It is not known what
	// WeChat does.
	Renew bool
}

// line is a Callback that is in use.
type line struct {
	Callback
	crypter *callback.Crypter // nil in the plain mode
	client  *http.Client
	server  *http.Server // of Handler; nil with a URL
	target  *url.URL
}

// Delivered tells what became of a [Push].
type Delivered struct {
	// Reply is what the follower gets, nil for nothing.
	Reply callback.Reply
	// Notice says that the follower is told that the account is out of order
	// (该公众号暂时无法提供服务): no valid answer came to a message. Events fail in silence.
	Notice bool
	// Attempts has one entry for each delivery.
	Attempts []Attempt
}

// An Attempt is one delivery of a [Push].
type Attempt struct {
	Status int           // 0: no answer came in time
	Took   time.Duration // until the answer, or until WeChat hung up
	Err    error         // why the answer is none; nil: it is one
}

// SetCallback sets where the account's pushes go, in place of what was set before. It panics on
// a Callback that the console would not take: no target or two, no Token, a mode without key.
func (a *Account) SetCallback(c Callback) {
	l, err := newLine(a, c)
	if err != nil {
		panic("wechattest: " + err.Error())
	}
	if old := a.line.Swap(l); old != nil {
		old.close()
	}
}

func newLine(a *Account, c Callback) (*line, error) {
	fill(&c.AppID, a.AppID)
	fill(&c.OriginalID, defaultOriginalID)
	fill(&c.Timeout, defaultPushTimeout)
	fill(&c.Deliveries, defaultDeliveries)
	l := &line{Callback: c}
	switch {
	case (c.Handler == nil) == (c.URL == ""):
		return nil, errors.New("a Callback needs a Handler or a URL, and not both")
	case c.Token == "":
		return nil, errors.New("a Callback needs a Token")
	case c.Mode != Plain && c.AESKey == "":
		return nil, errors.New("a Callback of this mode needs an AESKey")
	}
	var err error
	if c.Mode != Plain {
		if l.crypter, err = callback.NewCrypter(callback.Account{AppID: c.AppID, Token: c.Token, AESKey: c.AESKey}); err != nil {
			return nil, err
		}
	}
	if c.Handler != nil {
		l.serve(a.server)
		return l, nil
	}
	if l.target, err = url.Parse(c.URL); err != nil || l.target.Host == "" || l.target.Scheme != "http" && l.target.Scheme != "https" {
		return nil, errors.New("a Callback's URL must begin with http:// or https://")
	}
	l.client = &http.Client{Transport: &http.Transport{}, CheckRedirect: noRedirect}
	return l, nil
}

// fill gives a field that is not set its default.
func fill[T comparable](field *T, value T) {
	var unset T
	if *field == unset {
		*field = value
	}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// serve serves the handler in memory.
func (l *line) serve(s *Server) {
	listener := newMemoryListener()
	l.server = &http.Server{Handler: l.Handler, ErrorLog: log.New(io.Discard, "", 0), ConnState: s.track}
	s.serving.Go(func() { _ = l.server.Serve(listener) })
	l.client = &http.Client{Transport: newTransport(listener.dial), CheckRedirect: noRedirect}
	l.target = &url.URL{Scheme: "http", Host: memoryAddress, Path: "/"}
}

func (l *line) close() {
	if l.server != nil {
		_ = l.server.Close()
	}
	l.client.CloseIdleConnections()
}

// VerifyCallback does what the console does when a callback is set: it asks for an echo (GET)
// and wants exactly that back.
func (a *Account) VerifyCallback(ctx context.Context) error {
	l := a.line.Load()
	if l == nil {
		return errNoCallback
	}
	const echo = "4375120948345356249"
	q := l.sign(a.server.Now(), "")
	q.Set("echostr", echo)
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	status, body, err := l.send(ctx, http.MethodGet, q, nil)
	switch {
	case err != nil:
		return fmt.Errorf("wechattest: no echo: %w", err)
	case status != http.StatusOK || string(body) != echo:
		return fmt.Errorf("wechattest: status %d and %d bytes in place of the echo", status, len(body))
	}
	return nil
}

var errNoCallback = errors.New("wechattest: the account has no callback; see Account.SetCallback")

// Push pushes a message or an event as WeChat does: signed, encrypted where the mode asks, and
// again when no answer comes within 5 s. It returns when there is an answer, when the deliveries
// are used up, or when ctx ends. The error is of the test's own making: no callback is set, or
// ctx ended. Whatever the account answered is in Delivered.
//
// A follower who wrote, clicked or scanned opens the window for customer-service messages.
func (a *Account) Push(ctx context.Context, p Push) (Delivered, error) {
	l := a.line.Load()
	if l == nil {
		return Delivered{}, errNoCallback
	}
	now := a.server.Now()
	if p.Time.IsZero() {
		p.Time = now
	}
	if p.ID == 0 && !p.isEvent() {
		p.ID = firstMsgID + a.server.pushes.Add(1)
	}
	a.notice(p)
	plain := p.Body
	if plain == nil {
		plain = encodeElements(l.Format, p.elements(l.OriginalID))
	}
	query, body := l.wrap(now, plain)
	var d Delivered
	for len(d.Attempts) < l.Deliveries && ctx.Err() == nil {
		if len(d.Attempts) > 0 {
			if l.Gap > 0 && !a.server.wait(l.Gap) {
				break
			}
			if l.Renew {
				query, body = l.wrap(a.server.Now(), plain)
			}
		}
		attempt, final := l.deliver(ctx, p, query, body, &d)
		d.Attempts = append(d.Attempts, attempt)
		d.Notice = attempt.Err != nil && !p.isEvent()
		if final {
			break
		}
	}
	return d, ctx.Err()
}

// deliver delivers a push once. final says that there is no point in a repeat: an answer came,
// good or bad.
func (l *line) deliver(ctx context.Context, p Push, query url.Values, body []byte, d *Delivered) (attempt Attempt, final bool) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	status, answer, err := l.send(ctx, http.MethodPost, query, body)
	attempt = Attempt{Status: status, Took: time.Since(start), Err: err}
	switch {
	case err != nil:
		attempt.Status = 0
	case status != http.StatusOK:
		attempt.Err = fmt.Errorf("wechattest: status %d", status)
	default:
		final = true
		if d.Reply, err = l.readReply(p, answer); err != nil {
			attempt.Err = fmt.Errorf("wechattest: the answer: %w", err)
		}
	}
	return attempt, final
}

// maxAnswer bounds an answer.
const maxAnswer = 1 << 20

// send makes one request and reads the answer.
func (l *line) send(ctx context.Context, method string, query url.Values, body []byte) (status int, answer []byte, err error) {
	target := *l.target
	if target.RawQuery != "" {
		target.RawQuery += "&"
	}
	target.RawQuery += query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, target.String(), strings.NewReader(string(body)))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "text/xml")
	}
	response, err := l.client.Do(request)
	if err != nil {
		return 0, nil, errNoAnswer(err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return 0, nil, errNoAnswer(err)
	}
	return response.StatusCode, answer, nil
}

// errNoAnswer keeps the address, whose query has a signature and an openid, out of an error.
func errNoAnswer(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	return fmt.Errorf("wechattest: no answer: %w", err)
}

// wrap signs a push and encrypts it where the mode asks.
func (l *line) wrap(now time.Time, plain []byte) (url.Values, []byte) {
	query := l.sign(now, openidOf(plain))
	if l.Mode == Plain {
		return query, plain
	}
	timestamp, nonce := query.Get("timestamp"), query.Get("nonce")
	sealed := l.crypter.Sealer().Seal(nil, callback.XML, plain, now.Unix(), nonce)
	envelope, err := callback.ParseEnvelope(sealed)
	if err != nil {
		panic("wechattest: " + err.Error()) // our own envelope
	}
	query.Set("encrypt_type", "aes")
	query.Set("msg_signature", callback.Signature(l.Token, timestamp, nonce, envelope.Encrypt))
	if l.Mode == Compatible {
		return query, l.compatible(plain, envelope.Encrypt)
	}
	return query, encodeElements(l.Format, []Element{{"ToUserName", l.OriginalID}, {"Encrypt", envelope.Encrypt}})
}

// compatible adds the ciphertext to the plain copy.
func (l *line) compatible(plain []byte, encrypt string) []byte {
	tail, added := "</xml>", "<Encrypt><![CDATA["+encrypt+"]]></Encrypt></xml>"
	if l.Format == callback.JSON {
		tail, added = "}", `,"Encrypt":`+strconv.Quote(encrypt)+"}"
	}
	if cut, ok := strings.CutSuffix(strings.TrimSpace(string(plain)), tail); ok {
		return []byte(cut + added)
	}
	return plain
}

// sign returns the query of a push.
func (l *line) sign(now time.Time, openid string) url.Values {
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), strconv.Itoa(100_000_000+rand.IntN(900_000_000))
	query := url.Values{
		"signature": {callback.Signature(l.Token, timestamp, nonce, "")},
		"timestamp": {timestamp},
		"nonce":     {nonce},
	}
	if openid != "" {
		query.Set("openid", openid)
	}
	return query
}

// openidOf returns the sender of a message, which the query repeats.
func openidOf(plain []byte) string {
	m, err := callback.Parse(plain)
	if err != nil {
		return ""
	}
	return m.Head().FromUserName
}

// notice has the account learn what a follower did.
func (a *Account) notice(p Push) {
	switch {
	case p.From == "":
	case !p.isEvent():
		a.Interact(Wrote, p.From)
	case p.is("unsubscribe"):
		a.Unfollow(p.From)
	case p.is("subscribe"):
		a.Interact(Followed, p.From)
	case p.is("SCAN"):
		a.Interact(Scanned, p.From)
	case p.is("CLICK"), p.is("scancode_push"), p.is("scancode_waitmsg"):
		a.Interact(TappedMenu, p.From)
	}
}

// closeLines ends the connections of all callbacks.
func (s *Server) closeLines() {
	s.accountsMu.RLock()
	defer s.accountsMu.RUnlock()
	for _, a := range s.accounts {
		if l := a.line.Load(); l != nil {
			l.close()
		}
	}
}

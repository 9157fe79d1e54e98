package wechattest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
)

// Mode is how pushes are signed and encrypted (消息加解密方式).
type Mode int

// The modes of the console, and that of WeChat Cloud Run.
const (
	Plain      Mode = iota // 明文模式: signed, not encrypted
	Compatible             // 兼容模式: signed, with a plain copy and a ciphertext
	Safe                   // 安全模式: signed, with a ciphertext
	// CloudRun (微信云托管) is neither signed nor encrypted: the query has no parameters of
	// WeChat's, and the header X-WX-SOURCE is there.
	CloudRun
)

// encrypts reports whether the mode has a ciphertext.
func (m Mode) encrypts() bool { return m == Compatible || m == Safe }

// Defaults of [Callback].
const (
	defaultPushTimeout = 5 * time.Second // WeChat's
	deliveryGap        = 5 * time.Second // seen in a log: the first repeat came exactly 5 s after the first delivery
)

// Callback says where and how an account's messages and events are pushed (消息推送配置).
type Callback struct {
	// Handler is served over connections in memory, by a net/http server of its own, which
	// works in a testing/synctest bubble. With URL, an address of http or https, it is nil.
	Handler http.Handler
	URL     string
	// Path is the path at which Handler is called, such as /wechat/callback, and may have a
	// query, which is kept in front of WeChat's parameters. Default: /. With URL it is empty.
	Path string

	Token  string          // needed unless the mode is CloudRun, which has none
	AESKey string          // EncodingAESKey, 43 characters; needed in the modes Compatible and Safe
	Mode   Mode            // the zero Mode is Plain
	Format callback.Format // the zero Format is XML

	// AppID is the component's for an account that a third-party platform runs. Empty: the
	// account's.
	AppID string
	// OriginalID (原始ID) is the account's name in messages. Default: the account's own, see
	// [Account.OriginalID].
	OriginalID string
	// Timeout is how long WeChat waits for an answer before it hangs up. Default: 5 s.
	Timeout time.Duration
	// Deliveries are the times at which a push is delivered until an answer comes, counted from
	// the first delivery, so that the first time is 0. A failed delivery does not bring the next
	// one forward, and one that lasts longer than its gap puts the following ones off.
	// Default: 0, 5 s and 10 s. One 0 means one delivery.
	Deliveries []time.Duration
	// StatusFinal makes an answer with any status end a push. Default: a push that is answered
	// with a status other than 200 is repeated. It is not known what WeChat does: a server that
	// passes both ways is safe.
	StatusFinal bool
	// Renew signs each repeat anew, with another timestamp and nonce. Default: repeats are the
	// same byte for byte. It is not known what WeChat does.
	Renew bool
}

// line is a Callback that is in use.
type line struct {
	Callback
	crypter *callback.Crypter // nil where the mode does not encrypt
	client  *http.Client
	server  *http.Server // of Handler; nil with a URL
	target  *url.URL
	outer   string // the element beside the ciphertext
}

// SetCallback sets where the account's pushes go, in place of what was set before. It panics on
// a Callback that the console would not take (no target or two, no Token, a mode without key) and
// on times that make no sense.
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
	fill(&c.OriginalID, originalIDOf(a.AppID))
	fill(&c.Timeout, defaultPushTimeout)
	c.Deliveries = slices.Clone(c.Deliveries)
	if len(c.Deliveries) == 0 {
		c.Deliveries = []time.Duration{0, deliveryGap, 2 * deliveryGap} // three in all; some count four
	}
	l := &line{Callback: c, outer: "ToUserName"}
	switch {
	case c.Timeout < 0:
		return nil, errors.New("a Callback's Timeout is negative")
	case c.Deliveries[0] != 0 || !slices.IsSorted(c.Deliveries):
		return nil, errors.New("a Callback's Deliveries must begin with 0 and ascend")
	case (c.Handler == nil) == (c.URL == ""):
		return nil, errors.New("a Callback needs a Handler or a URL, and not both")
	case c.Mode < Plain || c.Mode > CloudRun:
		return nil, errors.New("a Callback's Mode is none of the four")
	case c.Token == "" && c.Mode != CloudRun:
		return nil, errors.New("a Callback needs a Token")
	case c.Mode.encrypts() && c.AESKey == "":
		return nil, errors.New("a Callback of this mode needs an AESKey")
	}
	var err error
	if c.Mode.encrypts() {
		if l.crypter, err = callback.NewCrypter(callback.Account{AppID: c.AppID, Token: c.Token, AESKey: c.AESKey}); err != nil {
			return nil, err
		}
	}
	if l.target, err = c.target(); err != nil {
		return nil, err
	}
	if c.Handler != nil {
		l.serve(a.server)
	} else {
		l.client = &http.Client{Transport: &http.Transport{}, CheckRedirect: noRedirect}
	}
	return l, nil
}

// target returns the address of the callback.
func (c *Callback) target() (*url.URL, error) {
	address := c.URL
	if c.Handler != nil {
		fill(&c.Path, "/")
		address = "http://" + memoryAddress + c.Path
	}
	target, err := url.Parse(address)
	switch {
	case c.Handler != nil && !strings.HasPrefix(c.Path, "/"):
		return nil, errors.New("a Callback's Path must begin with /")
	case c.URL != "" && c.Path != "":
		return nil, errors.New("a Callback's Path goes with a Handler; a URL has a path of its own")
	case err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https":
		return nil, errors.New("a Callback's URL must begin with http:// or https://, and a Path must be a path in percent-encoding")
	case strings.Contains(address, "#") || strings.Contains(target.RawQuery, " "):
		return nil, errors.New("a Callback's address must have neither a fragment nor a blank in its query")
	}
	return target, nil
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
}

func (l *line) close() {
	if l.server != nil {
		_ = l.server.Close()
	}
	l.client.CloseIdleConnections()
}

// VerifyCallback does what the console does when a callback is set: it asks for an echo (GET)
// and wants exactly that back. In the mode [CloudRun] it sends a probe (POST) in the callback's
// Format and wants 200 with "success" or nothing. The error says what came instead, or that no
// callback is set.
func (a *Account) VerifyCallback(ctx context.Context) error {
	l := a.line.Load()
	if l == nil {
		return errNoCallback
	}
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	if l.Mode == CloudRun {
		return l.probe(ctx)
	}
	const echo = "4375120948345356249"
	query, _, _ := l.sign(a.server.Now())
	status, body, err := l.send(ctx, http.MethodGet, query+"&echostr="+echo, nil)
	switch {
	case err != nil:
		return fmt.Errorf("wechattest: no echo: %w", err)
	case status != http.StatusOK || string(body) != echo:
		return fmt.Errorf("wechattest: status %d and %d bytes in place of the echo", status, len(body))
	}
	return nil
}

// probe does what the console of Cloud Run does when a path is saved.
func (l *line) probe(ctx context.Context) error {
	body := "<xml><action>CheckContainerPath</action></xml>"
	if l.Format == callback.JSON {
		body = `{"action":"CheckContainerPath"}`
	}
	status, answer, err := l.send(ctx, http.MethodPost, "", []byte(body))
	switch {
	case err != nil:
		return fmt.Errorf("wechattest: no answer to the probe: %w", err)
	case status != http.StatusOK || len(answer) > 0 && string(answer) != success:
		return fmt.Errorf("wechattest: status %d and %d bytes in answer to the probe, in place of %s", status, len(answer), success)
	}
	return nil
}

// success is the answer without a reply.
const success = "success"

var errNoCallback = errors.New("wechattest: the account has no callback; see Account.SetCallback")

// maxAnswer bounds an answer.
const maxAnswer = 1 << 20

// send makes one request and reads the answer.
func (l *line) send(ctx context.Context, method, query string, body []byte) (status int, answer []byte, err error) {
	target := *l.target
	if own := target.RawQuery; own != "" && query != "" && !strings.HasSuffix(own, "&") {
		target.RawQuery += "&"
	}
	target.RawQuery += query
	request, err := http.NewRequestWithContext(ctx, method, target.String(), strings.NewReader(string(body)))
	if err != nil {
		return 0, nil, err
	}
	l.setHeader(request.Header, body != nil)
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

// setHeader sets what WeChat sends in the header.
func (l *line) setHeader(h http.Header, hasBody bool) {
	switch {
	case !hasBody:
	case l.Format == callback.JSON:
		h.Set("Content-Type", "application/json")
	default:
		h.Set("Content-Type", "text/xml")
	}
	if l.Mode == CloudRun {
		h.Set("X-WX-SOURCE", "wx_http") // that it is there is documented, its value is not
	}
}

// errNoAnswer keeps the address, whose query has a signature and an openid, out of an error.
func errNoAnswer(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	return fmt.Errorf("wechattest: no answer: %w", err)
}

// wrap signs a push of a follower and encrypts it, where the mode asks.
func (l *line) wrap(now time.Time, openid string, plain []byte) (query string, body []byte) {
	if l.Mode == CloudRun {
		return "", plain
	}
	query, timestamp, nonce := l.sign(now)
	if openid != "" {
		query += "&openid=" + url.QueryEscape(openid)
	}
	if l.Mode == Plain {
		return query, plain
	}
	// Sealed as JSON, which encoding/json reads: package callback is what is tested here.
	var sealed struct{ Encrypt string }
	if err := json.Unmarshal(l.crypter.Sealer().Seal(nil, callback.JSON, plain, now.Unix(), nonce), &sealed); err != nil {
		panic("wechattest: " + err.Error()) // our own envelope
	}
	query += "&encrypt_type=aes&msg_signature=" + callback.Signature(l.Token, timestamp, nonce, sealed.Encrypt)
	if l.Mode == Compatible {
		return query, l.compatible(plain, sealed.Encrypt)
	}
	return query, encodeElements(l.Format, []Element{{l.outer, l.OriginalID}, {"Encrypt", sealed.Encrypt}})
}

// compatible adds the ciphertext to the plain copy: behind all else, since a follower's text may
// have the end of the document in it. A body without an end gets it behind its last byte.
func (l *line) compatible(plain []byte, encrypt string) []byte {
	end, added := "</xml", "<Encrypt><![CDATA["+encrypt+"]]></Encrypt>"
	isJSON := l.formatOf(plain) == callback.JSON
	if isJSON {
		end, added = "}", `"Encrypt":"`+encrypt+`"`
	}
	at := bytes.LastIndex(plain, []byte(end))
	if at < 0 {
		at = len(plain)
	}
	before := bytes.TrimRight(plain[:at], " \t\r\n")
	if isJSON && len(before) > 0 && !bytes.ContainsAny(before[len(before)-1:], "{,") {
		added = "," + added
	}
	return slices.Concat(plain[:at], []byte(added), plain[at:])
}

// formatOf returns the format of a body, which a test may have made.
func (l *line) formatOf(body []byte) callback.Format {
	switch body = bytes.TrimLeft(body, " \t\r\n\ufeff"); {
	case bytes.HasPrefix(body, []byte("{")):
		return callback.JSON
	case bytes.HasPrefix(body, []byte("<")):
		return callback.XML
	}
	return l.Format
}

// sign returns the query that every request has, and what it signs.
func (l *line) sign(now time.Time) (query, timestamp, nonce string) {
	timestamp, nonce = strconv.FormatInt(now.Unix(), 10), strconv.Itoa(100_000_000+rand.IntN(900_000_000))
	return "signature=" + callback.Signature(l.Token, timestamp, nonce, "") + "&timestamp=" + timestamp + "&nonce=" + nonce, timestamp, nonce
}

// closeLines ends the connections of all callbacks.
func (s *Server) closeLines() {
	s.accountsMu.RLock()
	defer s.accountsMu.RUnlock()
	for _, a := range s.accounts {
		a.closeLine()
	}
	for _, p := range s.platforms {
		p.desk.closeLine()
	}
}

func (a *Account) closeLine() {
	if l := a.line.Load(); l != nil {
		l.close()
	}
}

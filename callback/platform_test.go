package callback

import (
	"bytes"
	"context"
	"crypto/cipher"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the tests' account has.
const (
	pushToken  = "AAAAA"
	pushAppID  = "wxba5fad812f8e6fb9"
	pushKey    = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	pushOldKey = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
)

func testAccount(safe bool) Account {
	a := Account{AppID: pushAppID, Token: pushToken}
	if safe {
		a.AESKey = pushKey
	}
	return a
}

// quiet is a logger for tests that expect failures.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// textPush is the body of a text message.
func textPush(id int64) string {
	return fmt.Sprintf("<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName>"+
		"<FromUserName><![CDATA[o9AgO5Kd5ggOC-bXrbNODIiE3bGY]]></FromUserName><CreateTime>1348831860</CreateTime>"+
		"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[照片 %d]]></Content><MsgId>%d</MsgId></xml>", id, id)
}

// pushed is a message on its way to a server.
type pushed struct {
	account Account
	body    string // decrypted
	safe    bool
}

var nonces atomic.Int64

// request makes a fresh delivery: repeats have a time and a nonce of their own.
func (p pushed) request(ctx context.Context, base string) *http.Request {
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	nonce := strconv.FormatInt(1_000_000_000+nonces.Add(1), 10)
	// In the platform's own order; none of the values needs an escape.
	q := "signature=" + Signature(p.account.Token, stamp, nonce, "") + "&timestamp=" + stamp + "&nonce=" + nonce +
		"&openid=o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
	body := p.body
	if p.safe {
		encrypt := encryptPush(p.account, body)
		q += "&encrypt_type=aes&msg_signature=" + Signature(p.account.Token, stamp, nonce, encrypt)
		body = envelopePush(encrypt)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/wechat?"+q, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "text/xml")
	return r
}

func encryptPush(a Account, body string) string {
	c, err := NewCrypter(a)
	if err != nil {
		panic(err)
	}
	e, err := ParseEnvelope(c.Sealer().Seal(nil, XML, []byte(body), 0, ""))
	if err != nil {
		panic(err)
	}
	return e.Encrypt
}

func envelopePush(encrypt string) string {
	return "<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName><Encrypt><![CDATA[" + encrypt + "]]></Encrypt></xml>"
}

// textReply returns the text of an answer, read as strictly as the platform would, and "" for
// success. Anything else is an error: the follower would see a notice.
func textReply(p pushed, status int, body []byte) (string, error) {
	switch {
	case status != http.StatusOK:
		return "", fmt.Errorf("status %d", status)
	case string(body) == "success":
		return "", nil
	}
	if p.safe {
		var e struct {
			Encrypt, MsgSignature, Nonce string
			TimeStamp                    int64
		}
		if err := xml.Unmarshal(body, &e); err != nil {
			return "", err
		}
		c, err := NewCrypter(p.account)
		if err != nil {
			return "", err
		}
		if body, _, err = c.Open(nil, e.MsgSignature, strconv.FormatInt(e.TimeStamp, 10), e.Nonce, e.Encrypt); err != nil {
			return "", err
		}
	}
	var m struct {
		XMLName                                    xml.Name `xml:"xml"`
		ToUserName, FromUserName, MsgType, Content string
		CreateTime                                 int64
	}
	if err := xml.Unmarshal(body, &m); err != nil {
		return "", err
	}
	if m.ToUserName != "o9AgO5Kd5ggOC-bXrbNODIiE3bGY" || m.FromUserName != "gh_97417a04a28d" || m.MsgType != "text" ||
		m.CreateTime != time.Now().Unix() && m.CreateTime > time.Now().Unix() || m.Content == "" {
		return "", fmt.Errorf("not an answer: %s", body)
	}
	return m.Content, nil
}

// pipes is a listener whose connections are in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	mine, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return mine, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// station is a real http.Server in memory, and a client for it.
type station struct {
	*Server
	http   *http.Server
	client *http.Client
	pipes  *pipes
	outer  *atomic.Value // of http.HandlerFunc: what the connections are served by
	served chan struct{}
}

func newStation(t *testing.T, cfg Config, h Handler) *station {
	t.Helper()
	s, err := NewServer(cfg, h)
	require.NoError(t, err)
	outer := &atomic.Value{}
	outer.Store(http.HandlerFunc(s.ServeHTTP))
	srv := &http.Server{
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { outer.Load().(http.HandlerFunc)(w, r) }),
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0),
	}
	p := newPipes()
	st := &station{
		Server: s, http: srv,
		client: &http.Client{Transport: &http.Transport{DialContext: p.dial, MaxIdleConnsPerHost: 200}},
		pipes:  p,
		outer:  outer,
		served: make(chan struct{}),
	}
	go func() {
		defer close(st.served)
		_ = st.http.Serve(p)
	}()
	return st
}

// wrap puts a middleware around the server.
func (st *station) wrap(middleware func(http.Handler) http.Handler) {
	st.outer.Store(http.HandlerFunc(middleware(st.Server).ServeHTTP))
}

// close ends all of it; whatever runs on then is a leak, which the bubble reports.
func (st *station) close(t *testing.T) {
	t.Helper()
	st.client.CloseIdleConnections()
	assert.NoError(t, st.http.Shutdown(context.Background()))
	assert.NoError(t, st.Server.Shutdown(context.Background()))
	<-st.served
}

// tale is what WeChat saw of one message.
type tale struct {
	answers    []string // texts of replies, on deliveries that it had not dropped
	success    int
	notice     bool // the follower was shown that the account is out of service
	deliveries int
}

// weChat delivers p as WeChat does: 5 s, then the connection is dropped, and after pause the
// push is repeated, three deliveries in all. Behind a proxy the server sees no connection drop.
func weChat(p pushed, pause time.Duration, proxy bool, servers ...*station) tale {
	var told tale
	for told.deliveries = 1; ; told.deliveries++ {
		st := servers[(told.deliveries-1)%len(servers)]
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		text, err := deliver(ctx, st, p, proxy)
		dropped := ctx.Err() != nil
		cancel()
		switch {
		case err == nil && text == "":
			told.success++
			return told
		case err == nil:
			told.answers = append(told.answers, text)
			return told
		case !dropped, told.deliveries == 3:
			told.notice = true
			return told
		}
		time.Sleep(pause)
	}
}

func deliver(ctx context.Context, st *station, p pushed, proxy bool) (string, error) {
	inner := ctx
	if proxy {
		inner = context.WithoutCancel(ctx)
	}
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := exchange(st.client, p, p.request(inner, "http://memory"))
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func exchange(c *http.Client, p pushed, r *http.Request) (string, error) {
	resp, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	return textReply(p, resp.StatusCode, body)
}

// serve answers one request without a network.
func serve(s http.Handler, r *http.Request) *reply {
	w := &reply{header: http.Header{}, status: http.StatusOK}
	s.ServeHTTP(w, r)
	return w
}

// reply is the least ResponseWriter.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *reply) Header() http.Header         { return w.header }
func (w *reply) WriteHeader(status int)      { w.status = status }
func (w *reply) Write(b []byte) (int, error) { return w.body.Write(b) }

// texter answers every text message with the same text.
func texter(text string) Handler {
	return HandlerFunc(func(context.Context, Message) (Reply, error) { return Text{Content: text}, nil })
}

var errTest = errors.New("out of photos")

// pad pads text as the platform does.
func pad(text []byte) []byte {
	n := 32 - len(text)%32
	return append(text, bytes.Repeat([]byte{byte(n)}, n)...)
}

// sealRaw encrypts text as it is.
func sealRaw(c *Crypter, text []byte) string {
	out := make([]byte, len(text))
	cipher.NewCBCEncrypter(c.keys[0].block, c.keys[0].iv).CryptBlocks(out, text)
	return base64.StdEncoding.EncodeToString(out)
}

// liveHeap returns the bytes that are in use.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func goexit() { runtime.Goexit() }

func deadline(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// idle reports whether nothing runs in s.
func idle(s *Server) bool {
	s.messages.mu.Lock()
	defer s.messages.mu.Unlock()
	turns := s.messages.turns
	return s.messages.count == 0 && len(s.messages.runs.values) <= len(s.messages.runs.aged) &&
		(turns == nil || len(turns.rows) == 0) && s.grown.Load() == 0
}

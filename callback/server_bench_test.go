package callback

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
	"unsafe"
)

// pushes is a ring of signed pushes. It is longer than what the servers remember, so that each
// is new whenever its turn comes.
type pushes struct {
	plain   pushed
	queries []string
	bodies  [][]byte
	next    int
}

func newPushes(b testing.TB, safe bool, n int) *pushes {
	b.Helper()
	p := &pushes{plain: pushed{account: testAccount(safe), safe: safe}}
	for i := range n {
		p.plain.body = textPush(7_000_000_000_000_000_000 + int64(i))
		r := p.plain.request(b.Context(), "")
		body, err := io.ReadAll(r.Body)
		if err != nil {
			b.Fatal(err)
		}
		p.queries, p.bodies = append(p.queries, r.URL.RawQuery), append(p.bodies, body)
	}
	return p
}

func (p *pushes) take() (string, []byte) {
	i := p.next % len(p.queries)
	p.next++
	return p.queries[i], p.bodies[i]
}

// free is a ResponseWriter that costs nothing.
type free struct {
	header http.Header
	status int
	body   []byte
}

func (w *free) Header() http.Header         { return w.header }
func (w *free) WriteHeader(status int)      { w.status = status }
func (w *free) Write(b []byte) (int, error) { w.body = append(w.body[:0], b...); return len(b), nil }

// rewound is a request body that can be used again.
type rewound struct{ bytes.Reader }

func (*rewound) Close() error { return nil }

// benchHandler calls h for each push of a ring, and looks at a sample of the answers.
func benchHandler(b *testing.B, h http.Handler, p *pushes, w http.ResponseWriter, answer *free) {
	r := &http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: "/wechat"}, ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"text/xml"}}, Host: "example.com",
	}
	r = r.WithContext(context.WithValue(context.Background(), http.ServerContextKey, &http.Server{}))
	in := &rewound{}
	r.Body = in
	answer.header = http.Header{}
	one := func() {
		query, payload := p.take()
		r.URL.RawQuery, r.ContentLength = query, int64(len(payload))
		in.Reset(payload)
		answer.status = http.StatusOK
		h.ServeHTTP(w, r)
	}
	for range p.queries {
		one() // what is remembered is full, and forgets one message for each that comes
	}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		one()
		if n++; n%4096 == 1 {
			if text, err := textReply(p.plain, answer.status, answer.body); err != nil || text != "您好" {
				b.Fatalf("%q %v %s", text, err, answer.body)
			}
		}
	}
}

func benchServer(b testing.TB, cfg Config) *Server {
	mux := new(Mux)
	On(mux, func(context.Context, *TextMessage) (Reply, error) { return Text{Content: "您好"}, nil })
	s, err := NewServer(cfg, mux)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// floor does what must be done, and nothing else: the hashing, the ciphers, the same bytes.
type floor struct {
	answer     []byte // plain
	open, shut cipher.BlockMode
	iv         []byte
	in, out    []byte
}

func newFloor(safe bool) *floor {
	head := &Header{ToUserName: "gh_97417a04a28d", FromUserName: "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"}
	answer, err := AppendReply(nil, XML, head, Text{Content: "您好"}, time.Now())
	if err != nil {
		panic(err)
	}
	f := &floor{answer: answer, in: make([]byte, 0, 4096), out: make([]byte, 0, 4096)}
	if safe {
		key, _ := base64.StdEncoding.DecodeString(pushKey + "=")
		block, _ := aes.NewCipher(key)
		f.iv = key[:16]
		f.open, f.shut = cipher.NewCBCDecrypter(block, f.iv), cipher.NewCBCEncrypter(block, f.iv)
	}
	return f
}

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := io.ReadFull(r.Body, f.in[:r.ContentLength])
	in := f.in[:n]
	q := r.URL.RawQuery // whose order and lengths are known here
	signature, stamp, nonce := q[10:50], q[61:71], q[78:88]
	if f.open == nil {
		hexed := sum(pushToken, stamp, nonce)
		if subtle.ConstantTimeCompare(hexed[:], []byte(signature)) == 1 {
			_, _ = w.Write(f.answer)
		}
		return
	}
	i := bytes.Index(in, []byte("<Encrypt><![CDATA[")) + len("<Encrypt><![CDATA[")
	text := in[i : len(in)-len("]]></Encrypt></xml>")]
	sig := sum(pushToken, stamp, nonce, unsafe.String(&text[0], len(text)))
	if subtle.ConstantTimeCompare(sig[:], []byte(q[len(q)-40:])) != 1 {
		return
	}
	n, _ = base64.StdEncoding.Decode(text, text)
	f.open.(interface{ SetIV([]byte) }).SetIV(f.iv)
	f.open.CryptBlocks(text[:n], text[:n])
	_, _ = w.Write(f.seal(nonce))
}

func (f *floor) seal(nonce string) []byte {
	plain := append(f.in[:0], "0123456789abcdef"...)
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(f.answer)))
	plain = append(append(plain, f.answer...), pushAppID...)
	pad := 32 - len(plain)%32
	for range pad {
		plain = append(plain, byte(pad))
	}
	f.shut.(interface{ SetIV([]byte) }).SetIV(f.iv)
	f.shut.CryptBlocks(plain, plain)
	out := append(f.out[:0], "<xml><Encrypt><![CDATA["...)
	i := len(out)
	out = base64.StdEncoding.AppendEncode(out, plain)
	sig := sum(pushToken, "1714112445", nonce, unsafe.String(&out[i], len(out)-i))
	out = append(append(out, "]]></Encrypt><MsgSignature><![CDATA["...), sig[:]...)
	out = append(append(out, "]]></MsgSignature><TimeStamp>1714112445</TimeStamp><Nonce><![CDATA["...), nonce...)
	return append(out, "]]></Nonce></xml>"...)
}

func sum(parts ...string) (hexed [40]byte) {
	slices.Sort(parts)
	var few [1536]byte
	b := few[:0]
	for _, part := range parts {
		b = append(b, part...)
	}
	raw := sha1.Sum(b)
	hex.Encode(hexed[:], raw[:])
	return hexed
}

func BenchmarkServer(b *testing.B) {
	for _, mode := range []struct {
		name string
		safe bool
	}{{"plain", false}, {"safe", true}} {
		cfg := Config{Account: testAccount(mode.safe)}
		p := newPushes(b, mode.safe, 5*DefaultRemember/2)
		b.Run(mode.name+"/impl=floor", func(b *testing.B) {
			w := &free{}
			benchHandler(b, newFloor(mode.safe), p, w, w)
		})
		b.Run(mode.name+"/impl=wxhome", func(b *testing.B) {
			w := &free{}
			benchHandler(b, benchServer(b, cfg), p, w, w)
		})
	}
}

// BenchmarkDedupe handles 1,000,000 distinct messages and tells how the last tenth compares with
// the first, in time and in memory. It is all of a callback but the network and the ciphers.
func BenchmarkDedupe(b *testing.B) {
	const messages = 1_000_000
	s := benchServer(b, Config{Account: testAccount(false), Freshness: -1})
	m := &TextMessage{Header: Header{ToUserName: "gh_97417a04a28d", FromUserName: "o9AgO5Kd5ggOC", MsgType: "text"}, Content: "x"}
	w := &free{header: http.Header{}}
	request := &http.Request{Method: http.MethodPost, ProtoMajor: 1}
	var id int64
	push := func(n int) time.Duration {
		began := time.Now()
		for range n {
			id++
			m.MsgID = id
			d := &delivery{server: s, w: w, r: request, arrival: time.Now(), account: s.accounts.one, whole: true}
			in := &incoming{account: d.account, values: context.Background(), message: m, head: m.Header}
			r := &run{server: s, in: in, done: make(chan struct{})}
			r.identify(nil)
			d.deliver(r, uint64(id))
		}
		return time.Since(began)
	}
	push(2 * DefaultRemember) // full from here on
	b.ReportAllocs()
	for b.Loop() {
		before := liveHeap()
		first := push(messages / 10)
		push(messages / 10 * 8)
		last := push(messages / 10)
		b.ReportMetric(float64(last)/float64(first), "last/first")
		b.ReportMetric(float64(last)/(messages/10), "ns/message")
		b.ReportMetric((float64(liveHeap())-float64(before))/(1<<20), "MiB-grown")
	}
}

package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// raw encrypts what no platform would: text as it is, without anything around it.
func raw(t *testing.T, text []byte) string {
	t.Helper()
	c, err := NewCrypter(testAccount(true))
	require.NoError(t, err)
	return sealRaw(c, text)
}

// hostile is a request that must do no harm.
type hostile struct {
	name    string
	request func(t *testing.T, safe bool) *http.Request
	plain   int // the status expected in plain mode, 0: the request is for safe mode only
	safe    int // in safe mode, 0: for plain mode only
}

func genuine(safe bool, id int64) *http.Request {
	return pushed{account: testAccount(safe), body: textPush(id), safe: safe}.request(context.Background(), "")
}

// altered is a genuine push after change.
func altered(change func(r *http.Request)) func(*testing.T, bool) *http.Request {
	return func(_ *testing.T, safe bool) *http.Request {
		r := genuine(safe, 666)
		change(r)
		return r
	}
}

// carrying is a push that is signed and encrypted as it should be, with body in it.
func carrying(body string) func(*testing.T, bool) *http.Request {
	return func(_ *testing.T, safe bool) *http.Request {
		return pushed{account: testAccount(safe), body: body, safe: safe}.request(context.Background(), "")
	}
}

func cipherOf(text func(t *testing.T) string) func(*testing.T, bool) *http.Request {
	return func(t *testing.T, _ bool) *http.Request { return encrypted(text(t), time.Now()) }
}

func asking(change func(q string) string) func(*testing.T, bool) *http.Request {
	return altered(func(r *http.Request) { r.URL.RawQuery = change(r.URL.RawQuery) })
}

// without drops a parameter.
func without(name string) func(string) string {
	return func(q string) string {
		var kept []string
		for pair := range strings.SplitSeq(q, "&") {
			if !strings.HasPrefix(pair, name+"=") {
				kept = append(kept, pair)
			}
		}
		return strings.Join(kept, "&")
	}
}

func withBody(body string) func(*testing.T, bool) *http.Request {
	return altered(func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	})
}

const deep = 100_000

var hostiles = []hostile{
	{"forged: a signature of another token", asking(func(q string) string {
		return signed("other", time.Now(), "&msg_signature="+strings.Repeat("a", 40))
	}), 403, 403},
	{"forged: a digit of the signature", asking(func(q string) string { return strings.Replace(q, "signature=", "signature=0", 1) }), 403, 403},
	{"forged: a digit of msg_signature", asking(func(q string) string { return strings.Replace(q, "msg_signature=", "msg_signature=0", 1) }), 0, 403},
	{"forged: msg_signature alone, of another token", asking(func(q string) string {
		return without("signature")(signed("other", time.Now(), "")) + "&msg_signature=" + strings.Repeat("a", 40)
	}), 403, 403},
	{"forged: upper case", asking(func(q string) string {
		i := strings.Index(q, "signature=") + len("signature=")
		return q[:i] + strings.ToUpper(q[i:i+40]) + q[i+40:]
	}), 403, 0},
	{"forged: another nonce", asking(func(q string) string { return strings.Replace(q, "&nonce=1", "&nonce=2", 1) }), 403, 403},
	{"forged: an empty signature", asking(func(q string) string { return "signature=&msg_signature=&" + q }), 400, 400},
	{"forged: the ciphertext of another push", func(_ *testing.T, safe bool) *http.Request {
		r := genuine(safe, 666)
		r.Body = genuine(safe, 667).Body
		return r
	}, 0, 403},
	{"replayed: an hour old", func(_ *testing.T, safe bool) *http.Request {
		if safe {
			return encrypted(encryptPush(testAccount(true), textPush(666)), time.Now().Add(-time.Hour))
		}
		return post(signed(pushToken, time.Now().Add(-time.Hour), ""), textPush(666))
	}, 403, 403},
	{"replayed: an hour ahead", func(_ *testing.T, safe bool) *http.Request {
		if safe {
			return encrypted(encryptPush(testAccount(true), textPush(666)), time.Now().Add(time.Hour))
		}
		return post(signed(pushToken, time.Now().Add(time.Hour), ""), textPush(666))
	}, 403, 403},
	{"downgraded: plain mode to an account with a key", func(_ *testing.T, _ bool) *http.Request { return genuine(false, 666) }, 0, 403},
	{"downgraded: encrypt_type raw", func(_ *testing.T, _ bool) *http.Request {
		r := genuine(false, 666)
		r.URL.RawQuery += "&encrypt_type=raw"
		return r
	}, 0, 403},
	{"downgraded: a plaintext body that says it is encrypted", withBody(textPush(666)), 0, 403},
	{"safe mode to an account without a key", func(_ *testing.T, _ bool) *http.Request { return genuine(true, 666) }, 400, 0},
	{"oversized, and says so", withBody("<xml>" + strings.Repeat("a", DefaultBodyLimit) + "</xml>"), 413, 413},
	{"oversized, and does not", altered(func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("<xml>"+strings.Repeat("a", DefaultBodyLimit))), -1
	}), 413, 413},
	{"truncated body", withBody("<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName><Encry"), 400, 400},
	{"a body that breaks off", altered(func(r *http.Request) {
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("<xml>"), failing{}))
	}), 400, 400},
	{"truncated message", carrying(textPush(666)[:100]), 400, 400},
	{"nested 100,000 deep", withBody(strings.Repeat("<a>", deep) + strings.Repeat("</a>", deep)), 400, 400},
	{"nested message", carrying("<xml>" + strings.Repeat("<a>", deep) + strings.Repeat("</a>", deep) + "</xml>"), 400, 400},
	{"nested JSON", withBody(`{"a":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}"), 400, 400},
	{"DTD", withBody(`<!DOCTYPE xml [<!ENTITY a "b">]>` + textPush(666)), 400, 403},
	{"DTD in the message", carrying(`<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + textPush(666)), 400, 400},
	{"another AppID inside", cipherOf(func(t *testing.T) string {
		return encryptPush(Account{AppID: "wxother", Token: pushToken, AESKey: pushKey}, textPush(666))
	}), 0, 403},
	{"another key", cipherOf(func(t *testing.T) string {
		return encryptPush(Account{AppID: pushAppID, Token: pushToken, AESKey: pushOldKey}, textPush(666))
	}), 0, 400},
	{"a length that overflows", cipherOf(func(t *testing.T) string {
		return raw(t, pad(append([]byte("0123456789abcdef\xff\xff\xff\xffhello"), pushAppID...)))
	}), 0, 400},
	{"a length beyond the end", cipherOf(func(t *testing.T) string {
		return raw(t, pad(append([]byte("0123456789abcdef\x00\x00\x00\x7fhello"), pushAppID...)))
	}), 0, 400},
	{"bad padding", cipherOf(func(t *testing.T) string { return raw(t, make([]byte, 96)) }), 0, 400},
	{"padding that differs", cipherOf(func(t *testing.T) string {
		return raw(t, append(bytes.Repeat([]byte{'a'}, 62), 1, 2))
	}), 0, 400},
	{"a ciphertext of half a block", cipherOf(func(t *testing.T) string { return raw(t, make([]byte, 48)) }), 0, 400},
	{"no base64", cipherOf(func(*testing.T) string { return "这不是 base64!" }), 0, 400},
	{"an empty ciphertext", cipherOf(func(*testing.T) string { return "" }), 0, 400},
	{"an empty body", withBody(""), 400, 400},
	{"no body", altered(func(r *http.Request) { r.Body, r.ContentLength = nil, 0 }), 400, 400},
	{"blanks", withBody(" \n\t "), 400, 400},
	{"an empty message", carrying(""), 400, 400},
	{"neither XML nor JSON", carrying("hello"), 400, 400},
	{"no MsgType", carrying("<xml><ToUserName>a</ToUserName></xml>"), 400, 400},
	{"a number that is none", carrying(strings.NewReplacer("<CreateTime>1", "<CreateTime>x", "[text]", "[hologram]").Replace(textPush(664))), 200, 200},
	{"an unknown type", carrying(strings.Replace(textPush(665), "[text]", "[hologram]", 1)), 200, 200},
	{"PUT", altered(func(r *http.Request) { r.Method = http.MethodPut }), 405, 405},
	{"no query", asking(func(string) string { return "" }), 400, 400},
	{"no signature at all", asking(func(q string) string { return without("msg_signature")(without("signature")(q)) }), 400, 400},
	{"no timestamp", asking(without("timestamp")), 400, 400},
	{"no nonce", asking(without("nonce")), 400, 400},
	{"no msg_signature", asking(without("msg_signature")), 0, 400},
	{"a query that is none", asking(func(string) string { return "signature=%zz&timestamp=1&nonce=2" }), 400, 400},
	{"a timestamp that is none", func(_ *testing.T, safe bool) *http.Request {
		sum := Signature(pushToken, "1e9", "n", "")
		if !safe {
			return post("timestamp=1e9&nonce=n&signature="+sum, textPush(666))
		}
		encrypt := encryptPush(testAccount(true), textPush(666))
		return post("timestamp=1e9&nonce=n&encrypt_type=aes&msg_signature="+Signature(pushToken, "1e9", "n", encrypt), envelopePush(encrypt))
	}, 400, 400},
	{"a timestamp that overflows", func(_ *testing.T, safe bool) *http.Request {
		if safe {
			return encrypted(encryptPush(testAccount(true), textPush(666)), time.Unix(999_999_999_999, 0))
		}
		return post(signed(pushToken, time.Unix(999_999_999_999, 0), ""), textPush(666))
	}, 403, 403},
	{"a huge query", asking(func(q string) string { return q + "&x=" + strings.Repeat("a", maxQuery) }), 400, 400},
}

// Every hostile request gets its status, and the next good one is served.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	for _, safe := range []bool{false, true} {
		for i, h := range hostiles {
			want := h.plain
			if safe {
				want = h.safe
			}
			if want == 0 {
				continue
			}
			t.Run(fmt.Sprintf("safe %v/%s", safe, h.name), func(t *testing.T) {
				t.Parallel()
				var seen []Delivery
				var log bytes.Buffer
				s, err := NewServer(Config{
					Account: testAccount(safe), Hook: func(_ context.Context, d Delivery) { seen = append(seen, d) },
					Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
				}, only[*TextMessage]{texter("您好")})
				require.NoError(t, err)
				r := h.request(t, safe)
				w := serve(s, r)
				assert.Equal(t, want, w.status, w.body.String())
				require.Len(t, seen, 1)
				assert.Equal(t, want, seen[0].Status)
				if want != http.StatusOK {
					assert.Equal(t, http.StatusText(want), w.body.String(), "short, and no echo")
					assert.Equal(t, OutcomeRefused, seen[0].Outcome)
					require.Error(t, seen[0].Err)
				} else {
					assert.Equal(t, "success", w.body.String())
				}
				for _, secret := range []string{pushToken + " ", pushKey, "o9AgO5Kd5ggOC", "照片"} {
					assert.NotContains(t, log.String(), secret)
				}

				p := pushed{account: testAccount(safe), body: textPush(int64(i)), safe: safe}
				w = serve(s, p.request(t.Context(), ""))
				text, err := textReply(p, w.status, w.body.Bytes())
				require.NoError(t, err)
				assert.Equal(t, "您好", text)
			})
		}
	}
}

// A body that does not come is given up, whatever the server around has for timeouts, and holds
// nobody up meanwhile.
func TestSlowLoris(t *testing.T) {
	t.Parallel()
	for _, safe := range []bool{false, true} {
		for _, forgery := range []bool{false, true} {
			t.Run(fmt.Sprintf("safe %v, forged %v", safe, forgery), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					st := newStation(t, Config{Account: testAccount(safe), Logger: quiet()}, texter("您好"))
					body, drip := io.Pipe()
					r := pushed{account: testAccount(safe), body: textPush(1), safe: safe}.request(t.Context(), "http://memory")
					r.Body, r.ContentLength = body, 1000
					if forgery {
						r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "nonce=1", "nonce=2")
					}
					stop := make(chan struct{})
					go func() {
						defer close(stop)
						for {
							if _, err := drip.Write([]byte("<")); err != nil {
								return
							}
							time.Sleep(300 * time.Millisecond)
						}
					}()
					began := time.Now()
					resp, err := st.client.Do(r)
					require.NoError(t, err)
					_, _ = io.Copy(io.Discard, resp.Body)
					require.NoError(t, resp.Body.Close())
					want, took := http.StatusRequestTimeout, countsFor
					if forgery {
						want, took = http.StatusForbidden, 0 // decided before the body is read
					}
					assert.Equal(t, want, resp.StatusCode)
					assert.Equal(t, took, time.Since(began))
					p := pushed{account: testAccount(safe), body: textPush(2), safe: safe}
					assert.Equal(t, []string{"您好"}, weChat(p, 0, false, st).answers)
					st.close(t)
					require.NoError(t, body.Close())
					<-stop
				})
			})
		}
	}
}

// What is refused before its body is read does not hold a connection until the body has come.
func TestRefusedBodyIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStation(t, Config{Account: testAccount(false), Logger: quiet()}, texter("您好"))
		conn, err := st.pipes.dial(t.Context(), "", "")
		require.NoError(t, err)
		began := time.Now()
		go func() {
			_, _ = io.WriteString(conn, "POST /?"+signed("other", time.Now(), "")+" HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n<xml>")
		}()
		got, err := io.ReadAll(conn)
		require.NoError(t, err)
		assert.Contains(t, string(got), "403 Forbidden")
		assert.LessOrEqual(t, time.Since(began), countsFor+time.Second)
		require.NoError(t, conn.Close())
		st.close(t)
	})
}

// A body that a request of another method announces is not waited for either.
func TestBodyOfAnotherMethodIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"PUT / HTTP/1.1", "HEAD / HTTP/1.1", "GET / HTTP/1.1", "GET /?" + signed(pushToken, time.Unix(946684800, 0), "&echostr=1") + " HTTP/1.1"} {
		for _, length := range []string{"Content-Length: 1000\r\n\r\n<xml>", "Transfer-Encoding: chunked\r\n\r\n5\r\n<xml>\r\n"} {
			t.Run(line+length, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					st := newStation(t, Config{Account: testAccount(false), Logger: quiet()}, texter("您好"))
					conn, err := st.pipes.dial(t.Context(), "", "")
					require.NoError(t, err)
					began := time.Now()
					go func() { _, _ = io.WriteString(conn, line+"\r\nHost: a\r\n"+length) }()
					require.NoError(t, conn.SetReadDeadline(began.Add(time.Minute)))
					got, err := io.ReadAll(conn)
					require.NoError(t, err)
					assert.Contains(t, string(got), "HTTP/1.1 ")
					assert.LessOrEqual(t, time.Since(began), countsFor+time.Second)
					require.NoError(t, conn.Close())
					st.close(t)
				})
			})
		}
	}
}

// Over HTTP/2 strangers share a proxy's connection with WeChat: what is refused must not end it.
func TestRefusalKeepsHTTP2Connection(t *testing.T) {
	t.Parallel()
	s, err := NewServer(Config{Account: testAccount(false), Logger: quiet()}, texter("x"))
	require.NoError(t, err)
	var mu sync.Mutex
	conns := map[string]bool{}
	do := overHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		conns[r.RemoteAddr] = true
		mu.Unlock()
		s.ServeHTTP(w, r)
	}), true)
	for i := range int64(5) {
		status, _, err := do(post(signed("other", time.Now(), ""), textPush(1)))
		require.NoError(t, err)
		assert.Equal(t, 403, status)
		status, _, err = do(genuine(false, i+1))
		require.NoError(t, err)
		assert.Equal(t, 200, status)
	}
	assert.Len(t, conns, 1)
}

// A body that says it is too large is not read at all.
func TestOversizedBodyIsNotRead(t *testing.T) {
	t.Parallel()
	for _, safe := range []bool{false, true} {
		s, err := NewServer(Config{Account: testAccount(safe), Logger: quiet()}, texter("您好"))
		require.NoError(t, err)
		r := genuine(safe, 1)
		body := &untouched{}
		r.Body, r.ContentLength = body, DefaultBodyLimit+1
		assert.Equal(t, http.StatusRequestEntityTooLarge, serve(s, r).status)
		assert.False(t, body.read)
	}
}

// untouched tells whether it was read.
type untouched struct{ read bool }

func (u *untouched) Read([]byte) (int, error) { u.read = true; return 0, io.EOF }
func (*untouched) Close() error               { return nil }

// Any number of hostile requests leaves no memory behind.
func TestHostileRequestsLeaveNothing(t *testing.T) {
	s, err := NewServer(Config{Account: testAccount(true), Logger: quiet()}, texter("您好"))
	require.NoError(t, err)
	big := "<xml>" + strings.Repeat("<a>x</a>", 60_000) + "</xml>"
	flood := func() {
		for range 50 {
			assert.Equal(t, http.StatusBadRequest, serve(s, post(signed(pushToken, time.Now(), "&msg_signature=x"), big)).status)
		}
	}
	flood()
	before := liveHeap()
	for range 5 {
		flood()
	}
	assert.Less(t, liveHeap(), before+1<<20)
	assert.True(t, idle(s))
}

// only answers messages of one type.
type only[M Message] struct{ Handler }

func (o only[M]) Handle(ctx context.Context, m Message) (Reply, error) {
	if _, ok := m.(M); !ok {
		return nil, nil
	}
	return o.Handler.Handle(ctx, m)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("read tcp 10.0.0.1: reset") }

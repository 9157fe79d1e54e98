package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// signed returns the query of a GET, or of a push in plain mode.
func signed(token string, at time.Time, more string) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	nonce := strconv.FormatInt(1_000_000_000+nonces.Add(1), 10)
	return "signature=" + Signature(token, stamp, nonce, "") + "&timestamp=" + stamp + "&nonce=" + nonce + more
}

func post(query, body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/wechat?"+query, strings.NewReader(body))
}

// encrypted is a push with encrypt as its ciphertext, and everything around it in order.
func encrypted(encrypt string, at time.Time) *http.Request {
	stamp, nonce := strconv.FormatInt(at.Unix(), 10), strconv.FormatInt(1_000_000_000+nonces.Add(1), 10)
	q := "signature=" + Signature(pushToken, stamp, nonce, "") + "&timestamp=" + stamp + "&nonce=" + nonce +
		"&encrypt_type=aes&msg_signature=" + Signature(pushToken, stamp, nonce, encrypt)
	return post(q, envelopePush(encrypt))
}

func TestEcho(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, tt := range map[string]struct {
		query string
		want  int
		body  string
	}{
		"good":                     {signed(pushToken, now, "&echostr=4375120948345356249"), 200, "4375120948345356249"},
		"escaped":                  {signed(pushToken, now, "&echostr=a%2Bb%3D%3D"), 200, "a+b=="},
		"a page":                   {signed(pushToken, now, "&echostr=%3Cscript%3E"), 200, "<script>"},
		"forged":                   {signed("other", now, "&echostr=1"), 403, "Forbidden"},
		"stale":                    {signed(pushToken, now.Add(-time.Hour), "&echostr=1"), 403, "Forbidden"},
		"no echostr":               {signed(pushToken, now, ""), 400, "Bad Request"},
		"no signature":             {"echostr=1&timestamp=1&nonce=2", 400, "Bad Request"},
		"msg_signature is WeCom's": {"msg_signature=" + strings.Repeat("a", 40) + "&echostr=1&timestamp=1&nonce=2", 403, "Forbidden"},
	} {
		for _, safe := range []bool{false, true} {
			t.Run(fmt.Sprint(name, safe), func(t *testing.T) {
				t.Parallel()
				var seen []Delivery
				s, err := NewServer(Config{Account: testAccount(safe), Logger: quiet(), Hook: func(_ context.Context, d Delivery) {
					seen = append(seen, d)
				}}, texter("x"))
				require.NoError(t, err)
				w := serve(s, httptest.NewRequest(http.MethodGet, "/wechat?"+tt.query, nil))
				assert.Equal(t, tt.want, w.status)
				assert.Equal(t, tt.body, w.body.String())
				assert.Equal(t, "text/plain; charset=utf-8", w.header.Get("Content-Type"))
				assert.Equal(t, "nosniff", w.header.Get("X-Content-Type-Options"))
				require.Len(t, seen, 1)
				assert.Equal(t, tt.want == 200, seen[0].Outcome == OutcomeEchoed)
			})
		}
	}
}

// The official example, with its own figures.
func TestEchoVector(t *testing.T) {
	t.Parallel()
	s, err := NewServer(Config{Account: Account{Token: "AAAAA"}, Freshness: -1}, texter("x"))
	require.NoError(t, err)
	w := serve(s, httptest.NewRequest(http.MethodGet, "/?signature=f464b24fc39322e44b38aa78f5edd27bd1441696"+
		"&echostr=4375120948345356249&timestamp=1714036504&nonce=1514711492", nil))
	assert.Equal(t, http.StatusOK, w.status)
	assert.Equal(t, "4375120948345356249", w.body.String())
}

// In plain mode the signature does not cover the body: it is good for one message only. In safe
// mode it covers it.
func TestSignatureIsGoodForOneMessage(t *testing.T) {
	t.Parallel()
	s, err := NewServer(Config{Account: testAccount(false), Logger: quiet()}, texter("您好"))
	require.NoError(t, err)
	q := signed(pushToken, time.Now(), "")
	assert.Equal(t, 200, serve(s, post(q, textPush(1))).status)
	assert.Equal(t, 200, serve(s, post(q, textPush(1))).status, "a repeat may come with the same one")
	reordered := "<xml><MsgId>1</MsgId>" + strings.TrimPrefix(strings.Replace(textPush(1), "<MsgId>1</MsgId>", "", 1), "<xml>")
	assert.Equal(t, 200, serve(s, post(q, reordered)).status, "it is the message that counts, and not its bytes")
	assert.Equal(t, 403, serve(s, post(q, textPush(2))).status)
	again := signed(pushToken, time.Now(), "")
	assert.Equal(t, 200, serve(s, post(again, textPush(1))).status, "a repeat may have one of its own")
	assert.Equal(t, 403, serve(s, post(again, textPush(2))).status, "which is used by then, too")
	receipt := func(status string) string {
		return "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType>" +
			"<Event>TEMPLATESENDJOBFINISH</Event><MsgID>0</MsgID><Status>" + status + "</Status></xml>"
	}
	q = signed(pushToken, time.Now(), "")
	assert.Equal(t, 200, serve(s, post(q, receipt("success"))).status)
	assert.Equal(t, 403, serve(s, post(q, receipt("failed:user block"))).status)
}

// inEnvelope is an encrypted push in an envelope of another shape.
func inEnvelope(format string, id int64) *http.Request {
	encrypt := encryptPush(testAccount(true), textPush(id))
	r := encrypted(encrypt, time.Now())
	body := fmt.Sprintf(format, encrypt)
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return r
}

// Nothing is lost on the way from plain mode through compatible to safe mode.
func TestModes(t *testing.T) {
	t.Parallel()
	compatible := func(id int64) *http.Request {
		r := genuine(true, id)
		sealed, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		encrypt := strings.TrimSuffix(string(sealed[bytes.Index(sealed, []byte("<Encrypt>")):]), "</xml>")
		body := strings.TrimSuffix(textPush(id), "</xml>") + encrypt + "</xml>"
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		return r
	}
	for name, tt := range map[string]struct {
		key  bool
		r    *http.Request
		want string
	}{
		"plain":                    {false, genuine(false, 1), "照片 1"},
		"compatible without a key": {false, compatible(2), "照片 2"},
		"compatible with a key":    {true, compatible(3), "照片 3"},
		"safe":                     {true, genuine(true, 4), "照片 4"},
		"safe without CDATA":       {true, inEnvelope("<xml><Encrypt> %s\n</Encrypt></xml>", 5), "照片 5"},
		"safe in JSON":             {true, inEnvelope(`{"ToUserName":"gh_1","Encrypt":%q}`, 6), "照片 6"},
		"compatible with a decoy": {true, inEnvelope("<xml><Content>&lt;![CDATA[<Encrypt><![CDATA[AAAA]]></Encrypt></Content>"+
			"<Encrypt><![CDATA[%s]]></Encrypt></xml>", 7), "照片 7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			s, err := NewServer(Config{Account: testAccount(tt.key), Logger: quiet()},
				HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
					got = m.(*TextMessage).Content
					return Text{Content: "好"}, nil
				}))
			require.NoError(t, err)
			w := serve(s, tt.r)
			assert.Equal(t, tt.want, got)
			if strings.HasPrefix(w.body.String(), "{") {
				return // see TestJSONPushIsAnsweredInJSON
			}
			text, err := textReply(pushed{account: testAccount(tt.key), safe: tt.key}, w.status, w.body.Bytes())
			require.NoError(t, err)
			assert.Equal(t, "好", text)
			assert.Equal(t, "application/xml; charset=utf-8", w.header.Get("Content-Type"))
		})
	}
}

func TestServerRotation(t *testing.T) {
	t.Parallel()
	now := Account{AppID: pushAppID, Token: "new", AESKey: pushKey, PreviousToken: "old", PreviousAESKey: pushOldKey}
	s, err := NewServer(Config{Account: now, Logger: quiet()}, texter("您好"))
	require.NoError(t, err)
	plain := now
	plain.AESKey, plain.PreviousAESKey = "", ""
	ps, err := NewServer(Config{Account: plain, Logger: quiet()}, texter("您好"))
	require.NoError(t, err)
	id := int64(0)
	for _, token := range []string{"new", "old"} {
		for _, key := range []string{pushKey, pushOldKey} {
			id++
			p := pushed{account: Account{AppID: pushAppID, Token: token, AESKey: key}, body: textPush(id), safe: true}
			w := serve(s, p.request(t.Context(), ""))
			text, err := textReply(p, w.status, w.body.Bytes())
			require.NoError(t, err, "the answer is made with what the push was made with")
			assert.Equal(t, "您好", text)
		}
		assert.Equal(t, 200, serve(ps, post(signed(token, time.Now(), ""), textPush(id))).status)
		assert.Equal(t, 200, serve(s, httptest.NewRequest(http.MethodGet, "/?"+signed(token, time.Now(), "&echostr=1"), nil)).status)
	}
}

func TestJSONPushIsAnsweredInJSON(t *testing.T) {
	t.Parallel()
	body := `{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":1,"MsgType":"text","Content":"x","MsgId":5}`
	s, err := NewServer(Config{Account: testAccount(false), Logger: quiet()}, texter("您好"))
	require.NoError(t, err)
	w := serve(s, post(signed(pushToken, time.Now(), ""), body))
	assert.Equal(t, "application/json; charset=utf-8", w.header.Get("Content-Type"))
	assert.Contains(t, w.body.String(), `"Content":"您好"`)

	s, err = NewServer(Config{Account: testAccount(true), Logger: quiet()}, texter("您好"))
	require.NoError(t, err)
	w = serve(s, inEnvelope(`{"ToUserName":"gh_1","Encrypt":%q}`, 1))
	assert.Equal(t, "application/json; charset=utf-8", w.header.Get("Content-Type"))
	e, err := ParseEnvelope(w.body.Bytes())
	require.NoError(t, err)
	assert.Equal(t, JSON, e.Format)
}

func TestFailuresAnswerSuccess(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		h     HandlerFunc
		want  string // of the error
		stack bool
	}{
		"nothing to say":   {func(context.Context, Message) (Reply, error) { return nil, nil }, "", false},
		"error":            {func(context.Context, Message) (Reply, error) { return nil, errTest }, "out of photos", false},
		"error with reply": {func(context.Context, Message) (Reply, error) { return Text{Content: "x"}, errTest }, "out of photos", false},
		"panic":            {func(context.Context, Message) (Reply, error) { panic("boom") }, "callback: panic: boom", true},
		"panic of nil":     {func(context.Context, Message) (Reply, error) { panic(nil) }, "callback: panic: panic called with nil argument", true},
		"panic of net/http": {func(context.Context, Message) (Reply, error) { panic(http.ErrAbortHandler) },
			"callback: panic: net/http: abort Handler", true},
		"panic of a message": {func(_ context.Context, m Message) (Reply, error) { panic(m) }, "callback: panic: *callback.TextMessage", true},
		"runtime panic": {func(context.Context, Message) (Reply, error) {
			var none []Reply
			return none[0], nil
		}, "callback: panic: runtime error: index out of range [0] with length 0", true},
		"a reply WeChat refuses": {func(context.Context, Message) (Reply, error) { return Text{}, nil }, "callback: invalid reply", false},
		"two articles": {func(context.Context, Message) (Reply, error) {
			return News{Articles: []Article{{Title: "a", URL: "http://x"}, {Title: "b", URL: "http://y"}}}, nil
		}, "callback: invalid reply", false},
	} {
		for _, safe := range []bool{false, true} {
			t.Run(fmt.Sprint(name, safe), func(t *testing.T) {
				t.Parallel()
				e := &ends{}
				var log bytes.Buffer
				s, err := NewServer(Config{
					Account: testAccount(safe), OnError: e.failed, Late: e.sent, Logger: slog.New(slog.NewTextHandler(&log, nil)),
				}, tt.h)
				require.NoError(t, err)
				w := serve(s, genuine(safe, 1))
				assert.Equal(t, 200, w.status)
				assert.Equal(t, "success", w.body.String(), "in every mode")
				assert.Equal(t, "text/plain; charset=utf-8", w.header.Get("Content-Type"))
				w = serve(s, genuine(safe, 1))
				assert.Equal(t, "success", w.body.String(), "and never again")
				require.NoError(t, s.Shutdown(t.Context()))
				assert.Empty(t, e.late)
				if tt.want == "" {
					assert.Empty(t, e.errors)
					return
				}
				require.Len(t, e.errors, 1)
				assert.ErrorContains(t, e.errors[0], tt.want)
				assert.Contains(t, log.String(), "callback: the handler failed")
				assert.Equal(t, tt.stack, strings.Contains(log.String(), "server_test.go"), "the stack")
				assert.NotContains(t, log.String(), "o9AgO5Kd5ggOC")
			})
		}
	}
}

// Errors that nobody can print: a nil pointer that became an error on its way, as a func that returns
// *url.Error does it. The run has a goroutine of its own, so such a panic would end the process.
func TestErrorsThatPanic(t *testing.T) {
	t.Parallel()
	var none *url.Error
	for name, tt := range map[string]struct {
		h    HandlerFunc
		late func(context.Context, Header, Reply) error
	}{
		"handler":          {h: func(context.Context, Message) (Reply, error) { return nil, none }},
		"handler's panic":  {h: func(context.Context, Message) (Reply, error) { panic(error(none)) }},
		"handler, wrapped": {h: func(context.Context, Message) (Reply, error) { return nil, errors.Join(errTest, none) }},
		"late":             {late: func(context.Context, Header, Reply) error { return none }},
		"late's panic":     {late: func(context.Context, Header, Reply) error { panic(error(none)) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := &ends{}
				cfg := Config{Account: testAccount(false), Late: tt.late, OnError: e.failed, Logger: quiet()}
				h := Handler(tt.h)
				if tt.h == nil {
					h = &slow{takes: 5 * time.Second}
				}
				s, err := NewServer(cfg, h)
				require.NoError(t, err)
				assert.Equal(t, "success", serve(s, genuine(false, 1)).body.String())
				require.NoError(t, s.Shutdown(t.Context()))
				require.Len(t, e.errors, 1)
				assert.ErrorContains(t, e.errors[0], "callback: panic: ")
			})
		})
	}
}

func TestClaimErrorThatPanics(t *testing.T) {
	t.Parallel()
	var none *url.Error
	for name, c := range map[string]claimFunc{
		"error": func(context.Context, string) (bool, error) { return false, none },
		"panic": func(context.Context, string) (bool, error) { panic(error(none)) },
	} {
		t.Run(name, func(t *testing.T) {
			e := &ends{}
			s, err := NewServer(Config{Account: testAccount(false), Claim: c, OnError: e.failed, Logger: quiet()}, texter("x"))
			require.NoError(t, err)
			serve(s, genuine(false, 1))
			require.NoError(t, s.Shutdown(t.Context()))
			require.Len(t, e.errors, 1)
		})
	}
}

// A handler that ends its goroutine, as t.FailNow does, leaves nothing hanging.
func TestHandlerThatExits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &ends{}
		st := newStation(t, Config{Account: testAccount(false), OnError: e.failed, Logger: quiet()},
			HandlerFunc(func(context.Context, Message) (Reply, error) { goexit(); return nil, nil }))
		told := weChat(pushed{account: testAccount(false), body: textPush(1)}, 0, false, st)
		assert.Equal(t, 0, len(told.answers))
		assert.Equal(t, "success", serve(st.Server, genuine(false, 1)).body.String())
		st.close(t)
		require.Len(t, e.errors, 1)
		assert.ErrorIs(t, e.errors[0], errExited)
	})
}

// A panic in what the user has plugged in stays there.
func TestHooksThatPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := NewServer(Config{
			Account: testAccount(false), Logger: quiet(),
			Hook:    func(context.Context, Delivery) { panic("hook") },
			OnError: func(context.Context, Header, error) { panic("on error") },
			Late:    func(context.Context, Header, Reply) error { panic("late") },
		}, &slow{takes: 5 * time.Second})
		require.NoError(t, err)
		assert.Equal(t, "success", serve(s, genuine(false, 1)).body.String())
		require.NoError(t, s.Shutdown(t.Context()))
	})
}

func TestLateThatFails(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]func(context.Context, Header, Reply) error{
		"error": func(context.Context, Header, Reply) error { return errTest },
		"panic": func(context.Context, Header, Reply) error { panic(errTest.Error()) },
		"timeout": func(ctx context.Context, _ Header, _ Reply) error {
			<-ctx.Done()
			return fmt.Errorf("out of photos: %w", ctx.Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := &ends{}
				s, err := NewServer(Config{Account: testAccount(false), Late: late, OnError: e.failed, Logger: quiet()},
					&slow{takes: 5 * time.Second})
				require.NoError(t, err)
				assert.Equal(t, "success", serve(s, genuine(false, 1)).body.String())
				require.NoError(t, s.Shutdown(t.Context()))
				require.Len(t, e.errors, 1)
				assert.ErrorContains(t, e.errors[0], "callback: late: ")
				assert.ErrorContains(t, e.errors[0], "out of photos")
			})
		})
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &slow{takes: time.Second}
		st := newStation(t, Config{Account: testAccount(false), MaxInFlight: 2, Logger: quiet()}, h)
		var all sync.WaitGroup
		for i := range int64(2) {
			all.Go(func() {
				assert.Len(t, weChat(pushed{account: testAccount(false), body: textPush(i + 1)}, 0, false, st).answers, 1)
			})
		}
		synctest.Wait()
		assert.Equal(t, 503, serve(st.Server, genuine(false, 3)).status)
		w := serve(st.Server, genuine(false, 2))
		assert.Equal(t, 200, w.status, "a repeat is no new message")
		all.Wait()
		assert.Equal(t, 200, serve(st.Server, genuine(false, 3)).status, "WeChat's repeat")
		st.close(t)
		assert.EqualValues(t, 3, h.runs.Load())
	})
}

func TestShutdownWaitsForHandlersAndLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, e := &slow{takes: 7 * time.Second}, &ends{}
		cfg := Config{Account: testAccount(false), OnError: e.failed, Logger: quiet()}
		cfg.Late = func(ctx context.Context, h Header, r Reply) error {
			time.Sleep(3 * time.Second)
			return e.sent(ctx, h, r)
		}
		st := newStation(t, cfg, h)
		began := time.Now()
		go weChat(pushed{account: testAccount(false), body: textPush(1)}, 0, false, st)
		synctest.Wait()
		require.NoError(t, st.Server.Shutdown(t.Context()))
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.Len(t, e.late, 1)
		assert.Equal(t, 503, serve(st.Server, genuine(false, 2)).status)
		assert.Equal(t, "success", serve(st.Server, genuine(false, 1)).body.String(), "what has been is known")
		require.NoError(t, st.Server.Shutdown(t.Context()), "a second time")
		st.close(t)
	})
}

func TestShutdownSettlesWhatWaitsForARepeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &ends{}
		st := newStation(t, Config{Account: testAccount(false), Lapse: 2, Grace: time.Hour, Late: e.sent, Logger: quiet()},
			&slow{takes: 4700 * time.Millisecond})
		_, err := deliver(deadline(t, 5*time.Second), st, pushed{account: testAccount(false), body: textPush(1)}, false)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Empty(t, e.late)
		began := time.Now()
		require.NoError(t, st.Server.Shutdown(t.Context()))
		assert.Zero(t, time.Since(began))
		assert.Len(t, e.late, 1)
		st.close(t)
	})
}

// Nor does a message that finishes during the shutdown wait for a repeat.
func TestShutdownMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &ends{}
		st := newStation(t, Config{Account: testAccount(false), Lapse: 2, Grace: time.Hour, Late: e.sent, Logger: quiet()},
			&slow{takes: 4700 * time.Millisecond})
		began := time.Now()
		serving := make(chan struct{})
		go func() {
			defer close(serving)
			assert.Equal(t, 503, serve(st.Server, genuine(false, 1)).status, "it lapses")
		}()
		synctest.Wait()
		require.NoError(t, st.Server.Shutdown(t.Context()))
		assert.Equal(t, 4700*time.Millisecond, time.Since(began))
		assert.Len(t, e.late, 1)
		<-serving
		st.close(t)
	})
}

func TestShutdownCancelsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &ends{}
		var cause error
		st := newStation(t, Config{Account: testAccount(false), OnError: e.failed, Logger: quiet(), HandlerTimeout: time.Hour},
			HandlerFunc(func(ctx context.Context, _ Message) (Reply, error) {
				<-ctx.Done()
				cause = context.Cause(ctx)
				return nil, ctx.Err()
			}))
		go weChat(pushed{account: testAccount(false), body: textPush(1)}, 0, false, st)
		synctest.Wait()
		began := time.Now()
		require.ErrorIs(t, st.Server.Shutdown(deadline(t, time.Second)), context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(began))
		require.NoError(t, st.Server.Shutdown(t.Context()), "they end")
		assert.ErrorIs(t, cause, ErrShutdown)
		require.Len(t, e.errors, 1)
		assert.ErrorIs(t, e.errors[0], context.Canceled)
		st.close(t)
	})
}

// A load balancer's health check is answered, and counts for nothing.
func TestHead(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{Account: testAccount(true)}, {Account: Account{AppID: "wx"}, Trust: func(*http.Request) bool { return false }}} {
		cfg.Hook = func(context.Context, Delivery) { t.Error("the hook was called") }
		s, err := NewServer(cfg, texter("x"))
		require.NoError(t, err)
		require.NoError(t, s.Shutdown(t.Context()))
		w := serve(s, httptest.NewRequest(http.MethodHead, "/", nil))
		assert.Equal(t, http.StatusOK, w.status)
		assert.Empty(t, w.body.String())
	}
}

func TestShutdownAtRest(t *testing.T) {
	t.Parallel()
	s, err := NewServer(Config{Account: testAccount(false)}, texter("x"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, s.Shutdown(ctx), "nothing is left to wait for")
	w := serve(s, httptest.NewRequest(http.MethodGet, "/?"+signed(pushToken, time.Now(), "&echostr=1"), nil))
	assert.Equal(t, 200, w.status, "the console's check is no push")
}

func TestSelect(t *testing.T) {
	t.Parallel()
	var asked int
	s, err := NewServer(Config{Logger: quiet(), Select: func(r *http.Request) (Account, error) {
		asked++
		switch r.URL.Path {
		case "/a":
			return Account{AppID: "wxa", Token: "ta", AESKey: pushKey}, nil
		case "/b":
			return Account{AppID: "wxb", Token: "tb"}, nil
		case "/broken":
			return Account{}, nil
		case "/down":
			return Account{}, errTest
		}
		return Account{}, fmt.Errorf("who is this: %w", ErrUnknownAccount)
	}}, texter("您好"))
	require.NoError(t, err)
	a := pushed{account: Account{AppID: "wxa", Token: "ta", AESKey: pushKey}, body: textPush(1), safe: true}
	b := pushed{account: Account{AppID: "wxb", Token: "tb"}, body: textPush(2)}
	for _, tt := range []struct {
		path string
		p    pushed
		want int
	}{
		{"/a", a, 200}, {"/b", b, 200}, {"/a", b, 403}, {"/b", a, 403}, {"/c", a, 403}, {"/broken", a, 503}, {"/down", a, 503}, {"/a", a, 200},
	} {
		r := tt.p.request(t.Context(), "")
		r.URL.Path = tt.path
		w := serve(s, r)
		assert.Equal(t, tt.want, w.status, tt.path)
		if tt.want == 200 {
			text, err := textReply(tt.p, w.status, w.body.Bytes())
			require.NoError(t, err)
			assert.Equal(t, "您好", text)
		}
	}
	assert.Equal(t, 8, asked)
	r := httptest.NewRequest(http.MethodPost, "/a", nil)
	first, err := s.accounts.of(r)
	require.NoError(t, err)
	second, err := s.accounts.of(r)
	require.NoError(t, err)
	assert.Same(t, first, second, "keys are prepared once")
	assert.Equal(t, 2, s.accounts.ready.Len())
	w := serve(s, httptest.NewRequest(http.MethodGet, "/down?"+signed("ta", time.Now(), "&echostr=1"), nil))
	assert.Equal(t, 503, w.status)
}

// Two accounts on one server have messages with the same names and id: neither gets the other's reply.
func TestAccountsAreKeptApart(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	c := &claims{}
	s, err := NewServer(Config{Logger: quiet(), Claim: c, Select: func(r *http.Request) (Account, error) {
		if r.URL.Path == "/a" {
			return Account{AppID: "wxa", Token: "ta"}, nil
		}
		return Account{AppID: "wxb", Token: "tb"}, nil
	}}, HandlerFunc(func(ctx context.Context, m Message) (Reply, error) {
		runs.Add(1)
		return Text{Content: AppIDFrom(ctx)}, nil
	}))
	require.NoError(t, err)
	for _, a := range []string{"a", "b"} {
		p := pushed{account: Account{AppID: "wx" + a, Token: "t" + a}, body: textPush(1)}
		r := p.request(t.Context(), "")
		r.URL.Path = "/" + a
		w := serve(s, r)
		text, err := textReply(p, w.status, w.body.Bytes())
		require.NoError(t, err)
		assert.Equal(t, "wx"+a, text)
	}
	assert.EqualValues(t, 2, runs.Load())
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		freshness time.Duration
		age       time.Duration
		want      int
	}{
		{0, 9 * time.Minute, 200}, {0, 11 * time.Minute, 403}, {0, -9 * time.Minute, 200}, {0, -11 * time.Minute, 403},
		{time.Hour, 59 * time.Minute, 200}, {-1, 1000 * time.Hour, 200}, {time.Minute, 2 * time.Minute, 403},
	} {
		t.Run(fmt.Sprint(tt.freshness, tt.age), func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s, err := NewServer(Config{
				Account: testAccount(false), Freshness: tt.freshness, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			}, texter("x"))
			require.NoError(t, err)
			w := serve(s, post(signed(pushToken, time.Now().Add(-tt.age), ""), textPush(1)))
			assert.Equal(t, tt.want, w.status)
			if tt.want == 403 {
				assert.Regexp(t, fmt.Sprintf(`%d\d* s behind our clock`, int(tt.age.Seconds())/100), log.String())
			}
		})
	}
}

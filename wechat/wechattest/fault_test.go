package wechattest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

// try sends the good message and returns what came of it.
func (w *wire) try() (answer, error) {
	return w.do(w.request(http.MethodPost, w.authorized(pathSend), strings.NewReader(message())))
}

// A faultCase is what a fault makes of the good message.
type faultCase struct {
	name     string
	fault    wechattest.Fault
	check    func(t *testing.T, a answer, err error)
	accepted int
}

func runFaultCases(t *testing.T, cases []faultCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newSender(t)
			w.s.Fail(pathSend, 1, tt.fault)
			a, err := w.try()
			tt.check(t, a, err)
			assert.Equal(t, int64(tt.accepted), w.s.AcceptedCount())
			a, err = w.try()
			require.NoError(t, err)
			requireCode(t, 0, a)
		})
	}
}

func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	runFaultCases(t, []faultCase{
		{name: "none", check: func(t *testing.T, a answer, _ error) { requireCode(t, 0, a) }, accepted: 1},
		{name: "code", fault: wechattest.Fault{Code: -1}, check: func(t *testing.T, a answer, _ error) {
			requireCode(t, -1, a)
			assert.Contains(t, a.Message, "system error rid: ")
		}},
		{name: "code with message", fault: wechattest.Fault{Code: 45011, Message: "slower"}, check: func(t *testing.T, a answer, _ error) {
			requireCode(t, 45011, a)
			assert.Contains(t, a.Message, "slower rid: ")
		}},
		{name: "code of an address", fault: wechattest.Fault{Code: 40164}, check: func(t *testing.T, a answer, _ error) {
			assert.Contains(t, a.Message, "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: ")
		}},
		{name: "code afterwards", fault: wechattest.Fault{Code: -1, After: true}, check: func(t *testing.T, a answer, _ error) {
			requireCode(t, -1, a)
		}, accepted: 1},
		{name: "status", fault: wechattest.Fault{Status: 502}, check: func(t *testing.T, a answer, _ error) {
			assert.Equal(t, 502, a.StatusCode)
			assert.Equal(t, "text/html", a.Header.Get("Content-Type"))
			assert.Contains(t, a.Body, "<h1>502 Bad Gateway</h1>")
		}},
		{name: "status afterwards", fault: wechattest.Fault{Status: 504, After: true}, check: func(t *testing.T, a answer, _ error) {
			assert.Equal(t, 504, a.StatusCode)
		}, accepted: 1},
		{name: "status with code", fault: wechattest.Fault{Status: 503, Code: 48001}, check: func(t *testing.T, a answer, _ error) {
			assert.Equal(t, 503, a.StatusCode)
			assert.Equal(t, 48001, a.Code)
		}},
		{name: "captive portal", fault: wechattest.Fault{Status: 200}, check: func(t *testing.T, a answer, _ error) {
			assert.Equal(t, 200, a.StatusCode)
			assert.Contains(t, a.Body, "<html>")
		}},
	})
}

func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	runFaultCases(t, []faultCase{
		{name: "reset before", fault: wechattest.Fault{Reset: wechattest.ResetBefore}, check: func(t *testing.T, _ answer, err error) {
			require.ErrorIs(t, err, syscall.ECONNRESET)
		}},
		{name: "reset after", fault: wechattest.Fault{Reset: wechattest.ResetAfter}, check: func(t *testing.T, _ answer, err error) {
			require.ErrorIs(t, err, io.EOF)
		}, accepted: 1},
		{name: "truncated", fault: wechattest.Fault{Truncate: true}, check: func(t *testing.T, a answer, err error) {
			require.NoError(t, err)
			assert.Equal(t, `{"errcode":0,"errmsg":"ok",`, a.Body)
			assert.Equal(t, int64(len(a.Body)), a.ContentLength)
		}, accepted: 1},
		{name: "truncated refusal", fault: wechattest.Fault{Truncate: true, Code: -1}, check: func(t *testing.T, a answer, err error) {
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(a.Body, `{"errcode":-1,"err`), a.Body)
			assert.False(t, strings.HasSuffix(a.Body, "}"))
		}},
		{name: "cut", fault: wechattest.Fault{Cut: true}, check: func(t *testing.T, a answer, err error) {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Equal(t, `{"errcode":0,"errmsg":"ok",`, a.Body)
		}, accepted: 1},
		{name: "delay", fault: wechattest.Fault{Delay: time.Millisecond}, check: func(t *testing.T, a answer, _ error) {
			requireCode(t, 0, a)
		}, accepted: 1},
	})
}

func TestFaultsQueueUp(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	w.s.Fail(pathSend, 2, wechattest.Fault{Code: -1})
	w.s.Fail(pathSend, 1, wechattest.Fault{Code: 45011})
	w.s.Fail(pathSend, 0, wechattest.Fault{Code: 48001})
	w.s.Fail("", 1, wechattest.Fault{Code: 40164})
	w.s.Fail("/cgi-bin/unknown", -1, wechattest.Fault{Status: 502})
	w.s.FaultFunc(func(r *http.Request) *wechattest.Fault {
		if r.URL.Path == pathSend {
			return &wechattest.Fault{Code: 50002}
		}
		return nil
	})
	for _, code := range []int{-1, -1, 45011, 40164, 50002, 50002} {
		requireCode(t, code, w.send())
	}
	for range 3 {
		assert.Equal(t, 502, w.get("/cgi-bin/unknown").StatusCode)
	}
	assert.Equal(t, 0, w.works(w.token))
	w.s.Heal()
	requireCode(t, 0, w.send())
	assert.Equal(t, http.StatusNotFound, w.get("/cgi-bin/unknown").StatusCode)

	w.s.Fail(pathSend, -1, wechattest.Fault{Code: -1})
	for range 3 {
		requireCode(t, -1, w.send())
	}
	w.s.Heal()
	w.s.FaultFunc(nil)
	requireCode(t, 0, w.send())
}

func TestFaultsOfHandledPaths(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	var served atomic.Int32
	w.s.Handle("/x", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		rw.Header().Set("X-Served", "yes")
		_, _ = io.WriteString(rw, `{"a":"b"}`)
	}))
	w.s.Fail("/x", 1, wechattest.Fault{Truncate: true})
	a := w.post("/x", "{}")
	assert.Equal(t, `{"a"`, a.Body)
	assert.Equal(t, "yes", a.Header.Get("X-Served"))
	w.s.Fail("/x", 1, wechattest.Fault{Code: -1})
	requireCode(t, -1, w.post("/x", "{}"))
	w.s.Fail("/x", 1, wechattest.Fault{Reset: wechattest.ResetBefore})
	_, err := w.do(w.request(http.MethodPost, "/x", strings.NewReader("{}")))
	require.Error(t, err)
	assert.Equal(t, int32(1), served.Load())
}

func TestResetsOverHTTP2(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	tls := httptest.NewUnstartedServer(w.s)
	tls.EnableHTTP2 = true
	tls.StartTLS()
	defer tls.Close()
	post := func() (*http.Response, error) {
		return tls.Client().Post(tls.URL+w.authorized(pathSend), "application/json", strings.NewReader(message()))
	}
	w.s.Fail(pathSend, 1, wechattest.Fault{Reset: wechattest.ResetAfter})
	_, err := post()
	require.Error(t, err)
	assert.Equal(t, int64(1), w.s.AcceptedCount())
	resp, err := post()
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, 2, resp.ProtoMajor)
	assert.Equal(t, int64(2), w.s.AcceptedCount())
}

func TestFaultsFromManyGoroutines(t *testing.T) {
	t.Parallel()
	w := newSender(t)
	w.s.Fail(pathSend, 100, wechattest.Fault{Code: -1})
	var failed, hooked atomic.Int64
	w.s.OnAccept(func(wechattest.Accepted) {
		if hooked.Add(1) == 50 {
			w.s.ExpireTokens() // hooks may call the server
			w.s.Fail("/x", 1, wechattest.Fault{})
		}
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				a, err := w.try()
				if err != nil {
					panic(errors.Join(errors.New("send"), err))
				}
				if a.Code == -1 {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(100), failed.Load())
	assert.Equal(t, hooked.Load(), w.s.AcceptedCount())
	assert.GreaterOrEqual(t, hooked.Load(), int64(50))
	requireCode(t, 42001, w.send())
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]wechattest.Option{nil, {wechattest.InMemory()}} {
		w := newSender(t, opts...)
		requireCode(t, 0, w.send())
		w.s.Close()
		w.s.Close()
		_, err := w.try()
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	}
}

func TestTransportReachesAnyHost(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]wechattest.Option{nil, {wechattest.InMemory()}} {
		w := newWire(t, opts...)
		for _, host := range []string{"https://api.weixin.qq.com", "http://other.example:8080"} {
			resp, err := w.http.Get(host + w.authorized(pathIPs))
			require.NoError(t, err)
			resp.Body.Close()
		}
		assert.Equal(t, 2, w.s.Requests(pathIPs))
	}
}

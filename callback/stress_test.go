package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
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

// recorded answers through an httptest.ResponseRecorder.
func recorded(h http.Handler) func(*http.Request) (int, []byte, error) {
	return func(r *http.Request) (int, []byte, error) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Body.Bytes(), nil
	}
}

// overHTTP answers over loopback, by HTTP/1 or by HTTP/2 without TLS.
func overHTTP(t *testing.T, h http.Handler, h2 bool) func(*http.Request) (int, []byte, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var protocols http.Protocols
	protocols.SetHTTP1(!h2)
	protocols.SetUnencryptedHTTP2(h2)
	srv := &http.Server{Handler: h, Protocols: &protocols}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	transport := &http.Transport{Protocols: &protocols, MaxIdleConnsPerHost: 128}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		assert.NoError(t, srv.Shutdown(context.Background()))
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	client := &http.Client{Transport: transport}
	return func(r *http.Request) (int, []byte, error) {
		r.URL.Scheme, r.URL.Host, r.RequestURI = "http", l.Addr().String(), ""
		resp, err := client.Do(r)
		if err != nil {
			return 0, nil, err
		}
		defer func() { _ = resp.Body.Close() }()
		if (resp.ProtoMajor == 2) != h2 {
			return 0, nil, errors.New(resp.Proto)
		}
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, body, err
	}
}

// bare is a middleware whose ResponseWriter is nothing but one.
func bare(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(onlyWriter{w}, r) })
}

type onlyWriter struct{ http.ResponseWriter }

// Many messages at one time, each delivered up to three times and some of them late: each is handled
// once and answered with its own reply, whatever lies between the server and the connection.
func TestStress(t *testing.T) {
	before := runtime.NumGoroutine()
	for name, tt := range map[string]struct {
		safe, late bool
		door       func(*testing.T, http.Handler) func(*http.Request) (int, []byte, error)
	}{
		"plain": {false, true, func(t *testing.T, h http.Handler) func(*http.Request) (int, []byte, error) {
			return overHTTP(t, h, false)
		}},
		"safe": {true, true, func(t *testing.T, h http.Handler) func(*http.Request) (int, []byte, error) {
			return overHTTP(t, h, false)
		}},
		"without Late": {true, false, func(t *testing.T, h http.Handler) func(*http.Request) (int, []byte, error) {
			return overHTTP(t, h, false)
		}},
		"h2c": {true, true, func(t *testing.T, h http.Handler) func(*http.Request) (int, []byte, error) {
			return overHTTP(t, h, true)
		}},
		"a bare writer": {true, true, func(t *testing.T, h http.Handler) func(*http.Request) (int, []byte, error) {
			return overHTTP(t, bare(h), false)
		}},
		"TimeoutHandler": {true, true, func(t *testing.T, h http.Handler) func(*http.Request) (int, []byte, error) {
			return overHTTP(t, http.TimeoutHandler(h, time.Minute, "timeout"), false)
		}},
		"a recorder": {false, true, func(_ *testing.T, h http.Handler) func(*http.Request) (int, []byte, error) { return recorded(h) }},
	} {
		t.Run(name, func(t *testing.T) { stress(t, tt.safe, tt.late, tt.door) })
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 }, 10*time.Second, 10*time.Millisecond, "no goroutine is left")
}

func stress(t *testing.T, safe, late bool, door func(*testing.T, http.Handler) func(*http.Request) (int, []byte, error)) {
	messages := 2000
	if testing.Short() {
		messages = 200
	}
	runs := make([]atomic.Int32, messages+1)
	passive := make([]atomic.Int32, messages+1)
	lateOnes := make([]atomic.Int32, messages+1)
	cfg := Config{Account: testAccount(safe), Logger: quiet()}
	if late {
		cfg.Late = func(_ context.Context, h Header, r Reply) error {
			lateOnes[h.MsgID].Add(1)
			assert.Equal(t, fmt.Sprint("答 ", h.MsgID), r.(Text).Content[:len(fmt.Sprint("答 ", h.MsgID))])
			return nil
		}
	}
	s, err := NewServer(cfg, HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
		text := m.(*TextMessage)
		runs[text.MsgID].Add(1)
		if text.MsgID%3 == 0 {
			runtime.Gosched()
		}
		answer := strings.Replace(text.Content, "照片", "答", 1)
		if late && text.MsgID%5 == 0 {
			answer += strings.Repeat("长", 700) // goes by Late
		}
		return Text{Content: answer}, nil
	}))
	require.NoError(t, err)
	deliver := door(t, s)
	account := testAccount(safe)
	deliverOnce := func(id int) {
		p := pushed{account: account, body: textPush(int64(id)), safe: safe}
		status, body, err := deliver(p.request(context.Background(), "http://example.com"))
		if !assert.NoError(t, err) {
			return
		}
		text, err := textReply(p, status, bytes.Clone(body))
		assert.NoError(t, err)
		if text != "" {
			assert.Equal(t, "答 "+strconv.Itoa(id), text, "an answer of another message")
			passive[id].Add(1)
		}
	}
	var all sync.WaitGroup
	ids := make(chan int)
	for range 64 {
		all.Go(func() {
			for id := range ids {
				deliverOnce(id)
			}
		})
	}
	for id := 1; id <= messages; id++ {
		for range 1 + rand.IntN(3) { // some deliveries of one message are there at one time
			ids <- id
		}
	}
	close(ids)
	all.Wait()
	require.NoError(t, s.Shutdown(context.Background()))
	for id := 1; id <= messages; id++ {
		require.EqualValues(t, 1, runs[id].Load(), "message %d", id)
		if late && id%5 == 0 {
			require.EqualValues(t, 1, lateOnes[id].Load(), "late %d", id)
			require.Zero(t, passive[id].Load(), "late %d", id)
			continue
		}
		require.Zero(t, lateOnes[id].Load(), "message %d", id)
		require.Positive(t, passive[id].Load(), "message %d", id)
	}
	assert.True(t, idle(s))
}

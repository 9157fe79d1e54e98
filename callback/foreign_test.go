package callback

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mischief is code of the caller's that misbehaves when it is called for the message or request that
// is the bad one.
type mischief struct {
	way     string // panic, exit or block
	release chan struct{}
	called  atomic.Int32
}

func (f *mischief) misbehave() {
	f.called.Add(1)
	switch f.way {
	case "panic":
		panic("mischief")
	case "exit":
		goexit()
	case "block":
		<-f.release
	}
}

// misbehaving is a slog.Handler.
type misbehaving struct {
	*mischief
	bad *atomic.Bool
}

func (misbehaving) Enabled(context.Context, slog.Level) bool { return true }
func (h misbehaving) Handle(context.Context, slog.Record) error {
	if h.bad.Load() {
		h.misbehave()
	}
	return nil
}
func (h misbehaving) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h misbehaving) WithGroup(string) slog.Handler      { return h }

// foreignWriter is a ResponseWriter.
type foreignWriter struct {
	*reply
	*mischief
	at string
}

func (w *foreignWriter) SetReadDeadline(time.Time) error {
	if w.at == "SetReadDeadline" {
		w.misbehave()
	}
	return nil
}

func (w *foreignWriter) Header() http.Header {
	if w.at == "Header" {
		w.misbehave()
	}
	return w.reply.Header()
}

func (w *foreignWriter) Write(b []byte) (int, error) {
	if w.at == "Write" {
		w.misbehave()
	}
	return w.reply.Write(b)
}

// What is the caller's and misbehaves for one request costs that request, and nobody else's: the
// process goes on, and other messages are answered meanwhile and afterwards.
func TestForeignCode(t *testing.T) {
	t.Parallel()
	for _, where := range []string{
		"SetReadDeadline", "Header", "Write", "Body", "Select", "Trust", "handler", "Claim", "Late", "Hook", "OnError", "Logger of a run", "Logger of a refusal",
	} {
		for _, way := range []string{"panic", "exit", "block"} {
			for _, safe := range []bool{false, true} {
				if where == "Trust" && safe {
					continue
				}
				t.Run(fmt.Sprint(where, " ", way, " ", safe), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { misbehave(t, where, way, safe) })
				})
			}
		}
	}
}

const badMessage = 666

func misbehave(t *testing.T, where, way string, safe bool) {
	f := &mischief{way: way, release: make(chan struct{})}
	var bad, logs atomic.Bool
	isBad := func(r *http.Request) bool { return r.Header.Get("Bad") != "" }
	cfg := Config{Account: testAccount(safe), Logger: slog.New(misbehaving{f, &logs}), MaxInFlight: 2, HandlerTimeout: time.Hour, LateTimeout: time.Hour}
	var h Handler = HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
		if m.Head().MsgID != badMessage {
			return Text{Content: "您的照片"}, nil
		}
		switch where {
		case "handler":
			f.misbehave()
		case "Late":
			return Text{Content: string(bytes.Repeat([]byte("a"), 3000))}, nil
		case "OnError", "Logger of a run":
			return nil, errTest
		}
		return Text{Content: "您的照片"}, nil
	})
	switch where {
	case "Select":
		account := cfg.Account
		cfg.Account, cfg.Select = Account{}, func(r *http.Request) (Account, error) {
			if isBad(r) {
				f.misbehave()
			}
			return account, nil
		}
	case "Trust":
		cfg.Account = Account{AppID: "wx"}
		cfg.Trust = func(r *http.Request) bool {
			if isBad(r) {
				f.misbehave()
			}
			return true
		}
	case "Claim":
		cfg.Claim = claimFunc(func(ctx context.Context, _ string) (bool, error) {
			if isBad(ctx.Value(ctxKey{}).(*http.Request)) {
				f.misbehave()
			}
			return true, nil
		})
	case "Late":
		cfg.Late = func(context.Context, Header, Reply) error { f.misbehave(); return nil }
	case "Hook":
		cfg.Hook = func(ctx context.Context, _ Delivery) {
			if isBad(ctx.Value(ctxKey{}).(*http.Request)) {
				f.misbehave()
			}
		}
	case "OnError":
		cfg.OnError = func(context.Context, Header, error) { f.misbehave() }
	case "Logger of a run", "Logger of a refusal":
		logs.Store(true)
	}
	s, err := NewServer(cfg, h)
	require.NoError(t, err)
	request := func(id int64) *http.Request {
		p := pushed{account: testAccount(safe), body: textPush(id), safe: safe}
		r := p.request(t.Context(), "")
		if id == badMessage {
			r.Header.Set("Bad", "1")
			if where == "Logger of a refusal" {
				r.URL.RawQuery = "x"
			}
		}
		r = r.WithContext(context.WithValue(r.Context(), ctxKey{}, r))
		if id == badMessage && where == "Body" {
			r.Body = foreignBody{f}
		}
		return r
	}
	good := func(id int64) {
		t.Helper()
		synctest.Wait() // the one before gives its place back after its answer
		began := time.Now()
		w := serve(s, request(id))
		text, err := textReply(pushed{account: testAccount(safe), safe: safe}, w.status, w.body.Bytes())
		require.NoError(t, err)
		assert.Equal(t, "您的照片", text)
		assert.Zero(t, time.Since(began))
	}
	good(1)
	if where == "Logger of a refusal" {
		bad.Store(true)
	}
	var all sync.WaitGroup
	all.Go(func() {
		defer func() { _ = recover() }() // as net/http does
		w := &foreignWriter{&reply{header: http.Header{}, status: 200}, f, where}
		s.ServeHTTP(w, request(badMessage))
	})
	synctest.Wait()
	assert.EqualValues(t, 1, min(f.called.Load(), 1), "it was called")
	for id := range int64(5) {
		good(id + 2)
	}
	close(f.release)
	time.Sleep(10 * time.Second)
	all.Wait()
	for id := range int64(5) {
		good(id + 10)
	}
	logs.Store(false)
	require.NoError(t, s.Shutdown(t.Context()), "no place is left taken")
	assert.True(t, idle(s))
}

// foreignBody is a request's body.
type foreignBody struct{ *mischief }

func (b foreignBody) Read([]byte) (int, error) { b.misbehave(); return 0, context.Canceled }
func (foreignBody) Close() error               { return nil }

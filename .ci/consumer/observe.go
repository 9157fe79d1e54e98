package main

import (
	"context"
	"expvar"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// meter counts attempts by kind of event, and adds up what they took, as metrics would.
type meter struct {
	calls, tokens expvar.Int
	took          expvar.Float // seconds of calling and of waiting
}

func (m *meter) count(_ context.Context, e wechat.Event) {
	switch e.Op {
	case wechat.OpCall:
		m.calls.Add(1)
	case wechat.OpToken:
		m.tokens.Add(1)
	}
}

func (m *meter) time(_ context.Context, e wechat.Event) {
	m.took.Add((e.Waited + e.Duration).Seconds())
}

func (m *meter) String() string {
	return fmt.Sprint("call ", m.calls.Value(), " token ", m.tokens.Value())
}

// trace makes a span of each attempt, as a tracer would.
type trace struct {
	mu    sync.Mutex
	spans []string // guarded by mu
}

// wrap stands around the Client's own transport.
func (t *trace) wrap(next http.RoundTripper) http.RoundTripper { return &traced{t, next} }

type traced struct {
	trace *trace
	next  http.RoundTripper
}

// RoundTrip derives its context from the request's: a request without that is refused.
func (t *traced) RoundTrip(r *http.Request) (*http.Response, error) {
	start, reused := time.Now(), false
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused },
	})
	r = r.Clone(ctx)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	resp, err := t.next.RoundTrip(r)
	t.trace.mu.Lock()
	defer t.trace.mu.Unlock()
	t.trace.spans = append(t.trace.spans, fmt.Sprint(r.Method, " ", r.URL, " ", r.Header, " reused ", reused, " took ", time.Since(start), " ", err))
	return resp, err
}

// check asks for so many spans and no secret in any of them.
func (t *trace) check(server *wechattest.Server, n int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := want("spans", len(t.spans), n); err != nil {
		return err
	}
	all := strings.Join(t.spans, "\n")
	for _, secret := range append(server.IssuedTokens(), server.AppSecret) {
		if strings.Contains(all, secret) {
			return fmt.Errorf("a span shows a secret: %s", all)
		}
	}
	return nil
}

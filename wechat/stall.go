package wechat

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"sync"
	"time"
)

// freshBuffers is what Linux gives a socket to send from at first (net.ipv4.tcp_wmem). A longer
// body holds up its writer while the peer does not read, which no timeout of net/http bounds.
const freshBuffers = 16 << 10

// stall ends a request whose body makes no progress: the writer does not come for more, nor is it
// done. The time that the body's own reader takes does not count.
type stall struct {
	limit  time.Duration
	atEOF  bool // nothing tells when the body is written but its end
	cancel context.CancelCauseFunc

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	over  bool // written, or the request has ended
	fired bool
}

// newStall returns a stall and the context with which the request is sent.
func newStall(ctx context.Context, limit time.Duration, traced bool) (*stall, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	s := &stall{limit: limit, atEOF: !traced, cancel: cancel}
	return s, httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { s.written() }})
}

func (s *stall) err() error {
	return fmt.Errorf("the peer took nothing of the body for %v: %w", s.limit, os.ErrDeadlineExceeded)
}

// read reads from body for the writer, which then has until limit to come again.
func (s *stall) read(body io.Reader, p []byte) (int, error) {
	s.stop()
	n, err := body.Read(p)
	if err != nil && s.atEOF {
		s.written()
		return n, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over:
	case s.timer == nil:
		s.timer = time.AfterFunc(s.limit, s.fire)
	default:
		s.timer.Reset(s.limit)
	}
	return n, err
}

func (s *stall) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *stall) written() {
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

func (s *stall) fire() {
	s.mu.Lock()
	fired := !s.over
	s.fired = s.fired || fired
	s.mu.Unlock()
	if fired {
		s.cancel(s.err())
	}
}

// end takes what the request came to. The context lives until the answer's body is closed.
func (s *stall) end(resp *http.Response, err error) (*http.Response, error) {
	s.written()
	s.mu.Lock()
	fired := s.fired
	s.mu.Unlock()
	switch {
	case fired && err != nil:
		err = s.err()
		fallthrough
	case resp == nil || resp.Body == nil:
		s.cancel(nil)
	default:
		resp.Body = &releasingBody{resp.Body, s.cancel}
	}
	return resp, err
}

// releasingBody ends the context of its request when it is closed.
type releasingBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *releasingBody) Close() error {
	defer b.cancel(nil)
	return b.ReadCloser.Close()
}

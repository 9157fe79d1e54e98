package wechattest

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Server is a simulated WeChat. Its first account is embedded, so that
// AppID, AppSecret, Client, Follow, AddTemplate and the other methods of
// [Account] are called on the Server itself; [Server.AddAccount] makes more.
//
// Its methods may be called at any time, from several goroutines, and from
// within its hooks.
type Server struct {
	*Account

	// URL is the base URL without a trailing slash: http://127.0.0.1:port,
	// or with [InMemory] an address that only [Server.Transport] reaches.
	URL string

	clock    func() time.Time
	lead     atomic.Int64 // nanoseconds by which Advance has moved the clock
	rule     func(appID, openid string) Follower
	lifetime time.Duration
	windows  map[Interaction]window // never changed
	date     atomic.Pointer[dateHeader]

	listener  net.Listener
	http      *http.Server
	transport *http.Transport
	closing   chan struct{} // closed when Close begins: ends scripted delays
	closeOnce sync.Once
	closed    chan struct{}  // closed when Close is done
	serving   sync.WaitGroup // the accept loop and the open connections

	routes   atomic.Pointer[map[string]*route]
	routesMu sync.Mutex // held while routes is replaced
	unknown  requestCounter

	accountsMu sync.RWMutex // guards accounts and platforms
	accounts   map[string]*Account
	platforms  map[string]*Platform

	tokens  registry
	faults  script
	ledger  ledger
	library library
	shelf   shelf
	media   mediaStore
	rids    ridLog
	pushes  atomic.Int64   // messages pushed
	errmsgs map[int]string // never changed
}

// NewServer starts a simulated WeChat on a port of 127.0.0.1, or in memory
// with [InMemory]. It has one account, which nobody follows yet and which has
// no template. The caller should call Close when finished.
//
// It panics when it cannot listen, and on an option that is nonsense.
func NewServer(opts ...Option) *Server {
	c := config{appID: defaultAppID, secret: defaultSecret, clock: time.Now, history: defaultHistory, lifetime: maxLifetime, windows: newWindows()}
	for _, opt := range opts {
		opt(&c)
	}
	s := &Server{
		clock:    c.clock,
		rule:     c.rule,
		lifetime: c.lifetime,
		closing:  make(chan struct{}),
		closed:   make(chan struct{}),
		accounts: make(map[string]*Account),
		windows:  c.windows,
		errmsgs:  withCustomErrmsgs(newErrmsgs()),
	}
	s.ledger.seed = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	s.ledger.history = make([]Accepted, c.history)
	s.library.preload()
	s.shelf.preload()
	s.media.history = c.history
	s.Account = s.AddAccount(c.appID, c.secret)
	s.routes.Store(newRoutes())
	s.start(c.inMemory)
	return s
}

// New is NewServer for a test: the server is closed when t ends.
//
// In a testing/synctest bubble call it inside the bubble, with [InMemory].
func New(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s := NewServer(opts...)
	t.Cleanup(s.Close)
	return s
}

// start opens the listener and serves it.
func (s *Server) start(inMemory bool) {
	if inMemory {
		l := newMemoryListener()
		s.listener, s.transport, s.URL = l, newTransport(l.dial), "http://"+memoryAddress
	} else {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(fmt.Sprintf("wechattest: failed to listen on a port: %v", err))
		}
		address := l.Addr().String()
		s.listener, s.URL = l, "http://"+address
		s.transport = newTransport(func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		})
	}
	s.http = &http.Server{
		Handler:   s,
		ErrorLog:  log.New(io.Discard, "", 0), // scripted resets are no news
		ConnState: s.track,
	}
	s.serving.Go(func() { _ = s.http.Serve(s.listener) }) // always ErrServerClosed
}

// track counts the connections, so that Close can wait for their goroutines.
func (s *Server) track(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.serving.Add(1) // called by the accept loop, which is counted itself
	case http.StateClosed, http.StateHijacked:
		s.serving.Done()
	}
}

// Close shuts the server down: it ends scripted delays, closes all
// connections and blocks until the requests in flight are finished. No
// goroutine of the server is left, nor one of its transport. Calling it again
// does no harm.
func (s *Server) Close() {
	s.closeOnce.Do(func() {
		close(s.closing)
		for open := true; open; {
			_ = s.http.Close()
			s.transport.CloseIdleConnections()
			s.closeLines()
			open = !s.quiet()
		}
		close(s.closed)
	})
	<-s.closed
}

// quiet waits for the server's goroutines. It gives up after a while, since a
// connection that was accepted while the server closed is seen by the next
// http.Server.Close only.
func (s *Server) quiet() bool {
	done := make(chan struct{})
	go func() {
		s.serving.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

// Transport returns the http.RoundTripper that reaches this server whatever
// the host of a request is, https included. For a client with a base URL that
// a test does not want to change, and for any client of a server in memory.
// Its idle connections are closed by Close.
func (s *Server) Transport() http.RoundTripper { return s.transport }

// Advance moves the server's clock: tokens age, quotas are reset at midnight,
// remembered ids are forgotten. It does not cut scripted delays short.
func (s *Server) Advance(d time.Duration) { s.lead.Add(int64(d)) }

// Now returns the time by the server's clock, which is also in the Date
// header of its answers.
func (s *Server) Now() time.Time { return s.clock().Add(time.Duration(s.lead.Load())) }

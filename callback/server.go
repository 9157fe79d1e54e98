package callback

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// The times of a delivery. WeChat drops a delivery 5 s after it began to send it, which is before
// it arrives here.
const (
	// countsFor is the time after its arrival in which a delivery can be answered. It leaves half a
	// second for the response to reach WeChat.
	countsFor = 4500 * time.Millisecond
	// heldFor is the time that an unanswered delivery is held open. WeChat could take an answer
	// within its 5 s as final and not repeat the message.
	heldFor = 5500 * time.Millisecond
)

// Server receives the pushes of the platform (消息与事件推送) and answers them. It is an [http.Handler].
// Make one with [NewServer].
//
// # Requests
//
// A POST is a push. The server verifies it, decrypts it if the account has an AESKey, and calls the
// handler once per message. A GET is the console's check of the URL (接入验证); the server answers with
// its echostr. A HEAD is answered with 200, for the health checks of load balancers.
//
// The server answers a push that it refuses with a short text and one of these statuses:
//
//	400  the query, the body or the decrypted message is malformed; no key decrypts the body
//	403  wrong signature or AppID; plaintext although AESKey is set; timestamp not fresh;
//	     replayed; Trust returned false; Select returned ErrUnknownAccount
//	405  the method is not GET, HEAD or POST; with Trust, also GET
//	408  the body did not arrive within 4.5 s
//	413  the body is larger than BodyLimit
//	503  a limit is reached (MaxInFlight, BodyMemory, waiting messages), Shutdown was called,
//	     or Select failed
//
// Every other push is answered with 200 and a reply or the word "success". The server answers
// "success" also if the handler fails or panics: with any other answer WeChat would repeat the
// push, and show the follower an error notice. If the server can read the header of a message but
// not the rest, the handler receives an [*Unknown].
//
// # Timing
//
// WeChat drops a delivery that has no answer after 5 s, and repeats the message. It makes three
// deliveries in all. A repeat waits for the handler that the first delivery started. If that
// handler has returned, the repeat gets the same reply.
//
// The server can answer a delivery within 4.5 s of its arrival. If the handler takes longer, the
// server does one of two things. As long as [Config].Lapse allows it, the server leaves the
// delivery unanswered, so that WeChat repeats the message. Otherwise it answers "success" and
// passes the reply to Config.Late. The server cannot detect that an answer to the last delivery was
// lost. The follower then gets no reply.
//
// The WriteTimeout of the [http.Server], and any such limit of a proxy, must be 0 or more than 5.5
// s. A shorter one cuts off answers. Set a ReadHeaderTimeout as well.
//
// All methods are safe for concurrent use. A Server without requests has no goroutine and no timer.
type Server struct {
	cfg      Config
	handler  Handler
	accounts accounts
	seed     maphash.Seed
	messages *messages
	chunks   sync.Pool    // of *chunk
	large    sync.Pool    // of *[]byte: bodies of several chunks
	texts    sync.Pool    // of *[]byte: decrypted messages
	grown    atomic.Int64 // bytes of bodies beyond their first chunks
	deaf     atomic.Int64 // calls of Claim that have timed out and not returned
	refusals sampler

	base context.Context // ends when Shutdown gives up, and with it the contexts of handlers and Late
	stop context.CancelCauseFunc
}

// NewServer returns a Server that calls handler, usually a [Mux]. It starts no goroutine. The error
// names every fault of cfg and of the Mux.
func NewServer(cfg Config, handler Handler) (*Server, error) {
	cfg, err := cfg.withDefaults()
	accounts, wrong := newAccounts(cfg)
	handler, unready := ready(handler)
	if err = errors.Join(err, wrong, unready); err != nil {
		return nil, err
	}
	cfg.Account = Account{} // accounts has its secrets, where printing cannot reach them
	s := &Server{cfg: cfg, accounts: accounts, handler: handler, seed: maphash.MakeSeed(), messages: newMessages(cfg)}
	s.chunks.New = func() any { return new(chunk) }
	s.large.New = func() any { return new([]byte) }
	s.texts.New = func() any { return new([]byte) }
	s.base, s.stop = context.WithCancelCause(context.Background())
	return s, nil
}

// delivery is one request, of whatever kind.
type delivery struct {
	server  *Server
	w       http.ResponseWriter
	r       *http.Request
	arrival time.Time

	body           body
	account        *credentials // nil until the account of the request is known
	msgType, event string       // empty until the message is read
	signed         bool         // the parameter signature matches
	whole          bool         // the body has been read
	differs        bool         // the query has another openid than the message

	// The lock of messages guards the fields below.
	first  bool // it started the run
	again  bool // the run was settled before it arrived
	lapsed bool // it timed out, and is not answered
}

// ServeHTTP answers one request. It implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := &delivery{server: s, w: w, r: r, arrival: time.Now()}
	if r.Method != http.MethodPost {
		d.leaveBody() // net/http would wait for it, even of a HEAD
	}
	switch {
	case r.Method == http.MethodPost:
		d.push()
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodGet && s.cfg.Trust == nil:
		d.echo()
	default:
		w.Header().Set("Allow", s.cfg.methods())
		d.refuse(errMethod)
	}
}

// Format prints "callback.Server", whatever the verb. It implements [fmt.Formatter].
func (s *Server) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "callback.Server") }

// Shutdown refuses new messages with 503 and waits until those in flight are settled: until their
// handlers and calls of Late have returned. Repeats of known messages are still answered. A
// finished reply that waits for a repeat goes to Late at once.
//
// If ctx ends first, Shutdown cancels the contexts of all running handlers and calls of Late, with
// [ErrShutdown] as the cause. It then returns ctx's error without waiting for them.
//
// Call the Shutdown of the [http.Server] first, so that deliveries in flight get their answers.
func (s *Server) Shutdown(ctx context.Context) error {
	idle := s.messages.close()
	defer s.logRest()
	select {
	case <-idle:
		return nil
	default:
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		s.stop(ErrShutdown)
		return fmt.Errorf("callback: shutdown: %w", ctx.Err())
	}
}

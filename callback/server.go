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

// Server receives the pushes of the platform (消息与事件推送) and answers them. It is an
// [http.Handler]; make one with [NewServer].
//
// A GET is the console's check of the URL, and gets its echostr back. A POST is a push. The
// server verifies it, decrypts it where the account has an AESKey, and calls the handler, once
// per message: WeChat drops a delivery after 5 s and repeats it, and the repeats join the run of
// the first, or get its answer again. A delivery counts for 4.5 s from its arrival. A message
// whose handler has not returned when one too many no longer count (see [Config].Lapse) is
// answered success, and Config.Late sends the reply when there is one. What cannot be seen is an
// answer that is lost on the wire: if that was to WeChat's last delivery, the follower gets none.
//
// A push that is not taken on gets a short text and a status:
//
//	400  malformed: the query, the body, what was decrypted
//	403  forged, for another AppID, plaintext where there is an AESKey, not fresh, replayed
//	405  neither GET nor POST
//	408  the body did not arrive within 4.5 s
//	413  more than Config.BodyLimit
//	503  more than Config.MaxInFlight, Shutdown was called, or Config.Select failed
//
// Everything else gets 200, with a reply or the word success: also when the handler fails or
// panics, since anything else would show the follower a notice and bring the push again.
//
// The [http.Server] around it must leave it the 5 s: a WriteTimeout under 5 s, or such a limit of
// a proxy, cuts answers off. A ReadHeaderTimeout is good to have. Where a handler takes longer
// than 4.5 s, its first delivery's connection is closed after the word success. All methods are
// safe for concurrent use. There is no goroutine at rest.
type Server struct {
	cfg      Config
	handler  Handler
	accounts accounts
	seed     maphash.Seed
	ledger   *ledger
	watch    watch
	closing  atomic.Bool

	deliveries sync.Pool // of *delivery

	base context.Context // ends the handlers' contexts, and those of Late
	stop context.CancelCauseFunc

	successBody         []byte
	plainText, xml, enc []string // header values, which are shared and never changed
}

// NewServer returns a Server that answers with handler, mostly a [Mux]. It starts nothing. The
// error says which field of cfg makes no sense, or what is wrong with the Mux.
func NewServer(cfg Config, handler Handler) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("callback: Config: %w", err)
	}
	if handler, err = ready(handler); err != nil {
		return nil, err
	}
	accounts, err := newAccounts(cfg)
	if err != nil {
		return nil, err
	}
	cfg.Account = Account{} // its secrets are where printing does not find them
	s := &Server{
		cfg: cfg, accounts: accounts, handler: handler, seed: maphash.MakeSeed(), successBody: []byte("success"),
		plainText: []string{"text/plain; charset=utf-8"},
		xml:       []string{"application/xml; charset=utf-8"},
		enc:       []string{"application/json; charset=utf-8"},
	}
	s.ledger = newLedger(cfg.MaxInFlight, cfg.Remember)
	s.deliveries.New = func() any { return newDelivery() }
	s.base, s.stop = context.WithCancelCause(context.Background())
	return s, nil
}

// ready returns handler in the form in which it is called.
func ready(handler Handler) (Handler, error) {
	switch h := handler.(type) {
	case nil:
		return nil, errors.New("callback: the handler is nil")
	case HandlerFunc:
		if h == nil {
			return nil, errors.New("callback: the handler is nil")
		}
	case *Mux:
		if h == nil {
			return nil, errors.New("callback: the handler is nil")
		}
		return h.fix()
	}
	return handler, nil
}

// ServeHTTP answers one request. It implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		s.servePush(w, r)
	case http.MethodGet:
		s.serveEcho(w, r)
	default:
		w.Header().Set("Allow", "GET, POST")
		s.refuse(w, r, time.Now(), "", nil, errMethod)
	}
}

// serveEcho answers the console's check of the URL (接入验证).
func (s *Server) serveEcho(w http.ResponseWriter, r *http.Request) {
	arrival := time.Now()
	account, err := s.accounts.of(r)
	var q query
	if err == nil {
		q, err = checkedQuery(r)
	}
	if err == nil && q.echostr == "" {
		err = errQuery
	}
	if err == nil {
		err = account.verify(&q)
	}
	if err == nil {
		err = s.fresh(&q, arrival)
	}
	if err != nil {
		s.refuse(w, r, arrival, account.id(), nil, err)
		return
	}
	// The signature does not cover the echostr: nobody shall make a page of it.
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header()["Content-Type"] = s.plainText
	_, _ = io.WriteString(w, q.echostr)
	s.observe(r, arrival, nil, Delivery{AppID: account.appID, Outcome: OutcomeEchoed, Status: http.StatusOK})
}

// refuse answers a request that is not taken on.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, arrival time.Time, appID string, m Message, err error) {
	status := statusOf(err)
	h := w.Header()
	h["Content-Type"] = s.plainText
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, http.StatusText(status))
	s.observe(r, arrival, m, Delivery{AppID: appID, Outcome: OutcomeRefused, Status: status, Err: err})
}

// Format prints what s is and nothing that it holds. It implements [fmt.Formatter].
func (s *Server) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "callback.Server") }

// id returns the AppID, for reports.
func (c *credentials) id() string {
	if c == nil {
		return ""
	}
	return c.appID
}

// Shutdown refuses new messages with 503 and waits until those in flight are settled: for their
// handlers and for Late. A finished one that waits for a repeat is settled at once. When ctx
// ends first, the contexts of all that still run are cancelled, with [ErrShutdown] as their
// cause, and its error is returned at once. Shut the [http.Server] down first, so that
// deliveries in flight get their answers.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closing.Store(true)
	for _, f := range s.ledger.close() {
		if f.hopes() {
			go f.giveUp() // ends with Late, and idle waits for that
		}
	}
	select {
	case <-s.ledger.idle:
		return nil
	default:
	}
	select {
	case <-s.ledger.idle:
		return nil
	case <-ctx.Done():
		s.stop(ErrShutdown)
		return fmt.Errorf("callback: shutdown: %w", ctx.Err())
	}
}

package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// The maximum number of lines per cause and minute.
const (
	manyAMinute = 10 // for requests that WeChat has signed
	oneAMinute  = 1  // for requests that anyone can send
)

// logRefusal logs why a request was refused. A refused request that WeChat has signed is a warning,
// because a follower gets no reply. Requests without a valid signature can come from anyone, at any
// rate.
func (s *Server) logRefusal(d *delivery, o Delivery) {
	ctx, attrs := d.r.Context(), []slog.Attr{
		slog.String("appid", o.AppID), slog.Int("status", o.Status), slog.String("error", o.Err.Error()),
	}
	switch {
	case d.signed || o.Status == http.StatusServiceUnavailable:
		s.logSampled(ctx, manyAMinute, likelyCause(o.Err), "callback: refused", attrs...)
	case o.Status == http.StatusForbidden:
		s.logSampled(ctx, oneAMinute, likelyCause(o.Err), "callback: refused", attrs...)
	default:
		s.log(ctx, slog.LevelDebug, "callback: refused", attrs...)
	}
}

// likelyCause names the probable cause in a few words. The number of causes is small.
func likelyCause(err error) string {
	for _, c := range []struct {
		err   error
		cause string
	}{
		{ErrSignature, "the Token is wrong, or the request is forged"},
		{errChanged, "a middleware or proxy changes the body"},
		{ErrDecrypt, "the AESKey is wrong"},
		{ErrAppID, "the AppID is wrong"},
		{ErrMode, "the console is in plain mode, and an AESKey is set"},
		{ErrStale, "this machine's clock is wrong, or the request is replayed"},
		{ErrReplayed, "the request is replayed"},
		{ErrUntrusted, "Config.Trust refuses the request"},
		{ErrUnknownAccount, "Config.Select does not know the account"},
		{ErrTooLarge, "the body is over BodyLimit"},
		{errEmpty, "a middleware has read the body"},
		{errSlow, "the body arrives too slowly"},
		{errBody, "the connection broke off, or a middleware has read the body"},
		{errQuery, "the query is incomplete"},
		{errEncrypted, "the console is in safe mode, and no AESKey is set"},
		{ErrMalformed, "the plaintext is malformed"},
		{errSelect, "Config.Select fails"},
		{ErrFull, "MaxInFlight messages are in flight, or too many of one follower wait (InOrder)"},
		{ErrBodyMemory, "large bodies use all of BodyMemory"},
		{ErrShutdown, "the server is shutting down"},
	} {
		if errors.Is(err, c.err) {
			return c.cause
		}
	}
	return "unknown"
}

// sampler counts the lines of each cause per minute.
type sampler struct {
	mu     sync.Mutex // guards the fields below
	causes map[string]*sample
}

type sample struct {
	since        time.Time // start of its minute
	told, untold int       // lines written in that minute; lines left out since the last one written
}

// take reports whether another line of cause may be written, at most most per minute. It also
// returns the number of lines left out since the last one.
func (s *sampler) take(cause string, most int, now time.Time) (ok bool, untold int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.causes[cause]
	if c == nil {
		if s.causes == nil {
			s.causes = make(map[string]*sample)
		}
		c = &sample{since: now}
		s.causes[cause] = c
	}
	if now.Sub(c.since) >= time.Minute {
		c.since, c.told = now, 0
	}
	if c.told >= most {
		c.untold++
		return false, 0
	}
	c.told++
	untold, c.untold = c.untold, 0
	return true, untold
}

// rest returns and resets the number of lines left out of each cause.
func (s *sampler) rest() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := make(map[string]int)
	for cause, c := range s.causes {
		if c.untold > 0 {
			rest[cause], c.untold = c.untold, 0
		}
	}
	return rest
}

// logSampled writes a warning, at most most per cause and minute. The next line of that cause has
// the number of lines left out.
func (s *Server) logSampled(ctx context.Context, most int, cause, what string, attrs ...slog.Attr) {
	ok, untold := s.refusals.take(cause, most, time.Now())
	if !ok {
		return
	}
	attrs = append(attrs, slog.String("cause", cause))
	if untold > 0 {
		attrs = append(attrs, slog.Int("left_out", untold))
	}
	s.log(ctx, slog.LevelWarn, what, attrs...)
}

// logRest logs the number of lines that logSampled has left out.
func (s *Server) logRest() {
	for cause, n := range s.refusals.rest() {
		s.log(context.Background(), slog.LevelWarn, "callback: left out of the log", slog.String("cause", cause), slog.Int("left_out", n))
	}
}

// log writes a line. If the Logger panics, the line is lost.
func (s *Server) log(ctx context.Context, level slog.Level, what string, attrs ...slog.Attr) {
	defer func() { _ = recover() }()
	logger := s.cfg.Logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.LogAttrs(ctx, level, what, attrs...)
}

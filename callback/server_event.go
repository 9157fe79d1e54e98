package callback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Outcome is what became of a delivery.
type Outcome string

// The outcomes.
const (
	OutcomeRan      Outcome = "ran"      // it was the first, and the handler's reply was its answer
	OutcomeJoined   Outcome = "joined"   // it was a repeat, and got the reply of a run that another had begun
	OutcomeReplayed Outcome = "replayed" // it was a repeat, and got the answer of one before it again
	OutcomeLate     Outcome = "late"     // it got success: the reply goes by Late, or is another process's
	OutcomeDropped  Outcome = "dropped"  // it got no answer in time; WeChat repeats it
	OutcomeRefused  Outcome = "refused"  // it was not taken on; Err tells why
	OutcomeEchoed   Outcome = "echoed"   // it was the console's check of the URL
)

// Delivery is one request to a [Server], for [Config].Hook. It holds no secret and no openid.
type Delivery struct {
	// Type is the MsgType, and Event the event's name, as they were received. Both are empty for
	// a request that was refused before it was read, and for third-party platforms' own pushes.
	Type, Event string
	AppID       string        // as configured; may be empty in plain mode
	Outcome     Outcome       // what became of it
	Status      int           // of the response; for OutcomeDropped nobody reads it
	Err         error         // why it was refused, otherwise nil
	Duration    time.Duration // from the arrival to the answer
}

// Errors of a [Server], beside those of [Parse] and [Crypter.Open].
var (
	// ErrMode: a plaintext push came for an account that is configured with an AESKey.
	ErrMode = errors.New("callback: a plaintext push for an account with an AESKey")
	// ErrStale: the timestamp differs from our clock by more than Config.Freshness.
	ErrStale = errors.New("callback: the timestamp is not fresh")
	// ErrTooLarge: a body with more bytes than Config.BodyLimit.
	ErrTooLarge = errors.New("callback: the body is too large")
	// ErrLate: a reply came too late for the response, and there is no Config.Late to send it.
	ErrLate = errors.New("callback: the reply came too late for the response, and Config.Late is not set")

	errMethod = errors.New("callback: neither GET nor POST")
	errSlow   = errors.New("callback: the body did not arrive in time")
	errBody   = errors.New("callback: the body ended early")
	errExited = errors.New("callback: the handler ended its goroutine")
)

// statusOf returns the status for a request that is refused.
func statusOf(err error) int {
	for _, c := range []struct {
		status int
		causes []error
	}{
		{http.StatusForbidden, []error{ErrSignature, ErrAppID, ErrMode, ErrStale, ErrReplayed, ErrUnknownAccount}},
		{http.StatusMethodNotAllowed, []error{errMethod}},
		{http.StatusRequestTimeout, []error{errSlow}},
		{http.StatusRequestEntityTooLarge, []error{ErrTooLarge}},
		{http.StatusServiceUnavailable, []error{ErrFull, ErrShutdown, errSelect}},
	} {
		for _, cause := range c.causes {
			if errors.Is(err, cause) {
				return c.status
			}
		}
	}
	return http.StatusBadRequest // ErrMalformed, ErrDecrypt, the query, a body that was cut
}

// report tells the log and OnError of a failure that no request can be told of.
func (s *Server) report(f *flight, what string, err error) {
	ctx := context.WithoutCancel(f.ctx.request)
	head := *f.message.Head()
	attrs := []slog.Attr{
		slog.String("appid", f.account.appID), slog.String("type", head.MsgType),
		slog.String("event", head.Event), slog.String("error", err.Error()),
	}
	var p *panicked
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", p.stack))
	}
	s.logger().LogAttrs(ctx, slog.LevelError, what, attrs...)
	if s.cfg.OnError != nil {
		s.contain(ctx, "callback: OnError panicked", func() { s.cfg.OnError(ctx, head, err) })
	}
}

// observe tells the hook, and the log where a request was refused.
func (s *Server) observe(r *http.Request, arrival time.Time, m Message, d Delivery) {
	if d.Err != nil {
		level := slog.LevelDebug // anybody can send such a thing at any rate
		if d.Status == http.StatusForbidden || d.Status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
		s.logger().LogAttrs(r.Context(), level, "callback: refused",
			slog.String("appid", d.AppID), slog.Int("status", d.Status), slog.String("error", d.Err.Error()))
	}
	if s.cfg.Hook == nil {
		return
	}
	if m != nil {
		head := m.Head()
		d.Type, d.Event = head.MsgType, head.Event
	}
	d.Duration = time.Since(arrival)
	ctx := context.WithoutCancel(r.Context())
	s.contain(ctx, "callback: Hook panicked", func() { s.cfg.Hook(ctx, d) })
}

// contain calls f, which is the user's.
func (s *Server) contain(ctx context.Context, what string, f func()) {
	defer func() {
		if v := recover(); v != nil {
			s.logger().ErrorContext(ctx, what, "error", newPanicked(v).Error())
		}
	}()
	f()
}

func (s *Server) logger() *slog.Logger {
	if s.cfg.Logger != nil {
		return s.cfg.Logger
	}
	return slog.Default()
}

// panicked is the error that a panic becomes.
type panicked struct {
	value string
	stack string
}

// newPanicked tells what v says if it is text. Anything else, such as a message, may hold what
// no log should, and only its type is told.
func newPanicked(v any) *panicked {
	switch v := v.(type) {
	case error:
		return &panicked{value: v.Error()}
	case string:
		return &panicked{value: v}
	default:
		return &panicked{value: fmt.Sprintf("%T", v)}
	}
}

// Error implements error.
func (p *panicked) Error() string { return "callback: panic: " + p.value }

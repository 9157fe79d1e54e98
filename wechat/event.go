package wechat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/org/wxhome/token"
)

// Op says what an [Event] reports.
type Op string

// The kinds of event.
const (
	OpCall  Op = "call"  // an attempt of a call
	OpToken Op = "token" // an attempt to fetch a token
	OpStore Op = "store" // a failure of the token store: Method is load, save or lock
)

// Event is one attempt, for [WithHook]. It holds no secret, token, query or openid.
type Event struct {
	Op           Op            // what was tried
	AppID        string        // the account
	Method, Path string        // the call's; Path has no query
	Attempt      int           // from 1
	Start        time.Time     // when the attempt began: it waited first
	Waited       time.Duration // for limiters and token
	Duration     time.Duration // of the call alone, after that: to the end of the answer, for Do to its beginning
	Status       int           // HTTP status, 0: no answer
	Code         Code          // errcode
	RID          string        // the platform's name for the call, given with failures
	Err          error         // nil: the attempt succeeded
	Repeat       bool          // the call will be sent again
}

// report tells the logger and the hooks of an attempt.
func (c *Client) report(ctx context.Context, ev Event) {
	level := slog.LevelDebug
	if ev.Repeat || ev.Op == OpStore {
		level = slog.LevelWarn
	}
	if c.logger.Enabled(ctx, level) {
		attrs := []slog.Attr{
			slog.String("op", string(ev.Op)), slog.String("appid", ev.AppID), slog.String("method", ev.Method),
			slog.String("path", ev.Path), slog.Int("attempt", ev.Attempt), slog.Duration("waited", ev.Waited), slog.Duration("duration", ev.Duration),
			slog.Int("status", ev.Status), slog.Int("errcode", int(ev.Code)), slog.Bool("repeat", ev.Repeat),
		}
		if ev.Err != nil {
			attrs = append(attrs, slog.String("rid", ev.RID), slog.String("error", ev.Err.Error()))
		}
		c.logger.LogAttrs(ctx, level, "wechat attempt", attrs...)
	}
	for _, hook := range c.hooks {
		c.callHook(ctx, hook, ev)
	}
}

func (c *Client) callHook(ctx context.Context, hook func(context.Context, Event), ev Event) {
	defer func() {
		if v := recover(); v != nil {
			// The value is the hook's own and may hold anything: its type must do.
			c.logger.ErrorContext(ctx, "wechat hook panicked", "panic", fmt.Sprintf("%T", v))
		}
	}()
	hook(ctx, ev)
}

// reportStore hands failures of the token store on. Fetches report themselves, attempt by
// attempt, unless the source is the caller's own.
func (c *Client) reportStore(ctx context.Context, ev token.Event) {
	own := ev.Op == token.OpFetch && !c.ownTokens
	if !own && (ev.Op == token.OpFetch || ev.Err == nil) {
		return
	}
	out := Event{
		Op: OpStore, AppID: c.appID, Method: string(ev.Op), Attempt: 1,
		Start: ev.Start, Duration: ev.Duration, Err: redactError(ev.Err, c.secret()),
	}
	if own {
		out.Op = OpToken
	}
	var e *Error
	if errors.As(ev.Err, &e) { // of a source that asks through another Client
		out.Code, out.RID, out.Status = e.Code, e.RID, e.Status
	}
	c.report(ctx, out)
}

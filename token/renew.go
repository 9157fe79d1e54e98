package token

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// renewInterval is the least time between two renewals. The platform wants 30 s between two
// calls of stable_token with force_refresh.
const renewInterval = 30 * time.Second

// A Renewer is a [Source] that can also end the token in use before its time; see [Cache.Renew].
type Renewer interface {
	Source
	// Renew ends the token in use and returns another one. It is called as Token is.
	Renew(ctx context.Context) (Token, error)
}

// Renew ends the token in use and puts another one into use, for a token that has leaked. It is
// meant for a person and never happens by itself. The Source must be a [Renewer], as the one of a
// [*github.com/org/wxhome/wechat.Client] is; otherwise the error wraps [errors.ErrUnsupported].
//
// The platform allows 20 renewals a day, at least 30 seconds apart (POST /cgi-bin/stable_token
// with force_refresh). With GET /cgi-bin/token the old token works for five more minutes. Within 30 seconds of the last renewal Renew returns [ErrRenewTooSoon] and
// sends nothing. A renewal by another process counts too, if both share a [Store]. An attempt
// that failed counts as well, since it may have been carried out. The 20 a day are not counted
// here.
//
// Renew waits for a refresh that is under way, and ignores the pause after failures. When ctx
// ends first its error is returned and the renewal goes on. After any other error the old token
// stays in use; if it no longer works, [Cache.Invalidate] replaces it. Other processes learn of
// the new token from the Store when the old one is refused.
func (c *Cache) Renew(ctx context.Context) error {
	source, ok := c.source.(Renewer)
	if !ok {
		return &fault{kind: kindRequest, text: "the source cannot end a token before its time: it is no Renewer", cause: errors.ErrUnsupported}
	}
	if ctx == nil {
		return errNilContext
	}
	for {
		p, own, err := c.startRenewal(ctx, source)
		if err != nil {
			return err
		}
		value, err := p.wait(ctx)
		switch {
		case !own: // which may have ended together with ctx
			continue
		case err != nil:
			return err
		case p.renewErr != nil:
			return p.renewErr
		case value == p.avoid:
			return ErrUnchanged
		}
		return nil
	}
}

// startRenewal begins a renewal, or returns the refresh that must end before (own is false).
func (c *Cache) startRenewal(ctx context.Context, source Renewer) (p *pending, own bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case now.Before(c.renewable):
		return nil, false, tooSoon(c.renewable.Sub(now))
	case c.pending != nil:
		return c.pending, false, nil
	}
	c.renewable = now.Add(renewInterval)
	p = c.newPending()
	p.renewer = source
	c.begin(ctx, p, time.Time{})
	return p, true, nil
}

func tooSoon(left time.Duration) error {
	return &fault{
		kind: kindMinute, cause: ErrRenewTooSoon,
		text: fmt.Sprintf("the token was renewed less than %v ago: try again in %v", renewInterval, left.Truncate(time.Second)+time.Second),
	}
}

// renew asks for another token, unless another process did so a moment ago.
func (c *Cache) renew(ctx context.Context, source Renewer) (Token, error) {
	if c.locker != nil {
		if unlock, err := c.lock(ctx); err == nil {
			defer unlock()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	if err := c.renewedElsewhere(ctx); err != nil {
		return Token{}, err
	}
	n := note{owner: c.owner, count: 1, kind: kindMinute, until: time.Now().Add(renewInterval)}
	c.save(ctx, c.key+renewSuffix, n.token())
	return c.fetch(ctx, source.Renew)
}

func (c *Cache) renewedElsewhere(ctx context.Context) error {
	if c.store == nil {
		return nil
	}
	var t Token
	err := c.loading(ctx, func(ctx context.Context) (err error) {
		t, err = c.read(ctx, c.key+renewSuffix)
		return err
	})
	if err != nil {
		return nil // told to the hook; the platform still enforces its limit
	}
	n := readNote(t, time.Now())
	if n == nil || n.owner == c.owner {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewable = n.until
	return tooSoon(time.Until(n.until))
}

package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

const (
	// claimTimeout bounds a call of Claim. The call is part of the time of the delivery.
	claimTimeout = time.Second
	// claimMargin is the time that a claim lasts beyond HandlerTimeout, because repeats can follow.
	claimMargin = time.Minute
)

// Claimer lets several processes that serve the same account agree on which one handles a message.
// With Redis, use SET key 1 NX PX ttl. With a database, use a unique column. The function Run of
// package [github.com/org/wxhome/callback/claimtest] tests an implementation.
type Claimer interface {
	// Claim reserves key for ttl. It returns true if key was not reserved, and false if it already
	// was. The server calls Claim once for each message that is new to this process, before the
	// handler. It does not call Claim for receipts without an id, because they cannot be told
	// apart.
	//
	// ctx ends after 1 s. If ctx has ended, Claim must return an error. key has 64 lower-case
	// hexadecimal digits and contains no readable data. Claim must be safe for concurrent use.
	Claim(ctx context.Context, key string, ttl time.Duration) (first bool, err error)
}

// claimKey is the key of a message between processes. It must never change: during a deployment,
// old and new versions of this package run at the same time.
func claimKey(identity []byte) string {
	sum := sha256.Sum256(append([]byte("wxhome callback 2\x00"), identity...))
	return hex.EncodeToString(sum[:])
}

// claim reports whether this process handles the message. If Claim fails, it does: answering a
// message twice is better than answering none. Only a panic of Claim is an error.
func (r *run) claim(in *incoming) (mine bool, err error) {
	s := r.server
	switch {
	case in.claimKey == "":
		return true, nil
	case s.deaf.Load() >= int64(s.cfg.MaxInFlight):
		r.report(in, "callback: Claim is not called", errDeaf)
		return true, nil
	}
	mine, err = r.askClaim(in)
	if err == nil || errors.As(err, new(*panicked)) {
		return mine, err
	}
	r.report(in, "callback: Claim failed", fmt.Errorf("callback: claim: %w", err))
	return true, nil
}

// askClaim calls Claim on a goroutine of its own, and stops waiting for it after claimTimeout.
func (r *run) askClaim(in *incoming) (first bool, err error) {
	s := r.server
	ctx, cancel := context.WithTimeout(s.base, claimTimeout)
	defer cancel()
	const (
		asked int32 = iota
		returned
		givenUp
	)
	var state atomic.Int32
	back := make(chan struct{})
	go func() {
		answer, failure := false, errExited // remains if Claim calls runtime.Goexit
		defer func() {
			if v := recover(); v != nil {
				failure = stacked(v)
			}
			if !state.CompareAndSwap(asked, returned) {
				s.deaf.Add(-1)
				return
			}
			first, err = answer, failure
			close(back)
		}()
		answer, failure = s.cfg.Claim.Claim(in.context(ctx), in.claimKey, claimMargin+min(s.cfg.HandlerTimeout, math.MaxInt64-claimMargin))
		_ = tried(failure)
	}()
	select {
	case <-back:
		return first, err
	case <-ctx.Done():
	}
	if state.CompareAndSwap(asked, givenUp) {
		s.deaf.Add(1)
		return false, ctx.Err()
	}
	<-back
	return first, err
}

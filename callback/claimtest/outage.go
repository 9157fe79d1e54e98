package claimtest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func checkEndedContext(ctx context.Context, s *suite) error {
	c, err := s.process("one process")
	if err != nil {
		return err
	}
	taken := newKey()
	if err := c.want(ctx, true, taken, long, "of a new key"); err != nil {
		return err
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer cancel()
	for name, ended := range map[string]context.Context{"cancelled": cancelled, "late": late} {
		for _, key := range []string{newKey(), taken} {
			if err := wantFailure(ended, c, key); err != nil {
				return fmt.Errorf("with a %s context: %w", name, err)
			}
		}
	}
	return c.want(ctx, true, newKey(), long, "of a new key, after others failed")
}

// wantFailure claims where it cannot work, which Claim must say.
func wantFailure(ctx context.Context, c claimer, key string) error {
	start := time.Now()
	first, err := c.Claim(ctx, key, long)
	took := time.Since(start)
	switch {
	case err == nil && !first:
		return errors.New("the claimer's Claim returns false and no error; a Server would drop the message")
	case err == nil:
		return errors.New("the claimer's Claim returns true and no error; a Server would not report the failure")
	case took > patience:
		return fmt.Errorf("the claimer's Claim took %v; it is to return soon after its context ends", took.Round(time.Second))
	}
	return nil
}

func checkOutage(ctx context.Context, s *suite) error {
	if s.breakIt == nil {
		return fmt.Errorf("%w: give Run the option WithOutage", errSkip)
	}
	one, other, err := s.pair()
	if err != nil {
		return err
	}
	taken := newKey()
	if err := one.want(ctx, true, taken, long, "before the outage"); err != nil {
		return err
	}
	if err := s.whileBroken(ctx, one, other, taken); err != nil {
		return fmt.Errorf("during an outage: %w", err)
	}
	for _, c := range []claimer{one, other} {
		if err := recovers(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// whileBroken claims with the time that a Server gives.
func (s *suite) whileBroken(ctx context.Context, one, other claimer, taken string) error {
	defer s.breakIt()()
	for _, key := range []string{newKey(), taken} {
		for _, c := range []claimer{one, other} {
			ctx, cancel := context.WithTimeout(ctx, serverTimeout)
			err := wantFailure(ctx, c, key)
			cancel()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// recovers claims new keys until that works: the first calls may still find the old connection.
func recovers(ctx context.Context, c claimer) error {
	deadline := time.Now().Add(2 * patience)
	for {
		err := c.want(ctx, true, newKey(), long, "after the outage")
		if err == nil || time.Now().After(deadline) {
			if err != nil {
				err = fmt.Errorf("%w; a Claimer is to recover by itself", err)
			}
			return err
		}
		if err := sleep(ctx, patience/20); err != nil {
			return err
		}
	}
}

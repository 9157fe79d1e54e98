package tokentest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/org/wxhome/token"
)

// shortly is how long a lock is held to see whether another holds it too.
const shortly = 200 * time.Millisecond

// lockers opens n Stores.
func (s *suite) lockers(n int) ([]token.Locker, error) {
	var opened []token.Locker
	for range n {
		l, ok := s.open().(token.Locker)
		if !ok {
			return nil, fmt.Errorf("%w: the Store is no token.Locker", errSkip)
		}
		opened = append(opened, l)
	}
	return opened, nil
}

func checkLockExcludes(ctx context.Context, s *suite) error {
	lockers, err := s.lockers(4)
	if err != nil {
		return err
	}
	key := s.key("lock")
	var holders atomic.Int32
	var group sync.WaitGroup
	failed := make(chan error, 2*len(lockers))
	// Each Store is used by two goroutines: it must exclude within a process as well.
	for i := range 2 * len(lockers) {
		group.Go(func() {
			unlock, err := lockers[i/2].Lock(ctx, key)
			if err != nil {
				failed <- fmt.Errorf("the store's Lock, waiting for others who unlock: %w", err)
				return
			}
			if holders.Add(1) > 1 {
				failed <- errors.New("two hold the lock of one key at a time")
			}
			time.Sleep(shortly / 8)
			holders.Add(-1)
			unlock()
		})
	}
	group.Wait()
	close(failed)
	return <-failed
}

func checkLockContext(ctx context.Context, s *suite) error {
	lockers, err := s.lockers(2)
	if err != nil {
		return err
	}
	key := s.key("lock context")
	first, cancel := context.WithCancel(ctx)
	unlock, err := lockers[0].Lock(first, key)
	if err != nil {
		cancel()
		return fmt.Errorf("the store's Lock: %w", err)
	}
	cancel() // which must not give the lock away
	short, cancel := context.WithTimeout(ctx, shortly)
	defer cancel()
	start := time.Now()
	if _, err := lockers[1].Lock(short, key); err == nil {
		return errors.New("a second Lock succeeds before the first has been given back")
	}
	if took := time.Since(start); took > shortly+patience {
		return fmt.Errorf("the store's Lock took %v; it is to return soon after its context ends", took.Round(time.Second))
	}
	unlock()
	soon, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	if unlock, err = lockers[1].Lock(soon, key); err != nil {
		return fmt.Errorf("the store's Lock after unlock, whose context had ended: %w", err)
	}
	unlock()
	return nil
}

func checkLockKeys(ctx context.Context, s *suite) error {
	lockers, err := s.lockers(2)
	if err != nil {
		return err
	}
	for i, name := range []string{"wxa", "wxA", "wxb"} {
		soon, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		unlock, err := lockers[i%2].Lock(soon, s.key("lock "+name))
		if err != nil {
			return fmt.Errorf("the store's Lock of one key while another's is held: %w", err)
		}
		defer unlock()
	}
	return nil
}

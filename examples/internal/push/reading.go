package push

import (
	"context"
	"sync"
	"time"
)

// readingLine is how often a Run tells that it is still reading the school. A query of the school's
// own may take minutes.
const readingLine = 15 * time.Second

// patiently reads the school: it tells every fifteen seconds that it still does, and ends when the
// Run is to end. A server that says nothing for ten minutes ends it as well.
func (s *source) patiently(ctx context.Context, read func(ctx context.Context) error) error {
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	done, begun, stopped := make(chan struct{}), time.Now(), false
	group.Go(func() {
		tick := time.NewTicker(readingLine)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if s.tell != nil {
					s.tell(time.Since(begun))
				}
			case <-s.stop:
				stopped = true
				cancel()
				return
			case <-done:
				return
			}
		}
	})
	err := read(reading)
	close(done)
	group.Wait()
	if err != nil && stopped {
		return &StopError{Reason: ReasonStopped}
	}
	return err
}

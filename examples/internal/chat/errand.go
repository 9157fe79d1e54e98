package chat

import (
	"context"
	"sync"
	"time"
)

const (
	// errandTime bounds one errand: some photos over a slow line.
	errandTime = 2 * time.Minute
	// errandsAtOnce is how many run at a time, errandsWaiting how many wait.
	// Beyond that parents are asked to come back later.
	errandsAtOnce  = 16
	errandsWaiting = 2000
)

// errands runs what takes longer than an answer may.
type errands struct {
	ctx    context.Context // ends them
	cancel context.CancelFunc
	turn   chan struct{} // held while running

	mu      sync.Mutex // guards the fields below
	closed  bool
	pending int
	idle    *sync.Cond // signalled when pending falls to 0
}

func newErrands() *errands {
	e := &errands{turn: make(chan struct{}, errandsAtOnce)}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.idle = sync.NewCond(&e.mu)
	return e
}

// start runs f, in its turn, on a goroutine that shutdown waits for. false:
// there are too many, or it is closing time.
func (e *errands) start(f func(ctx context.Context)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.pending >= errandsAtOnce+errandsWaiting {
		return false
	}
	e.pending++
	go e.run(f)
	return true
}

func (e *errands) run(f func(ctx context.Context)) {
	defer e.done()
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-e.ctx.Done():
		return
	}
	ctx, cancel := context.WithTimeout(e.ctx, errandTime)
	defer cancel()
	f(ctx)
}

func (e *errands) done() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pending--; e.pending == 0 {
		e.idle.Broadcast()
	}
}

// wait returns when no errand is left.
func (e *errands) wait() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.pending > 0 {
		e.idle.Wait()
	}
}

// shutdown takes no more errands and waits for those that there are. When ctx
// ends first they are cancelled, and then waited for all the same.
func (e *errands) shutdown(ctx context.Context) error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	stop := context.AfterFunc(ctx, e.cancel)
	defer stop()
	e.wait()
	e.cancel()
	if stop() {
		return nil
	}
	return context.Cause(ctx)
}

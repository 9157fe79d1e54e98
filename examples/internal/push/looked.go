package push

import (
	"cmp"
	"context"
)

// stillBound tells, by id, which of claimed rows are still bound. A query of the user's own may take
// longer than a claim lasts: what it says is kept then, for the next claim of the same rows.
func (e *engine) stillBound(ctx context.Context, rows []*row) (map[int64]bool, error) {
	bound := make(map[int64]bool, len(rows))
	var ask []*row
	for _, r := range rows {
		is, known := e.looked[r.id]
		if !known {
			ask = append(ask, r)
			continue
		}
		bound[r.id] = is
		delete(e.looked, r.id)
	}
	ctx, cancel := e.untilStopped(ctx)
	defer cancel()
	found, err := e.source.bound(ctx, ask)
	if err != nil && e.stopped(ctx) {
		err = cmp.Or[error](e.lock.lost(), &StopError{Reason: ReasonStopped})
	}
	if err != nil {
		return bound, err
	}
	for _, r := range ask {
		bound[r.id] = found[person{r.openid, r.studentID}]
		if e.clock.watch.since(r.claimed) > staleTime {
			e.looked[r.id] = bound[r.id]
		}
	}
	return bound, nil
}

// untilStopped returns a context that ends when the push is to end or has lost its lock. The two
// tables are looked up by an index: no answer takes longer than one of the ledger's.
func (e *engine) untilStopped(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	if e.source.query == "" {
		ctx, cancel = context.WithTimeout(ctx, stepLimit)
	}
	go func() { // ends with the context
		select {
		case <-e.stop:
		case <-e.lock.gone:
		case <-ctx.Done():
		}
		cancel()
	}()
	return ctx, cancel
}

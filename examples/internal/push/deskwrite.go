package push

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"
)

// order is what a caller wants written: a claim, or an outcome.
type order struct {
	book    *book
	id      int64    // to claim; 0: none
	outcome *outcome // to write; nil: none
	done    chan<- claimed
}

// claimed answers an order.
type claimed struct {
	row     *row // nil: it was not pending, or it is settled
	settled Sent
	err     error
}

func (d *Desk) claim(ctx context.Context, b *book, id int64) (*row, Sent, error) {
	got, err := d.order(ctx, order{book: b, id: id})
	return got.row, got.settled, errors.Join(err, got.err)
}

func (d *Desk) write(b *book, o outcome) error {
	got, err := d.order(context.Background(), order{book: b, outcome: &o}) // the Desk ends before it is lost
	return errors.Join(err, got.err)
}

func (d *Desk) order(ctx context.Context, o order) (claimed, error) {
	done := make(chan claimed, 1)
	o.done = done
	select {
	case d.orders <- o:
		return <-done, nil
	case <-d.broken:
		return claimed{}, d.Why()
	case <-ctx.Done():
		return claimed{}, ctx.Err()
	}
}

// serve writes, until the Desk is closed or broken: what has come while one commit was under way
// goes into the next.
func (d *Desk) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	d.end = func() { cancel(); group.Wait() }
	group.Go(func() {
		for {
			select {
			case first := <-d.orders:
				d.commit(context.WithoutCancel(ctx), d.gather(first))
			case <-d.lock.gone:
				d.breakWith(d.lock.lost())
				return
			case <-d.broken:
				return
			case <-ctx.Done():
				d.breakWith(errClosed)
				return
			}
		}
	})
}

// gather takes the orders that are waiting.
func (d *Desk) gather(first order) []order {
	all := []order{first}
	for len(all) < idsPage {
		select {
		case o := <-d.orders:
			all = append(all, o)
		default:
			return all
		}
	}
	return all
}

// commit carries orders out, campaign by campaign.
func (d *Desk) commit(ctx context.Context, all []order) {
	ctx, cancel := context.WithTimeout(ctx, commitLimit)
	defer cancel()
	byBook := map[*book][]order{}
	for _, o := range all {
		byBook[o.book] = append(byBook[o.book], o)
	}
	err := d.fit(ctx)
	for b, orders := range byBook {
		if err == nil {
			err = d.carryOut(ctx, b, orders)
		}
		if err != nil { // what the database has made of it is not known: others will find out
			d.breakWith(err)
			for _, o := range orders {
				o.done <- claimed{err: err}
			}
		}
	}
}

// fit asks whether the Desk may write, and what time it is.
func (d *Desk) fit(ctx context.Context) error {
	if err := d.lost(); err != nil {
		return err
	}
	if err := d.lock.held(ctx); err != nil {
		return err
	}
	jump, err := d.clock.read(ctx)
	if jump != 0 {
		d.log.Warn("the clock has jumped: what would have to be repeated is unknown for the next ten minutes, since nobody can tell how old it is",
			"by", jump.Round(time.Second).String(), "database", d.cfg.Ledger.Name)
	}
	return err
}

// commitLimit bounds one commit, so that a database that hangs is found out.
const commitLimit = 30 * time.Second

func (d *Desk) carryOut(ctx context.Context, b *book, orders []order) error {
	var results []outcome
	p := pick{after: math.MinInt64}
	for _, o := range orders {
		if o.outcome != nil {
			results = append(results, *o.outcome)
		} else {
			p.only = append(p.only, o.id)
		}
	}
	p.n = len(p.only)
	got, err := b.ledger.step(ctx, results, p)
	if err != nil {
		return err
	}
	rows := make(map[int64]*row, len(got.rows))
	for _, r := range got.rows {
		r.doubt = r.before != 0 // of another attempt nothing is known
		rows[r.id] = r
	}
	settled, err := d.unbound(ctx, b, got.rows)
	if err != nil {
		return err
	}
	for _, o := range orders {
		answer := claimed{row: rows[o.id]}
		if s, gone := settled[o.id]; gone {
			answer = claimed{settled: s}
		}
		delete(rows, o.id) // one of two callers who want the same row gets it
		o.done <- answer
	}
	return nil
}

// unbound settles those of rows whose binding is gone.
func (d *Desk) unbound(ctx context.Context, b *book, rows []*row) (map[int64]Sent, error) {
	bound, err := b.source.bound(ctx, rows)
	if err != nil {
		return nil, err
	}
	var results []outcome
	settled := map[int64]Sent{}
	for _, r := range rows {
		if !bound[person{r.openid, r.studentID}] {
			results = append(results, outcome{row: r, state: stateSkipped, reason: "the binding is gone", forget: true})
			settled[r.id] = Sent{State: stateSkipped, Err: errors.New("the binding is gone")}
		}
	}
	if len(results) == 0 {
		return nil, nil
	}
	_, err = b.ledger.step(ctx, results, pick{})
	return settled, err
}

package callback

import "context"

// maxQueued bounds the messages of one follower that wait for their turn.
const maxQueued = 16

// turns orders the messages of each follower, for Config.InOrder. The lock of messages guards it,
// and the place of each run.
type turns struct{ rows map[key]*row }

// row is the messages of one follower: the one that is being handled, and the waiting ones.
type row struct {
	last   <-chan struct{} // closed when the last message hands on its turn
	length int
}

// place is a run's place in its follower's row.
type place struct {
	follower key             // 0 for a message without a sender
	before   <-chan struct{} // closed when it is the run's turn; nil if it already is
	after    chan struct{}   // closed when the run has handed on its turn
}

func newTurns() *turns { return &turns{rows: make(map[key]*row)} }

// queue puts r at the end of its follower's row. It returns false if the row is full. A message
// without a sender has no turn.
func (t *turns) queue(r *run) bool {
	if r.place.follower == 0 {
		return true
	}
	of := t.rows[r.place.follower]
	if of == nil {
		of = new(row)
		t.rows[r.place.follower] = of
	}
	if of.length > maxQueued {
		return false
	}
	of.length++
	r.place.before, r.place.after = of.last, make(chan struct{})
	of.last = r.place.after
	return true
}

// awaitTurn waits until the follower's messages before r have handed on their turns. When Shutdown
// gives up they do, since the contexts of their handlers end.
func (r *run) awaitTurn() {
	if r.place.before != nil {
		<-r.place.before
	}
}

// handOn starts the next message of the follower. It is idempotent.
func (r *run) handOn() {
	m := r.server.messages
	m.mu.Lock()
	defer m.mu.Unlock()
	if isClosed(r.place.after) {
		return
	}
	close(r.place.after)
	of := m.turns.rows[r.place.follower]
	if of.length--; of.length == 0 {
		delete(m.turns.rows, r.place.follower)
	}
}

// handOnAfter calls handOn when ctx ends: when the handler has returned or exceeded its timeout.
func (r *run) handOnAfter(ctx context.Context) {
	if r.place.after != nil {
		context.AfterFunc(ctx, r.handOn)
	}
}

// passTurn hands on the turn of a message that was not handled here. It waits for its turn first.
func (r *run) passTurn() {
	if r.place.after != nil {
		r.awaitTurn()
		r.handOn()
	}
}

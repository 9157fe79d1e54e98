package callback

import "sync"

// maxWaiting bounds the deliveries that wait for one message. WeChat makes three.
const maxWaiting = 16

// messages has the messages in flight, and the handled ones that are remembered.
type messages struct {
	most  int        // runs at one time
	turns *turns     // nil without Config.InOrder
	mu    sync.Mutex // guards the fields below, the fields of runs and deliveries that say so, and turns

	runs       memory[key, *run]   // settled runs may be forgotten
	signatures memory[uint64, key] // in plain mode: the message of each signature
	count      int                 // number of runs that have not ended
	closing    chan struct{}       // closed by close
	idle       chan struct{}       // closed when closing is closed and nothing runs
}

func newMessages(cfg Config) *messages {
	m := &messages{
		most: cfg.MaxInFlight, runs: newMemory[key, *run](cfg.Remember), signatures: newMemory[uint64, key](cfg.Remember),
		closing: make(chan struct{}), idle: make(chan struct{}),
	}
	if cfg.InOrder {
		m.turns = newTurns()
	}
	return m
}

// enter makes d wait for the run of its message: a known run, or r, which then starts. signature is
// 0 if the signature covers the message.
func (m *messages) enter(d *delivery, r *run, signature uint64) (*run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if signature != 0 {
		of, used := m.signatures.find(signature)
		if used && of != r.key {
			return nil, ErrReplayed
		}
		if !used {
			m.signatures.add(signature, r.key)
			m.signatures.age(signature)
		}
	}
	if known, ok := m.runs.find(r.key); ok {
		return known, known.join(d)
	}
	switch {
	case isClosed(m.closing):
		return nil, ErrShutdown
	case m.count >= m.most, m.turns != nil && !m.turns.queue(r):
		return nil, ErrFull
	}
	m.count++
	if !r.single {
		m.runs.add(r.key, r) // a single one is never found
	}
	d.first = true
	return r, r.join(d)
}

// leave ends a run that enter started.
func (m *messages) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count--
	m.rest()
}

// rest closes idle if nothing runs any more. The caller holds m.mu.
func (m *messages) rest() {
	if isClosed(m.closing) && m.count == 0 {
		close(m.idle)
	}
}

// close refuses new messages. The returned channel is closed when nothing runs any more.
func (m *messages) close() (idle <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !isClosed(m.closing) {
		close(m.closing)
		m.rest()
	}
	return m.idle
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// memory is a map that forgets its oldest keys: it keeps at most a fixed number of aged keys.
type memory[K comparable, V any] struct {
	most   int
	values map[K]V
	aged   []K // a ring that starts at oldest, as soon as it has most keys
	oldest int
}

func newMemory[K comparable, V any](most int) memory[K, V] {
	return memory[K, V]{most: most, values: make(map[K]V)}
}

func (m *memory[K, V]) find(k K) (V, bool) {
	v, ok := m.values[k]
	return v, ok
}

// add adds k. It is kept at least until age(k).
func (m *memory[K, V]) add(k K, v V) { m.values[k] = v }

// age makes k the youngest aged key, and forgets the oldest if there are more than most.
func (m *memory[K, V]) age(k K) {
	if len(m.aged) < m.most {
		m.aged = append(m.aged, k)
		return
	}
	delete(m.values, m.aged[m.oldest])
	m.aged[m.oldest] = k
	m.oldest = (m.oldest + 1) % m.most
}

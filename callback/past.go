package callback

// past knows the messages that have been, and what their answers were, up to a number of them:
// then each new one makes it forget the oldest. Its arrays are few and hold no pointers, so that
// the garbage collector need not walk through thousands of answers, which would cost more than to
// handle the messages.
type past struct {
	most    int
	places  map[key]int // in entries
	entries []record    // in the order in which they came, from the oldest on: a ring once it is full
	oldest  int
	blocks  [][]byte // the answers in the same order
	first   uint64   // the number of blocks[0], of all that there have been
	spare   []byte   // a block that was forgotten, for another use
}

// record is one message. An empty answer is success.
type record struct {
	key         key
	block       uint64
	start, size uint32
}

// blockSize is that of a block. An answer that is larger has one of its own.
const blockSize = 64 << 10

func newPast(most int) past { return past{most: most, places: make(map[key]int)} }

// find returns the answer to a message that has been. It is valid until the next one is added.
func (p *past) find(k key) (answer []byte, ok bool) {
	i, ok := p.places[k]
	if !ok {
		return nil, false
	}
	e := p.entries[i]
	if e.size == 0 {
		return nil, true
	}
	return p.blocks[e.block-p.first][e.start:][:e.size], true
}

// add adds a message that is not known.
func (p *past) add(k key, answer []byte) {
	at := len(p.entries)
	if at < p.most {
		p.entries = append(p.entries, record{})
	} else {
		at = p.oldest
		delete(p.places, p.entries[at].key)
		if p.oldest++; p.oldest == len(p.entries) {
			p.oldest = 0
		}
	}
	p.places[k] = at
	p.entries[at] = p.store(k, answer)
	p.drop(p.entries[p.oldest].block)
}

// store copies an answer into the newest block, or a new one if there is no room.
func (p *past) store(k key, answer []byte) record {
	last := len(p.blocks) - 1
	if n := len(answer); n > 0 && (last < 0 || cap(p.blocks[last])-len(p.blocks[last]) < n) {
		block := p.spare
		if p.spare = nil; cap(block) < n {
			block = make([]byte, 0, max(n, blockSize))
		}
		p.blocks = append(p.blocks, block[:0])
		last++
	}
	e := record{key: k, block: p.first, size: uint32(len(answer))}
	if last >= 0 {
		e.block, e.start = p.first+uint64(last), uint32(len(p.blocks[last]))
		p.blocks[last] = append(p.blocks[last], answer...)
	}
	return e
}

// drop forgets the blocks before the one with the oldest answer.
func (p *past) drop(oldest uint64) {
	for ; p.first < oldest; p.first++ {
		if cap(p.blocks[0]) == blockSize {
			p.spare = p.blocks[0]
		}
		n := copy(p.blocks, p.blocks[1:])
		p.blocks[n] = nil
		p.blocks = p.blocks[:n]
	}
}

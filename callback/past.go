package callback

// past knows the messages that have been, and what their answers were, up to a number of them:
// then each new one makes it forget the oldest. Its arrays are few and hold no pointers, so that
// the garbage collector need not walk through thousands of answers, which would cost more than to
// handle the messages.
type past struct {
	most    int
	slots   []uint64 // where in entries a key is; see slotOf
	entries []record // in the order in which they came, from the oldest on: a ring once it is full
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

func newPast(most int) past { return past{most: most} }

// find returns the answer to a message that has been. It is valid until the next one is added.
func (p *past) find(k key) (answer []byte, ok bool) {
	if len(p.slots) == 0 {
		return nil, false
	}
	for i := p.home(slotOf(k, 0)); p.slots[i] != 0; i = p.after(i) {
		if slot := p.slots[i]; slot>>32 == uint64(k)>>32 {
			if e := &p.entries[placeOf(slot)]; e.key == k {
				return p.answer(e), true
			}
		}
	}
	return nil, false
}

// answer returns the answer that e stands for.
func (p *past) answer(e *record) []byte {
	if e.size == 0 {
		return nil
	}
	return p.blocks[e.block-p.first][e.start:][:e.size]
}

// add adds a message that is not known.
func (p *past) add(k key, answer []byte) {
	at := len(p.entries)
	if at < p.most {
		if p.entries = append(p.entries, record{}); 2*len(p.entries) > len(p.slots) {
			p.grow()
		}
	} else {
		at = p.oldest
		p.remove(slotOf(p.entries[at].key, at))
		if p.oldest++; p.oldest == len(p.entries) {
			p.oldest = 0
		}
	}
	p.insert(slotOf(k, at))
	p.entries[at] = p.store(k, answer)
	p.drop(p.entries[p.oldest].block)
}

// slotOf returns the slot for a key at a place in entries. A hash table of these, of which half is
// free, takes a third of what a map does and so stays in the processor's cache, and a key is a
// hash already. The upper half is the key's, which says where it is at home; the lower one is the
// place, from 1, so that 0 is free.
func slotOf(k key, place int) uint64 { return uint64(k)>>32<<32 | uint64(place+1) }

func placeOf(slot uint64) int { return int(uint32(slot)) - 1 }

// home returns where slot would be if that were free.
func (p *past) home(slot uint64) int { return int(slot>>32) & (len(p.slots) - 1) }

func (p *past) after(i int) int { return (i + 1) & (len(p.slots) - 1) }

func (p *past) insert(slot uint64) {
	i := p.home(slot)
	for p.slots[i] != 0 {
		i = p.after(i)
	}
	p.slots[i] = slot
}

// remove frees a slot that is there, and moves those behind it that were kept from their homes.
func (p *past) remove(slot uint64) {
	free := p.home(slot)
	for p.slots[free] != slot {
		free = p.after(free)
	}
	for i := p.after(free); p.slots[i] != 0; i = p.after(i) {
		all := len(p.slots) - 1
		if home := p.home(p.slots[i]); (i-home)&all >= (i-free)&all {
			p.slots[free], free = p.slots[i], i
		}
	}
	p.slots[free] = 0
}

// grow doubles the slots. The newest entry is not in them yet.
func (p *past) grow() {
	p.slots = make([]uint64, max(16, 2*len(p.slots)))
	for i, e := range p.entries[:len(p.entries)-1] {
		p.insert(slotOf(e.key, i))
	}
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

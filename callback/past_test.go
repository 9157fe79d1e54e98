package callback

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever the answers are, the newest are remembered, as they were, and nothing else.
func TestPast(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]func(*rand.Rand) int{
		"lines":   func(*rand.Rand) int { return 280 },
		"success": func(*rand.Rand) int { return 0 },
		"mixed":   func(r *rand.Rand) int { return r.IntN(3) * r.IntN(5000) },
		"huge":    func(r *rand.Rand) int { return r.IntN(2) * r.IntN(2*blockSize) },
	} {
		for _, most := range []int{1, 2, 7, 8, 200, 300, 301} {
			t.Run(fmt.Sprint(name, most), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(1, uint64(most)))
				p := newPast(most)
				keys := keysFor(r, most)
				var answers [][]byte
				held := 0
				for i := range 3000 {
					answer := bytes.Repeat([]byte{byte(i), byte(i >> 8)}, size(r)/2)
					answers = append(answers, answer)
					held += len(answer)
					p.add(keys(i), answer)
					from := max(0, i+1-most)
					if from > 0 {
						held -= len(answers[from-1])
						_, ok := p.find(keys(from - 1))
						require.False(t, ok, "forgotten")
					}
					for _, k := range []int{from, i, from + r.IntN(i+1-from)} {
						got, ok := p.find(keys(k))
						require.True(t, ok)
						require.True(t, bytes.Equal(answers[k], got), "the answer to %d of %d", k, i)
					}
				}
				_, ok := p.find(keys(1 << 20))
				assert.False(t, ok, "what has never been")
				assert.Len(t, p.entries, most)
				slots := slices.DeleteFunc(slices.Clone(p.slots), func(s uint64) bool { return s == 0 })
				assert.Len(t, slots, most)
				room := cap(p.spare)
				for _, block := range p.blocks {
					room += cap(block)
				}
				assert.LessOrEqual(t, room, 2*held+4*blockSize, "memory is what the answers take")
			})
		}
	}
}

// keysFor returns different keys for different numbers, as hashes are, or all at home in one place
// or in a few about the end of the table, so that they are in each other's way.
func keysFor(r *rand.Rand, most int) func(int) key {
	salt := r.Uint64() | 1
	switch most % 3 {
	case 0:
		return func(i int) key { return key(uint64(i+1) * salt) }
	case 1:
		return func(i int) key { return key(i) }
	default:
		return func(i int) key { return key(uint64(i%5-2)<<32 + uint64(i)) }
	}
}

func TestPastUsesBlocksAgain(t *testing.T) {
	p, answer, i := newPast(1000), make([]byte, 300), key(0)
	add := func() { i++; p.add(i, answer) }
	for range 3000 {
		add()
	}
	assert.LessOrEqual(t, testing.AllocsPerRun(10_000, add), 0.01)
}

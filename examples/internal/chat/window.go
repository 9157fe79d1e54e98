package chat

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Allowance is how many customer-service messages something that a parent does
// allows, and for how long.
type Allowance struct {
	Messages int
	For      time.Duration
}

// The platform's figures. It has changed them more than once.
var (
	afterText  = Allowance{5, 48 * time.Hour}
	afterClick = Allowance{3, time.Minute}
)

// rememberedParents bounds the windows that are kept, at some 200 bytes each.
// Whoever is forgotten opens a window anew by asking.
const rememberedParents = 1 << 16

// windows counts what each parent may still be sent.
type windows struct {
	now func() time.Time

	mu   sync.Mutex // guards open and the windows in it
	open *lru.Cache[string, *window]
}

// window is what one parent has opened: by a message, and by a tap on the menu.
type window struct{ text, click grant }

type grant struct {
	left  int
	until time.Time
}

func newWindows(now func() time.Time) (*windows, error) {
	cache, err := lru.New[string, *window](rememberedParents)
	return &windows{now: now, open: cache}, err
}

func (w *windows) of(openid string) *window {
	if own, ok := w.open.Get(openid); ok {
		return own
	}
	own := new(window)
	w.open.Add(openid, own)
	return own
}

// opened notes that a parent has written or tapped, which opens the window anew.
func (w *windows) opened(openid string, clicked bool, a Allowance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := grant{a.Messages, w.now().Add(a.For)}
	if clicked {
		w.of(openid).click = g
	} else {
		w.of(openid).text = g
	}
}

// take takes up to n messages out of a parent's window and returns how many,
// from what ends first. until is when the earliest of them has to be sent.
func (w *windows) take(openid string, n int) (taken int, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	own, now := w.of(openid), w.now()
	for _, g := range []*grant{&own.click, &own.text} {
		if k := min(n-taken, g.left); k > 0 && now.Before(g.until) {
			g.left -= k
			taken += k
			if until.IsZero() || g.until.Before(until) {
				until = g.until
			}
		}
	}
	return taken, until
}

func (w *windows) forget(openid string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open.Remove(openid)
}

package custom_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

// sender takes a second for each message, and watches what is under way. answer, which may be nil,
// is asked at the end of that second with what was sent, such as "A1" for the text 1 to A.
type sender struct {
	now, most atomic.Int64
	answer    func(call int, sent string) error

	mu    sync.Mutex // guards what follows
	calls []string   // as they began
	ended []string   // as they were answered; what was cut off is not in it
	busy  map[string]bool
	mixed bool // two messages to one follower were under way
}

func (s *sender) Call(ctx context.Context, _, _ string, in, _ any) error {
	to, text := readSent(in)
	now := s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	n := s.begin(to, text)
	defer s.end(to)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	s.ended = append(s.ended, to+text)
	s.mu.Unlock()
	if s.answer != nil {
		return s.answer(n, to+text)
	}
	return nil
}

func (s *sender) begin(to, text string) (call int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy == nil {
		s.busy = make(map[string]bool)
	}
	s.mixed = s.mixed || s.busy[to]
	s.busy[to] = true
	s.calls = append(s.calls, to+text)
	return len(s.calls)
}

func (s *sender) end(to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[to] = false
}

// readSent returns what a Caller was given to send.
func readSent(in any) (to, text string) {
	var sent struct {
		To   string `json:"touser"`
		Text struct {
			Content string `json:"content"`
		} `json:"text"`
	}
	if _, repeatable := in.(interface{ Repeatable() bool }); repeatable {
		panic("what cannot be told from a second one must not be repeated")
	}
	body, err := json.Marshal(in)
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		panic(err)
	}
	return sent.To, sent.Text.Content
}

// items yields texts written as A1: the text 1 to the follower A. The follower - is no name.
func items(names ...string) iter.Seq2[custom.Item, error] {
	return func(yield func(custom.Item, error) bool) {
		for _, name := range names {
			item := custom.Item{To: strings.TrimPrefix(name[:1], "-"), Message: custom.Text{Content: name[1:]}}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// followers yields one text for each of n followers.
func followers(n int) iter.Seq2[custom.Item, error] {
	return func(yield func(custom.Item, error) bool) {
		for i := range n {
			if !yield(custom.Item{To: fmt.Sprint(i), Message: custom.Text{Content: "hi"}}, nil) {
				return
			}
		}
	}
}

func counted(n *int, of iter.Seq2[custom.Item, error]) iter.Seq2[custom.Item, error] {
	return func(yield func(custom.Item, error) bool) {
		for item, err := range of {
			*n++
			if !yield(item, err) {
				return
			}
		}
	}
}

func nameOf(r custom.Result) string {
	text, _ := r.Item.Message.(custom.Text)
	return r.Item.To + text.Content
}

// sendAll collects the errors by the names of items, and the names in the order of the results.
func sendAll(ctx context.Context, c custom.Caller, of iter.Seq2[custom.Item, error], opts ...custom.Option) (errs map[string]error, order []string) {
	errs = make(map[string]error)
	for r := range newClient(c).SendAll(ctx, of, opts...) {
		name := nameOf(r)
		if _, twice := errs[name]; twice {
			r.Err = errors.New("a second result")
		}
		errs[name], order = r.Err, append(order, name)
	}
	return errs, order
}

// of returns what of names is about a follower.
func of(follower string, names []string) (own []string) {
	for _, name := range names {
		if strings.HasPrefix(name, follower) {
			own = append(own, name)
		}
	}
	return own
}

func TestSendAllGivesOneResultEach(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts []custom.Option
		want int64
	}{
		"default": {nil, 16},
		"three":   {[]custom.Option{custom.WithWorkers(3)}, 3},
		"one":     {[]custom.Option{custom.WithWorkers(1)}, 1},
		"more than messages, which must not be allocated for": {[]custom.Option{custom.WithWorkers(1 << 40)}, 48},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, start := &sender{}, time.Now()
				errs, _ := sendAll(t.Context(), s, followers(48), tt.opts...)
				assert.Len(t, errs, 48)
				for _, err := range errs {
					require.NoError(t, err)
				}
				assert.Equal(t, tt.want, s.most.Load())
				assert.Equal(t, 48/time.Duration(tt.want)*time.Second, time.Since(start))
			})
		})
	}
}

// Lists are often written follower by follower: each has a line of their own, and they move on side
// by side.
func TestSendAllKeepsEachFollowersOrder(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		names []string
		opts  []custom.Option
		took  time.Duration
	}{
		"grouped":     {[]string{"A1", "A2", "A3", "B1", "B2", "B3", "C1"}, nil, 3 * time.Second},
		"in turns":    {[]string{"A1", "B1", "C1", "A2", "B2", "A3", "B3"}, nil, 3 * time.Second},
		"two workers": {[]string{"A1", "A2", "B1", "B2", "C1", "C2"}, []custom.Option{custom.WithWorkers(2)}, 3 * time.Second},
		"one worker":  {[]string{"A1", "A2", "B1", "A3"}, []custom.Option{custom.WithWorkers(1)}, 4 * time.Second},
		"one":         {[]string{"A1", "A2", "A3", "A4"}, nil, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, start := &sender{}, time.Now()
				errs, order := sendAll(t.Context(), s, items(tt.names...), tt.opts...)
				assert.Equal(t, tt.took, time.Since(start))
				assert.Len(t, errs, len(tt.names))
				assert.False(t, s.mixed, "two messages to one follower at a time")
				for _, who := range []string{"A", "B", "C"} {
					assert.Equal(t, of(who, tt.names), of(who, s.calls))
					assert.Equal(t, of(who, tt.names), of(who, order))
				}
			})
		})
	}
}

func TestSendAllHoldsABoundedNumberInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pulled, most, ahead := 0, 0, 0
		one := func(yield func(custom.Item, error) bool) {
			for i := range 3000 {
				if !yield(custom.Item{To: "A", Message: custom.Text{Content: fmt.Sprint(i)}}, nil) {
					return
				}
			}
		}
		n := 0
		for r := range newClient(&sender{}).SendAll(t.Context(), counted(&pulled, one)) {
			require.NoError(t, r.Err)
			n++
			most, ahead = max(most, pulled-n), pulled-n
		}
		assert.Equal(t, 3000, n)
		assert.Equal(t, 1024, most)
		assert.Zero(t, ahead)
	})
}

// kinded is an error as the platform's are, with its kind.
type kinded struct {
	coded
	kind string
}

func (k kinded) KindName() string { return k.kind }

// A follower's failed message holds back those behind it, and nobody else's.
func TestSendAllHoldsBackWhatIsBehindAFailure(t *testing.T) {
	t.Parallel()
	lost, broken := kinded{0, "lost"}, errors.New("broken")
	for name, tt := range map[string]struct {
		err   error
		about bool // the failure is about the follower
		kind  string
	}{
		"window shut":    {kinded{45015, "window"}, true, "window"},
		"window used up": {kinded{45047, "window"}, true, "window"},
		"no follower":    {kinded{40003, "recipient"}, true, "recipient"},
		"lost":           {lost, false, "network"},
		"busy":           {kinded{-1, "busy"}, false, "network"},
		"refused value":  {kinded{45002, "value"}, false, "network"},
		"other":          {broken, false, "network"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &sender{answer: func(_ int, sent string) error {
					if sent == "A2" {
						return tt.err
					}
					return nil
				}}
				input := func(yield func(custom.Item, error) bool) {
					for item := range items("A1", "A2", "A3", "B1", "A4", "B2") {
						if !yield(item, nil) {
							return
						}
					}
					time.Sleep(10 * time.Second) // the failure is known by then
					for item := range items("A5", "B3") {
						if !yield(item, nil) {
							return
						}
					}
				}
				errs, order := sendAll(t.Context(), s, input)
				assert.Equal(t, []string{"A1", "A2"}, of("A", s.calls))
				assert.Equal(t, []string{"B1", "B2", "B3"}, of("B", s.calls))
				assert.Equal(t, []string{"A1", "A2", "A3", "A4", "A5"}, of("A", order))
				assert.Equal(t, tt.err, errs["A2"], "the Caller's error, untouched")
				for _, behind := range []string{"A3", "A4", "A5"} {
					err := errs[behind]
					require.ErrorIs(t, err, custom.ErrNotSent)
					assert.Equal(t, tt.about, errors.Is(err, tt.err))
					assert.Equal(t, tt.kind, kindName(t, err))
					assert.EqualError(t, err, "custom: message not sent: an earlier message to this follower failed: "+tt.err.Error())
				}
				for _, fine := range []string{"A1", "B1", "B2", "B3"} {
					require.NoError(t, errs[fine])
				}
			})
		})
	}
}

// What never reaches the wire is a failure too.
func TestSendAllHoldsBackWhatIsBehindARefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		row := errors.New("row 2")
		input := func(yield func(custom.Item, error) bool) {
			text := custom.Text{Content: "hi"}
			_ = yield(custom.Item{To: "A", Message: text}, nil) && yield(custom.Item{To: "A"}, row) &&
				yield(custom.Item{To: "A", Message: custom.Text{Content: "3"}}, nil) &&
				yield(custom.Item{To: "B", Message: custom.Text{}}, nil) && yield(custom.Item{To: "B", Message: text}, nil) &&
				yield(custom.Item{To: "B"}, row)
		}
		s := &sender{}
		var got []custom.Result
		for r := range newClient(s).SendAll(t.Context(), input) {
			got = append(got, r)
		}
		assert.Equal(t, []string{"Ahi"}, s.calls)
		require.Len(t, got, 6)
		texts := map[string][]string{}
		for _, r := range got {
			if r.Err != nil {
				require.ErrorIs(t, r.Err, custom.ErrNotSent)
				texts[r.Item.To] = append(texts[r.Item.To], r.Err.Error())
			}
		}
		assert.Equal(t, map[string][]string{
			"A": {
				"custom: message not sent: row 2",
				"custom: message not sent: an earlier message to this follower failed: message not sent: row 2",
			},
			"B": {
				"custom: message not sent: the text's Content is empty",
				"custom: message not sent: an earlier message to this follower failed: message not sent: the text's Content is empty",
				"custom: message not sent: row 2",
			},
		}, texts)
	})
}

// Without a recipient there is no order to keep, and no follower to hold back.
func TestSendAllWithoutARecipient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sender{}
		input := func(yield func(custom.Item, error) bool) {
			for item := range items("-1", "-2", "A1") {
				if !yield(item, nil) {
					return
				}
			}
			yield(custom.Item{}, errors.New("row 4"))
		}
		for r := range newClient(s).SendAll(t.Context(), input) {
			switch {
			case r.Item == custom.Item{}:
				require.EqualError(t, r.Err, "custom: message not sent: row 4")
			case r.Item.To == "":
				require.EqualError(t, r.Err, "custom: message not sent: the message has no recipient (the openid is empty)")
				require.ErrorIs(t, r.Err, custom.ErrInvalidMessage)
				assert.Equal(t, "value", kindName(t, r.Err))
			default:
				require.NoError(t, r.Err)
			}
		}
		assert.Equal(t, []string{"A1"}, s.calls)
	})
}

func TestSendAllOfNothing(t *testing.T) {
	t.Parallel()
	for _, none := range []iter.Seq2[custom.Item, error]{nil, items()} {
		errs, _ := sendAll(t.Context(), &sender{}, none)
		assert.Empty(t, errs)
	}
}

func TestSendAllOptions(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	for r := range newClient(f).SendAll(t.Context(), items("A1"), custom.WithAgent("a@b"), custom.WithAIMark(), custom.WithWorkers(2)) {
		require.NoError(t, r.Err)
	}
	assert.Equal(t, []call{{"POST", sendPath,
		`{"touser":"A","msgtype":"text","text":{"content":"1"},"customservice":{"kf_account":"a@b"},"aimsgcontext":{"is_ai_msg":1}}`, false}}, f.calls)
	for name, opts := range map[string][]custom.Option{
		"nil": {nil}, "none": {custom.WithWorkers(0)}, "less": {custom.WithWorkers(-1 << 63)},
		"twice": {custom.WithWorkers(2), custom.WithWorkers(2)}, "agent": {custom.WithAgent("")},
	} {
		s := &sender{}
		results := newClient(s).SendAll(t.Context(), items("A1", "A2"), opts...)
		for range 2 {
			n := 0
			for r := range results {
				n++
				require.ErrorIs(t, r.Err, custom.ErrInvalidArgument, name)
				require.ErrorIs(t, r.Err, custom.ErrNotSent, name)
				assert.Equal(t, "request", kindName(t, r.Err), name)
				assert.Equal(t, 1, strings.Count(r.Err.Error(), "custom: "), r.Err)
				assert.Zero(t, r.Item, name)
			}
			assert.Equal(t, 1, n, name)
		}
		assert.Empty(t, s.calls, name)
	}
	err := newClient(f).Send(t.Context(), "A", custom.Text{Content: "1"}, custom.WithWorkers(1))
	require.ErrorIs(t, err, custom.ErrInvalidArgument)
	assert.Len(t, f.calls, 1)
}

// Each range begins anew: nobody is held back for what happened in the last one.
func TestSendAllRangedOverAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &sender{answer: func(n int, _ string) error {
			if n == 1 {
				return coded(45015)
			}
			return nil
		}}
		results := newClient(s).SendAll(t.Context(), items("A1", "A2"))
		assert.Empty(t, s.calls, "nothing before the range")
		for range results {
		}
		for r := range results {
			require.NoError(t, r.Err)
		}
		assert.Equal(t, []string{"A1", "A1", "A2"}, s.calls)
	})
}

func TestSendAllYieldsWhatIsReadyBeforeThePull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var events []string
		input := func(yield func(custom.Item, error) bool) {
			for item := range items("A1", "B1", "C1") {
				events = append(events, "pull "+item.To)
				if !yield(item, nil) {
					return
				}
				time.Sleep(5 * time.Second) // the send takes one
			}
			events = append(events, "end")
		}
		for r := range newClient(&sender{}).SendAll(t.Context(), input) {
			events = append(events, "result "+r.Item.To)
		}
		assert.Equal(t, []string{"pull A", "pull B", "result A", "pull C", "result B", "end", "result C"}, events)
	})
}

func TestSendAllMayPanic(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(){
		"panic":                func() { panic("SECRET") },
		"panic with an error":  func() { panic(errors.New("SECRET")) },
		"end of the goroutine": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &sender{answer: func(int, string) error { fault(); return nil }}
				errs, _ := sendAll(t.Context(), s, followers(5), custom.WithWorkers(2))
				assert.Len(t, errs, 5)
				for _, err := range errs {
					require.ErrorContains(t, err, "custom: the Caller ")
					require.NotErrorIs(t, err, custom.ErrNotSent)
					assert.Equal(t, "lost", kindName(t, err))
					assert.NotContains(t, err.Error(), "SECRET")
				}
			})
		})
	}
}

// The order and the bound hold on real threads too.
func TestSendAllOnThreads(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	next, busy := map[string]int{}, map[string]bool{}
	c := callerFunc(func(in any) error {
		to, text := readSent(in)
		mu.Lock()
		assert.False(t, busy[to])
		busy[to] = true
		assert.Equal(t, fmt.Sprint(next[to]), text)
		next[to]++
		mu.Unlock()
		runtime.Gosched()
		mu.Lock()
		defer mu.Unlock()
		busy[to] = false
		return nil
	})
	input := func(yield func(custom.Item, error) bool) {
		for i := range 10_000 {
			if !yield(custom.Item{To: fmt.Sprint("o", i%100/5), Message: custom.Text{Content: fmt.Sprint(i/100*5 + i%5)}}, nil) {
				return
			}
		}
	}
	n := 0
	for r := range newClient(c).SendAll(t.Context(), input, custom.WithWorkers(7)) {
		require.NoError(t, r.Err)
		n++
	}
	assert.Equal(t, 10_000, n)
}

type callerFunc func(in any) error

func (f callerFunc) Call(_ context.Context, _, _ string, in, _ any) error { return f(in) }

package token_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// named is an error that tells its kind, as wechat.Error may.
type named string

func (n named) Error() string    { return "named " + string(n) }
func (n named) KindName() string { return string(n) }

// log is a Source that notes when it was asked, and gives what answer says.
type log struct {
	mu     sync.Mutex
	at     []time.Time
	busy   bool
	answer func(n int) (token.Token, error) // n counts from 1
}

func (l *log) Token(context.Context) (token.Token, error) {
	l.mu.Lock()
	if l.busy {
		panic("two fetches at a time")
	}
	l.busy = true
	l.at = append(l.at, time.Now())
	n := len(l.at)
	l.mu.Unlock()
	time.Sleep(time.Millisecond)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	return l.answer(n)
}

func (l *log) set(answer func(int) (token.Token, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = answer
}

func (l *log) times() []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]time.Time(nil), l.at...)
}

func always(err error) func(int) (token.Token, error) {
	return func(int) (token.Token, error) { return token.Token{}, err }
}

func good(n int) (token.Token, error) {
	return token.Token{Value: fmt.Sprint("TOKEN_", n), Expiry: time.Now().Add(2 * time.Hour)}, nil
}

// most returns how many of at lie within any 8 seconds.
func most(at []time.Time) int {
	found := 0
	for i := range at {
		n := 0
		for _, other := range at[i:] {
			if other.Sub(at[i]) <= 8*time.Second {
				n++
			}
		}
		found = max(found, n)
	}
	return found
}

// wantGaps compares the time between fetches with the pauses that are documented, of which each
// may be a tenth longer, and with how often the callers ask.
func wantGaps(t *testing.T, at []time.Time, every time.Duration, want ...time.Duration) {
	t.Helper()
	require.Greater(t, len(at), len(want))
	for i, d := range want {
		gap := at[i+1].Sub(at[i])
		assert.GreaterOrEqual(t, gap, d, "pause %d", i+1)
		assert.LessOrEqual(t, gap, d+d/10+every+2*time.Millisecond, "pause %d", i+1)
	}
}

const ms = time.Millisecond

// answers are what an endpoint may say that gives no token.
var answers = map[string]func(int) (token.Token, error){
	"refusal":          always(coded(40125)),
	"busy":             always(coded(-1)),
	"code of none":     always(coded(0)),
	"page":             always(errors.New("the answer is not JSON")),
	"named busy":       always(named("busy")),
	"named token":      always(fmt.Errorf("get: %w", named("token"))),
	"named as nothing": always(named("")),
	"odd name":         always(named("Lost")),
	"named, network":   always(errors.Join(named("account"), io.EOF)),
	"joined":           always(errors.Join(errors.New("fetch"), coded(40164))),
	"empty":            func(int) (token.Token, error) { return token.Token{}, nil },
	"empty with end":   func(int) (token.Token, error) { return token.Token{Expiry: time.Now().Add(time.Hour)}, nil },
	"expired":          func(int) (token.Token, error) { return token.Token{Value: "v", Expiry: time.Now()}, nil },
	"long expired":     func(int) (token.Token, error) { return token.Token{Value: "v", Expiry: time.Unix(0, 0)}, nil },
	"overflow":         func(int) (token.Token, error) { return token.Token{Value: "v", Expiry: time.Now().Add(-1 << 62)}, nil },
	"panic":            func(int) (token.Token, error) { panic("SECRET") },
	"quotes it":        func(int) (token.Token, error) { return token.Token{Value: "v1"}, errors.New("v1 is odd") },
}

// ask has callers ask for the token and at once get the error that is remembered.
func ask(t *testing.T, c *token.Cache, every, for_ time.Duration) {
	t.Helper()
	for end := time.Now().Add(for_); time.Now().Before(end); time.Sleep(every) {
		start := time.Now()
		_, err := c.Get(t.Context())
		require.Error(t, err)
		require.LessOrEqual(t, time.Since(start), 2*ms, "no caller waits out a pause")
		require.NotContains(t, err.Error(), "SECRET")
	}
}

func TestWrongAnswersAreRemembered(t *testing.T) {
	t.Parallel()
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := &log{answer: answer}
				c := newCache(t, src)
				ask(t, c, 10*ms, 3*time.Minute)
				wantGaps(t, src.times(), 10*ms, 500*ms, time.Second, 2*time.Second, 4*time.Second, 8*time.Second,
					16*time.Second, 30*time.Second, 30*time.Second)
				assert.LessOrEqual(t, most(src.times()), 6)
				src.set(good)
				time.Sleep(34 * time.Second)
				get(t, c)
				time.Sleep(2 * time.Hour)
				src.set(answer)
				before := len(src.times())
				ask(t, c, 10*ms, time.Minute)
				wantGaps(t, src.times()[before:], 10*ms, 500*ms, time.Second, 2*time.Second)
			})
		})
	}
}

func TestLostConnectionsAreRememberedForAMoment(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for name, failure := range map[string]error{
		"dial": refused, "address": &url.Error{Op: "Post", URL: "https://x", Err: refused}, "look-up": &net.DNSError{Err: "no such host"},
		"cut off": fmt.Errorf("read: %w", io.ErrUnexpectedEOF), "closed": io.EOF, "reset": fmt.Errorf("read: %w", syscall.ECONNRESET),
		"too slow": context.DeadlineExceeded, "ended": context.Canceled,
		"named lost": named("lost"), "named network": fmt.Errorf("get: %w", named("network")),
		"quotes it":       errors.Join(errors.New("v1"), io.EOF),
		"quotes it, dial": errors.Join(errors.New("v1"), refused), "quotes it, named": fmt.Errorf("v1: %w", named("lost")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := &log{answer: func(int) (token.Token, error) { return token.Token{Value: "v1"}, failure }}
				c := newCache(t, src)
				ask(t, c, 10*ms, time.Minute)
				wantGaps(t, src.times(), 10*ms, 250*ms, 500*ms, time.Second, 2*time.Second, 4*time.Second, 5*time.Second, 5*time.Second)
				assert.LessOrEqual(t, most(src.times()), 6)
				src.set(good)
				time.Sleep(5600 * ms)
				get(t, c)
			})
		})
	}
}

// send does what a Client does with a call: the token is refused, another one is got, and refused.
func send(ctx context.Context, c *token.Cache) {
	value, err := c.Get(ctx)
	if err != nil {
		return
	}
	time.Sleep(ms)
	if c.Invalidate(ctx, value) == nil {
		_, _ = c.Get(ctx)
	}
}

// sources give tokens that WeChat refuses, or none, by turns.
func sources() map[string]func(int) (token.Token, error) {
	turns := func(every int, failure error) func(int) (token.Token, error) {
		return func(n int) (token.Token, error) {
			if n%every == 0 {
				return token.Token{}, failure
			}
			return good(n)
		}
	}
	return map[string]func(int) (token.Token, error){
		"a new one each time": good,
		"the same each time":  func(int) (token.Token, error) { return good(1) },
		"two by turns":        func(n int) (token.Token, error) { return good(n % 2) },
		"each second fails":   turns(2, coded(-1)),
		"each third fails":    turns(3, coded(40164)),
		"each second is lost": turns(2, io.EOF),
		"only the first": func(n int) (token.Token, error) {
			if n > 1 {
				return token.Token{}, coded(-1)
			}
			return good(n)
		},
		"none": always(coded(-1)),
	}
}

// Sends that are all refused, over and over and twenty at a time, ask the source six times in 8 seconds at most,
// and a few times a minute in the end.
func TestSendsThatAreAllRefused(t *testing.T) {
	t.Parallel()
	for name, answer := range sources() {
		for shop, shared := range map[string]bool{"alone": false, "with a store": true} {
			t.Run(name+" "+shop, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					src, opts := &log{answer: answer}, []token.Option(nil)
					if shared {
						opts = append(opts, token.WithStore(token.NewMemoryStore(), "k"))
					}
					c := newCache(t, src, opts...)
					all(400, func() { send(t.Context(), c) })
					for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); time.Sleep(250 * ms) {
						all(20, func() { send(t.Context(), c) })
					}
					assert.LessOrEqual(t, most(src.times()), 6)
					assert.GreaterOrEqual(t, len(src.times()), 10, "it goes on asking")
					assert.LessOrEqual(t, len(src.times()), 65)
				})
			})
		}
	}
}

func TestRefusedAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &log{answer: good}
		c := newCache(t, src)
		for n := 1; n <= 3; n++ {
			assert.NoError(t, c.Invalidate(t.Context(), get(t, c)), "refusal %d has its successor within a second", n)
		}
		wantGaps(t, src.times(), 0, ms, 500*ms, time.Second)
		v := get(t, c)
		start := time.Now()
		require.ErrorIs(t, c.Invalidate(t.Context(), v), token.ErrRefused)
		require.ErrorIs(t, c.Invalidate(t.Context(), v), token.ErrRefused)
		_, err := c.Get(t.Context())
		require.ErrorIs(t, err, token.ErrRefused)
		assert.Zero(t, time.Since(start), "callers get the error at once")
		time.Sleep(2 * time.Second)
		assert.Equal(t, "TOKEN_5", get(t, c))
		time.Sleep(31 * time.Second) // it has proved itself
		require.NoError(t, c.Invalidate(t.Context(), "TOKEN_5"))
		assert.Equal(t, "TOKEN_6", get(t, c))
		require.NoError(t, c.Invalidate(t.Context(), "TOKEN_6"), "the count has begun anew")
		assert.Equal(t, "TOKEN_7", get(t, c))
		assert.Len(t, src.times(), 7)
	})
}

// The failure of a refresh ahead of time does not show as long as the old token works, and a
// token that is refused then does not shorten the pause.
func TestInvalidateDoesNotShortenThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &log{answer: good}
		c := newCache(t, src)
		get(t, c)
		time.Sleep(2*time.Hour - 3*time.Minute)
		src.set(always(coded(-1)))
		for len(src.times()) < 7 { // the pause is 16 s then
			assert.Equal(t, "TOKEN_1", get(t, c))
			time.Sleep(50 * ms)
		}
		for range 100 {
			require.ErrorIs(t, c.Invalidate(t.Context(), "TOKEN_1"), coded(-1))
			_, err := c.Get(t.Context())
			require.ErrorIs(t, err, coded(-1))
			time.Sleep(50 * ms)
		}
		assert.Len(t, src.times(), 7)
	})
}

// Caches of several processes with one Store ask about as often as one, and the others take over
// where the one that asks has died.
func TestProcessesLeaveTheSourceAloneTogether(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]token.Option{"": nil, "with its lock": {token.WithLock()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// Processes fetch at the same time, so no source of log's kind would do for all.
				asked, st := make([]*log, 10), newLockStore()
				caches := make([]*token.Cache, len(asked))
				for i := range asked {
					asked[i] = &log{answer: always(named("busy"))}
					caches[i] = newCache(t, asked[i], append(opts, token.WithStore(st, "k"))...)
				}
				sum := func() (at []time.Time) {
					for _, l := range asked {
						at = append(at, l.times()...)
					}
					return at
				}
				round := func(caches []*token.Cache, d time.Duration) {
					for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * ms) {
						for _, c := range caches {
							go func() {
								_, err := c.Get(t.Context())
								assert.Error(t, err)
								var kind interface{ KindName() string }
								assert.ErrorAs(t, err, &kind)
								assert.Equal(t, "busy", kind.KindName(), "of another process's failure too")
							}()
						}
					}
				}
				round(caches, 8*time.Second)
				first := len(sum())
				assert.LessOrEqual(t, first, len(caches)+6, "each once, then one for all")
				round(caches, 5*time.Minute)
				assert.LessOrEqual(t, len(sum())-first, 15)
				// The one that asked last dies.
				last, at := 0, time.Time{}
				for i, l := range asked {
					if times := l.times(); len(times) > 0 && times[len(times)-1].After(at) {
						last, at = i, times[len(times)-1]
					}
				}
				before := len(sum())
				round(append(append([]*token.Cache(nil), caches[:last]...), caches[last+1:]...), 2*time.Minute)
				assert.Greater(t, len(sum()), before, "another goes on")
				assert.LessOrEqual(t, len(sum())-before, len(caches)+6)
				synctest.Wait()
			})
		})
	}
}

// A process whose fetches fail finds the token of another one soon, and asks nobody for it.
func TestTokenOfAnotherProcessEndsThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := token.NewMemoryStore()
		failing := &log{answer: always(coded(40164))}
		a := newCache(t, failing, token.WithStore(st, "k"))
		ask(t, a, 20*ms, time.Minute)
		asked := len(failing.times())
		require.NoError(t, st.Save(t.Context(), "k", token.Token{Value: "OTHER", Expiry: time.Now().Add(time.Hour)}))
		for start := time.Now(); ; time.Sleep(20 * ms) {
			if v, err := a.Get(t.Context()); err == nil {
				assert.Equal(t, "OTHER", v)
				assert.LessOrEqual(t, time.Since(start), 1100*ms)
				break
			}
			require.Less(t, time.Since(start), time.Minute)
		}
		assert.Len(t, failing.times(), asked)
	})
}

// countingStore counts how often it is read.
type countingStore struct {
	token.MemoryStore
	loads atomic.Int32
}

func (s *countingStore) Load(ctx context.Context, key string) (token.Token, error) {
	s.loads.Add(1)
	return s.MemoryStore.Load(ctx, key)
}

func TestStoreIsReadOnceASecondDuringAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &countingStore{}
		c := newCache(t, &log{answer: always(coded(40164))}, token.WithStore(st, "k"))
		ask(t, c, 10*ms, time.Minute)
		assert.LessOrEqual(t, int(st.loads.Load()), 2*(60+8), "the token and the note each time")
		assert.GreaterOrEqual(t, int(st.loads.Load()), 60)
	})
}

// A token that the source confirms again and again is neither taken away nor asked about often.
func TestConfirmedTokenIsServedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &log{answer: func(int) (token.Token, error) { return good(1) }}
		c := newCache(t, src)
		for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(100 * ms) {
			require.ErrorIs(t, c.Invalidate(t.Context(), get(t, c)), token.ErrUnchanged)
		}
		assert.InDelta(t, 31, len(src.times()), 2, "every ten seconds")
		src.set(good)
		time.Sleep(10 * time.Second)
		require.NoError(t, c.Invalidate(t.Context(), "TOKEN_1"), "it is replaced as soon as the source gives another")
	})
}

// A machine without network does not hold up the others.
func TestLostConnectionIsNoNoteForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := token.NewMemoryStore()
		a := newCache(t, &log{answer: always(io.EOF)}, token.WithStore(st, "k"))
		ask(t, a, 20*ms, time.Minute)
		b := newCache(t, &log{answer: good}, token.WithStore(st, "k"))
		assert.Equal(t, "TOKEN_1", get(t, b))
	})
}

// Notes that no Cache has written are passed over: whatever they say, a token is fetched.
func TestForeignNotesAreIgnored(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		value string
		lasts time.Duration
	}{
		"hours":    {"AAAA 3 token", 5 * time.Hour},
		"a minute": {"AAAA 3 token", time.Minute},
		"expired":  {"AAAA 3 token", -time.Second},
		"no count": {"AAAA token", 10 * time.Second},
		"no kind":  {"AAAA 3", 10 * time.Second},
		"a token":  {"80_abcXYZ019-_zz", 10 * time.Second},
		"too much": {"AAAA 99999999999999999999 token", 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			st := &leakyNotes{note: token.Token{Value: tc.value, Expiry: time.Now().Add(tc.lasts)}}
			assert.Equal(t, "TOKEN_1", get(t, newCache(t, &source{}, token.WithStore(st, "k"))), name)
		})
	}
	for _, count := range []string{"-7", "0", "9223372036854775807"} {
		synctest.Test(t, func(t *testing.T) {
			st := &leakyNotes{note: token.Token{Value: "AAAA " + count + " minute limit", Expiry: time.Now().Add(10 * time.Second)}}
			src := &source{fast: true}
			src.failWith(coded(-1))
			c := newCache(t, src, token.WithStore(st, "k"))
			_, err := c.Get(t.Context())
			require.ErrorContains(t, err, "another process")
			var kind interface{ KindName() string }
			require.ErrorAs(t, err, &kind)
			assert.Equal(t, "minute limit", kind.KindName())
			ask(t, c, 10*ms, 5*time.Minute)
			assert.Greater(t, src.fetches(), 5, "it asks once the note is over")
			if len(count) > 2 {
				assert.LessOrEqual(t, src.fetches(), 11, "and goes on from the greatest pause")
			}
		})
	}
}

// leakyNotes is a Store with a note, which it gives even when it has expired.
type leakyNotes struct {
	token.MemoryStore
	note token.Token
}

func (s *leakyNotes) Load(ctx context.Context, key string) (token.Token, error) {
	if key == "k:pause" {
		return s.note, nil
	}
	return s.MemoryStore.Load(ctx, key)
}

// A hook that ends the goroutine of each refresh is no way round the pause.
func TestRefreshThatIsEndedCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &log{answer: good}
		c := newCache(t, src, token.WithHook(func(context.Context, token.Event) { exit() }))
		ask(t, c, 10*ms, 8*time.Second)
		assert.LessOrEqual(t, len(src.times()), 6)
	})
}

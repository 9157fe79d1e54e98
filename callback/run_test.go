package callback

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slow is a handler that takes its time and counts its runs.
type slow struct {
	takes time.Duration
	runs  atomic.Int32
}

func (h *slow) Handle(ctx context.Context, _ Message) (Reply, error) {
	h.runs.Add(1)
	select {
	case <-time.After(h.takes):
		return Text{Content: "您的照片"}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ends collects what did not go by a response.
type ends struct {
	mu     sync.Mutex
	late   []Reply
	errors []error
}

func (e *ends) sent(_ context.Context, h Header, r Reply) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if h.FromUserName != "o9AgO5Kd5ggOC-bXrbNODIiE3bGY" {
		return errors.New("late for nobody")
	}
	e.late = append(e.late, r)
	return nil
}

func (e *ends) failed(_ context.Context, _ Header, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.errors = append(e.errors, err)
}

// One run, one answer, no notice: for every duration, pause, budget, connection and mode.
func TestSlowHandlers(t *testing.T) {
	t.Parallel()
	type policy struct {
		name  string
		lapse int
		late  bool
	}
	for _, safe := range []bool{false, true} {
		for _, proxy := range []bool{false, true} {
			for _, pause := range []time.Duration{0, time.Second, 3 * time.Second} {
				for _, p := range []policy{{"Late", 0, true}, {"lapse 2", 2, false}, {"lapse 2 and Late", 2, true}} {
					for _, takes := range []float64{0, 1, 4.4, 4.6, 6, 12, 20, 60} {
						name := fmt.Sprintf("safe %v/proxy %v/pause %v/%s/%v s", safe, proxy, pause, p.name, takes)
						t.Run(name, func(t *testing.T) {
							t.Parallel()
							synctest.Test(t, func(t *testing.T) {
								takes := time.Duration(takes * float64(time.Second))
								slowHandler(t, safe, proxy, pause, p.lapse, p.late, takes)
							})
						})
					}
				}
			}
		}
	}
}

func slowHandler(t *testing.T, safe, proxy bool, pause time.Duration, lapse int, late bool, takes time.Duration) {
	h, e := &slow{takes: takes}, &ends{}
	cfg := Config{Account: testAccount(safe), Lapse: lapse, HandlerTimeout: 90 * time.Second, OnError: e.failed, Logger: quiet()}
	if late {
		cfg.Late = e.sent
	}
	st := newStation(t, cfg, h)
	began := time.Now()
	told := weChat(pushed{account: testAccount(safe), body: textPush(7), safe: safe}, pause, proxy, st)
	time.Sleep(2 * time.Minute)
	st.close(t)

	assert.EqualValues(t, 1, h.runs.Load(), "runs")
	assert.False(t, told.notice, "a notice")
	for _, text := range told.answers {
		assert.Equal(t, "您的照片", text)
	}
	for _, r := range e.late {
		assert.Equal(t, Text{Content: "您的照片"}, r)
	}
	passive, sent, lost := len(told.answers), len(e.late), len(e.errors)
	assert.Equal(t, 1, passive+sent+lost, "passive %d, late %d, errors %v", passive, sent, e.errors)

	// What is to be expected, from the figures alone: the last delivery is answered 4.5 s after it
	// came, and a delivery before that counts as long.
	last := time.Duration(lapse) * (5*time.Second + pause)
	inTime := takes < last+countsFor
	if late && lapse > 0 && inTime {
		// In a gap between two deliveries the answer waits for the Grace.
		since := takes % (5*time.Second + pause)
		gap := 5*time.Second + pause - since
		if since >= countsFor && gap == DefaultGrace {
			return // both at the same instant: either is right
		}
		inTime = since < countsFor || gap < DefaultGrace
	}
	switch {
	case inTime:
		assert.Equal(t, 1, passive, "passive; after %v", time.Since(began))
	case late:
		assert.Equal(t, 1, sent, "late")
	default:
		require.Equal(t, 1, lost, "lost")
		assert.ErrorIs(t, e.errors[0], ErrLate)
	}
}

func TestHandlerOverTheDefaultLimit(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("late %v", late), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, e := &slow{takes: time.Minute}, &ends{}
				cfg := Config{Account: testAccount(false), OnError: e.failed, Logger: quiet()}
				if late {
					cfg.Late = e.sent
				}
				st := newStation(t, cfg, h)
				began := time.Now()
				told := weChat(pushed{account: testAccount(false), body: textPush(7)}, 0, false, st)
				assert.Equal(t, tale{success: 1, deliveries: told.deliveries}, told)
				require.NoError(t, st.Server.Shutdown(context.Background()))
				assert.Equal(t, 30*time.Second, time.Since(began))
				require.Len(t, e.errors, 1)
				assert.ErrorIs(t, e.errors[0], context.DeadlineExceeded)
				assert.Empty(t, e.late)
				st.close(t)
			})
		})
	}
}

func TestHundredParents(t *testing.T) {
	t.Parallel()
	for _, safe := range []bool{false, true} {
		for _, takes := range []time.Duration{time.Second, 6 * time.Second, 12 * time.Second} {
			t.Run(fmt.Sprintf("safe %v, %v", safe, takes), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := &slow{takes: takes}
					st := newStation(t, Config{Account: testAccount(safe), Logger: quiet()}, h)
					var parents sync.WaitGroup
					var answered atomic.Int32
					for i := range int64(100) {
						parents.Go(func() {
							told := weChat(pushed{account: testAccount(safe), body: textPush(i + 1), safe: safe}, time.Second, i%2 == 0, st)
							answered.Add(int32(len(told.answers)))
						})
					}
					parents.Wait()
					assert.EqualValues(t, 100, h.runs.Load())
					assert.EqualValues(t, 100, answered.Load())
					st.close(t)
				})
			})
		}
	}
}

// claims is a Claimer for processes that share memory.
type claims struct {
	mu    sync.Mutex
	taken map[string]time.Duration
	fail  error
	waits bool // until the context ends
}

func (c *claims) Claim(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if c.waits {
		<-ctx.Done()
		return false, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail != nil {
		return false, c.fail
	}
	_, taken := c.taken[key]
	if c.taken == nil {
		c.taken = map[string]time.Duration{}
	}
	c.taken[key] = ttl
	return !taken, nil
}

func TestTwoServersShareAClaim(t *testing.T) {
	t.Parallel()
	for _, lapse := range []int{-1, 2} {
		for _, takes := range []time.Duration{time.Second, 6 * time.Second, 12 * time.Second, 20 * time.Second} {
			t.Run(fmt.Sprintf("lapse %d, %v", lapse, takes), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h, e, c := &slow{takes: takes}, &ends{}, &claims{}
					var ran atomic.Int32
					cfg := Config{
						Account: testAccount(true), Lapse: lapse, Claim: c, Late: e.sent, OnError: e.failed, Logger: quiet(),
						Hook: func(_ context.Context, d Delivery) {
							if d.Outcome == OutcomeRan {
								ran.Add(1)
							}
						},
					}
					a, b := newStation(t, cfg, h), newStation(t, cfg, h)
					told := weChat(pushed{account: testAccount(true), body: textPush(9), safe: true}, 0, false, a, b)
					time.Sleep(time.Minute)
					a.close(t)
					b.close(t)
					assert.EqualValues(t, 1, h.runs.Load())
					assert.False(t, told.notice)
					assert.Equal(t, 1, len(told.answers)+len(e.late), "answers %v, late %v", told.answers, e.late)
					assert.Empty(t, e.errors)
					assert.EqualValues(t, len(told.answers), ran.Load(), "success for another process's message is no run")
					require.Len(t, c.taken, 1)
					for key, ttl := range c.taken {
						assert.Regexp(t, "^[0-9a-f]{64}$", key)
						assert.Equal(t, 90*time.Second, ttl)
					}
				})
			})
		}
	}
}

func TestClaimThatFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*claims{"fails": {fail: errTest}, "hangs": {waits: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, e := &slow{}, &ends{}
				st := newStation(t, Config{Account: testAccount(false), Claim: c, Late: e.sent, OnError: e.failed, Logger: quiet()}, h)
				told := weChat(pushed{account: testAccount(false), body: textPush(9)}, 0, false, st)
				st.close(t)
				assert.Equal(t, []string{"您的照片"}, told.answers)
				require.Len(t, e.errors, 1)
				if c.fail != nil {
					assert.ErrorIs(t, e.errors[0], errTest)
				}
			})
		})
	}
}

// A recorder, HTTP/2 or a middleware that holds writes back see an answer only when ServeHTTP
// returns: the handler must not hold it up.
func TestSlowHandlerWithoutAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, e := &slow{takes: 6 * time.Second}, &ends{}
		s, err := NewServer(Config{Account: testAccount(false), Late: e.sent, OnError: e.failed, Logger: quiet()}, h)
		require.NoError(t, err)
		began := time.Now()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, pushed{account: testAccount(false), body: textPush(1)}.request(t.Context(), ""))
		assert.Equal(t, countsFor, time.Since(began))
		assert.Equal(t, "success", w.Body.String())
		require.NoError(t, s.Shutdown(t.Context()))
		assert.Equal(t, 6*time.Second, time.Since(began))
		assert.Equal(t, []Reply{Text{Content: "您的照片"}}, e.late)
		assert.Empty(t, e.errors)
	})
}

// The deadline for reading the body is taken back once it is there. Where a middleware has read the
// body before, net/http watches the connection already: it would end the request's context at 4.5 s,
// and the middleware would see that.
func TestRequestsContextOutlivesTheReadDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStation(t, Config{Account: testAccount(false), Logger: quiet()}, &slow{takes: 7 * time.Second})
		st.wrap(func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				r.Body = io.NopCloser(bytes.NewReader(body))
				began := time.Now()
				h.ServeHTTP(w, r)
				assert.NoError(t, r.Context().Err(), "after %v", time.Since(began))
			})
		})
		told := weChat(pushed{account: testAccount(false), body: textPush(1)}, 0, true, st)
		assert.Equal(t, tale{answers: []string{"您的照片"}, deliveries: 2}, told)
		time.Sleep(time.Minute)
		st.close(t)
	})
}

// After a late answer the connection is used again, and is not held up by the handler.
func TestConnectionStaysOpenAfterALateAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, e := &slow{takes: 20 * time.Second}, &ends{}
		st := newStation(t, Config{Account: testAccount(false), Late: e.sent, Logger: quiet()}, h)
		conn, err := st.pipes.dial(t.Context(), "", "")
		require.NoError(t, err)
		in := bufio.NewReader(conn)
		for id := range int64(3) {
			began := time.Now()
			go func() { _ = genuine(false, id+1).Write(conn) }()
			resp, err := http.ReadResponse(in, nil)
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, "success", string(body))
			assert.False(t, resp.Close)
			assert.Equal(t, countsFor, time.Since(began))
			time.Sleep(10 * time.Second) // the read deadline of the body must not end it
		}
		require.NoError(t, conn.Close())
		st.close(t)
		assert.Len(t, e.late, 3)
	})
}

// A handler's context is over when the handler is.
func TestContextEndsWithTheHandler(t *testing.T) {
	t.Parallel()
	var asked, unasked context.Context
	s, err := NewServer(Config{Account: testAccount(false)}, HandlerFunc(func(ctx context.Context, m Message) (Reply, error) {
		if m.Head().MsgID == 1 {
			unasked = ctx
			return nil, nil
		}
		asked = ctx
		select {
		case <-ctx.Done():
			t.Error("ended at once")
		default:
		}
		return nil, nil
	}))
	require.NoError(t, err)
	serve(s, genuine(false, 1))
	serve(s, genuine(false, 2))
	for _, ctx := range []context.Context{asked, unasked} {
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
		<-ctx.Done()
	}
}

func TestAnswerIsReplayed(t *testing.T) {
	t.Parallel()
	for _, safe := range []bool{false, true} {
		t.Run(fmt.Sprint(safe), func(t *testing.T) {
			t.Parallel()
			h := &slow{}
			var got []Outcome
			s, err := NewServer(Config{
				Account: testAccount(safe), Hook: func(_ context.Context, d Delivery) { got = append(got, d.Outcome) },
			}, h)
			require.NoError(t, err)
			p := pushed{account: testAccount(safe), body: textPush(1), safe: safe}
			var first string
			for i := range 3 {
				w := serve(s, p.request(t.Context(), ""))
				if i == 0 {
					first = w.body.String()
				}
				assert.Equal(t, first, w.body.String())
				text, err := textReply(p, w.status, w.body.Bytes())
				require.NoError(t, err)
				assert.Equal(t, "您的照片", text)
			}
			assert.EqualValues(t, 1, h.runs.Load())
			assert.Equal(t, []Outcome{OutcomeRan, OutcomeReplayed, OutcomeReplayed}, got)
		})
	}
}

// Deliveries at the same time all get the answer of the one run.
func TestRepeatsJoin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &slow{takes: 3 * time.Second}
		outcomes := map[Outcome]int{}
		var mu sync.Mutex
		st := newStation(t, Config{Account: testAccount(true), Logger: quiet(), Hook: func(_ context.Context, d Delivery) {
			mu.Lock()
			defer mu.Unlock()
			outcomes[d.Outcome]++
			assert.Equal(t, "text", d.Type)
			assert.Equal(t, pushAppID, d.AppID)
		}}, h)
		p := pushed{account: testAccount(true), body: textPush(1), safe: true}
		var all sync.WaitGroup
		var full atomic.Int32
		for range maxWaiting + 2 {
			all.Go(func() {
				text, err := exchange(st.client, p, p.request(t.Context(), "http://memory"))
				if err != nil {
					assert.EqualError(t, err, "status 503")
					full.Add(1)
					return
				}
				assert.Equal(t, "您的照片", text)
			})
		}
		all.Wait()
		st.close(t)
		assert.EqualValues(t, 1, h.runs.Load())
		assert.EqualValues(t, 2, full.Load(), "one message may not hold any number of goroutines")
		assert.Equal(t, map[Outcome]int{OutcomeRan: 1, OutcomeJoined: maxWaiting - 1, OutcomeRefused: 2}, outcomes)
	})
}

// What the hook and the responses tell of each delivery of one slow message.
func TestOutcomesOfASlowMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, e := &slow{takes: 12 * time.Second}, &ends{}
		got := make(chan Delivery, 8)
		st := newStation(t, Config{
			Account: testAccount(false), OnError: e.failed, Logger: quiet(),
			Hook: func(_ context.Context, d Delivery) { got <- d },
		}, h)
		p := pushed{account: testAccount(false), body: textPush(1)}
		told := weChat(p, 0, true, st)
		assert.Equal(t, tale{answers: []string{"您的照片"}, deliveries: 3}, told)
		again := weChat(p, 0, false, st)
		assert.Equal(t, tale{answers: []string{"您的照片"}, deliveries: 1}, again)
		st.close(t)
		want := []struct {
			outcome Outcome
			status  int
			took    time.Duration
		}{
			{OutcomeDropped, http.StatusServiceUnavailable, heldFor}, // twice
			{OutcomeJoined, http.StatusOK, 2 * time.Second},
			{OutcomeReplayed, http.StatusOK, 0},
		}
		require.Len(t, got, len(want)+1)
		close(got)
		seen := map[string]int{}
		for d := range got {
			seen[fmt.Sprint(d.Outcome, d.Status, d.Duration)]++
			assert.NoError(t, d.Err)
		}
		for _, w := range want {
			times := 1
			if w.outcome == OutcomeDropped {
				times = 2
			}
			assert.Equal(t, times, seen[fmt.Sprint(w.outcome, w.status, w.took)], "%+v in %v", w, seen)
		}
	})
}

// A middleware that ends the request's context ends neither the handler nor the wait.
func TestMiddlewareWithATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStation(t, Config{Account: testAccount(false), Logger: quiet()}, &slow{takes: 4700 * time.Millisecond})
		st.wrap(func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
				defer cancel()
				h.ServeHTTP(w, r.WithContext(ctx))
			})
		})
		told := weChat(pushed{account: testAccount(false), body: textPush(1)}, 0, false, st)
		assert.Equal(t, tale{answers: []string{"您的照片"}, deliveries: 2}, told)
		time.Sleep(time.Minute)
		st.close(t)
	})
}

// A handler with nothing to say settles its message at once, also between two deliveries.
func TestSilentHandlerBetweenDeliveries(t *testing.T) {
	t.Parallel()
	for _, failure := range []error{nil, errTest} {
		t.Run(fmt.Sprint(failure), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int32
				e := &ends{}
				st := newStation(t, Config{Account: testAccount(false), Lapse: 2, Late: e.sent, OnError: e.failed, Logger: quiet()},
					HandlerFunc(func(context.Context, Message) (Reply, error) {
						runs.Add(1)
						time.Sleep(4700 * time.Millisecond)
						return nil, failure
					}))
				told := weChat(pushed{account: testAccount(false), body: textPush(1)}, 500*time.Millisecond, false, st)
				assert.Equal(t, tale{success: 1, deliveries: 2}, told)
				assert.True(t, idle(st.Server))
				st.close(t)
				assert.EqualValues(t, 1, runs.Load())
				assert.Empty(t, e.late)
				if failure != nil {
					require.Len(t, e.errors, 1)
					assert.ErrorIs(t, e.errors[0], failure)
				}
			})
		})
	}
}

// A repeat of a receipt without an id would be handled again. So none is asked for, whatever Lapse says.
func TestSlowReceiptWithoutAnID(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprint("late ", late), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, e := &slow{takes: 6 * time.Second}, &ends{}
				cfg := Config{Account: testAccount(false), Lapse: 2, Grace: time.Hour, OnError: e.failed, Logger: quiet()}
				if late {
					cfg.Late = e.sent
				}
				st := newStation(t, cfg, h)
				began := time.Now()
				body := strings.Replace(event("TEMPLATESENDJOBFINISH", "<MsgID>0</MsgID><Status>success</Status>"), "o1", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", 1)
				told := weChat(pushed{account: testAccount(false), body: body}, 0, false, st)
				assert.Equal(t, countsFor, time.Since(began))
				assert.Equal(t, tale{success: 1, deliveries: 1}, told)
				st.close(t)
				assert.EqualValues(t, 1, h.runs.Load())
				assert.Equal(t, late, len(e.late) == 1, "what it replied goes by Late")
				assert.Equal(t, late, len(e.errors) == 0, "or to OnError")
			})
		})
	}
}

// Where the process stood still while the handler ran, no timer has fired yet when it returns. The
// clock decides: WeChat has dropped the delivery, and the reply must not be written to it.
func TestProcessThatStoodStill(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lapse int
		age   time.Duration
		late  bool // at once
		held  bool
	}{
		"in time":            {-1, 4 * time.Second, false, false},
		"too late":           {-1, countsFor, true, false},
		"eleven minutes":     {-1, 11 * time.Minute, true, false},
		"a repeat may come":  {2, countsFor, false, true},
		"in time, may lapse": {2, 4 * time.Second, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := &ends{}
				s, err := NewServer(Config{Account: testAccount(false), Lapse: tt.lapse, Late: e.sent, Logger: quiet()}, texter("x"))
				require.NoError(t, err)
				d := &delivery{server: s, arrival: time.Now().Add(-tt.age)}
				r := identified(t, s, textPush(1))
				r.done = make(chan struct{})
				_, err = s.messages.enter(d, r, 0)
				require.NoError(t, err)
				began := time.Now()
				late := r.offer(Text{Content: "x"}, false)
				assert.Equal(t, tt.late || tt.held, late)
				assert.Equal(t, tt.held, d.lapsed)
				assert.Equal(t, tt.held, time.Since(began) == DefaultGrace, "it is held for a repeat")
				assert.Equal(t, !late, r.reply != nil)
			})
		})
	}
}

// A reply that waits for a repeat waits on, where the repeat has stood still with the process for so
// long that WeChat takes no answer to it.
func TestRepeatThatStoodStill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := NewServer(Config{Account: testAccount(false), Lapse: 2, Late: (&ends{}).sent, Logger: quiet()}, texter("x"))
		require.NoError(t, err)
		r := identified(t, s, textPush(1))
		r.done = make(chan struct{})
		enter := func(age time.Duration) {
			_, err := s.messages.enter(&delivery{server: s, arrival: time.Now().Add(-age)}, r, 0)
			require.NoError(t, err)
		}
		enter(countsFor)
		go r.offer(Text{Content: "x"}, false)
		synctest.Wait()
		enter(countsFor)
		assert.False(t, isClosed(r.done), "the reply would be lost")
		enter(4 * time.Second)
		assert.True(t, isClosed(r.done))
		assert.NotNil(t, r.reply)
	})
}

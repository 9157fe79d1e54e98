package push

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

// counted counts the requests to send.
func counted(s *simulated, fault func(n int64) *wechattest.Fault) *atomic.Int64 {
	var n atomic.Int64
	s.FaultFunc(func(r *http.Request) *wechattest.Fault {
		if r.URL.Path != sendPath {
			return nil
		}
		return fault(n.Add(1))
	})
	return &n
}

func run(t *testing.T, cfg Config) (Summary, error) {
	t.Helper()
	got, err := Run(t.Context(), nil, cfg)
	addsUp(t, got)
	return got, err
}

func stopReason(t *testing.T, err error) Reason {
	t.Helper()
	var stop *StopError
	require.ErrorAs(t, err, &stop)
	return stop.Reason
}

// An outage is probed by those who wait: nothing new is claimed, and after five minutes of it
// the push stops.
func TestOutageWithoutEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, 500, func(t *testing.T, s *simulated, cfg Config) {
		requests := counted(s, func(n int64) *wechattest.Fault {
			if n <= 100 {
				return nil
			}
			return &wechattest.Fault{Status: 502}
		})
		start := time.Now()
		got, err := run(t, cfg)
		assert.Equal(t, ReasonOutage, stopReason(t, err))
		assert.InDelta(t, 5*60, time.Since(start).Seconds(), 40)
		assert.Equal(t, 100, got.Accepted)
		assert.Equal(t, 400, got.Pending)
		assert.Zero(t, got.Unknown)
		assert.Less(t, requests.Load(), int64(100+48*30), "the rows in flight, at most every 15 s when they have waited so long")
		var tried int
		require.NoError(t, cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message WHERE state = 'pending' AND attempts > 0").Scan(&tried))
		assert.LessOrEqual(t, tried, 48, "what was in flight when it began, and no more")
		s.Heal()
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 500, got.Accepted, "within nine minutes the rest is sent")
		s.once(t, 500)
	})
}

func TestOutageOfAMinute(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]wechattest.Fault{
		"no answer": {Reset: wechattest.ResetBefore}, "answer lost": {Reset: wechattest.ResetAfter}, "gateway": {Status: 502},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1000, func(t *testing.T, s *simulated, cfg Config) {
				cfg.Rate = 20
				start := time.Now()
				var during atomic.Int64
				counted(s, func(int64) *wechattest.Fault {
					if d := time.Since(start); d < 20*time.Second || d >= 80*time.Second {
						return nil
					}
					during.Add(1)
					return &fault
				})
				got, err := run(t, cfg)
				require.NoError(t, err)
				assert.Equal(t, 1000, got.Accepted)
				s.once(t, 1000)
				assert.Less(t, during.Load(), int64(16*10), "paused: 20 a second would be 1200")
				assert.InDelta(t, 1000/20+60, time.Since(start).Seconds(), 20, "resumed at once")
			})
		})
	}
}

// Nine minutes after its first attempt a row is not repeated any more: it is unknown. One that
// surely was never carried out is as before. A clock that stands still changes nothing.
func TestNineMinutes(t *testing.T) {
	t.Parallel()
	const target, otherPath = "oPush00000000000000000000000", "/cgi-bin/get_api_domain_ip"
	for name, tt := range map[string]struct {
		fault  wechattest.Fault // the zero Fault: the request surely does not leave
		frozen bool
		state  string
	}{
		"may have arrived": {wechattest.Fault{Code: -1}, false, stateUnknown},
		"lost":             {wechattest.Fault{Reset: wechattest.ResetAfter}, false, stateUnknown},
		"frozen clock":     {wechattest.Fault{Code: -1}, true, stateUnknown},
		"surely not":       {wechattest.Fault{}, false, statePending}, // for as long as it takes
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 200, func(t *testing.T, s *simulated, cfg Config) {
				cfg.Rate, cfg.Workers = 0.25, 2 // others are accepted meanwhile, so this is no outage
				if begun := time.Now(); tt.frozen {
					cfg.Now = func() time.Time { return begun }
				}
				s.Fail(otherPath, -1, tt.fault)
				var attempts []time.Time
				client := cfg.Caller
				cfg.Caller = callerFunc(func(c call) error {
					switch {
					case c.to != target:
						return c.pass(client)
					case tt.fault == wechattest.Fault{}:
						return unreachable(t)
					}
					attempts = append(attempts, time.Now())
					return client.Call(c.ctx, "GET", otherPath, nil, nil)
				})
				got, err := run(t, cfg)
				if tt.state == statePending { // in the end it is the only one, and its failure is the network's
					assert.Equal(t, ReasonOutage, stopReason(t, err))
					var tried int
					require.NoError(t, cfg.Ledger.QueryRow("SELECT attempts + sending_at FROM push_message WHERE openid = ?", target).Scan(&tried))
					assert.Zero(t, tried, "as if nobody had tried it")
				} else {
					require.NoError(t, err)
				}
				assert.Equal(t, 199, got.Accepted)
				state, _ := stateOf(t, cfg.Ledger, target)
				assert.Equal(t, tt.state, state)
				if len(attempts) > 0 {
					last := attempts[len(attempts)-1].Sub(attempts[0])
					assert.Less(t, last, horizon)
					assert.Greater(t, last, horizon-time.Minute)
				}
			})
		})
	}
}

// Rows that wait when a batch is full are repeated before the pause, which may be longer than
// WeChat's memory.
func TestNobodyWaitsThroughAPause(t *testing.T) {
	t.Parallel()
	inBubble(t, 100, func(t *testing.T, s *simulated, cfg Config) {
		cfg.Batch, cfg.Interval = 50, 15*time.Minute
		counted(s, func(n int64) *wechattest.Fault {
			if n > 45 && n <= 50 {
				return &wechattest.Fault{Reset: wechattest.ResetAfter}
			}
			return nil
		})
		var atPause []int
		cfg.Progress = func(p Progress) {
			if p.Pause > 0 {
				atPause = append(atPause, p.Done)
			}
		}
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 100, got.Accepted)
		assert.Equal(t, []int{50}, atPause)
		s.once(t, 100)
	})
}

func TestRefusedTemplate(t *testing.T) {
	t.Parallel()
	t.Run("once", func(t *testing.T) {
		t.Parallel()
		inBubble(t, 500, func(t *testing.T, s *simulated, cfg Config) {
			s.Fail(sendPath, 1, wechattest.Fault{Code: 40037})
			got, err := run(t, cfg)
			require.NoError(t, err, "a false 40037 is repeated once")
			assert.Equal(t, 500, got.Accepted)
		})
	})
	t.Run("always", func(t *testing.T) {
		t.Parallel()
		inBubble(t, 500, func(t *testing.T, s *simulated, cfg Config) {
			requests := counted(s, func(int64) *wechattest.Fault { return &wechattest.Fault{Code: 40037} })
			got, err := run(t, cfg)
			assert.Equal(t, ReasonRefused, stopReason(t, err))
			assert.Equal(t, 500, got.Pending)
			assert.LessOrEqual(t, requests.Load(), int64(3*16), "those in flight, and once more")
			var touched int
			require.NoError(t, cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message WHERE attempts > 0 OR sending_at > 0").Scan(&touched))
			assert.Zero(t, touched, "the rest is pending, as if it had not been tried")
		})
	})
}

// What every message would meet stops the push: at once while nothing was accepted, later when
// three different rows in a row meet it.
func TestAccountFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first int64 // accepted before
		bad   int64 // failures
		stops bool
	}{
		"at once":            {0, 1, true},
		"two rows in a row":  {50, 2, false},
		"many rows in a row": {50, 1 << 40, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 200, func(t *testing.T, s *simulated, cfg Config) {
				cfg.Workers = 1
				requests := counted(s, func(n int64) *wechattest.Fault {
					if n <= tt.first || n > tt.first+tt.bad {
						return nil
					}
					return &wechattest.Fault{Code: 48001}
				})
				got, err := run(t, cfg)
				if !tt.stops {
					require.NoError(t, err)
					assert.Equal(t, 200, got.Accepted)
					return
				}
				assert.Equal(t, ReasonRefused, stopReason(t, err))
				assert.EqualValues(t, tt.first, got.Accepted)
				assert.EqualValues(t, 200-tt.first, got.Pending)
				assert.LessOrEqual(t, requests.Load(), tt.first+4)
			})
		})
	}
}

func TestTwentyEqualRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bad   int64
		stops bool
	}{"nineteen": {19, false}, "twenty": {20, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 100, func(t *testing.T, s *simulated, cfg Config) {
				cfg.Workers = 1
				counted(s, func(n int64) *wechattest.Fault {
					if n <= 30 || n > 30+tt.bad {
						return nil
					}
					return &wechattest.Fault{Code: 47003}
				})
				got, err := run(t, cfg)
				assert.EqualValues(t, tt.bad, got.Failed)
				if tt.stops {
					assert.Equal(t, ReasonRefused, stopReason(t, err))
					return
				}
				require.NoError(t, err)
				assert.EqualValues(t, 100-tt.bad, got.Accepted)
			})
		})
	}
}

// A code that nobody knows fails its row alone.
func TestUnknownCode(t *testing.T) {
	t.Parallel()
	inBubble(t, 50, func(t *testing.T, s *simulated, cfg Config) {
		s.Fail(sendPath, 1, wechattest.Fault{Code: 99887766, Message: "never heard of"})
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, []int{49, 1}, []int{got.Accepted, got.Failed})
		for f, err := range Failures(t.Context(), cfg.Ledger, cfg.AppID, cfg.Campaign) {
			require.NoError(t, err)
			assert.Equal(t, 99887766, f.Code)
			assert.Contains(t, f.Error, "never heard of")
			assert.Equal(t, 1, f.Attempts)
		}
	})
}

func TestMinuteLimit(t *testing.T) {
	t.Parallel()
	inBubble(t, 300, func(t *testing.T, s *simulated, cfg Config) {
		s.SetMinuteLimit(sendPath, 100)
		start := time.Now()
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 300, got.Accepted)
		s.once(t, 300)
		assert.Greater(t, time.Since(start), time.Minute)
		assert.Less(t, time.Since(start), 8*time.Minute)
	})
}

func TestDailyQuota(t *testing.T) {
	t.Parallel()
	inBubble(t, 300, func(t *testing.T, s *simulated, cfg Config) {
		s.SetDailyQuota(sendPath, 100)
		got, err := run(t, cfg)
		assert.Equal(t, ReasonQuota, stopReason(t, err))
		assert.Equal(t, []int{100, 200}, []int{got.Accepted, got.Pending})
		var touched int
		require.NoError(t, cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message WHERE state = 'pending' AND (attempts > 0 OR sending_at > 0)").Scan(&touched))
		assert.Zero(t, touched)
		time.Sleep(24 * time.Hour)
		s.SetDailyQuota(sendPath, 1000)
		got, err = run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 300, got.Accepted)
		s.once(t, 300)
	})
}

// A clock that is set back must not stretch the nine minutes.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	inBubble(t, 3, func(t *testing.T, s *simulated, cfg Config) {
		var mu sync.Mutex
		var back time.Duration
		cfg.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(-back)
		}
		counted(s, func(n int64) *wechattest.Fault {
			mu.Lock()
			defer mu.Unlock()
			back = time.Hour // after the claim
			if n <= 3 {
				return &wechattest.Fault{Reset: wechattest.ResetAfter}
			}
			return nil
		})
		got, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 3, got.Unknown)
	})
}

// No more is sending at any moment than the workers and one second of the rate.
func TestAhead(t *testing.T) {
	t.Parallel()
	inBubble(t, 300, func(t *testing.T, s *simulated, cfg Config) {
		cfg.Workers, cfg.Rate = 8, 20
		s.FaultFunc(func(*http.Request) *wechattest.Fault {
			return &wechattest.Fault{Delay: 350 * time.Millisecond} // so that all eight are busy
		})
		most := 0
		cfg.Progress = func(Progress) {
			var n int
			require.NoError(t, cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message WHERE state = 'sending'").Scan(&n))
			most = max(most, n)
		}
		_, err := run(t, cfg)
		require.NoError(t, err)
		assert.Equal(t, 28, most)
	})
}

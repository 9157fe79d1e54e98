package wechat

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/token"
)

// frozen is a pair of clocks that stand still but for what a test adds.
type frozen struct{ wall, monotonic atomic.Int64 }

func (f *frozen) clock() clock {
	return clock{
		wall:      func() time.Time { return time.Unix(1e9, f.wall.Load()) },
		monotonic: func() time.Duration { return time.Duration(f.monotonic.Load()) },
	}
}

// freeze lets the process stand still: the clocks tell what it missed, each in its own way.
type freeze struct{ wall, monotonic time.Duration }

func (f *frozen) add(d freeze) {
	f.wall.Add(int64(d.wall))
	f.monotonic.Add(int64(d.monotonic))
}

// lossy is a WeChat that carries out each message, and whose first answer to each is lost.
type lossy struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string]int // how often a message came whole, by touser and client_msg_id
	lost func()         // called while the client waits for an answer that is lost
}

func newLossy(t *testing.T) *lossy {
	l := &lossy{seen: map[string]int{}, lost: func() {}}
	l.Server = httptest.NewServer(http.HandlerFunc(l.serve))
	t.Cleanup(l.Close)
	return l
}

func (l *lossy) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it did not come whole
	}
	l.mu.Lock()
	l.seen[string(body)]++
	n := l.seen[string(body)]
	l.mu.Unlock()
	if n == 1 {
		l.lost()
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok","msgid":1}`)
}

// hold is a Limiter that a test stops at.
type hold func()

func (h hold) Wait(context.Context) error { h(); return nil }

func message() template.Message {
	return template.Message{To: "oA", TemplateID: "T", ClientMsgID: "MSG_1"}
}

// waits are the places where a send stands between the attempt that was lost and the repetition.
var waits = map[string]func(t *testing.T, l *lossy, stop func()) []Option{
	"for the answer": func(_ *testing.T, l *lossy, stop func()) []Option {
		l.lost = stop
		return nil
	},
	"at the limiter": func(_ *testing.T, _ *lossy, stop func()) []Option {
		n := 0
		return []Option{WithLimiter(hold(func() {
			if n++; n == 2 {
				stop()
			}
		}))}
	},
	"for the token": func(_ *testing.T, l *lossy, stop func()) []Option {
		n := 0
		var expiry atomic.Pointer[time.Time] // of the first one, which is good for one attempt
		l.lost = func() { <-time.After(time.Until(*expiry.Load())) }
		return []Option{WithTokenSource(token.SourceFunc(func(context.Context) (token.Token, error) {
			if n++; n == 1 {
				soon := time.Now().Add(time.Second)
				expiry.Store(&soon)
				return token.Token{Value: "T", Expiry: soon}, nil
			}
			stop()
			return token.Token{Value: "T", Expiry: time.Now().Add(time.Hour)}, nil
		}))}
	},
	"in a wrapper": func(_ *testing.T, _ *lossy, stop func()) []Option {
		n := 0
		return []Option{WithTransport(func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if n++; n == 2 {
					stop()
				}
				return next.RoundTrip(r)
			})
		})}
	},
	"for a connection": func(_ *testing.T, _ *lossy, stop func()) []Option {
		n := 0
		return []Option{WithHTTPClient(&http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if n++; n == 2 {
					stop()
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}}})}
	},
	"in a foreign transport": func(_ *testing.T, _ *lossy, stop func()) []Option {
		n := 0
		return []Option{WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if n++; n == 2 {
				stop()
			}
			return http.DefaultTransport.RoundTrip(r)
		})})}
	},
	"in a wrapper that repeats": func(_ *testing.T, _ *lossy, stop func()) []Option {
		return []Option{WithTransport(func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(r)
				if err == nil {
					return resp, nil
				}
				stop()
				r.Body, _ = r.GetBody()
				return next.RoundTrip(r)
			})
		})}
	},
	"in a foreign transport that repeats": func(_ *testing.T, _ *lossy, stop func()) []Option {
		return []Option{WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err == nil {
				return resp, nil
			}
			stop()
			r.Body, _ = r.GetBody()
			return http.DefaultTransport.RoundTrip(r)
		})})}
	},
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Wherever a process stands still, no repetition leaves that WeChat would take for a new message.
func TestNoRepetitionAfterNineMinutes(t *testing.T) {
	t.Parallel()
	for pause, late := range map[freeze]bool{
		{11 * time.Minute, 11 * time.Minute}:               true,  // SIGSTOP
		{11 * time.Minute, 0}:                              true,  // a laptop asleep
		{0, 11 * time.Minute}:                              true,  // SIGSTOP, and the wall clock was set back
		{-time.Hour, 9*time.Minute + time.Second}:          true,  // set back by an hour
		{9*time.Minute + time.Second, 0}:                   true,  // just beyond
		{1000 * time.Hour, time.Second}:                    true,  // a jump forward costs the repetition
		{9 * time.Minute, 9 * time.Minute}:                 false, // just within
		{-time.Hour, 8 * time.Minute}:                      false,
		{0, 0}:                                             false,
		{8*time.Minute + 59*time.Second, 30 * time.Second}: false,
	} {
		for where, options := range waits {
			if where == "for the token" && pause.wall != 11*time.Minute && pause.wall != 0 {
				continue // a second each, in which the token's Cache leaves the source alone
			}
			t.Run(where, func(t *testing.T) {
				t.Parallel()
				clocks, l := &frozen{}, newLossy(t)
				opts := options(t, l, func() { clocks.add(pause) })
				if where != "for the token" {
					opts = append(opts, WithTokenSource(token.SourceFunc(func(context.Context) (token.Token, error) {
						return token.Token{Value: "T", Expiry: time.Now().Add(time.Hour)}, nil
					})))
				}
				c, err := New("wx1", "", append(opts, WithBaseURL(l.URL))...)
				require.NoError(t, err)
				defer c.CloseIdleConnections()
				c.clock = clocks.clock()
				_, err = c.Template.Send(t.Context(), message())
				l.mu.Lock()
				defer l.mu.Unlock()
				require.Len(t, l.seen, 1)
				for _, n := range l.seen {
					if late {
						assert.Equal(t, 1, n, "%v", pause)
						assert.Equal(t, KindLost, KindOf(err), "%v", err)
						require.ErrorContains(t, err, "not repeated: the first attempt may have left too long ago")
					} else {
						assert.Equal(t, 2, n, "%v", pause)
						assert.NoError(t, err)
					}
				}
			})
		}
	}
}

// The limit counts from an attempt that is in doubt. One that was refused carried nothing out, and
// a message that stood still before its first attempt is no repetition.
func TestNineMinutesCountFromTheDoubt(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string][]string{
		"refused token": {`{"errcode":42001}`, okAnswer},
		"not sent":      {"dial", "dial", okAnswer},
		"first":         {okAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clocks, n := &frozen{}, 0
			below := roundTrip(func(r *http.Request) (*http.Response, error) {
				answer := answers[n]
				n++
				if answer == "dial" {
					return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
				}
				_, _ = io.ReadAll(r.Body)
				rec := httptest.NewRecorder()
				_, _ = rec.WriteString(answer)
				return rec.Result(), nil
			})
			tokens := 0
			c, err := New("wx1", "", WithHTTPClient(&http.Client{Transport: below}), WithLimiter(hold(func() { clocks.add(freeze{time.Hour, time.Hour}) })),
				WithTokenSource(token.SourceFunc(func(context.Context) (token.Token, error) {
					tokens++
					return token.Token{Value: string(rune('A' + tokens)), Expiry: time.Now().Add(time.Hour)}, nil
				})))
			require.NoError(t, err)
			c.clock = clocks.clock()
			_, err = c.Template.Send(t.Context(), message())
			require.NoError(t, err)
			assert.Equal(t, len(answers), n)
		})
	}
}

const okAnswer = `{"errcode":0,"errmsg":"ok","msgid":1}`

// A GET carries nothing out; even so none leaves that late.
func TestNineMinutesOfAGet(t *testing.T) {
	t.Parallel()
	clocks, n := &frozen{}, 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		n++
		clocks.add(freeze{10 * time.Minute, 0})
		panic(http.ErrAbortHandler)
	}))
	defer s.Close()
	c, err := New("wx1", "", WithBaseURL(s.URL), WithTokenSource(token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "T", Expiry: time.Now().Add(time.Hour)}, nil
	})))
	require.NoError(t, err)
	c.clock = clocks.clock()
	err = c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil)
	assert.Equal(t, KindLost, KindOf(err))
	assert.ErrorIs(t, err, errTooLate)
	assert.Equal(t, 1, n)
}

func TestSystemClock(t *testing.T) {
	t.Parallel()
	c := systemClock()
	start := c.now()
	assert.Equal(t, start.wall, start.wall.Round(0), "a monotonic reading would be compared in its place")
	assert.False(t, start.none())
	assert.True(t, moment{}.none())
	time.Sleep(time.Millisecond)
	assert.GreaterOrEqual(t, c.since(start), time.Millisecond)
	assert.Less(t, c.since(start), time.Minute)
}

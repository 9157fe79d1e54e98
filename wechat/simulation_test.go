package wechat_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// These tests hold the Client against the simulation, in a bubble of synctest.

// simulate runs f with a server in memory that has a follower and a template.
func simulate(t *testing.T, f func(t *testing.T, s *wechattest.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory(), wechattest.WithFollowers(func(string, string) wechattest.Follower { return wechattest.Following }))
		s.AddTemplate(template.Template{ID: "T", Content: "姓名{{thing1.DATA}}"})
		f(t, s)
	})
}

func note(to string) template.Message {
	return template.Message{To: to, TemplateID: "T", Data: template.Data{"thing1": {Value: "张三"}}}
}

// thousand calls f on as many goroutines, and counts the errors.
func thousand(f func() error) (failed int64) {
	var group sync.WaitGroup
	var n atomic.Int64
	for range 1000 {
		group.Go(func() {
			if f() != nil {
				n.Add(1)
			}
		})
	}
	group.Wait()
	return n.Load()
}

func TestThousandCallersFetchOneToken(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]wechat.Option{"stable": nil, "classic": {wechat.WithClassicToken()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T, s *wechattest.Server) {
				c := s.Client(opts...)
				send := func() error { _, err := c.Template.Send(t.Context(), note("oA")); return err }
				assert.Zero(t, thousand(send))
				assert.Equal(t, 1, s.TokenFetches(), "cold")
				time.Sleep(3 * time.Hour)
				assert.Zero(t, thousand(send))
				assert.Equal(t, 2, s.TokenFetches(), "at its end")
				s.ReplaceTokens()
				assert.Zero(t, thousand(send))
				assert.Equal(t, 3, s.TokenFetches(), "on 40001")
				s.ExpireTokens()
				assert.Zero(t, thousand(send))
				assert.Equal(t, 4, s.TokenFetches(), "on 42001")
				assert.EqualValues(t, 4000, s.AcceptedCount())
			})
		})
	}
}

// A thousand callers whose Store is down fetch once, and again no sooner than the interval.
func TestStoreDownIsNoStormOfFetches(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *wechattest.Server) {
		down := errors.New("store down")
		var told atomic.Int64
		c := s.Client(wechat.WithTokenStore(badStore{func(string) error { return down }}), wechat.WithHook(func(_ context.Context, e wechat.Event) {
			if e.Op == wechat.OpStore && errors.Is(e.Err, down) {
				told.Add(1)
			}
		}))
		for range 2 {
			assert.Zero(t, thousand(func() error { _, err := c.Template.Send(t.Context(), note("oA")); return err }))
			s.ReplaceTokens()
		}
		assert.Equal(t, 2, s.TokenFetches())
		assert.EqualValues(t, 4, told.Load(), "each load and each save is an event")
	})
}

func TestOwnSourceNeverAsksTheTokenEndpoints(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *wechattest.Server) {
		other := s.Client(wechat.WithClassicToken()) // the central token server
		fetches := atomic.Int64{}
		src := token.SourceFunc(func(ctx context.Context) (token.Token, error) {
			fetches.Add(1)
			v, err := other.Token.Get(ctx)
			return token.Token{Value: v}, err
		})
		c, err := wechat.New(s.AppID, "", wechat.WithTokenSource(src), wechat.WithBaseURL(s.URL), wechat.WithHTTPClient(&http.Client{Transport: s.Transport()}))
		require.NoError(t, err)
		send := func() error { _, err := c.Template.Send(t.Context(), note("oA")); return err }
		require.NoError(t, send())
		s.ReplaceTokens()
		require.ErrorIs(t, send(), wechat.ErrInvalidCredential, "the source gives the same one back: no loop")
		assert.EqualValues(t, 2, fetches.Load())
		assert.Equal(t, 1, s.TokenFetches(), "by the central server alone")
		assert.Zero(t, s.Requests("/cgi-bin/stable_token"))
	})
}

// A caller who gives up returns at once, and takes nobody down.
func TestCancelledCallerReturnsAtOnce(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *wechattest.Server) {
		s.Fail("/cgi-bin/stable_token", 1, wechattest.Fault{Delay: 5 * time.Second})
		c, start := s.Client(), time.Now()
		patient := make(chan error, 1)
		go func() { patient <- c.ClearQuota(t.Context()) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Template.Send(ctx, note("oA"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err), "it surely did not leave")
		assert.Equal(t, time.Second, time.Since(start))
		require.NoError(t, <-patient)
		assert.Equal(t, 1, s.TokenFetches())
	})
}

func TestQuotasOfThePlatform(t *testing.T) {
	t.Parallel()
	const path = "/cgi-bin/message/template/send"
	simulate(t, func(t *testing.T, s *wechattest.Server) {
		c := s.Client()
		_, err := c.Template.Send(t.Context(), note("oA"))
		require.NoError(t, err)
		s.SetMinuteLimit(path, 20)
		start := time.Now()
		for range 19 {
			_, err = c.Template.Send(t.Context(), note("oA"))
			require.NoError(t, err)
		}
		_, err = c.Template.Send(t.Context(), note("oA"))
		require.ErrorIs(t, err, wechat.ErrMinuteLimit)
		assert.Zero(t, time.Since(start), "Send must not sleep")

		tally := map[wechat.Kind]int{}
		for r := range c.Template.SendAll(t.Context(), notes(100)) {
			tally[wechat.KindOf(r.Err)]++
		}
		assert.Equal(t, map[wechat.Kind]int{wechat.KindUnknown: 100}, tally, "SendAll waits for the minutes")
		assert.InDelta(t, 5, time.Since(start).Minutes(), 1)
		assert.EqualValues(t, 120, s.AcceptedCount())

		s.SetMinuteLimit(path, -1)
		q, err := c.Quota(t.Context(), path)
		require.NoError(t, err)
		s.SetDailyQuota(path, int(q.Used)+7)
		clear(tally)
		for r := range c.Template.SendAll(t.Context(), notes(1000), template.WithWorkers(4)) {
			tally[wechat.KindOf(r.Err)]++
		}
		assert.Equal(t, 7, tally[wechat.KindUnknown])
		assert.LessOrEqual(t, tally[wechat.KindDailyQuota], 5, "it stops pulling")
		assert.Len(t, tally, 2)
	})
}

func notes(n int) func(yield func(template.Message, error) bool) {
	return func(yield func(template.Message, error) bool) {
		for range n {
			if !yield(note("oA"), nil) {
				return
			}
		}
	}
}

// An event has all that a metric or a trace asks for.
func TestEventsTellAll(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *wechattest.Server) {
		var events []wechat.Event
		c := s.Client(wechat.WithHook(func(_ context.Context, e wechat.Event) { events = append(events, e) }))
		start := time.Now()
		s.Fail("/cgi-bin/getcallbackip", 1, wechattest.Fault{Status: 502, Delay: 300 * time.Millisecond})
		s.Fail("/cgi-bin/getcallbackip", 1, wechattest.Fault{Code: 48001, Delay: 2 * time.Second})
		err := c.Call(t.Context(), http.MethodGet, "/cgi-bin/getcallbackip?a=b", nil, nil)
		require.ErrorIs(t, err, wechat.ErrUnauthorizedAPI)
		require.Len(t, events, 3)
		fetch, first, second := events[0], events[1], events[2]
		assert.Equal(t, wechat.Event{
			Op: wechat.OpToken, AppID: s.AppID, Method: http.MethodPost, Path: "/cgi-bin/stable_token", Attempt: 1, Start: start, Status: 200,
		}, fetch)
		assert.NotZero(t, first.Err)
		assert.NotEmpty(t, second.RID)
		first.Err, second.Err, second.RID = nil, nil, ""
		assert.Equal(t, wechat.Event{
			Op: wechat.OpCall, AppID: s.AppID, Method: http.MethodGet, Path: "/cgi-bin/getcallbackip", Attempt: 1, Start: start,
			Duration: 300 * time.Millisecond, Status: 502, Repeat: true,
		}, first)
		assert.Equal(t, wechat.Event{
			Op: wechat.OpCall, AppID: s.AppID, Method: http.MethodGet, Path: "/cgi-bin/getcallbackip", Attempt: 2,
			Start: second.Start, Duration: 2 * time.Second, Status: 200, Code: wechat.ErrUnauthorizedAPI,
		}, second)
		assert.True(t, second.Start.After(start.Add(300*time.Millisecond)), "after the backoff")
	})
}

package main

import (
	"flag"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/wechattest"
)

// The soak is short in the suite. The long one:
//
//	go test ./examples/pushfleet -run TestSoak -v -timeout 60m -soak.recipients 20000 -soak.minutes 10
var (
	soakRecipients = flag.Int("soak.recipients", 2500, "recipients of TestSoak")
	soakMinutes    = flag.Float64("soak.minutes", 0.5, "about how long TestSoak sends, which sets its rate")
)

const (
	soakWorkers = 3
	// killEvery is how often a worker is killed.
	killEvery = 4 * time.Second
	// lossShare of the answers are lost after the message was accepted.
	lossShare = 0.02
	// strike is the second of each minute from which on the limit by the minute strikes.
	strike = 55
)

// traffic is what the simulated WeChat sees, and does to it.
type traffic struct {
	mu           sync.Mutex // guards what follows
	times        []time.Time
	lost, struck int
	until        time.Time // until then the limit by the minute strikes, too
}

// strikeNow has the limit by the minute strike until the next minute, if it has not yet.
func (f *traffic) strikeNow() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.struck == 0 {
		f.until = time.Now().Truncate(time.Minute).Add(time.Minute)
	}
}

func (f *traffic) hook(r *http.Request) *wechattest.Fault {
	if r.URL.Path != sendPath {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.times = append(f.times, now)
	switch {
	case now.Second() >= strike, now.Before(f.until):
		f.struck++
		return &wechattest.Fault{Code: 45011}
	case rand.Float64() < lossShare:
		f.lost++
		return &wechattest.Fault{Reset: wechattest.ResetAfter}
	}
	return nil
}

// busiest returns the most calls in any window of a length, and when that begins.
func (f *traffic) busiest(window time.Duration) (most int, from time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := 0
	for i, at := range f.times {
		for at.Sub(f.times[first]) >= window {
			first++
		}
		if n := i - first + 1; n > most {
			most, from = n, f.times[first]
		}
	}
	return most, from
}

// around returns the calls of each fifth of a second from three seconds before a window until three
// after it.
func (f *traffic) around(from time.Time, window time.Duration) (calls []int) {
	const step = time.Second / 5
	f.mu.Lock()
	defer f.mu.Unlock()
	from = from.Add(-3 * time.Second)
	calls = make([]int, (window+6*time.Second)/step)
	for _, at := range f.times {
		if i := at.Sub(from) / step; at.After(from) && int(i) < len(calls) {
			calls[i]++
		}
	}
	return calls
}

// fleetOf are processes that are killed and started again.
type fleetOf struct {
	w       *world
	args    []string
	workers []*exec.Cmd
	kills   int
}

func (w *world) startFleet(n int, args ...string) *fleetOf {
	f := &fleetOf{w: w, args: append([]string{"work"}, args...)}
	for range n {
		f.workers = append(f.workers, w.start(nil, f.args...))
	}
	return f
}

// kill kills a worker and starts another one.
func (f *fleetOf) kill() {
	i := rand.IntN(len(f.workers))
	_ = f.workers[i].Process.Kill()
	_ = f.workers[i].Wait()
	f.workers[i] = f.w.start(nil, f.args...)
	f.kills++
}

// stop stops all workers gently.
func (f *fleetOf) stop() {
	for _, cmd := range f.workers {
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	for _, cmd := range f.workers {
		_ = cmd.Wait()
		assert.Equal(f.w.t, exitInterrupted, cmd.ProcessState.ExitCode(), printed(cmd))
	}
}

// left is how many rows are not settled.
func (w *world) left() int { return w.count("pending") + w.count("sending") }

// soak is what happens to a fleet of n recipients while it sends.
type soak struct {
	w                       *world
	fleet                   *fleetOf
	seen                    *traffic
	n                       int
	restarts, invalidations int
	lastKill                time.Time
	events                  []string
}

// note remembers what was done, and when.
func (s *soak) note(what string) {
	s.events = append(s.events, time.Now().Format("15:04:05.0 ")+what)
}

// disturb does what is due by the progress or by the clock.
func (s *soak) disturb(left int) {
	gone := s.n - left
	if s.restarts < 2 && gone > s.n*(s.restarts+1)/3 {
		s.restarts++
		s.note("Redis stops")
		s.w.redis.Stop()
		<-time.After(time.Second)
		s.w.redis.Restart()
		s.note("Redis is back")
	}
	if s.invalidations < 3 && gone > s.n*(2*s.invalidations+1)/7 {
		s.invalidations++
		s.note("tokens are replaced")
		s.w.wechat.ReplaceTokens()
	}
	if gone > s.n*4/5 {
		s.seen.strikeNow()
	}
	if time.Since(s.lastKill) > killEvery && left > s.n/50 {
		s.lastKill = time.Now()
		s.fleet.kill()
		s.note("a worker is killed")
	}
}

// TestSoak has three workers push while everything that may fail does.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	n := *soakRecipients
	rate := float64(n) / (*soakMinutes * 60)
	w := newWorld(t, n)
	w.enqueue()
	seen := new(traffic)
	w.wechat.FaultFunc(seen.hook)
	fleet := w.startFleet(soakWorkers, "-rate", strconv.FormatFloat(rate, 'f', 3, 64))
	begun := time.Now()
	s := &soak{w: w, fleet: fleet, seen: seen, n: n, lastKill: begun}
	limit := time.Duration(*soakMinutes*4)*time.Minute + 4*time.Minute
	for left := n; left > 0; left = w.left() {
		<-time.After(100 * time.Millisecond)
		if time.Since(begun) > limit {
			for _, cmd := range fleet.workers {
				t.Log(printed(cmd))
			}
			require.Fail(t, "the campaign does not end", "%d rows are left", left)
		}
		s.disturb(left)
	}
	took := time.Since(begun)
	fleet.stop()

	w.once(n)
	assert.Equal(t, n, w.count("accepted"))
	const window = 10 * time.Second
	most, from := seen.busiest(window)
	fetches := w.wechat.TokenFetches()
	if !assert.LessOrEqual(t, float64(most), rate*window.Seconds()*1.05, "calls in the busiest 10 s") {
		t.Logf("they begin at %s; each 0.2 s from 3 s before: %v; %v", from.Format("15:04:05.0"), seen.around(from, window), s.events)
	}
	assert.Equal(t, []int{2, 3}, []int{s.restarts, s.invalidations})
	assert.Greater(t, fleet.kills, 3)
	assert.Positive(t, seen.lost)
	assert.Positive(t, seen.struck)
	assert.LessOrEqual(t, fetches, 1+s.invalidations+s.restarts*soakWorkers, "one for each that was taken away, and of a worker that starts without Redis")
	t.Logf("%d messages in %v at %.1f a second: %d kills, %d restarts of Redis, %d answers lost, %d times 45011, %d ids repeated, %d invalidations, %d token fetches, %d calls in the busiest 10 s of %.0f",
		n, took.Round(time.Millisecond), rate, fleet.kills, s.restarts, seen.lost, seen.struck, w.wechat.RepeatedCount(), s.invalidations, fetches, most, rate*10)
}

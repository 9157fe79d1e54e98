package wechat

import "time"

// repeatLimit bounds the repetitions of a call. WeChat knows a client_msg_id for ten minutes: a
// repetition after that is a second message.
const repeatLimit = 9 * time.Minute

// clock has two readings, since each of them stands still or jumps at times when the other does
// not: the monotonic one stands still while a machine sleeps, and the wall clock may be set back.
type clock struct {
	wall      func() time.Time     // without a monotonic reading
	monotonic func() time.Duration // since some moment
}

func systemClock() clock {
	start := time.Now()
	return clock{
		wall:      func() time.Time { return time.Now().Round(0) },
		monotonic: func() time.Duration { return time.Since(start) },
	}
}

// moment is a reading of both. The zero moment is none.
type moment struct {
	wall      time.Time
	monotonic time.Duration
}

func (m moment) none() bool { return m.wall.IsZero() }

func (c clock) now() moment { return moment{c.wall(), c.monotonic()} }

// since returns the larger of the two differences.
func (c clock) since(m moment) time.Duration {
	now := c.now()
	return max(now.wall.Sub(m.wall), now.monotonic-m.monotonic)
}

package push

import "time"

// stopwatch measures how long ago something was. It has two readings, since each of them stands
// still or jumps at times when the other does not: the monotonic one stands still while a machine
// sleeps, and the wall clock may be set back. Tests set the readings.
type stopwatch struct {
	wall      func() time.Time     // without a monotonic reading
	monotonic func() time.Duration // since some moment
}

// instant is a reading of both. The zero instant is none.
type instant struct {
	wall      time.Time
	monotonic time.Duration
}

func (i instant) none() bool { return i.wall.IsZero() }

// orSystem returns w, or the machine's clocks for the zero stopwatch.
func (w stopwatch) orSystem() stopwatch {
	if w.wall != nil {
		return w
	}
	start := time.Now()
	return stopwatch{
		wall:      func() time.Time { return time.Now().Round(0) },
		monotonic: func() time.Duration { return time.Since(start) },
	}
}

func (w stopwatch) now() instant { return instant{w.wall(), w.monotonic()} }

// since returns the larger of the two differences.
func (w stopwatch) since(i instant) time.Duration {
	wall, monotonic := w.both(i)
	return max(wall, monotonic)
}

func (w stopwatch) both(i instant) (wall, monotonic time.Duration) {
	now := w.now()
	return now.wall.Sub(i.wall), now.monotonic - i.monotonic
}

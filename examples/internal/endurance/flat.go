package endurance

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// A Trend is what became of one figure over a time.
type Trend struct {
	Name     string
	Mean     float64
	Change   float64 // from the beginning to the end of the line that fits best
	Allowed  float64 // by how much it may differ from 0
	Min, Max float64
}

// Flat reports whether the line fits a figure that stays as it is.
func (t Trend) Flat() bool { return math.Abs(t.Change) <= t.Allowed }

// String tells the figures.
func (t Trend) String() string {
	return fmt.Sprintf("%s: mean %.0f, from %.0f to %.0f, change %+.1f (%+.2f %%), allowed %.0f",
		t.Name, t.Mean, t.Min, t.Max, t.Change, 100*t.Change/max(t.Mean, 1), t.Allowed)
}

// tolerance is the part of its mean by which a figure may change over all the time that is looked
// at. What leaks with each call, or each second, is far beyond it after minutes.
const tolerance = 0.05

// A figure is one that has to be flat.
type figure struct {
	name  string
	of    func(Sample) int64
	floor float64 // it may change by so much in any case: small numbers are noisy
}

var figures = [...]figure{
	{"goroutines", func(s Sample) int64 { return s.Goroutines }, 16},
	{"heap", func(s Sample) int64 { return s.Heap }, 1 << 20},
	{"sockets", func(s Sample) int64 { return s.Sockets }, 16},
	{"descriptors", func(s Sample) int64 { return s.Descriptors }, 16},
}

// fewest are the samples through which a line makes sense.
const fewest = 10

// Trends fits a line through each figure of the samples from a time on. Figures that the system
// does not tell are left out.
func Trends(samples []Sample, from time.Duration) ([]Trend, error) {
	for len(samples) > 0 && samples[0].At < from {
		samples = samples[1:]
	}
	if len(samples) < fewest {
		return nil, fmt.Errorf("endurance: %d samples from %s on, which is too few to judge by", len(samples), from)
	}
	var trends []Trend
	for _, f := range figures {
		if f.of(samples[0]) >= 0 {
			trends = append(trends, f.trend(samples))
		}
	}
	return trends, nil
}

// trend fits a line by least squares.
func (f figure) trend(samples []Sample) Trend {
	t := Trend{Name: f.name, Min: math.Inf(1), Max: math.Inf(-1)}
	n := float64(len(samples))
	var middle float64
	for _, s := range samples {
		v := float64(f.of(s))
		t.Mean += v / n
		middle += s.At.Seconds() / n
		t.Min, t.Max = min(t.Min, v), max(t.Max, v)
	}
	var both, square float64
	for _, s := range samples {
		x := s.At.Seconds() - middle
		both += x * (float64(f.of(s)) - t.Mean)
		square += x * x
	}
	length := (samples[len(samples)-1].At - samples[0].At).Seconds()
	t.Change = both / square * length
	t.Allowed = max(tolerance*t.Mean, f.floor)
	return t
}

// Flat returns an error that names each figure which did not stay as it was from a time on.
func Flat(samples []Sample, from time.Duration) error {
	trends, err := Trends(samples, from)
	if err != nil {
		return err
	}
	for _, t := range trends {
		if !t.Flat() {
			err = errors.Join(err, fmt.Errorf("endurance: not flat: %s", t))
		}
	}
	return err
}

package endurance

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// samplesOf makes 30 minutes of samples, five seconds apart, of what grows as is told.
func samplesOf(goroutines, heap, sockets, descriptors func(seconds float64) float64) (samples []Sample) {
	for at := time.Duration(0); at <= 30*time.Minute; at += 5 * time.Second {
		s := at.Seconds()
		samples = append(samples, Sample{
			At: at, Goroutines: int64(goroutines(s)), Heap: int64(heap(s)), Sockets: int64(sockets(s)), Descriptors: int64(descriptors(s)),
		})
	}
	return samples
}

func steady(level float64) func(float64) float64 {
	return func(float64) float64 { return level }
}

func growing(level, each float64) func(float64) float64 {
	return func(s float64) float64 { return level + each*s }
}

// noisy swings by a fifth, at random and in waves.
func noisy(level float64) func(float64) float64 {
	r := rand.New(rand.NewPCG(1, 2))
	return func(s float64) float64 { return level * (1 + 0.1*math.Sin(s/60) + 0.1*(r.Float64()-0.5)) }
}

func TestFlat(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	warming := func(s float64) float64 { return 50 * mib * (1 - math.Exp(-s/20)) }
	for name, tt := range map[string]struct {
		samples []Sample
		names   []string // that are not flat
	}{
		"steady":            {samplesOf(steady(100), steady(50*mib), steady(60), steady(70)), nil},
		"noise":             {samplesOf(noisy(100), noisy(50*mib), noisy(60), noisy(70)), nil},
		"warming up":        {samplesOf(steady(100), warming, steady(60), steady(70)), nil},
		"nothing to tell":   {samplesOf(steady(100), steady(50*mib), steady(-1), steady(-1)), nil},
		"little on little":  {samplesOf(growing(4, 0.005), growing(mib, 300), growing(3, 0.005), growing(5, 0.005)), nil},
		"a goroutine a min": {samplesOf(growing(100, 1.0/60), steady(50*mib), steady(60), steady(70)), []string{"goroutines"}},
		"2 KB a second":     {samplesOf(steady(100), growing(50*mib, 2<<10), steady(60), steady(70)), []string{"heap"}},
		"sockets are kept":  {samplesOf(steady(100), steady(50*mib), growing(60, 0.02), growing(70, 0.02)), []string{"sockets", "descriptors"}},
		"shrinking":         {samplesOf(growing(200, -0.05), steady(50*mib), steady(60), steady(70)), []string{"goroutines"}},
		"from nothing":      {samplesOf(growing(0, 0.1), steady(0), steady(0), steady(0)), []string{"goroutines"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Flat(tt.samples, 2*time.Minute)
			if tt.names == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Equal(t, tt.names, named(err))
		})
	}
}

// named returns the figures that an error of Flat names.
func named(err error) (names []string) {
	for _, f := range figures {
		if strings.Contains(err.Error(), "not flat: "+f.name+":") {
			names = append(names, f.name)
		}
	}
	return names
}

func TestTooFewSamples(t *testing.T) {
	t.Parallel()
	all := samplesOf(steady(1), steady(1), steady(1), steady(1))
	for name, samples := range map[string][]Sample{"none": nil, "all before": all[:20], "nine": all[24:33]} {
		require.ErrorContains(t, Flat(samples, 2*time.Minute), "too few", name)
	}
	require.NoError(t, Flat(all[24:34], 2*time.Minute))
}

func TestTrend(t *testing.T) {
	t.Parallel()
	trends, err := Trends(samplesOf(growing(100, 0.5), steady(7), steady(-1), steady(-1)), 0)
	require.NoError(t, err)
	require.Len(t, trends, 2, "what the system does not tell is left out")
	assert.InDelta(t, 900, trends[0].Change, 2)
	assert.InDelta(t, 550, trends[0].Mean, 2)
	assert.EqualValues(t, 100, trends[0].Min)
	assert.EqualValues(t, 1000, trends[0].Max)
	assert.Regexp(t, `^heap: mean 7, from 7 to 7, change [+-]0.0 \([+-]0.00 %\), allowed 1048576$`, trends[1].String())
}

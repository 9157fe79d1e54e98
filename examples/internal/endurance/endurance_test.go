package endurance

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test binary is also the platform; its callback's address is in this variable.
const platformRole = "WXHOME_ENDURANCE_PLATFORM"

func TestMain(m *testing.M) {
	if address := os.Getenv(platformRole); address != "" {
		if err := Platform(address, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func platformProcess(callbackURL string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), platformRole+"="+callbackURL)
	cmd.Stderr = os.Stderr
	return cmd
}

// The short form, unless WXHOME_ENDURANCE says otherwise.
const (
	shortRun  = 24 * time.Second
	shortWarm = 10 * time.Second // late answers go on for five seconds before they are at their level
	longWarm  = 2 * time.Minute
)

// TestEndurance is not parallel: it looks at the process.
func TestEndurance(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for half a minute")
	}
	length, warm := shortRun, shortWarm
	if v := os.Getenv("WXHOME_ENDURANCE"); v != "" {
		var err error
		length, err = time.ParseDuration(v)
		require.NoError(t, err, "WXHOME_ENDURANCE")
		require.Greater(t, length, 2*longWarm, "WXHOME_ENDURANCE")
		warm = longWarm
	}
	every := max(length/360, 500*time.Millisecond)
	r, err := Run(t.Context(), Config{For: length, Every: every, Platform: platformProcess})
	if r != nil {
		keep(t, r.Samples)
	}
	require.NoError(t, err)
	require.NoError(t, r.First)

	seconds := r.Samples[len(r.Samples)-1].At.Seconds()
	t.Logf("%.0f s: %+v, %+v, %.0f calls/s, %.0f pushes/s", seconds, r.Done, r.Totals,
		float64(r.Done.Templates+r.Done.Customs+r.Done.Uploads)/seconds, float64(r.Done.Pushes)/seconds)
	trends, err := Trends(r.Samples, warm)
	require.NoError(t, err)
	for _, trend := range trends {
		t.Log(trend)
	}
	require.NoError(t, Flat(r.Samples, warm))

	assert.Equal(t, r.Totals.Accepted, r.Done.Templates+r.Done.Customs+r.Done.Late, "what was accepted, and what the program knows of")
	assert.Equal(t, r.Totals.Pushes-r.Totals.Met, r.Done.Pushes, "each push ran its handler once")
	assert.Equal(t, r.Done.Pushes, r.Totals.Replies+r.Done.Late, "each parent has one answer")
	assert.LessOrEqual(t, r.Totals.Met, int64(10))
	assert.Zero(t, r.Totals.Unanswered)
	lives := int(length/tokenLifetime) - 1
	assert.GreaterOrEqual(t, r.Totals.Tokens, 2*lives, "each account fetched new tokens")
	assert.LessOrEqual(t, r.Totals.Tokens, 2*4*(lives+2))
	for name, n := range map[string]int64{
		"templates": r.Done.Templates, "customs": r.Done.Customs, "uploads": r.Done.Uploads, "pushes": r.Done.Pushes, "late": r.Done.Late,
	} {
		assert.Positive(t, n, name)
	}
}

// keep writes the samples to where WXHOME_ENDURANCE_CSV says.
func keep(t *testing.T, samples []Sample) {
	t.Helper()
	name := os.Getenv("WXHOME_ENDURANCE_CSV")
	if name == "" {
		return
	}
	f, err := os.Create(name)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, WriteCSV(f, samples))
}

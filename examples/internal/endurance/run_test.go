package endurance

import (
	"context"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat/wechattest"
)

func TestRunIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r, err := Run(ctx, Config{For: time.Hour, Every: time.Millisecond, Platform: platformProcess})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, r.First, "what was under way came to its end")
	assert.Equal(t, r.Totals.Accepted, r.Done.Templates+r.Done.Customs+r.Done.Late)
	assert.Equal(t, r.Totals.Pushes-r.Totals.Met, r.Done.Pushes)
}

func TestPlatformThatDoesNotStart(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"none": {"/nonexistent"}, "silent": {"true"}, "says nonsense": {"echo", "hello"}} {
		_, err := Run(t.Context(), Config{For: time.Hour, Every: time.Hour, Platform: func(string) *exec.Cmd { return exec.Command(args[0], args[1:]...) }})
		require.ErrorContains(t, err, "the platform does not start", name)
	}
}

// TestWhatBecomesOfAPush has a platform tell its pushes apart.
func TestWhatBecomesOfAPush(t *testing.T) {
	t.Parallel()
	ok, lost, forbidden := wechattest.Attempt{Status: 200}, wechattest.Attempt{Err: io.EOF}, wechattest.Attempt{Status: 403, Err: io.EOF}
	var p pusher
	for _, d := range []wechattest.Delivered{
		{Attempts: []wechattest.Attempt{ok}, Reply: callback.Text{Content: "x"}},
		{Attempts: []wechattest.Attempt{ok}},
		{Attempts: []wechattest.Attempt{lost, ok}, Reply: callback.Text{Content: "x"}},
		{Attempts: []wechattest.Attempt{lost, lost, lost}},
		{Attempts: []wechattest.Attempt{forbidden, forbidden, forbidden}},
	} {
		p.count(d, nil)
	}
	p.count(wechattest.Delivered{}, context.Canceled)
	assert.Equal(t, []int64{6, 2, 2, 2, 1}, []int64{p.pushes.Load(), p.replies.Load(), p.repeated.Load(), p.unanswered.Load(), p.met.Load()})
}

// TestFailuresAreCounted has a platform that is gone when the calls are made.
func TestFailuresAreCounted(t *testing.T) {
	t.Parallel()
	var tr traffic
	require.NoError(t, tr.open(0, "http://127.0.0.1:1", credentials{"wxsimulation000001", "5ec2e70f51a1a7ed0acc0a17ab1e9e55"}, "id"))
	for i := range 2 {
		tr.send(tr.accounts[0], i)
	}
	assert.Equal(t, Done{Failures: 2}, tr.done())
	require.Error(t, tr.failure())
	require.Error(t, tr.open(0, "nonsense", credentials{}, ""))
}

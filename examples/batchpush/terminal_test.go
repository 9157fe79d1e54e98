package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
)

// onTerminal runs a push as if it were on a terminal where answer is typed.
func onTerminal(ctx context.Context, t *testing.T, environment map[string]string, answer string, args ...string) result {
	t.Helper()
	getenv := func(name string) string { return environment[name] }
	o, err := parseOptions(args, getenv, language{}, time.Now())
	require.NoError(t, err)
	var out, errs bytes.Buffer
	p := &program{
		options: o, called: operator.Invoked(append([]string{"batchpush"}, args...), source, (&options{}).flagSet(language{}), variables), getenv: getenv, stdin: strings.NewReader(answer),
		stdout: &out, out: &out, stderr: &errs, terminal: true, asks: true,
	}
	status := p.exit(ctx, p.do(ctx))
	return result{status, out.String(), errs.String()}
}

func TestAskBeforeANewCampaign(t *testing.T) {
	t.Parallel()
	s, id, environment := newServer(t)
	s.SetDailyQuota(sendPath, 3)
	db := smallSchool(t)
	for _, answer := range []string{"", "\n", "n\n", "vielleicht\n"} {
		r := onTerminal(t.Context(), t, environment, answer, asking(db, id)...)
		require.Equal(t, exitStopped, r.status, r.both())
		assert.Contains(t, r.out, "5 recipients: 5 to send")
		assert.Contains(t, r.out, "Send 5 messages? [y/N] ")
		assert.Contains(t, r.out, "Nothing was sent.")
		assert.Contains(t, r.errors, "3 messages are left of today's quota of 3")
	}
	require.Zero(t, s.AcceptedCount())
	s.SetDailyQuota(sendPath, -1)

	r := onTerminal(t.Context(), t, environment, "是\n", asking(db, id, "-limit", "2")...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.out, "100%", "a bar")
	assert.EqualValues(t, 2, s.AcceptedCount())

	r = onTerminal(t.Context(), t, environment, "", realFlags(db, id, "-campaign", "second")...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.NotContains(t, r.out, "[y/N]")
	assert.EqualValues(t, 4, s.AcceptedCount())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r = onTerminal(ctx, t, environment, "y\n", asking(db, id, "-campaign", "third", "-again")...)
	assert.Equal(t, exitInterrupted, r.status, r.both())
	assert.EqualValues(t, 4, s.AcceptedCount())
}

// asking are the flags of a real push without -yes.
func asking(db, templateID string, more ...string) []string {
	return slices.DeleteFunc(realFlags(db, templateID, more...), func(word string) bool { return word == "-yes" })
}

// TestMeterOnAPipe shows progress as lines, every few seconds and at each pause.
func TestMeterOnAPipe(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := (&program{out: &out}).newMeter("spring")
	m.start = m.start.Add(-10 * time.Second)
	m.show(push.Progress{Total: 1000, Done: 100})
	assert.Empty(t, out.String(), "not every step")
	m.last = m.last.Add(-lineEvery)
	m.show(push.Progress{Total: 1000, Done: 300})
	assert.Equal(t, "300 of 1000 (30 %), 20.0 a second, 35s left\n", out.String())
	out.Reset()
	m.show(push.Progress{Total: 1000, Done: 500, Pause: time.Minute})
	assert.Regexp(t, `^500 of 1000; the next batch begins at \d\d:\d\d:\d\d\n$`, out.String())
	m.end(push.Summary{})
}

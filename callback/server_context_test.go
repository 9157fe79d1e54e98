package callback

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

type ctxKey struct{}

func newRunContext(t *testing.T, limit time.Duration) (*runContext, context.CancelCauseFunc) {
	t.Helper()
	server, stop := context.WithCancelCause(context.Background())
	request, cancel := context.WithCancel(context.WithValue(context.Background(), ctxKey{}, "v"))
	cancel() // the request is over: that must not matter
	return &runContext{server: server, request: request, deadline: time.Now().Add(limit)}, stop
}

func TestRunContextEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		asked bool // for Done, before it ends
		end   func(*runContext, context.CancelCauseFunc)
		want  error
	}{
		"by its deadline":           {false, func(*runContext, context.CancelCauseFunc) { time.Sleep(time.Second) }, context.DeadlineExceeded},
		"by its deadline, asked":    {true, func(*runContext, context.CancelCauseFunc) { time.Sleep(time.Second) }, context.DeadlineExceeded},
		"by the server":             {false, func(_ *runContext, stop context.CancelCauseFunc) { stop(nil) }, context.Canceled},
		"by the server, asked":      {true, func(_ *runContext, stop context.CancelCauseFunc) { stop(nil) }, context.Canceled},
		"with the handler":          {false, func(c *runContext, _ context.CancelCauseFunc) { c.end() }, context.Canceled},
		"with the handler, asked":   {true, func(c *runContext, _ context.CancelCauseFunc) { c.end() }, context.Canceled},
		"with the handler, in time": {true, func(c *runContext, _ context.CancelCauseFunc) { c.end(); c.end() }, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, stop := newRunContext(t, time.Second)
				defer stop(nil)
				if tt.asked {
					select {
					case <-c.Done():
						t.Fatal("ended at once")
					default:
					}
				}
				assert.NoError(t, c.Err())
				tt.end(c, stop)
				synctest.Wait()
				assert.ErrorIs(t, c.Err(), tt.want)
				select {
				case <-c.Done():
				default:
					t.Error("Err tells of an end, Done does not")
				}
				assert.ErrorIs(t, context.Cause(c), tt.want)
			})
		})
	}
}

func TestRunContextCarriesTheRequestsValues(t *testing.T) {
	t.Parallel()
	c, stop := newRunContext(t, time.Hour)
	defer stop(nil)
	assert.Equal(t, "v", c.Value(ctxKey{}))
	assert.NoError(t, context.Cause(c), "the request's own end shows through")
	deadline, ok := c.Deadline()
	assert.True(t, ok)
	assert.Equal(t, c.deadline, deadline)
	_ = c.Done()
	assert.Equal(t, "v", c.Value(ctxKey{}))
	assert.Nil(t, c.Value("none"))
	c.end()
}

// A child must hang on without a goroutine of its own, or a bubble could not end.
func TestRunContextChildren(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, stop := newRunContext(t, time.Second)
		defer stop(nil)
		child, cancel := context.WithCancel(c)
		defer cancel()
		assert.NoError(t, child.Err())
		time.Sleep(time.Second)
		synctest.Wait()
		assert.ErrorIs(t, child.Err(), context.DeadlineExceeded)
		late, cancelLate := context.WithTimeout(c, time.Hour)
		defer cancelLate()
		assert.ErrorIs(t, late.Err(), context.DeadlineExceeded)
	})
}

func TestRunContextCostsNothingUnasked(t *testing.T) {
	c, stop := newRunContext(t, time.Hour)
	defer stop(nil)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = c.Err() }))
	assert.Nil(t, c.inner.Load())
}

package push

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/wechat"
)

// TestSilentDatabase: a server that says nothing any more ends a push within a minute, stopped or
// not, and the next one goes on.
func TestSilentDatabase(t *testing.T) {
	t.Parallel()
	for name, stops := range map[string]bool{"a push": false, "a push that is told to stop": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newWeChat(t)
			address := dbtest.MariaDB(t)
			d := emptySchool(t, address)
			fill(t, d, 300)
			p, through := throughProxy(t, address)
			cfg := ofSchool(dbtest.Open(t, through), s)
			cfg.Rate = 100
			stop := make(chan struct{})
			var silent time.Time
			cfg.Progress = func(now Progress) {
				if now.Done > 50 && silent.IsZero() {
					silent = time.Now()
					p.silence()
					if stops {
						time.AfterFunc(time.Second, func() { close(stop) })
					}
				}
			}
			_, err := Run(t.Context(), stop, cfg)
			require.Error(t, err)
			assert.Equal(t, !stops, IsSilent(err), "%v", err)
			assert.Less(t, time.Since(silent), 45*time.Second)
			p.mend()
			p.cut()
			next := ofSchool(d, s)
			next.Now = func() time.Time { return time.Now().Add(takeOverTime + time.Second) }
			got, err := Run(t.Context(), nil, next)
			require.NoError(t, err)
			assert.Equal(t, 300, got.Accepted)
			s.once(t, 300)
		})
	}
}

func TestIsSilent(t *testing.T) {
	t.Parallel()
	network := &net.OpError{Op: "read", Err: errors.New("timeout")}
	for name, tt := range map[string]struct {
		err    error
		silent bool
	}{
		"nothing":     {nil, false},
		"network":     {fmt.Errorf("ledger: %w", network), true},
		"lock":        {errors.Join(errLockLost), true},
		"outage":      {&StopError{ReasonOutage, network}, false},
		"of WeChat's": {unreachable(t), false},
		"other":       {errors.New("disk full"), false},
	} {
		assert.Equal(t, tt.silent, IsSilent(tt.err), name)
	}
	assert.Equal(t, wechat.KindNetwork, wechat.KindOf(unreachable(t)))
}

package push

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/departure"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// doorway is a gate with a row, and what it asks.
type doorway struct {
	*gate
	*hands
	row    *row
	lost   atomic.Bool
	unsure atomic.Bool
	log    strings.Builder
}

func newDoorway(t *testing.T, caller template.Caller) *doorway {
	d := &doorway{hands: newHands()}
	now := time.Unix(aMoment, 0)
	d.gate = newGate(caller, d.hands.clock(t, now), slog.New(slog.NewTextHandler(&d.log, nil)))
	d.gate.lost = func() error {
		if d.lost.Load() {
			return errLockLost
		}
		return nil
	}
	d.gate.sure = func() bool { return !d.unsure.Load() }
	d.row = &row{clientMsgID: "id", firstAt: aMoment, claimed: d.gate.clock.watch.now(), since: d.gate.clock.watch.now()}
	d.gate.expect(d.row)
	return d
}

func (d *doorway) send(t *testing.T) error {
	m := template.Message{To: "oFirst", TemplateID: templateID, ClientMsgID: "id", Data: template.Data{"thing1": {Value: "甲"}}}
	return d.gate.Call(t.Context(), "POST", sendPath, &m, nil)
}

func (d *doorway) pass(by time.Duration) { d.wall.Add(int64(by)) }

// What must not happen between the claim of a row and the moment when it leaves.
var hindrances = map[string]struct {
	happens func(d *doorway)
	want    error // nil: it leaves
}{
	"nothing":                 {func(*doorway) {}, nil},
	"the lease nearly over":   {func(d *doorway) { d.pass(leaseTime - 5*time.Second) }, nil},
	"the lease over":          {func(d *doorway) { d.pass(leaseTime + time.Millisecond) }, errLeaseOver},
	"over by monotonic alone": {func(d *doorway) { d.monotonic.Add(int64(leaseTime)) }, errLeaseOver},
	"over, clock set back": {func(d *doorway) {
		d.wall.Add(-int64(time.Hour))
		d.monotonic.Add(int64(leaseTime))
	}, errLeaseOver},
	"stood still":          {func(d *doorway) { d.pass(11 * time.Minute) }, errLeaseOver},
	"the lock lost":        {func(d *doorway) { d.lost.Store(true) }, errClosed},
	"the lock unconfirmed": {func(d *doorway) { d.unsure.Store(true) }, errUnsure},
	"the push stopped":     {func(d *doorway) { d.closed.Store(true) }, errClosed},
}

// TestGateWhenCalled: what has been handed to a sender does not leave any more.
func TestGateWhenCalled(t *testing.T) {
	t.Parallel()
	for name, tt := range hindrances {
		passed := 0
		d := newDoorway(t, callerFunc(func(call) error { passed++; return nil }))
		tt.happens(d)
		err := d.send(t)
		if tt.want == nil {
			require.NoError(t, err, name)
			assert.Equal(t, 1, passed)
			continue
		}
		require.ErrorIs(t, err, tt.want, name)
		assert.Zero(t, passed, name)
		assert.Nil(t, heldOf(t, err).before)
	}
}

func heldOf(t *testing.T, err error) *heldBack {
	t.Helper()
	held, ok := errors.AsType[*heldBack](err)
	require.True(t, ok, "%v", err)
	return held
}

// happening is a Limiter that something happens at: between the call and the wire.
type happening func()

func (h happening) Wait(context.Context) error { h(); return nil }

// TestGateWhereItLeaves: a message that waits in the Client, for a limiter, is looked at once more.
func TestGateWhereItLeaves(t *testing.T) {
	t.Parallel()
	for name, tt := range hindrances {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newWeChat(t)
			s.SetFollower(wechattest.Following, "oFirst")
			var d *doorway
			d = newDoorway(t, s.Client(wechat.WithLimiter(happening(func() { tt.happens(d) }), sendPath)))
			err := d.send(t)
			if tt.want == nil {
				require.NoError(t, err)
				assert.EqualValues(t, 1, s.AcceptedCount())
				return
			}
			assert.Nil(t, heldOf(t, err).before, "it surely has not left")
			require.ErrorIs(t, err, tt.want)
			assert.Zero(t, s.Requests(sendPath))
		})
	}
}

// TestGateWhereTheClientRepeats: the first attempt's answer is lost, and the process stands still
// before the Client's own repetition.
func TestGateWhereTheClientRepeats(t *testing.T) {
	t.Parallel()
	for name, tt := range hindrances {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newWeChat(t)
			s.SetFollower(wechattest.Following, "oFirst")
			d := newDoorway(t, s.Client())
			s.OnAccept(func(wechattest.Accepted) { tt.happens(d) })
			s.FaultFunc(func(r *http.Request) *wechattest.Fault {
				if r.URL.Path != sendPath || s.Requests(sendPath) > 1 {
					return nil
				}
				return &wechattest.Fault{Reset: wechattest.ResetAfter}
			})
			err := d.send(t)
			if tt.want == nil {
				require.NoError(t, err)
				assert.EqualValues(t, 2, s.Requests(sendPath))
				return
			}
			require.ErrorIs(t, err, tt.want)
			require.Error(t, heldOf(t, err).before, "the first attempt is in doubt")
			assert.Equal(t, wechat.KindLost, wechat.KindOf(heldOf(t, err).before))
			assert.EqualValues(t, 1, s.Requests(sendPath))
		})
	}
}

// A row that has left before is not repeated when WeChat may have forgotten its id.
func TestGateRepetition(t *testing.T) {
	t.Parallel()
	for age, want := range map[int64]error{500: nil, 540: errTooLate, -31: errTooLate, 3600: errTooLate} {
		d := newDoorway(t, callerFunc(func(call) error { return nil }))
		d.row.before, d.row.firstAt = aMoment-age, aMoment-age
		if err := d.send(t); want == nil {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, want, age)
		}
	}
	d := newDoorway(t, callerFunc(func(call) error { return nil }))
	d.forget(d.row)
	require.ErrorIs(t, d.send(t), errClosed, "nobody waits for it")
	assert.Empty(t, d.rows)
}

// A Client that does not look at the last moment is told of, once.
func TestGateWithoutTransport(t *testing.T) {
	t.Parallel()
	s := newWeChat(t)
	s.SetFollower(wechattest.Following, "oFirst")
	d := newDoorway(t, s.Server.Client())
	require.NoError(t, d.send(t))
	require.NoError(t, d.send(t))
	assert.Equal(t, 1, strings.Count(d.log.String(), departure.ErrNoTransport.Error()[:30]), d.log.String())
	d = newDoorway(t, s.Client())
	require.NoError(t, d.send(t))
	assert.Empty(t, d.log.String())
}

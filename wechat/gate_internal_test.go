package wechat

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

func gatesOf(t *testing.T, addresses ...string) (*gates, []*url.URL) {
	t.Helper()
	var bases []*url.URL
	for _, address := range addresses {
		u, err := url.Parse(address)
		require.NoError(t, err)
		bases = append(bases, u)
	}
	return newGates(bases, 5*time.Second), bases
}

func TestGateAdmitsOneDialForEachRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, bases := gatesOf(t, "https://h")
		g, start := all.byAddress["h:443"], time.Now()
		a, b := all.enter(bases[0]), all.enter(bases[0])
		for _, d := range []*departure{a, b} {
			d.getConn("")
			require.NoError(t, g.admit(t.Context(), d))
		}
		a.gotConn(httptrace.GotConnInfo{})
		a.end()
		a.end() // counts once
		c := all.enter(bases[0])
		c.getConn("")
		var waits sync.WaitGroup
		waits.Go(func() { assert.ErrorIs(t, g.admit(t.Context(), c), errNotNeeded) })
		time.Sleep(100 * time.Millisecond)
		c.gotConn(httptrace.GotConnInfo{}) // it took the connection of a
		waits.Wait()
		assert.Equal(t, 100*time.Millisecond, time.Since(start), "dropped at once")
		assert.True(t, notSent(errNotNeeded))
		g.mu.Lock()
		defer g.mu.Unlock()
		assert.Equal(t, []int{2, 2}, []int{g.inFlight, g.open})
		assert.Nil(t, g.change)
	})
}

// What ends the wait of a dial.
func TestGateLetsADialGo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		after func(all *gates, base *url.URL, cancel func())
		took  time.Duration
		err   error
	}{
		"a connection closes":  {func(all *gates, base *url.URL, _ func()) { all.byBase[base].count(0, -1) }, time.Millisecond, nil},
		"one more request":     {func(all *gates, base *url.URL, _ func()) { all.enter(base) }, time.Millisecond, nil},
		"the dial's context":   {func(_ *gates, _ *url.URL, cancel func()) { cancel() }, time.Millisecond, context.Canceled},
		"nothing, for a while": {func(*gates, *url.URL, func()) {}, time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				all, bases := gatesOf(t, "http://h:8080/x")
				g := all.byAddress["h:8080"]
				g.count(0, 1) // stuck
				d := all.enter(bases[0])
				d.getConn("")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(time.Millisecond, func() { tt.after(all, bases[0], cancel) })
				start := time.Now()
				require.ErrorIs(t, g.admit(ctx, d), tt.err)
				assert.Equal(t, tt.took, time.Since(start))
			})
		})
	}
}

// net/http asks for a second connection by itself when the first turns out to be dead; that
// dial must not be dropped because there was a first.
func TestGateOfASecondConnection(t *testing.T) {
	t.Parallel()
	all, bases := gatesOf(t, "http://[::1]")
	g, d := all.byAddress["[::1]:80"], all.enter(bases[0])
	d.getConn("")
	d.gotConn(httptrace.GotConnInfo{})
	require.ErrorIs(t, g.admit(t.Context(), d), errNotNeeded)
	d.getConn("")
	require.NoError(t, g.admit(t.Context(), d))
	assert.True(t, d.begun.Load(), "it may have left all the same")
}

func TestGateCountsDialsAndBodies(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	all, bases := gatesOf(t, "http://"+l.Addr().String(), "http://other.example")
	g, dial := all.byBase[bases[0]], all.dial(&net.Dialer{})
	d := all.enter(bases[0])
	d.getConn("")
	ctx := context.WithValue(t.Context(), departureKey{}, d)
	conn, err := dial(ctx, "tcp", l.Addr().String())
	require.NoError(t, err)
	assert.Equal(t, 1, g.open)
	require.NoError(t, conn.Close())
	require.Error(t, conn.Close())
	assert.Equal(t, 0, g.open, "counted once")
	require.NoError(t, l.Close())
	_, err = dial(ctx, "tcp", l.Addr().String())
	require.Error(t, err)
	assert.Equal(t, 0, g.open, "a failed dial is none")
	_, err = dial(t.Context(), "tcp", l.Addr().String())
	var op *net.OpError
	require.ErrorAs(t, err, &op, "without a request of ours nothing is counted")

	body := heldBody{io.NopCloser(strings.NewReader("x")), d}
	assert.Equal(t, 1, g.inFlight)
	require.NoError(t, body.Close())
	require.NoError(t, body.Close())
	assert.Equal(t, 0, g.inFlight)
	assert.Zero(t, all.byBase[bases[1]].inFlight, "hosts are apart")

	var none *gates
	none.enter(bases[0]).end() // another's transport: nothing to count
	assert.False(t, errors.Is(err, errNotNeeded))
}

// A request is in flight until its answer has been read: by Call at once, after Do when the
// caller closes it.
func TestGateFollowsTheClient(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"errcode":`+r.FormValue("code")+`}`)
	}))
	defer s.Close()
	source := token.SourceFunc(func(context.Context) (token.Token, error) { return token.Token{Value: "T"}, nil })
	c, err := New("wx1", "", WithTokenSource(source), WithBaseURL(s.URL))
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	g := c.gates.byBase[c.hosts.urls[0]]
	do := func(code string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/cgi-bin/x?code="+code, nil)
		require.NoError(t, err)
		return c.Do(req)
	}
	resp, err := do("0")
	require.NoError(t, err)
	assert.Equal(t, 1, g.inFlight, "in the caller's hands")
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, 0, g.inFlight)
	_, err = do("40003")
	require.Error(t, err)
	assert.Equal(t, 0, g.inFlight, "refused")
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x?code=0", nil, nil))
	assert.Equal(t, 0, g.inFlight)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, c.Call(ctx, http.MethodGet, "/cgi-bin/x?code=0", nil, nil))
	assert.Equal(t, 0, g.inFlight)
}

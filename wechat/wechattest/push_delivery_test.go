package wechattest_test

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

// hangUp, in an answerer, closes the connection without an answer.
const hangUp = -1

// answerer answers each delivery after a time with a status, and takes note of when it came. What
// is beyond its answers is never answered.
type answerer struct {
	start   time.Time
	answers []answerIn

	mu   sync.Mutex // guards what follows
	seen deliveriesSeen
}

type deliveriesSeen struct {
	came    []time.Duration
	bodies  []string
	queries []string
}

// saw returns what has come.
func (a *answerer) saw() deliveriesSeen {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen
}

type answerIn struct {
	after  time.Duration
	status int
}

func (a *answerer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	n, seen := len(a.seen.came), &a.seen
	seen.came = append(seen.came, time.Since(a.start))
	seen.bodies, seen.queries = append(seen.bodies, string(body)), append(seen.queries, r.URL.RawQuery)
	a.mu.Unlock()
	if n >= len(a.answers) {
		<-r.Context().Done()
		return
	}
	time.Sleep(a.answers[n].after)
	if a.answers[n].status == hangUp {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(a.answers[n].status)
}

func seconds(of ...float64) (all []time.Duration) {
	for _, s := range of {
		all = append(all, time.Duration(s*float64(time.Second)))
	}
	return all
}

// TestDeliveryTimes has each reason for a repeat, and other times than WeChat's.
func TestDeliveryTimes(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	failed := answerIn{100 * ms, 503}
	for name, tt := range map[string]struct {
		callback wechattest.Callback
		answers  []answerIn
		came     []time.Duration
		ends     float64
		notice   bool
	}{
		"no answer at all":      {wechattest.Callback{}, nil, seconds(0, 5, 10), 15, true},
		"503 at once":           {wechattest.Callback{}, []answerIn{failed, failed, failed}, seconds(0, 5, 10), 10.1, true},
		"403, 302 and 200":      {wechattest.Callback{}, []answerIn{{0, 403}, {0, 302}, {0, 200}}, seconds(0, 5, 10), 10, false},
		"the connection breaks": {wechattest.Callback{}, []answerIn{{2 * time.Second, hangUp}, {0, 200}}, seconds(0, 5), 5, false},
		"an answer at 4.9 s":    {wechattest.Callback{}, []answerIn{{4900 * ms, 200}}, seconds(0), 4.9, false},
		"an answer at 5.1 s":    {wechattest.Callback{}, []answerIn{{5100 * ms, 200}, {0, 200}}, seconds(0, 5), 5, false},
		"the third is answered": {wechattest.Callback{}, []answerIn{{time.Hour, 200}, {time.Hour, 200}, {time.Second, 200}}, seconds(0, 5, 10), 11, false},
		"any status is final":   {wechattest.Callback{StatusFinal: true}, []answerIn{failed}, seconds(0), 0.1, true},
		"final is no time-out":  {wechattest.Callback{StatusFinal: true}, []answerIn{{0, hangUp}, {time.Hour, 200}, failed}, seconds(0, 5, 10), 10.1, true},
		"one delivery":          {wechattest.Callback{Deliveries: seconds(0)}, []answerIn{failed}, seconds(0), 0.1, true},
		"four deliveries":       {wechattest.Callback{Deliveries: seconds(0, 5, 10, 15)}, nil, seconds(0, 5, 10, 15), 20, true},
		"at once":               {wechattest.Callback{Deliveries: seconds(0, 0, 0)}, []answerIn{failed, failed, failed}, seconds(0, 0.1, 0.2), 0.3, true},
		"never two at a time":   {wechattest.Callback{Deliveries: seconds(0, 1, 8)}, nil, seconds(0, 5, 12), 17, true},
		"a long patience":       {wechattest.Callback{Timeout: 7 * time.Second}, []answerIn{{time.Hour, 200}, failed}, seconds(0, 7, 12), 19, true},
		"a short patience":      {wechattest.Callback{Timeout: time.Second}, nil, seconds(0, 5, 10), 11, true},
		"an empty slice":        {wechattest.Callback{Deliveries: []time.Duration{}}, nil, seconds(0, 5, 10), 15, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := wechattest.New(t, wechattest.InMemory())
				h := &answerer{start: time.Now(), answers: tt.answers}
				tt.callback.Token, tt.callback.Handler = pushToken, h
				s.SetCallback(tt.callback)
				d, err := s.Push(t.Context(), wechattest.Text("o", "x"))
				require.NoError(t, err)
				assert.Equal(t, seconds(tt.ends)[0], time.Since(h.start))
				assert.Equal(t, tt.came, h.saw().came)
				assert.Len(t, d.Attempts, len(tt.came))
				assert.Equal(t, tt.notice, d.Notice)
			})
		})
	}
}

// TestRepeatsAreTheSame looks at what is delivered, and what is told about it.
func TestRepeatsAreTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory())
		h := &answerer{start: time.Now()}
		s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken})
		d, err := s.Push(t.Context(), wechattest.Text("o", "x"))
		require.NoError(t, err)
		require.Len(t, d.Attempts, 3)
		for i, a := range d.Attempts {
			assert.Zero(t, a.Status)
			assert.Equal(t, 5*time.Second, a.Took)
			require.ErrorContains(t, a.Err, "no answer")
			assert.Equal(t, h.saw().bodies[0], h.saw().bodies[i])
			assert.Equal(t, h.saw().queries[0], h.saw().queries[i])
		}
		var m struct{ MsgId int64 }
		require.NoError(t, xml.Unmarshal([]byte(h.saw().bodies[0]), &m))
		assert.NotZero(t, m.MsgId)

		h = &answerer{start: time.Now(), answers: []answerIn{{0, 500}, {0, 302}, {0, 404}}}
		s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken, Renew: true})
		d, err = s.Push(t.Context(), wechattest.Event("o", "LOCATION"))
		require.NoError(t, err)
		require.Len(t, d.Attempts, 3)
		for i, status := range []int{500, 302, 404} {
			assert.Equal(t, status, d.Attempts[i].Status)
			require.ErrorContains(t, d.Attempts[i].Err, "status")
			assert.Equal(t, h.saw().bodies[0], h.saw().bodies[i])
		}
		assert.False(t, d.Notice, "events fail in silence")
		assert.NotEqual(t, h.saw().queries[0], h.saw().queries[1])
		assert.NotEqual(t, h.saw().queries[1], h.saw().queries[2])
	})
}

// TestPushEndsEarly with its context and with the server, between deliveries and within one.
func TestPushEndsEarly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers    []answerIn
		end        func(s *wechattest.Server, cancel func())
		wants      string
		deliveries []time.Duration
	}{
		"the context, between":  {[]answerIn{{0, 503}}, func(_ *wechattest.Server, cancel func()) { cancel() }, "context canceled", nil},
		"the context, within":   {nil, func(_ *wechattest.Server, cancel func()) { cancel() }, "context canceled", nil},
		"the server, between":   {[]answerIn{{0, 503}}, func(s *wechattest.Server, _ func()) { s.Close() }, "server was closed", nil},
		"the context, the last": {nil, func(_ *wechattest.Server, cancel func()) { cancel() }, "context canceled", seconds(0)},
		"the server, the last":  {nil, func(s *wechattest.Server, _ func()) { s.Close() }, "server was closed", seconds(0)},
		"the server, within":    {nil, func(s *wechattest.Server, _ func()) { s.Close() }, "server was closed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := wechattest.New(t, wechattest.InMemory())
				h := &answerer{start: time.Now(), answers: tt.answers}
				s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken, Deliveries: tt.deliveries})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				time.AfterFunc(2*time.Second, func() { tt.end(s, cancel) })
				d, err := s.Push(ctx, wechattest.Text("o", "x"))
				require.ErrorContains(t, err, tt.wants)
				assert.Equal(t, 2*time.Second, time.Since(h.start))
				assert.Len(t, d.Attempts, 1)
				assert.False(t, d.Notice, "the follower has not been told yet")
				cancel()
				d, err = s.Push(ctx, wechattest.Text("o", "x"))
				require.ErrorContains(t, err, tt.wants)
				assert.Empty(t, d.Attempts)
			})
		})
	}
}

// TestReceiptsAreRepeatedInTheBackground has a callback that is out of order hold up one delivery's
// time of whoever sends, and no more.
func TestReceiptsAreRepeatedInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory())
		s.Follow("oA")
		id := s.AddTemplate(template.Template{Content: "{{thing1.DATA}}"})
		h := &answerer{start: time.Now(), answers: []answerIn{{time.Second, 503}, {0, 503}, {0, 200}, {0, 503}}}
		s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken})
		s.SendReceipts(wechattest.Receipts{Status: func(wechattest.Accepted) callback.DeliveryStatus { return callback.StatusBlocked }})
		client := s.Client()
		send := func() {
			_, err := client.Template.Send(t.Context(), template.Message{To: "oA", TemplateID: id, Data: template.Data{"thing1": {Value: "x"}}})
			require.NoError(t, err)
		}
		send()
		assert.Equal(t, time.Second, time.Since(h.start), "the first delivery comes before the answer")
		time.Sleep(time.Minute)
		require.Equal(t, seconds(0, 5, 10), h.saw().came)
		assert.Equal(t, h.saw().bodies[0], h.saw().bodies[2])
		send()
		s.Close() // which does not wait for the repeats
		assert.Equal(t, 61*time.Second, time.Since(h.start))
	})
}

// TestCloseDoesNotWaitForReceipts that a callback elsewhere leaves without an answer.
func TestCloseDoesNotWaitForReceipts(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	s.Follow("oA")
	id := s.AddTemplate(template.Template{Content: "{{thing1.DATA}}"})
	came := make(chan struct{})
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server notices who hangs up
		close(came)
		<-r.Context().Done()
	}))
	t.Cleanup(elsewhere.Close)
	s.SetCallback(wechattest.Callback{URL: elsewhere.URL, Token: pushToken, Timeout: time.Hour})
	s.SendReceipts(wechattest.Receipts{After: time.Nanosecond})
	_, err := s.Client().Template.Send(t.Context(), template.Message{To: "oA", TemplateID: id, Data: template.Data{"thing1": {Value: "x"}}})
	require.NoError(t, err)
	<-came
	s.Close()
}

package departure_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/departure"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const path = "/cgi-bin/message/template/send"

var errNo = errors.New("not now")

func server(t *testing.T) *wechattest.Server {
	s := wechattest.New(t)
	s.AddTemplate(template.Template{ID: "T", Content: "{{thing1.DATA}}"})
	s.Follow("oA")
	return s
}

func message() *template.Message {
	return &template.Message{To: "oA", TemplateID: "T", ClientMsgID: "id", Data: template.Data{"thing1": {Value: "甲"}}}
}

// An attempt leaves when the check lets it, and the check is asked for each.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		refuses  int32 // the check's calls from this one on are refused; 0: none
		lost     bool  // the first answer
		requests int   // that arrive
		kind     wechat.Kind
		left     bool
	}{
		"leaves":                    {0, false, 1, wechat.KindUnknown, true},
		"refused":                   {1, false, 0, wechat.KindNetwork, false},
		"refused at the body":       {2, false, 0, wechat.KindLost, false}, // the Client cannot know
		"repeated":                  {0, true, 2, wechat.KindUnknown, true},
		"the repetition is refused": {3, true, 1, wechat.KindLost, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := server(t)
			if tt.lost {
				s.Fail(path, 1, wechattest.Fault{Reset: wechattest.ResetAfter})
			}
			client := s.Client(wechat.WithTransport(departure.Transport))
			_, err := client.Token.Get(t.Context()) // is no message
			require.NoError(t, err)
			var asked atomic.Int32
			ctx, d := departure.With(t.Context(), path, func() error {
				if n := asked.Add(1); tt.refuses > 0 && n >= tt.refuses {
					return errNo
				}
				return nil
			})
			err = client.Call(ctx, http.MethodPost, path, message(), nil)
			assert.Equal(t, tt.kind, wechat.KindOf(err), "%v", err)
			assert.Equal(t, tt.requests > 0, s.AcceptedCount() == 1)
			assert.Equal(t, int64(tt.requests), s.AcceptedCount()+s.RepeatedCount())
			assert.Equal(t, tt.left, d.Left())
			assert.True(t, d.Asked())
			if tt.refuses > 0 {
				require.ErrorIs(t, d.Refused(), errNo)
			} else {
				require.NoError(t, d.Refused())
			}
		})
	}
}

// The token that is fetched on the way is no message, and a call without a departure is nobody's.
func TestWhatIsNoMessage(t *testing.T) {
	t.Parallel()
	s := server(t)
	client := s.Client(wechat.WithTransport(departure.Transport))
	ctx, d := departure.With(t.Context(), path, func() error { return errNo })
	require.Error(t, client.Call(ctx, http.MethodPost, path, message(), nil))
	assert.Equal(t, 1, s.TokenFetches())
	require.NoError(t, client.Call(t.Context(), http.MethodPost, path, message(), nil))
	assert.False(t, d.Left())
	_, d = departure.With(t.Context(), path, func() error { return nil })
	assert.False(t, d.Asked())
}

// Every body of a request is looked at, also the one that net/http takes for a connection that was
// closed meanwhile.
func TestEveryBody(t *testing.T) {
	t.Parallel()
	asked := 0
	ctx, d := departure.With(t.Context(), path, func() error { asked++; return nil })
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://h"+path, strings.NewReader("{}"))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("{}")), nil }
	rt := departure.Transport(roundTrip(func(out *http.Request) (*http.Response, error) {
		assert.Same(t, req.Context(), out.Context())
		for range 2 {
			_, err := io.ReadAll(out.Body)
			require.NoError(t, err)
			out.Body, err = out.GetBody()
			require.NoError(t, err)
		}
		return nil, errNo
	}))
	_, err := rt.RoundTrip(req)
	require.ErrorIs(t, err, errNo)
	assert.Equal(t, 3, asked)
	assert.True(t, d.Left())
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

type count struct{ n int }

func (c *count) Wait(context.Context) error { c.n++; return nil }

// A permit that was taken before the call counts once.
func TestLimiter(t *testing.T) {
	t.Parallel()
	inner := &count{}
	l := departure.Limiter(inner)
	ctx, _ := departure.With(t.Context(), path, nil)
	require.NoError(t, l.Wait(ctx))
	assert.Zero(t, inner.n)
	require.NoError(t, l.Wait(ctx))
	require.NoError(t, l.Wait(t.Context()))
	assert.Equal(t, 2, inner.n, "a repetition, and a call of somebody else's")
}

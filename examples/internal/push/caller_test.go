package push

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
)

// call is what a callerFunc sees of a message.
type call struct {
	ctx          context.Context
	method, path string
	in, out      any
	to, id       string
}

func (c call) pass(to template.Caller) error { return to.Call(c.ctx, c.method, c.path, c.in, c.out) }

// callerFunc stands between the push and WeChat.
type callerFunc func(c call) error

func (f callerFunc) Call(ctx context.Context, method, path string, in, out any) error {
	m := in.(*template.Message)
	return f(call{ctx, method, path, in, out, m.To, m.ClientMsgID})
}

// unreachable is a failure of a request that surely did not leave.
func unreachable(t *testing.T) error {
	t.Helper()
	client, err := wechat.New("wx0000000000000001", "secret", wechat.WithBaseURL("http://127.0.0.1:1"), wechat.WithMaxAttempts(1))
	require.NoError(t, err)
	err = client.Call(t.Context(), "GET", "/cgi-bin/getcallbackip?access_token=x", nil, nil)
	require.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
	return err
}

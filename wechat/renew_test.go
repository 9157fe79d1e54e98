package wechat_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// Renew ends the token at the platform; nothing else sends force_refresh.
func TestRenewEndsTheLeakedToken(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]wechat.Option{"stable": nil, "classic": {wechat.WithClassicToken()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := wechattest.NewServer()
			t.Cleanup(s.Close)
			c := s.Client(opts...)
			leaked, err := c.Token.Get(t.Context())
			require.NoError(t, err)
			require.NoError(t, c.Token.Renew(t.Context()))
			next, err := c.Token.Get(t.Context())
			require.NoError(t, err)
			assert.NotEqual(t, leaked, next)
			require.ErrorIs(t, c.Token.Renew(t.Context()), token.ErrRenewTooSoon)
			assert.Equal(t, 2, s.TokenFetches())
			thief := s.Client(wechat.WithTokenSource(token.SourceFunc(func(context.Context) (token.Token, error) {
				return token.Token{Value: leaked, Expiry: time.Now().Add(time.Hour)}, nil
			})))
			_, err = thief.CallbackIPs(t.Context())
			assert.Equal(t, name == "stable", err != nil, "a classic token works for five more minutes")
		})
	}
}

// renewable is a source of the caller's own that can renew.
type renewable struct{ renewals int }

func (r *renewable) Token(context.Context) (token.Token, error) {
	return token.Token{Value: "OLD", Expiry: time.Now().Add(time.Hour)}, nil
}

func (r *renewable) Renew(context.Context) (token.Token, error) {
	r.renewals++
	return token.Token{Value: "NEW", Expiry: time.Now().Add(time.Hour)}, nil
}

func TestRenewOfACustomSource(t *testing.T) {
	t.Parallel()
	src := &renewable{}
	c, err := wechat.New("wx0123456789abcdef", "", wechat.WithTokenSource(src))
	require.NoError(t, err)
	require.NoError(t, c.Token.Renew(t.Context()))
	value, err := c.Token.Get(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "NEW", value)
	assert.Equal(t, 1, src.renewals)
}

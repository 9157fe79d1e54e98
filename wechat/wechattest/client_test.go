package wechattest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

func TestClient(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]wechattest.Option{nil, {wechattest.InMemory()}} {
		s := wechattest.New(t, opts...)
		other := s.AddAccount("wxother00000000002", "othersecret")
		for _, a := range []*wechattest.Account{s.Account, other} {
			_, err := a.Client().CallbackIPs(t.Context())
			require.NoError(t, err)
		}
		_, err := s.Client(wechat.WithBaseURL("https://api.weixin.qq.com")).CallbackIPs(t.Context())
		require.NoError(t, err, "stays here")
		assert.Equal(t, 3, s.Requests(pathIPs))
		assert.Panics(t, func() { s.Client(wechat.WithBaseURL("no scheme")) })
	}
}

package custom_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

func TestCreateSession(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	require.NoError(t, custom.NewClient(f).CreateSession(t.Context(), "test1@test", "OPENID"))
	assert.Equal(t, []call{{"POST", "/customservice/kfsession/create", `{"kf_account":"test1@test","openid":"OPENID"}`, false}}, f.calls)
	err := custom.NewClient(&fake{err: coded(65414)}).CreateSession(t.Context(), "a", "o")
	assert.Equal(t, coded(65414), err)
	require.ErrorIs(t, custom.NewClient(f).CreateSession(t.Context(), "", "o"), custom.ErrInvalidArgument)
	require.ErrorIs(t, custom.NewClient(f).CreateSession(t.Context(), "a", ""), custom.ErrInvalidArgument)
	assert.Len(t, f.calls, 1)
}

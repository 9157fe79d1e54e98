package custom_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

func TestTyping(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	c := newClient(f)
	require.NoError(t, c.Typing(t.Context(), "OPENID"))
	require.NoError(t, c.CancelTyping(t.Context(), "OPENID"))
	assert.Equal(t, []call{
		{"POST", "/cgi-bin/message/custom/typing", `{"touser":"OPENID","command":"Typing"}`, false},
		{"POST", "/cgi-bin/message/custom/typing", `{"touser":"OPENID","command":"CancelTyping"}`, false},
	}, f.calls)
	require.ErrorIs(t, c.Typing(t.Context(), ""), custom.ErrInvalidArgument)
	require.ErrorIs(t, c.CancelTyping(t.Context(), ""), custom.ErrInvalidArgument)
	assert.Len(t, f.calls, 2)
}

func TestTypingForASubMerchant(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	c := newClient(f)
	require.NoError(t, c.Typing(t.Context(), "OPENID", custom.WithBusinessID(1)))
	require.NoError(t, c.CancelTyping(t.Context(), "OPENID", custom.WithBusinessID(1)))
	assert.Equal(t, []call{
		{"POST", "/cgi-bin/message/custom/typing", `{"touser":"OPENID","command":"Typing","businessid":1}`, false},
		{"POST", "/cgi-bin/message/custom/typing", `{"touser":"OPENID","command":"CancelTyping","businessid":1}`, false},
	}, f.calls)
	for _, opts := range [][]custom.Option{{nil}, {custom.WithAgent("a@b")}, {custom.WithAIMark()}, {custom.WithWorkers(1)}, {custom.WithBusinessID(0)}, {custom.WithBusinessID(1), custom.WithBusinessID(1)}} {
		require.ErrorIs(t, c.Typing(t.Context(), "OPENID", opts...), custom.ErrInvalidArgument)
		require.ErrorIs(t, c.CancelTyping(t.Context(), "OPENID", opts...), custom.ErrInvalidArgument)
	}
	assert.Len(t, f.calls, 2)
}

func TestTypingIsACourtesy(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection reset")
	for _, tt := range []struct{ err, want error }{
		{coded(45080), nil},
		{coded(45081), nil},
		{fmt.Errorf("attempt 1: %w", coded(45081)), nil},
		{coded(45072), coded(45072)},
		{coded(40200), coded(40200)},
		{lost, lost},
	} {
		c := newClient(&fake{err: tt.err})
		assert.Equal(t, tt.want, c.Typing(t.Context(), "O"), tt.err)
		assert.Equal(t, tt.want, c.CancelTyping(t.Context(), "O"), tt.err)
	}
}

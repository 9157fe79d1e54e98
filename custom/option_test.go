package custom_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	agent, ai := custom.WithAgent("test1@test"), custom.WithAIMark()
	for name, opts := range map[string][]custom.Option{
		"nil":             {nil},
		"nil last":        {agent, nil},
		"agent twice":     {agent, agent},
		"AI mark twice":   {ai, ai},
		"business twice":  {custom.WithBusinessID(1), custom.WithBusinessID(1)},
		"no business":     {custom.WithBusinessID(0)},
		"odd business":    {custom.WithBusinessID(-1)},
		"no agent":        {custom.WithAgent("")},
		"no agent twice":  {custom.WithAgent(""), agent},
		"no account":      {custom.WithAgent("test1")},
		"long prefix":     {custom.WithAgent("test1234567@test")},
		"control":         {custom.WithAgent("test1@te\x00st")},
		"odd UTF-8":       {custom.WithAgent("test1@te\xff")},
		"empty after @":   {custom.WithAgent("test1@")},
		"thirty and more": {custom.WithAgent("test1@" + strings.Repeat("x", 25))},
	} {
		f := &fake{answer: fine}
		err := newClient(f).Send(t.Context(), "OPENID", custom.Text{Content: "hi"}, opts...)
		require.ErrorIs(t, err, custom.ErrInvalidArgument, name)
		assert.Equal(t, "request", kindName(t, err), name)
		assert.Equal(t, 1, strings.Count(err.Error(), "custom: "), err)
		assert.Empty(t, f.calls, name)
	}
}

// nilCaller is a Caller that may be nil without a pointer.
type nilCaller func()

func (nilCaller) Call(context.Context, string, string, any, any) error { return nil }

func TestNewClientOfNil(t *testing.T) {
	t.Parallel()
	for _, c := range []custom.Caller{nil, (*fake)(nil), nilCaller(nil)} {
		client, err := custom.NewClient(c)
		require.ErrorIs(t, err, custom.ErrInvalidArgument)
		assert.Equal(t, "request", kindName(t, err))
		assert.Nil(t, client)
	}
}

package template_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

func TestSendAllOptionsThatMakeNoSense(t *testing.T) {
	overBoth(t, func(t *testing.T, all bulk) {
		for name, opts := range map[string][]template.Option{
			"nil":      {nil},
			"nil last": {template.WithWorkers(2), nil},
			"none":     {template.WithWorkers(0)},
			"less":     {template.WithWorkers(-1 << 63)},
			"twice":    {template.WithWorkers(2), template.WithWorkers(2)},
		} {
			s := &sender{}
			results := all(t.Context(), s, messages(50), opts...)
			for range 2 {
				n := 0
				for r := range results {
					n++
					require.ErrorIs(t, r.Err, template.ErrInvalidArgument, name)
					require.ErrorIs(t, r.Err, template.ErrNotSent, name)
					assert.Equal(t, "request", kindName(t, r.Err), name)
					assert.Equal(t, 1, strings.Count(r.Err.Error(), "template: "), r.Err)
					assert.Zero(t, r.Message, name)
				}
				assert.Equal(t, 1, n, name)
			}
			assert.Zero(t, s.calls.Load(), name)
		}
	})
}

// nilCaller is a Caller that may be nil without a pointer.
type nilCaller map[string]int

func (nilCaller) Call(context.Context, string, string, any, any) error { return nil }

func TestNewClientOfNil(t *testing.T) {
	t.Parallel()
	for _, c := range []template.Caller{nil, (*fake)(nil), (*sender)(nil), nilCaller(nil)} {
		client, err := template.NewClient(c)
		require.ErrorIs(t, err, template.ErrInvalidArgument)
		assert.Equal(t, "request", kindName(t, err))
		assert.Nil(t, client)
	}
}

// kindName is what an error says of its kind, as wechat.KindOf asks it.
func kindName(t *testing.T, err error) string {
	t.Helper()
	var named interface{ KindName() string }
	require.ErrorAs(t, err, &named)
	return named.KindName()
}

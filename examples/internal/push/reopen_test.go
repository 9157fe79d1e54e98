package push

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A process that dies after it has taken failed rows up again leaves an open campaign behind.
func TestTakenUpAgainIsOpen(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		fill(t, d, 3)
		cfg := ofSchool(d, s)
		_, err := run(t, cfg)
		require.NoError(t, err)
		execute(t, d, "UPDATE push_message SET state = 'failed'")
		name, err := Unfinished(t.Context(), cfg)
		require.NoError(t, err)
		assert.Empty(t, name, "it is finished")
		cfg.RetryFailed = true
		e, err := newEngine(t.Context(), nil, cfg)
		require.NoError(t, err)
		require.NoError(t, e.takeUp(t.Context()))
		name, err = Unfinished(t.Context(), cfg)
		require.NoError(t, err)
		assert.Equal(t, cfg.Campaign, name)
	})
}

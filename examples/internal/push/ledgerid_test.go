package push

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
)

// TestLedgerID: it stays, differs from that of another ledger, and shows nothing of the key.
func TestLedgerID(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, name := range []string{"one.db", "two.db"} {
		d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), name), db.Create())
		require.NoError(t, err)
		defer d.Close()
		id, err := LedgerID(t.Context(), d)
		require.NoError(t, err)
		again, err := LedgerID(t.Context(), d)
		require.NoError(t, err)
		assert.Equal(t, id, again)
		assert.Len(t, id, 26)
		secret, err := readSecret(t.Context(), d)
		require.NoError(t, err)
		assert.NotContains(t, secret, id[:8])
		ids = append(ids, id)
	}
	assert.NotEqual(t, ids[0], ids[1])
}

//go:build unix

package photofile

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRealPipeIsNotWaitedFor would hang if the pipe were opened before it is looked at.
func TestRealPipeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe.jpg"), 0o600))
	_, err := opener(t, Config{Dir: dir}).Open(t.Context(), "pipe.jpg")
	require.ErrorIs(t, err, ErrNotFound)
}

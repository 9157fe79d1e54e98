package tokentest_test

import (
	"testing"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/token/tokentest"
)

func TestFileStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tokentest.Run(t, func(*testing.T) token.Store { return fileStore{dir} })
}

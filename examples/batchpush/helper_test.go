package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// until keeps what is printed, and does something when a text has been.
type until struct {
	mu   sync.Mutex // guards what follows
	all  strings.Builder
	text string
	then func()
	done bool
}

func (u *until) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all.Write(p)
	if !u.done && strings.Contains(u.all.String(), u.text) {
		u.done = true
		u.then()
	}
	return len(p), nil
}

func (u *until) String() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.all.String()
}

// importSmallSchool imports the small school into a database.
func importSmallSchool(t *testing.T, address string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "parents.csv")
	require.NoError(t, os.WriteFile(file, []byte(csvHeader+strings.Join(smallSchoolLines, "\n")), 0o600))
	r := runProgram(t.Context(), nil, "import", "-db", address, file)
	require.Equal(t, exitOK, r.status, r.both())
	return address
}

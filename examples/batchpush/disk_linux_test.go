package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFullDisk keeps the ledger on a file system that fills up while the push runs.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a small file system cannot be mounted without root: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(folder, syscall.MNT_DETACH)) })
	s, id, environment := newServer(t)
	db := smallSchool(t)
	ledger := "sqlite:" + filepath.Join(folder, "ledger.db")
	r := runProgram(t.Context(), environment, realFlags(db, id, "-ledger", ledger, "-limit", "1")...)
	require.Equal(t, exitOK, r.status, r.both())

	full := filepath.Join(folder, "filler")
	filler, err := os.Create(full)
	require.NoError(t, err)
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	require.NoError(t, filler.Close())
	accepted := s.AcceptedCount()
	r = runProgram(t.Context(), environment, realFlags(db, id, "-ledger", ledger)...)
	oneClearLine(t, r, exitStopped, "full", "make room on the disk")
	assert.Equal(t, accepted, s.AcceptedCount(), "nothing leaves that the ledger cannot note")

	require.NoError(t, os.Remove(full))
	r = runProgram(t.Context(), environment, realFlags(db, id, "-ledger", ledger)...)
	require.Equal(t, exitOK, r.status, r.both())
	assert.EqualValues(t, 4, s.AcceptedCount(), "the ledger is intact: %s", strings.TrimSpace(r.both()))
}

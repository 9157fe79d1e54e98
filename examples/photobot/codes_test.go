package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/org/wxhome/examples/internal/bind"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// file writes a file and returns its name.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const roster = "student_id,student_name,class\nS1,张三,一年级1班\nS2,=李四,\n"

var keyed = map[string]string{"WXHOME_LINK_KEY": testKey}

// read reads the codes that were written.
func read(t *testing.T, text string) [][]string {
	t.Helper()
	require.True(t, strings.HasPrefix(text, "\uFEFF"), "Excel wants the mark")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\uFEFF"))).ReadAll()
	require.NoError(t, err)
	require.NotEmpty(t, rows)
	return rows[1:]
}

func TestCodes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		d := dbtest.Open(t, address)
		gbk, err := simplifiedchinese.GBK.NewEncoder().String(roster)
		require.NoError(t, err)
		first := runProgram(t.Context(), keyed, "codes", "-db", address, file(t, "roster.csv", gbk))
		require.Equal(t, exitOK, first.status, first.both())
		assert.True(t, strings.HasPrefix(first.out, "\uFEFFstudent_id,student_name,class,code,good until\r\n"), first.out)
		assert.Contains(t, first.errors, "4 codes for 2 pupils")
		rows := read(t, first.out)
		require.Len(t, rows, 4)
		for _, row := range rows {
			assert.True(t, bind.IsCode(row[3]) && len(row[3]) == bind.CodeLength, row[3])
			assert.Regexp(t, `^20\d\d-\d\d-\d\d \d\d:\d\d$`, row[4])
		}
		assert.Equal(t, []string{"S1", "张三", "一年级1班"}, rows[0][:3])
		assert.Equal(t, "'=李四", rows[2][1], "no formula")

		again := runProgram(t.Context(), keyed, "codes", "-db", address, file(t, "roster.csv", roster))
		require.Equal(t, exitOK, again.status, again.both())
		assert.Empty(t, read(t, again.out))
		assert.Contains(t, again.errors, "2 pupils have codes already")

		one := runProgram(t.Context(), keyed, "codes", "-db", address, "-student", "S1", "-per-pupil", "3", file(t, "roster.csv", roster))
		require.Equal(t, exitOK, one.status, one.both())
		assert.Len(t, read(t, one.out), 3)
		all := runProgram(t.Context(), keyed, "codes", "-db", address, "-reissue", "-code-ttl", "1d", "-lang", "zh", file(t, "roster.csv", roster))
		require.Equal(t, exitOK, all.status, all.both())
		assert.Contains(t, all.out, "绑定码,有效期至")
		newest := read(t, all.out)
		require.Len(t, newest, 4)

		s, err := bind.Open(t.Context(), bind.Config{DB: d, Keys: []string{testKey}})
		require.NoError(t, err)
		for _, void := range []string{rows[0][3], rows[2][3], read(t, one.out)[0][3]} {
			_, err = s.Bind(t.Context(), "o"+void, void)
			require.Error(t, err, "void since the codes were issued anew")
		}
		for _, row := range newest {
			_, err = s.Bind(t.Context(), "o"+row[3], row[3])
			require.NoError(t, err)
		}
	})
}

// TestPrivacyKeyComesIn: codes that were issued before WXHOME_PRIVACY_KEY was set are still good.
func TestPrivacyKeyComesIn(t *testing.T) {
	t.Parallel()
	address := dbtest.SQLite(t)
	dbtest.Open(t, address)
	before := runProgram(t.Context(), keyed, "codes", "-db", address, file(t, "roster.csv", roster))
	require.Equal(t, exitOK, before.status, before.both())
	s := startServer(t, address, map[string]string{"WXHOME_PRIVACY_KEY": "another key of the same school"})
	assert.Contains(t, s.says("oC", "绑定 "+read(t, before.out)[0][3]), "绑定成功：张三")
}

func TestCodesToAFile(t *testing.T) {
	t.Parallel()
	address := dbtest.SQLite(t)
	dbtest.Open(t, address)
	out := filepath.Join(t.TempDir(), "codes.csv")
	r := runProgram(t.Context(), keyed, "codes", "-db", address, "-out", out, file(t, "roster.csv", roster))
	require.Equal(t, exitOK, r.status, r.both())
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Len(t, read(t, string(text)), 4)
	info, err := os.Stat(out)
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077, "codes are for the school alone")
	r = runProgram(t.Context(), keyed, "codes", "-db", address, "-reissue", "-out", out, file(t, "roster.csv", roster))
	oneClearLine(t, r, exitUsage, "there is a file")
	after, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, text, after)
}

func TestBadRosters(t *testing.T) {
	t.Parallel()
	address := dbtest.SQLite(t)
	d := dbtest.Open(t, address)
	missing := filepath.Join(t.TempDir(), "none.csv")
	tests := []struct {
		name string
		args []string
		says string
	}{
		{"no file", []string{missing}, "none.csv"},
		{"a folder", []string{t.TempDir()}, "folder"},
		{"an empty file", []string{file(t, "a.csv", "")}, "the file is empty"},
		{"no class", []string{file(t, "a.csv", "student_id,student_name\nS1,张三\n")}, "class"},
		{"Excel's number", []string{file(t, "a.csv", "student_id,student_name,class\n2.026E+13,张三,1\n")}, "line 2"},
		{"two names", []string{file(t, "a.csv", "student_id,student_name,class\nS1,张三,1\nS1,李四,1\n")}, "line 3"},
		{"an unknown pupil", []string{"-student", "S9", file(t, "a.csv", roster)}, "no pupil S9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := runProgram(t.Context(), keyed, append([]string{"codes", "-db", address}, tt.args...)...)
			oneClearLine(t, r, exitUsage, tt.says)
			assert.Empty(t, r.out)
		})
	}
	var n int
	require.NoError(t, d.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sqlite_master").Scan(&n))
	assert.Zero(t, n, "nothing was written")
}

package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// rewriting returns the address of a database behind a proxy that gives the server other words. Both
// have the same length, since the protocol counts them.
func rewriting(t *testing.T, address, from, to string) string {
	t.Helper()
	require.Len(t, to, len(from))
	return between(t, address, func(said []byte) []byte { return bytes.ReplaceAll(said, []byte(from), []byte(to)) })
}

// between returns the address of a database behind a proxy that changes what it is told.
func between(t *testing.T, address string, change func(said []byte) []byte) string {
	t.Helper()
	before, rest, _ := strings.Cut(address, "tcp(")
	target, after, ok := strings.Cut(rest, ")")
	require.True(t, ok)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				return
			}
			go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
			go func() { _, _ = io.Copy(changing{server, change}, client); _ = server.Close() }()
		}
	}()
	return before + "tcp(" + l.Addr().String() + ")" + after
}

type changing struct {
	io.Writer
	change func(said []byte) []byte
}

func (c changing) Write(p []byte) (int, error) {
	_, err := c.Writer.Write(c.change(p))
	return len(p), err
}

// TestCheckFindsLocksThatDoNotHold: a cluster, or a proxy, without a GET_LOCK that others see.
func TestCheckFindsLocksThatDoNotHold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from, to, lang string
		status         int
		says           string
	}{
		"a server":              {"GET_LOCK(", "GET_LOCK(", "en", exitOK, ""},
		"nobody else sees it":   {"IS_FREE_LOCK(", "1 OR  LENGTH(", "en", exitOK, "!    ledger: GET_LOCK does not reach other connections"},
		"nobody else, 中文":       {"IS_FREE_LOCK(", "1 OR  LENGTH(", "zh", exitOK, "GET_LOCK 对该数据库的其他连接无效"},
		"a cluster refuses it":  {"GET_LOCK(", "NO_LOCK_(", "en", exitUsage, "BAD  ledger: a push could not take its lock (GET_LOCK)"},
		"a cluster refuses, 中文": {"GET_LOCK(", "NO_LOCK_(", "zh", exitUsage, "推送无法取得锁（GET_LOCK）"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, id, environment := newServer(t)
			school := importSmallSchool(t, dbtest.MariaDB(t))
			flags := realFlags(rewriting(t, school, tt.from, tt.to), id, "-lang", tt.lang)
			r := runProgram(t.Context(), environment, append([]string{"check"}, flags...)...)
			require.Equal(t, tt.status, r.status, r.both())
			assert.Contains(t, r.out, tt.says)
			if tt.says == "" {
				assert.NotContains(t, r.out, "GET_LOCK")
			}
		})
	}
}

package wechat_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDefaultLogger replaces the process's logger, so it does not run in parallel.
func TestDefaultLogger(t *testing.T) {
	g := newGateway()
	g.on(http.MethodGet, "/cgi-bin/x", text(502, ""), text(200, okJSON), text(502, ""), text(200, okJSON))
	c := g.client(t)
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	for range 2 { // each is set after New
		var log bytes.Buffer
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)).With("program", "school"))
		require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
		assert.Contains(t, log.String(), `level=WARN msg="wechat attempt" program=school`)
		assert.NotContains(t, log.String(), "level=DEBUG", "the default logger's level counts")
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/cgi-bin/x", nil, nil))
}

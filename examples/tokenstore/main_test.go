package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/wechat/wechattest"
)

func TestMain(m *testing.M) {
	if os.Getenv(childNumber) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func noEnvironment(string) string { return "" }

var line = regexp.MustCompile(`process (\d) \(pid \d+\): token with the fingerprint ([0-9a-f]{8}), \d+ bytes \[redacted\], from (\S.*)\n`)

// share runs the program and returns what its two processes said.
func share(t *testing.T, args ...string) (out string, said [][]string) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, run(t.Context(), args, noEnvironment, &b))
	said = line.FindAllStringSubmatch(b.String(), -1)
	require.Len(t, said, 2, b.String())
	assert.Equal(t, said[0][2], said[1][2], "one token")
	return b.String(), said
}

func TestTwoProcessesShareOneToken(t *testing.T) {
	t.Parallel()
	out, said := share(t)
	assert.Regexp(t, `^Simulation: nothing leaves this machine\.`, out)
	assert.Equal(t, "127.0.0.1", said[0][3])
	assert.Equal(t, "the store", said[1][3])
	assert.Contains(t, out, "tokens fetched from the simulation: 1\n")

	_, said = share(t, "-db", "sqlite:"+filepath.Join(t.TempDir(), "of one's own.db"))
	assert.Equal(t, "the store", said[1][3])
}

func TestThroughRedisAndMariaDB(t *testing.T) {
	t.Parallel()
	for variable, flag := range map[string][2]string{"WXHOME_TEST_REDIS": {"-redis", ""}, "WXHOME_TEST_MYSQL": {"-db", "mysql:"}} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			address := os.Getenv(variable)
			if address == "" {
				if os.Getenv("CI") != "" {
					t.Fatal(variable + " is not set, and CI must have it")
				}
				t.Skip(variable + " is not set")
			}
			_, said := share(t, flag[0], flag[1]+address)
			assert.Equal(t, "the store", said[1][3])
		})
	}
}

func TestRealAccount(t *testing.T) {
	s := wechattest.New(t)
	t.Setenv(account.EnvAppID, s.AppID)
	t.Setenv(account.EnvAppSecret, s.AppSecret)
	t.Setenv(account.EnvBaseURL, s.URL)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, os.Getenv, &out))
	assert.NotContains(t, out.String(), "Simulation")
	assert.Equal(t, 1, s.TokenFetches())
	for _, issued := range s.IssuedTokens() {
		assert.NotContains(t, out.String(), issued)
	}
	t.Setenv(account.EnvAppSecret, "")
	_, isConfig := run(t.Context(), nil, os.Getenv, &out).(*account.ConfigError)
	assert.True(t, isConfig)
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"-redis", "redis://u:hunter2@h:port/0"}, "-redis: write it redis://"},
		{[]string{"-redis", "redis://127.0.0.1:1", "-db", "sqlite:x"}, "do not go together"},
		{[]string{"-db", "token.db"}, "sqlite:PATH"},
		{[]string{"share"}, "not expected"},
		{[]string{"-nonsense"}, "-nonsense"},
	} {
		err := run(t.Context(), tt.args, noEnvironment, &bytes.Buffer{})
		require.ErrorContains(t, err, tt.says)
		assert.NotContains(t, err.Error(), "hunter2")
	}
	var help bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-h"}, noEnvironment, &help))
	assert.Contains(t, help.String(), "-redis")
}

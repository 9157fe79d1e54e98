package main

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// oneClearLine asserts that a run ended with a status and one line that says what is wanted of
// the operator.
func oneClearLine(t *testing.T, r result, status int, says ...string) {
	t.Helper()
	require.Equal(t, status, r.status, r.both())
	var complaints []string
	for line := range strings.Lines(r.errors) {
		if strings.HasPrefix(line, "photobot: ") {
			complaints = append(complaints, line)
		}
	}
	require.Len(t, complaints, 1, r.errors)
	for _, want := range says {
		assert.Contains(t, complaints[0], want)
	}
}

func TestBadCommandLine(t *testing.T) {
	t.Parallel()
	tests := []struct{ args, says string }{
		{"-fallback robot", "-fallback must be"},
		{"-photo-auth none", "-photo-auth must be"},
		{"-addr 8080", "-addr"},
		{"-cert a.pem", "-cert and -key go together"},
		{"-public-url school.example", "-public-url must be"},
		{"-public-url https://school.example/path", "-public-url must be"},
		{"-public-url https://u:p@school.example", "-public-url must be"},
		{"-link-ttl 1s", "-link-ttl must be at least"},
		{"-link-ttl soon", "invalid value"},
		{"-messages 0", "-messages must be from"},
		{"-click-messages -1", "-click-messages must be from"},
		{"-rate 0", "-rate must be from"},
		{"-rate NaN", "-rate must be from"},
		{"codes -redis redis://127.0.0.1:1 a.csv", "-redis does nothing with codes"},
		{"codes -per-pupil 0 a.csv", "-per-pupil must be from"},
		{"codes -per-pupil 21 a.csv", "-per-pupil must be from"},
		{"codes -code-ttl 1s a.csv", "-code-ttl must be at least"},
		{"codes -reissue -student S1 a.csv", "do not go together"},
		{"codes", "codes needs the name"},
		{"codes a.csv b.csv", `"b.csv" is not expected`},
		{"codes -addr :1 a.csv", "-addr does nothing with codes"},
		{"-per-pupil 2", "-per-pupil does nothing with serve"},
		{"menu", "menu needs the name"},
		{"menu -db sqlite:x a.json", "-db does nothing with menu"},
		{"dance", "unknown command"},
		{"-nonsense", "not defined"},
		{"-lang fr", "-lang must be"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			oneClearLine(t, runProgram(t.Context(), nil, strings.Fields(tt.args)...), exitUsage, tt.says)
		})
	}
	help := runProgram(t.Context(), nil, "-h")
	assert.Equal(t, exitOK, help.status)
	assert.Contains(t, help.out, "photobot codes")
}

// halfway is a real configuration, of which a test takes something away or spoils it.
type halfway map[string]string

func (h halfway) without(name string) halfway { return h.with(name, "") }

func (h halfway) with(name, value string) halfway {
	e := maps.Clone(h)
	e[name] = value
	return e
}

// TestHalfAConfiguration: what is incomplete is no silent simulation.
func TestHalfAConfiguration(t *testing.T) {
	t.Parallel()
	address := dbtest.SQLite(t)
	dbtest.Open(t, address)
	full := halfway{
		account.EnvAppID: "wx0123456789abcdef", account.EnvAppSecret: "0ad1b0c0ffee0ad1b0c0ffee0ad1b0c0", account.EnvBaseURL: "http://127.0.0.1:1",
		"WECHAT_TOKEN": testToken, "WXHOME_LINK_KEY": testKey, "WXHOME_DB": address,
	}
	const flags = "-addr 127.0.0.1:0 -public-url https://school.example -photo-hosts photos.example"
	tests := []struct {
		name        string
		environment halfway
		args        string
		says        string
	}{
		{"no secret", full.without(account.EnvAppSecret), flags, "WECHAT_APPSECRET is not"},
		{"a token alone", halfway{"WECHAT_TOKEN": testToken}, "-addr 127.0.0.1:0", "WECHAT_TOKEN is set and"},
		{"a database alone", nil, "-db " + address, "-db speaks of a real push"},
		{"a Redis alone", nil, "-redis redis://127.0.0.1:1/0", "-redis speaks of"},
		{"a database in the environment", halfway{"WXHOME_DB": address}, "", "WXHOME_DB speaks of"},
		{"no token", full.without("WECHAT_TOKEN"), flags, "WECHAT_TOKEN is missing"},
		{"no key", full.without("WXHOME_LINK_KEY"), flags, "WXHOME_LINK_KEY is missing"},
		{"a short key", full.with("WXHOME_LINK_KEY", "short"), flags, "WXHOME_LINK_KEY must have at least 16"},
		{"no key for links", full.without("WXHOME_LINK_KEY").with("WXHOME_PRIVACY_KEY", testKey), flags, "WXHOME_LINK_KEY is missing"},
		{"no database", full.without("WXHOME_DB"), flags, "-db (or WXHOME_DB) is missing"},
		{"a bad AES key", full.with("WECHAT_AES_KEY", "short"), flags, "AESKey"},
		{"a bad previous AES key", full.with("WECHAT_AES_KEY", testAES).with("WECHAT_AES_KEY_PREVIOUS", "short"), flags, "AESKey"},
		{"no such database", full.with("WXHOME_DB", "sqlite:/nowhere/school.db"), flags, "there is no file"},
		{"a database of no kind", full.with("WXHOME_DB", "postgres://x"), flags, "sqlite:PATH or mysql:"},
		{"codes for real without a key", halfway{"WXHOME_DB": address}, "codes " + file(t, "a.csv", roster), "WXHOME_LINK_KEY is missing"},
		{"codes for real without a database", full.without("WXHOME_DB"), "codes " + file(t, "a.csv", roster), "-db (or WXHOME_DB) is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.environment, tt.args, tt.says)
		})
	}
	for args, says := range map[string]string{
		"-addr 127.0.0.1:0 -photo-hosts photos.example":                                              "-public-url is missing",
		"-addr 127.0.0.1:0 -public-url https://school.example":                                       "-photo-hosts or -photo-dir is missing",
		"-addr 127.0.0.1:0 -public-url http://school.example -photo-hosts photos.example":            "https://",
		"-addr 127.0.0.1:0 -public-url https://school.example -photo-hosts https://photos.example/x": "-photo-hosts",
		flags + " -photo-dir /nowhere/photos":                                                        "-photo-dir",
		flags + " -mp-verify /nowhere/verify":                                                        "-mp-verify",
		flags + " -demo-exit":                                                                        "-demo-exit is for the simulation only",
		flags + " -cert /nowhere/cert.pem -key /nowhere/key.pem":                                     "/nowhere/cert.pem",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			refused(t, full, args, says)
		})
	}
}

// refused asserts that a configuration is refused in one line, without its secrets.
func refused(t *testing.T, environment halfway, args, says string) {
	t.Helper()
	r := runProgram(t.Context(), environment, strings.Fields(args)...)
	oneClearLine(t, r, exitUsage, says)
	for _, name := range []string{account.EnvAppSecret, "WECHAT_TOKEN", "WXHOME_LINK_KEY"} {
		if secret := environment[name]; len(secret) > len("short") {
			assert.NotContains(t, r.both(), secret)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	address := dbtest.SQLite(t)
	dbtest.Open(t, address)
	r := runProgram(t.Context(), nil, "-simulate", "-db", address, "-addr", l.Addr().String())
	oneClearLine(t, r, exitUsage, "-addr", "address already in use")
}

func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	path := filepath.Join(t.TempDir(), "school.db")
	require.NoError(t, os.WriteFile(path, nil, 0o400))
	r := runProgram(t.Context(), keyed, "codes", "-db", "sqlite:"+path, file(t, "a.csv", roster))
	oneClearLine(t, r, exitUsage, "may not write there")
}

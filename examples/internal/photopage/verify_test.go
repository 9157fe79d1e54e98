package photopage

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVerifyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, body := range map[string]string{
		"verify/MP_verify_AbCdEf0123456789.txt": "AbCdEf0123456789", "verify/MP_verify_large.txt": strings.Repeat("x", 5000),
		"verify/secret.txt": "secret", "verify/MP_verify_a.txt.bak": "secret", "MP_verify_above.txt": "secret",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(body), 0o644))
	}
	require.NoError(t, os.Symlink(filepath.Join(dir, "MP_verify_above.txt"), filepath.Join(dir, "verify", "MP_verify_link.txt")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "verify", "MP_verify_folder.txt"), 0o755))
	s := newSite(t, func(c *Config) { c.VerifyDir = filepath.Join(dir, "verify") })
	b := s.browser("")
	b.agent = "WeChat's own machine"

	got := b.get("https://school.example/MP_verify_AbCdEf0123456789.txt")
	assert.Equal(t, 200, got.StatusCode)
	assert.Equal(t, "AbCdEf0123456789", got.body)
	assert.Equal(t, "text/plain; charset=utf-8", got.Header.Get("Content-Type"))
	assert.Equal(t, 200, b.do(http.MethodHead, "https://school.example/MP_verify_AbCdEf0123456789.txt").StatusCode)
	assert.Equal(t, 405, b.do(http.MethodPost, "https://school.example/MP_verify_AbCdEf0123456789.txt").StatusCode)
	for _, path := range []string{
		"/secret.txt", "/MP_verify_a.txt.bak", "/MP_verify_../secret.txt", "/MP_verify_%2e%2e%2fsecret.txt", "/MP_verify_above.txt", "/MP_verify_link.txt",
		"/MP_verify_folder.txt", "/MP_verify_large.txt", "/MP_verify_.txt", "/MP_verify_none.txt", "/photo/MP_verify_AbCdEf0123456789.txt",
		"/MP_verify_AbCdEf0123456789.txt/", "/mp_verify_AbCdEf0123456789.txt", "/MP_verify_AbCdEf0123456789.txt%0a", "/MP_verify_a%00.txt",
	} {
		got := b.get("https://school.example" + path)
		assert.Contains(t, []int{403, 404}, got.StatusCode, path)
		assert.NotContains(t, got.body, "secret\n", path)
		assert.NotEqual(t, "secret", got.body, path)
	}
}

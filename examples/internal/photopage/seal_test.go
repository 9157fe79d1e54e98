package photopage

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func seals(t testing.TB, key string, previous ...string) sealer {
	t.Helper()
	s, err := newSealer(key, previous)
	require.NoError(t, err)
	return s
}

func TestSeal(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_790_000_000, 0)
	s := seals(t, key)
	for _, text := range []string{"", "oMother", "照片😀", strings.Repeat("x", 2000)} {
		sealed := s.seal("session 7", text, now.Add(time.Second))
		assert.Regexp(t, `^[A-Za-z0-9_-]+$`, sealed)
		if text != "" {
			assert.NotContains(t, sealed, text)
			assert.NotEqual(t, sealed, s.seal("session 7", text, now.Add(time.Second)))
		}
		got, ok := s.open("session 7", sealed, now)
		assert.True(t, ok)
		assert.Equal(t, text, got)
		_, ok = s.open("session 7", sealed, now.Add(time.Second))
		assert.False(t, ok, "it works until expiry, not at it")
		_, ok = s.open("session 70", sealed, now)
		assert.False(t, ok, "for one purpose")
		_, ok = seals(t, oldKey).open("session 7", sealed, now)
		assert.False(t, ok, "another key")
		got, ok = seals(t, oldKey, "", key).open("session 7", sealed, now)
		assert.True(t, ok, "a former key")
		assert.Equal(t, text, got)
	}
}

// TestSealForged changes each character in turn.
func TestSealForged(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_790_000_000, 0)
	s := seals(t, key)
	sealed := s.seal("session 7", "oMother", now.Add(time.Hour))
	for i := range sealed {
		for _, c := range "AZaz09-_= \n" {
			bad := sealed[:i] + string(c) + sealed[i+1:]
			_, ok := s.open("session 7", bad, now)
			require.Equal(t, bad == sealed, ok, "character %d as %q", i, c)
		}
	}
	for _, bad := range []string{"", "A", sealed[1:], sealed + "A", sealed[:len(sealed)-4]} {
		_, ok := s.open("session 7", bad, now)
		assert.False(t, ok, bad)
	}
}

func TestParseVisit(t *testing.T) {
	t.Parallel()
	for _, v := range []visit{{"token", 7, false}, {"t", -1, true}} {
		got, ok := parseVisit(v.String())
		assert.True(t, ok)
		assert.Equal(t, v, got)
	}
	for _, bad := range []string{"", "a", "a b", "a b c", "a 1 true x"} {
		_, ok := parseVisit(bad)
		assert.False(t, ok, bad)
	}
}

func FuzzSealOpen(f *testing.F) {
	s := seals(f, key)
	now := time.Unix(1_790_000_000, 0)
	good := s.seal("p", "text", now.Add(time.Hour))
	f.Add("p", good)
	f.Add("", "")
	f.Fuzz(func(t *testing.T, purpose, sealed string) {
		// Each process of the fuzzer has a good one of its own, since nonces are random.
		if text, ok := s.open(purpose, sealed, now); ok && (purpose != "p" || text != "text") {
			t.Fatalf("%q was opened for %q", sealed, purpose)
		}
	})
}

package photolink

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	key    = "0123456789abcdef"
	oldKey = "fedcba9876543210"
)

var sunday = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func token(t *testing.T, link string) string {
	t.Helper()
	return link[strings.LastIndexByte(link, '/')+1:]
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, base, key, previous, says string
	}{
		{"no scheme", "school.example/photo", key, "", "scheme and a host"},
		{"only a path", "/photo", key, "", "scheme and a host"},
		{"no host", "https:///photo", key, "", "scheme and a host"},
		{"plain http", "http://school.example/photo", key, "", "https://"},
		{"http on a lookalike of this machine", "http://localhost.evil.example/", key, "", "https://"},
		{"another scheme", "javascript://x/y", key, "", "https://"},
		{"query", "https://school.example/photo?x=1", key, "", "? or #"},
		{"empty query", "https://school.example/photo?", key, "", "? or #"},
		{"fragment", "https://school.example/photo#x", key, "", "? or #"},
		{"empty fragment", "https://school.example/photo#", key, "", "? or #"},
		{"user", "https://a:b@school.example/photo", key, "", "user"},
		{"not a URL", "https://school example", key, "", "parsed"},
		{"no key", "https://school.example/photo", "", "", "0 bytes"},
		{"short key", "https://school.example/photo", key[:15], "", "15 bytes"},
		{"short previous key", "https://school.example/photo", key, "short", "5 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(tt.base, tt.key, tt.previous)
			require.ErrorContains(t, err, tt.says)
			if tt.key != "" {
				assert.NotContains(t, err.Error(), tt.key)
			}
		})
	}
}

func TestBaseURLs(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"https://school.example":          "https://school.example/",
		"https://school.example/photo":    "https://school.example/photo/",
		"https://school.example/photo//":  "https://school.example/photo/",
		"https://school.example/照片":       "https://school.example/%E7%85%A7%E7%89%87/",
		"http://localhost:8080/photo":     "http://localhost:8080/photo/",
		"http://127.0.0.1:8080":           "http://127.0.0.1:8080/",
		"http://[::1]:8080":               "http://[::1]:8080/",
		"HTTPS://school.example:8443/a/b": "https://school.example:8443/a/b/",
	}
	for base, want := range tests {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			s, err := New(base, key)
			require.NoError(t, err)
			got := s.Link(1, sunday)
			assert.True(t, strings.HasPrefix(got, want), got)
			assert.Len(t, strings.TrimPrefix(got, want), 43)
		})
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	s, err := New("https://school.example/photo", key)
	require.NoError(t, err)
	for _, id := range []int64{0, 1, 1500, 1<<63 - 1} {
		good := token(t, s.Link(id, sunday))
		got, err := s.Verify(good, sunday.Add(-time.Second))
		require.NoError(t, err)
		assert.Equal(t, id, got)
		_, err = s.Verify(good, sunday)
		assert.Equal(t, ErrExpired, err, "it works until expiry, not at it")
	}
}

// TestVerifyForged changes each character of a genuine token in turn.
func TestVerifyForged(t *testing.T) {
	t.Parallel()
	s, err := New("https://school.example/photo", key)
	require.NoError(t, err)
	good := token(t, s.Link(7, sunday))
	for i := range good {
		for _, c := range "AZaz09-_=+/ \n" {
			bad := good[:i] + string(c) + good[i+1:]
			if bad == good {
				continue
			}
			_, err := s.Verify(bad, sunday.Add(-time.Hour))
			require.Equal(t, ErrForged, err, "character %d as %q", i, c)
		}
	}
	for _, bad := range []string{"", good[1:], good + "A", good + "=", good + "\n", strings.Repeat("A", 43), "照片"} {
		_, err := s.Verify(bad, sunday.Add(-time.Hour))
		assert.Equal(t, ErrForged, err, bad)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	before, err := New("https://school.example", oldKey)
	require.NoError(t, err)
	during, err := New("https://school.example", key, oldKey)
	require.NoError(t, err)
	after, err := New("https://school.example", key, "")
	require.NoError(t, err)
	now := sunday.Add(-time.Hour)

	sentBefore, sentDuring := token(t, before.Link(3, sunday)), token(t, during.Link(4, sunday))
	id, err := during.Verify(sentBefore, now)
	require.NoError(t, err)
	assert.EqualValues(t, 3, id)
	_, err = after.Verify(sentBefore, now)
	assert.Equal(t, ErrForged, err, "the old key is retired")
	_, err = before.Verify(sentDuring, now)
	assert.Equal(t, ErrForged, err, "new links are signed with the new key")
	id, err = after.Verify(sentDuring, now)
	require.NoError(t, err)
	assert.EqualValues(t, 4, id)
}

func FuzzVerify(f *testing.F) {
	s, err := New("https://school.example", key)
	require.NoError(f, err)
	link := s.Link(7, sunday)
	good := link[strings.LastIndexByte(link, '/')+1:]
	f.Add(good)
	f.Add("")
	f.Add(strings.Repeat("A", 43))
	f.Fuzz(func(t *testing.T, token string) {
		id, err := s.Verify(token, sunday.Add(-time.Hour))
		if err == nil && (token != good || id != 7) {
			t.Fatalf("%q was accepted as %d", token, id)
		}
	})
}

func ExampleSigner_Link() {
	s, err := New("https://school.example/photo", "0123456789abcdef")
	if err != nil {
		fmt.Println(err)
		return
	}
	link := s.Link(42, time.Date(2026, 11, 27, 18, 0, 0, 0, time.UTC))
	fmt.Println(link)
	token := strings.TrimPrefix(link, "https://school.example/photo/")
	fmt.Println(s.Verify(token, time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)))
	fmt.Println(s.Verify(token, time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)))
	// Output:
	// https://school.example/photo/AAAAAAAAACoAAAAAawnFILyqXnYzaqQemwgPWOsnBXk
	// 42 <nil>
	// 0 photolink: the link has expired
}

package token_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

// quoting is a Store as careless as a database that tells what it could not save.
type quoting struct {
	hide func(token string) error // wraps errDown and quotes the token somewhere
}

func (s quoting) Load(context.Context, string) (token.Token, error) {
	return token.Token{Value: "STORED"}, s.hide("STORED")
}
func (s quoting) Save(_ context.Context, _ string, t token.Token) error { return s.hide(t.Value) }

// dump is an error that says nothing and shows all.
type dump struct{ Value string }

func (dump) Error() string { return "dump" }
func (dump) Unwrap() error { return errDown }

func TestErrorsThatQuoteATokenAreScrubbed(t *testing.T) {
	t.Parallel()
	for name, hide := range map[string]func(string) error{
		"text":    func(v string) error { return fmt.Errorf("duplicate entry '%s': %w", v, errDown) },
		"wrapped": func(v string) error { return fmt.Errorf("save: %w", quiet{fmt.Errorf("%s: %w", v, errDown)}) },
		"joined":  func(v string) error { return errors.Join(errDown, quiet{errors.New(v)}) },
		"field":   func(v string) error { return dump{v} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var failures []error
			c := newCache(t, &source{fast: true}, token.WithStore(quoting{hide}, "k"), token.WithHook(func(_ context.Context, ev token.Event) {
				if ev.Err != nil {
					failures = append(failures, ev.Err)
				}
			}))
			assert.Equal(t, "TOKEN_1", get(t, c))
			require.Len(t, failures, 2, "load and save")
			for _, err := range failures {
				require.ErrorIs(t, err, errDown, "what it is stays known")
				assertHidden(t, err, "TOKEN_1", "STORED")
			}
		})
	}
}

// assertHidden walks the whole tree of err.
func assertHidden(t *testing.T, err error, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v %q", err, err, err, err), s)
	}
	switch wrapped := err.(type) {
	case interface{ Unwrap() error }:
		assertHidden(t, wrapped.Unwrap(), secrets...)
	case interface{ Unwrap() []error }:
		for _, inner := range wrapped.Unwrap() {
			assertHidden(t, inner, secrets...)
		}
	}
}

func TestSourceThatGivesBothIsScrubbed(t *testing.T) {
	t.Parallel()
	c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "GIVEN"}, fmt.Errorf("GIVEN ends: %w", errDown)
	}))
	_, err := c.Get(t.Context())
	require.ErrorIs(t, err, errDown)
	assertHidden(t, err, "GIVEN")
	assert.Equal(t, "[redacted] ends: store down", err.Error())
}

// quiet shows nothing of what it wraps.
type quiet struct{ error }

func (quiet) Error() string                 { return "quiet" }
func (q quiet) Unwrap() error               { return q.error }
func (quiet) Format(f fmt.State, verb rune) { _, _ = f.Write([]byte("quiet")) }

func TestOtherErrorsOfAStoreAreUntouched(t *testing.T) {
	t.Parallel()
	var got []error
	c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "v1", Expiry: time.Now().Add(time.Hour)}, nil
	}), token.WithStore(quoting{func(string) error { return errDown }}, "k"), token.WithHook(func(_ context.Context, ev token.Event) {
		got = append(got, ev.Err)
	}))
	get(t, c)
	assert.Equal(t, []error{errDown, nil, errDown}, got)
}

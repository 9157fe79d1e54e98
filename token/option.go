package token

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// An Option configures a [Cache]. An option that is nil, makes no sense or is given twice makes
// [NewCache] fail. Only [WithHook] may be given several times.
type Option func(*settings) error

// settings is what the options fill in and NewCache builds from.
type settings struct {
	given  []string // the options so far
	store  Store    // nil: none
	key    string
	locked bool
	locker Locker // nil: none
	margin time.Duration
	hooks  []func(context.Context, Event)
}

// once refuses an option that was given before.
func (s *settings) once(option string) error {
	if slices.Contains(s.given, option) {
		return badOption(option + " is given twice")
	}
	s.given = append(s.given, option)
	return nil
}

// WithStore shares the token with other processes through s, under key; see [Key]. The Cache
// also stores two notes for the other processes, under key with a suffix: that the Source is left
// alone for a while, and that the token was renewed. key has at most [MaxKeyLength] bytes with
// the suffix, which has 6. Without WithStore each Cache has a token of its own.
func WithStore(s Store, key string) Option {
	return func(o *settings) error {
		switch {
		case isNil(s):
			return badOption("WithStore: the store is nil")
		case key == "":
			return badOption("WithStore: the key is empty")
		case len(key) > MaxKeyLength-suffixLength:
			return badOption(fmt.Sprintf("WithStore: the key has %d bytes, at most %d", len(key), MaxKeyLength-suffixLength))
		}
		o.store, o.key = s, key
		return o.once("WithStore")
	}
}

// WithLock takes the lock of the Store around each fetch, so that one process of the fleet
// fetches and the others take over its token. It is for a Source that ends the previous token
// when it gives one (GET /cgi-bin/token), and needs [WithStore] with a Store that is a
// [Locker].
func WithLock() Option {
	return func(o *settings) error {
		o.locked = true
		return o.once("WithLock")
	}
}

// WithMargin begins a refresh d before the token ends, and up to a tenth of d sooner, so that
// processes do not all refresh at once. d must be positive; it is capped at a third of the
// token's lifetime. Default: [DefaultMargin].
func WithMargin(d time.Duration) Option {
	return func(o *settings) error {
		if d <= 0 {
			return badOption(fmt.Sprintf("WithMargin: %v is not positive", d))
		}
		o.margin = d
		return o.once("WithMargin")
	}
}

// WithHook calls hook after each use of the Source, the Store and its lock. Failures of the Store
// are seen there, since they do not make [Cache.Get] fail. WithHook may be given several times:
// all hooks are called, in the order of the options.
//
// The calls come one after the other, from the goroutine of the refresh, which waits for them;
// the context carries the values of the caller who began it. hook must not call the Cache. A
// panic in it is dropped.
func WithHook(hook func(context.Context, Event)) Option {
	return func(o *settings) error {
		if hook == nil {
			return badOption("WithHook: the hook is nil")
		}
		o.hooks = append(o.hooks, hook)
		return nil
	}
}

// isNil also finds a nil pointer, func or map in an interface, which would panic at its first
// use.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan:
		return r.IsNil()
	}
	return false
}

// configure applies opts and checks them together, so that their order does not matter.
func configure(opts []Option) (settings, error) {
	s := settings{margin: DefaultMargin}
	var wrong []error
	for i, opt := range opts {
		if opt == nil {
			wrong = append(wrong, badOption(fmt.Sprintf("option %d is nil", i+1)))
			continue
		}
		wrong = append(wrong, opt(&s))
	}
	if err := errors.Join(wrong...); err != nil || !s.locked {
		return s, err
	}
	var ok bool
	if s.locker, ok = s.store.(Locker); !ok {
		return s, badOption("WithLock needs WithStore with a store that is a Locker")
	}
	return s, nil
}

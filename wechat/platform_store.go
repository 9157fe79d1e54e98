package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"syscall"

	"github.com/org/wxhome/token"
)

// PlatformStore keeps what a [Platform] must not lose: the newest component_verify_ticket, and for
// each account its authorizer_refresh_token, which only the account's owner can renew. A database
// serves, a cache does not: a [token.Store] may forget.
//
// If it is a [token.Locker] too, one process at a time refreshes the token of an account, under the
// key of its refresh token. Without that two processes that refresh at the same moment may keep the
// older of two refresh tokens.
//
// [Authorizer.Forget] saves a mark in place of the refresh token: wxhome:forgotten: and some letters.
// An empty value means that the store has lost the refresh token. A process that has one still to
// save then saves it.
//
// The methods must be safe for concurrent use, return soon after ctx ends, and compare keys byte by
// byte. The Platform never shows the text of their errors, since it may quote a value: its own error
// tells their type, and answers errors.Is as theirs does. Log the rest in the store. Values are
// secrets of up to some hundred bytes. Keys are of the form wxhome:platform:COMPONENT_APPID:ticket
// and wxhome:platform:COMPONENT_APPID:refresh:APPID.
type PlatformStore interface {
	// Load returns the value that was saved last under key, or "" and a nil error where there is
	// none. A failure to find out is an error.
	Load(ctx context.Context, key string) (value string, err error)
	// Save replaces the value under key. It returns nil once the value is durable: the Platform
	// uses a new token only after that.
	Save(ctx context.Context, key, value string) error
}

func ticketKey(componentAppID string) string { return "wxhome:platform:" + componentAppID + ":ticket" }

func refreshKey(componentAppID, appID string) string {
	return "wxhome:platform:" + componentAppID + ":refresh:" + appID
}

// keeper is a PlatformStore that does not panic, and whose errors quote no value.
type keeper struct {
	store func() PlatformStore // a func, so that no way of printing shows what a store holds
}

func (k keeper) load(ctx context.Context, key string) (value string, err error) {
	defer contain("PlatformStore", &err)
	value, err = k.store().Load(ctx, key)
	return value, sealed(err)
}

func (k keeper) save(ctx context.Context, key, value string) (err error) {
	defer contain("PlatformStore", &err)
	return sealed(k.store().Save(ctx, key, value))
}

var errNoUnlock = errors.New("the PlatformStore gave no func to unlock")

// lock keeps other processes away from key, where the store can.
func (k keeper) lock(ctx context.Context, key string) (unlock func(), err error) {
	locker, ok := k.store().(token.Locker)
	if !ok {
		return func() {}, nil
	}
	defer contain("PlatformStore", &err)
	release, err := locker.Lock(ctx, key)
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock the refresh token: %w", sealed(err))
	case release == nil:
		return nil, errNoUnlock
	}
	return func() {
		var panicked error // the lock ends by itself
		defer contain("PlatformStore", &panicked)
		release()
	}, nil
}

// sealed returns err without its text, which may quote a value that nobody here knows, such as an old
// one or one that cannot be decoded. It answers errors.Is as err does.
func sealed(err error) error {
	switch {
	case err == nil:
		return nil
	case isNil(err):
		return fmt.Errorf("the PlatformStore failed with a %T that is nil", err)
	}
	text := fmt.Sprintf("the PlatformStore failed (%T)", root(err))
	if known := knownText(err); known != "" {
		text += ": " + known
	}
	return &opaqueError{text: text, is: func(target error) (found bool) {
		defer func() { _ = recover() }() // the methods of the store's errors run here
		return errors.Is(err, target)
	}}
}

func root(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// knownText tells why in words that are always the same; empty: none are known.
func knownText(err error) string {
	for _, known := range []error{
		context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, fs.ErrNotExist, fs.ErrPermission,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	return ""
}

package callback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// contain calls f, a func of the program, and logs its panic.
func (s *Server) contain(ctx context.Context, what string, f func()) {
	defer func() {
		if v := recover(); v != nil {
			s.log(ctx, slog.LevelError, what, slog.String("error", newPanicked(v).Error()))
		}
	}()
	f()
}

// panicked is the error for a panic.
type panicked struct {
	value string
	stack string
}

// newPanicked keeps the text of v if v is an error or a string. Other values, such as a message,
// may hold text that must not be logged; of those it keeps only the type.
func newPanicked(v any) *panicked {
	switch v := v.(type) {
	case error:
		return &panicked{value: fmt.Sprint(v)} // v.Error may panic, too
	case string:
		return &panicked{value: v}
	default:
		return &panicked{value: fmt.Sprintf("%T", v)}
	}
}

// stacked returns the error for a recovered panic, with its stack.
func stacked(v any) error {
	p := newPanicked(v)
	p.stack = string(debug.Stack())
	return p
}

// tried returns err, which is the caller's, after the methods that reports call. They panic where err
// is a nil pointer that became an error on its way: here, under a recover, that does no harm.
func tried(err error) error {
	if err != nil {
		_ = err.Error()
		_ = errors.As(err, new(*panicked))
	}
	return err
}

// Error implements error.
func (p *panicked) Error() string { return "callback: panic: " + p.value }

package media

import "fmt"

// Option changes one upload. An option that is nil, makes no sense or is given twice makes the
// upload fail.
type Option func(*settings) error

// settings is what the options fill in.
type settings struct {
	progress func(sent, total int64) // nil: none
}

// WithProgress has report called after each piece of the file that was handed to the network,
// with the bytes so far and the size of the file, which is known before the first is sent. When
// the file is sent again, as after a refused token, sent begins anew at 0 bytes. Calls come one
// after another, from another goroutine, and none after the upload has returned. report should
// be quick: the upload waits for it. Default: none.
func WithProgress(report func(sent, total int64)) Option {
	return func(s *settings) error {
		switch {
		case report == nil:
			return argument("WithProgress: the func is nil")
		case s.progress != nil:
			return argument("WithProgress is given twice")
		}
		s.progress = report
		return nil
	}
}

func configure(opts []Option) (s settings, err error) {
	for i, opt := range opts {
		if opt == nil {
			return s, argument(fmt.Sprintf("option %d is nil", i+1))
		}
		if err := opt(&s); err != nil {
			return s, err
		}
	}
	return s, nil
}

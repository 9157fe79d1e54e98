package media

// Option changes one upload.
type Option func(*settings)

type settings struct {
	progress func(sent, total int64)
}

// WithProgress has report called after each piece of the file that was handed to the network,
// with the bytes so far and the size of the file, which is known before the first is sent. When
// the file is sent again, as after a refused token, sent begins anew at 0 bytes. Calls come one
// after another, from another goroutine, and none after the upload has returned. report should
// be quick: the upload waits for it. A nil report is none.
func WithProgress(report func(sent, total int64)) Option {
	return func(s *settings) { s.progress = report }
}

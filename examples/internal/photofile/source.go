package photofile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
)

// fetch asks a host for a photo.
func (o *Opener) fetch(ctx context.Context, u *url.URL) (io.ReadCloser, int64, error) {
	req := (&http.Request{
		Method: http.MethodGet, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {"wxhome photobot"}, "Accept": {"image/*"}},
	}).WithContext(ctx)
	resp, err := o.transport.RoundTrip(req) // which follows no redirect
	if err != nil {
		return nil, 0, fetchError(u, err)
	}
	if err := statusError(u, resp.StatusCode); err != nil {
		_ = resp.Body.Close()
		return nil, 0, err
	}
	if resp.Header.Get("Content-Encoding") != "" {
		_ = resp.Body.Close()
		return nil, 0, fmt.Errorf("%w: %s packs it", ErrNotPhoto, u.Hostname())
	}
	return resp.Body, resp.ContentLength, nil
}

// fetchError keeps of err what it is and not its text, which holds addresses
// of the inner network.
func fetchError(u *url.URL, err error) error {
	switch {
	case errors.Is(err, ErrPrivate):
		return fmt.Errorf("%w: %s", ErrPrivate, u.Hostname())
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, u.Hostname(), context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, u.Hostname(), context.DeadlineExceeded)
	}
	return fmt.Errorf("%w: %s does not answer", ErrUnavailable, u.Hostname())
}

func statusError(u *url.URL, status int) error {
	switch {
	case status == http.StatusOK:
		return nil
	case status >= 300 && status < 400:
		return fmt.Errorf("%w: %s", ErrRedirect, u.Hostname())
	case status == http.StatusNotFound || status == http.StatusGone:
		return fmt.Errorf("%w: %s", ErrNotFound, u.Hostname())
	}
	return fmt.Errorf("%w: %s answers HTTP status %d", ErrUnavailable, u.Hostname(), status)
}

// read opens a file of the folder. Only regular files are: opening a named
// pipe would wait for somebody to write to it.
func (o *Opener) read(name string) (io.ReadCloser, int64, error) {
	info, err := fs.Stat(o.files, name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%w: it is no file", ErrNotFound)
	}
	if err != nil {
		return nil, 0, fileError(err)
	}
	f, err := o.files.Open(name)
	if err != nil {
		return nil, 0, fileError(err)
	}
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, 0, fmt.Errorf("%w: it is no file", ErrNotFound)
	}
	return f, info.Size(), nil
}

func fileError(err error) error {
	var cause *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w in the folder of photos", ErrNotFound)
	case errors.As(err, &cause):
		err = cause.Err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// limited gives the head that was read ahead, then the body, and no more than
// left bytes in all.
type limited struct {
	head []byte
	body io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (n int, err error) {
	if len(l.head) > 0 {
		n = copy(p, l.head)
		l.head = l.head[n:]
	} else {
		n, err = l.body.Read(p)
	}
	if l.left -= int64(n); l.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

func (l *limited) Close() error { return l.body.Close() }

// reading ends the context of a photo together with its reading.
type reading struct {
	io.ReadCloser
	end context.CancelFunc
}

func (r *reading) Close() error {
	err := r.ReadCloser.Close()
	r.end()
	return err
}

package photofile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The kinds of failure.
var (
	// ErrAddress: the address is neither one of a web server nor a path, or is
	// none at all.
	ErrAddress = errors.New("photofile: the photo's address cannot be used")
	// ErrHost: the address names a host that is not allowed.
	ErrHost = errors.New("photofile: the photo's host is not an allowed one")
	// ErrPrivate: the host's address is private, local or reserved.
	ErrPrivate = errors.New("photofile: the photo's host has a private address")
	// ErrRedirect: the host sends on to another address, which is not followed.
	ErrRedirect = errors.New("photofile: the photo's host redirects")
	// ErrNotFound: there is no such photo.
	ErrNotFound = errors.New("photofile: there is no such photo")
	// ErrTooLarge: the photo has more bytes than allowed. A photo of unknown
	// length shows it while it is read.
	ErrTooLarge = errors.New("photofile: the photo is too large")
	// ErrNotPhoto: what is there is no picture, or is cut off at once.
	ErrNotPhoto = errors.New("photofile: this is not a picture")
	// ErrUnavailable: the host or the disk does not answer; later it may.
	ErrUnavailable = errors.New("photofile: the photo cannot be had now")
)

// The defaults.
const (
	DefaultMaxBytes = 10 << 20 // what WeChat takes as an image
	DefaultTimeout  = 10 * time.Second
	DefaultTotal    = 2 * time.Minute
)

// Config says where photos may come from.
type Config struct {
	// Hosts are the hosts that photos are fetched from: names such as
	// photos.example.com, *.example.com for all names below one (not itself),
	// with a port where it is not the scheme's own. Without one nothing is fetched.
	Hosts []string

	// Dir is a folder of photos (-photo-dir). An address without a host is a
	// path in it, and so is the path of an address whose host is not in Hosts.
	// Empty: there is none.
	Dir string

	// Files takes the place of Dir: for photos in memory.
	Files fs.FS

	// MaxBytes is the largest photo; 0: DefaultMaxBytes, 10 MiB.
	MaxBytes int64

	// Timeout bounds Open, from the look-up of the name to the first bytes;
	// 0: DefaultTimeout, 10 s.
	Timeout time.Duration

	// Total bounds the whole, from Open to the last byte; 0: DefaultTotal,
	// 2 min.
	Total time.Duration

	// AllowLoopback lets hosts be this machine: for tests and simulations, in
	// which the web server is one of their own.
	AllowLoopback bool
}

// An Opener opens photos. Use [New]; call Close when done with it.
type Opener struct {
	rules     []hostRule
	root      *os.Root // nil: no folder
	files     fs.FS
	max       int64
	timeout   time.Duration
	total     time.Duration
	loopback  bool
	transport *http.Transport
}

// New checks a Config and opens its folder. Nothing is fetched yet.
func New(c Config) (*Opener, error) {
	o := &Opener{files: c.Files, max: c.MaxBytes, timeout: c.Timeout, total: c.Total, loopback: c.AllowLoopback}
	for _, h := range c.Hosts {
		r, err := parseRule(h)
		if err != nil {
			return nil, err
		}
		o.rules = append(o.rules, r)
	}
	if c.MaxBytes < 0 || c.Timeout < 0 || c.Total < 0 {
		return nil, errors.New("photofile: a limit is negative")
	}
	if o.max == 0 {
		o.max = DefaultMaxBytes
	}
	if o.timeout == 0 {
		o.timeout = DefaultTimeout
	}
	if o.total == 0 {
		o.total = DefaultTotal
	}
	if c.Dir != "" {
		if c.Files != nil {
			return nil, errors.New("photofile: Dir and Files exclude each other")
		}
		root, err := os.OpenRoot(c.Dir)
		if err != nil {
			return nil, fmt.Errorf("photofile: the folder of photos: %w", err)
		}
		o.root, o.files = root, root.FS()
	}
	o.transport = o.newTransport()
	return o, nil
}

// newTransport makes the one way to a host: no proxy, since that would resolve
// the name by itself, and no transparent decompression, since a small answer
// could grow.
func (o *Opener) newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: o.timeout, Control: o.control}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    o.timeout,
		ResponseHeaderTimeout:  o.timeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
}

// Close ends the idle connections and closes the folder. Files that are open
// stay so.
func (o *Opener) Close() error {
	o.transport.CloseIdleConnections()
	if o.root != nil {
		return o.root.Close()
	}
	return nil
}

// A File is an open photo. Read gives its bytes and [ErrTooLarge] once there
// are too many. Call Close when done with it.
type File struct {
	io.ReadCloser

	// Format is told by the first bytes, whatever the name or the host say.
	Format Format

	// Size is the number of bytes; -1: not known.
	Size int64

	// Name is a file name for an upload, with the extension of Format.
	Name string
}

// place is where an address leads.
type place struct {
	url  *url.URL // nil: in the folder
	path string
}

// Check reports whether Open would look for an address at all: nil, or an
// error that wraps [ErrAddress] or [ErrHost]. It asks neither network nor disk.
func (o *Opener) Check(address string) error {
	_, err := o.locate(address)
	return err
}

func (o *Opener) locate(address string) (place, error) {
	address = strings.TrimSpace(address)
	if address == "" || !utf8.ValidString(address) || strings.ContainsFunc(address, unicode.IsControl) {
		return place{}, fmt.Errorf("%w: it is empty or not plain text", ErrAddress)
	}
	if !strings.Contains(address, "://") {
		return o.inside(address)
	}
	u, err := url.Parse(address)
	if err != nil { // err would repeat the address
		return place{}, fmt.Errorf("%w: it cannot be parsed", ErrAddress)
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return place{}, fmt.Errorf("%w: it must begin with https:// and have no user", ErrAddress)
	}
	if !plainHost(u.Hostname()) {
		return place{}, fmt.Errorf("%w: write it in ASCII (xn--...)", ErrHost)
	}
	if o.allowed(u) {
		u.Fragment, u.RawFragment = "", ""
		return place{url: u}, nil
	}
	if o.files != nil {
		return o.inside(u.Path)
	}
	return place{}, fmt.Errorf("%w: %s", ErrHost, u.Host)
}

func (o *Opener) allowed(u *url.URL) bool {
	for _, r := range o.rules {
		if r.allows(u) {
			return true
		}
	}
	return o.loopback && isLoopback(u.Hostname())
}

func isLoopback(host string) bool { return host == "127.0.0.1" || host == "::1" || host == "localhost" }

// inside makes a path in the folder of one with either kind of slash.
func (o *Opener) inside(name string) (place, error) {
	if o.files == nil {
		return place{}, fmt.Errorf("%w: it names no host, and there is no folder of photos", ErrAddress)
	}
	name = strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/")
	if name == "" || name == "." || strings.HasSuffix(name, "/") || !fs.ValidPath(name) {
		return place{}, fmt.Errorf("%w: it is no path in the folder of photos", ErrAddress)
	}
	return place{path: name}, nil
}

// Open opens the photo at address: that of a web server, or a path in the
// folder. ctx bounds the reading too, not only Open.
func (o *Opener) Open(ctx context.Context, address string) (*File, error) {
	p, err := o.locate(address)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	whole, cancel := context.WithTimeout(ctx, o.total)
	early := time.AfterFunc(o.timeout, cancel)
	f, err := o.open(whole, p)
	if !early.Stop() && ctx.Err() == nil {
		if err == nil {
			_ = f.Close()
		}
		err = fmt.Errorf("%w: it took more than %v to begin", ErrUnavailable, o.timeout)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	f.ReadCloser = &reading{f.ReadCloser, cancel}
	return f, nil
}

func (o *Opener) open(ctx context.Context, p place) (*File, error) {
	var (
		body io.ReadCloser
		size int64
		err  error
	)
	if p.url != nil {
		body, size, err = o.fetch(ctx, p.url)
	} else {
		body, size, err = o.read(p.path)
	}
	if err != nil {
		return nil, err
	}
	f, err := o.sniffed(body, size, p)
	if err != nil {
		_ = body.Close()
		return nil, err
	}
	return f, nil
}

// sniffed looks at the first bytes and puts them back.
func (o *Opener) sniffed(body io.ReadCloser, size int64, p place) (*File, error) {
	if size > o.max {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, size, o.max)
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(body, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it ends early", ErrUnavailable)
	}
	head = head[:n]
	format := Sniff(head)
	if format == "" {
		return nil, ErrNotPhoto
	}
	f := &File{Format: format, Size: size, Name: name(p, format)}
	f.ReadCloser = &limited{head: head, body: body, left: o.max}
	return f, nil
}

// name is the last part of the address without what a multipart header or a
// terminal would stumble over.
func name(p place, format Format) string {
	base := p.path
	if p.url != nil {
		base = p.url.Path
	}
	base = path.Base("/" + base)
	base = strings.TrimLeft(strings.TrimSuffix(base, path.Ext(base)), ".")
	base = strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"\/:*?<>|%;`, r) {
			return -1
		}
		return r
	}, base)
	const longest = 64
	if base = base[:min(len(base), longest)]; base == "" {
		base = "photo"
	}
	return base + format.Extension()
}

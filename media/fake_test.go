package media_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
)

// sent is a request as it went through Do, or a call as it went through Call.
type sent struct {
	Method, Target string // path and query
	ContentType    string
	Body           string
	Repeatable     bool
}

// coded is an error of the platform, as this package asks it.
type coded int

func (c coded) Error() string { return "errcode " + strconv.Itoa(int(c)) }
func (c coded) ErrCode() int  { return int(c) }

// platform is a Caller and Doer that answers the same to all.
type platform struct {
	answer string
	header http.Header
	body   io.ReadCloser // in place of answer
	err    error
	// do takes the place of all the above for Do.
	do func(*http.Request) (*http.Response, error)

	mu   sync.Mutex
	sent []sent
}

func (p *platform) add(s sent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, s)
}

func (p *platform) Call(_ context.Context, method, path string, in, out any) error {
	s := sent{Method: method, Target: path}
	if in != nil {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(in); err != nil {
			return err
		}
		s.Body = strings.TrimSuffix(b.String(), "\n")
		declared, ok := in.(interface{ Repeatable() bool })
		s.Repeatable = ok && declared.Repeatable()
	}
	p.add(s)
	if p.err != nil || out == nil {
		return p.err
	}
	return json.Unmarshal([]byte(p.answer), out)
}

func (p *platform) Do(req *http.Request) (*http.Response, error) {
	if p.do != nil {
		return p.do(req)
	}
	s := sent{Method: req.Method, Target: req.URL.String(), ContentType: req.Header.Get("Content-Type")}
	_, s.Repeatable = req.Header["Idempotency-Key"]
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		if int64(len(body)) != req.ContentLength {
			return nil, errors.New("the length is not as declared")
		}
		s.Body = string(body)
	}
	p.add(s)
	if p.err != nil {
		return nil, p.err
	}
	return p.response(), nil
}

func (p *platform) response() *http.Response {
	r := &http.Response{StatusCode: http.StatusOK, Header: p.header, ContentLength: int64(len(p.answer)), Body: p.body}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if r.Body == nil {
		r.Body = io.NopCloser(strings.NewReader(p.answer))
	}
	return r
}

func (p *platform) client() *media.Client { return newClient(p) }

// newClient is NewClient for what is there.
func newClient(c interface {
	media.Caller
	media.Doer
}) *media.Client {
	client, err := media.NewClient(c)
	if err != nil {
		panic(err)
	}
	return client
}

// kindName is what an error says of its kind, as wechat.KindOf asks it.
func kindName(t *testing.T, err error) string {
	t.Helper()
	var named interface{ KindName() string }
	require.ErrorAs(t, err, &named)
	return named.KindName()
}

var boundaryPattern = regexp.MustCompile(`boundary=(\S+)$`)

// plain returns s with its boundary replaced by B, so that it can be compared.
func (s sent) plain(t testing.TB) sent {
	t.Helper()
	m := boundaryPattern.FindStringSubmatch(s.ContentType)
	require.NotNil(t, m, s.ContentType)
	require.NotContains(t, m[1], `"`)
	s.ContentType = strings.ReplaceAll(s.ContentType, m[1], "B")
	s.Body = strings.ReplaceAll(s.Body, m[1], "B")
	return s
}

// The first bytes of the formats, and enough after them.
const (
	jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF\x00 a photo"
	png  = "\x89PNG\r\n\x1a\n a picture"
	gif  = "GIF89a a film"
	bmp  = "BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00 a bitmap"
	amr  = "#!AMR\n a voice"
	mp3  = "\xff\xfb\x90\x64 a bare frame"
	id3  = "ID3\x04\x00 a tag"
	wma  = "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c a song"
	wav  = "RIFF\x24\x00\x00\x00WAVEfmt "
	mp4  = "\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
	heic = "\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1heic"
	webp = "RIFF\x24\x00\x00\x00WEBPVP8 "
)

// onlyReader hides what else a reader can do.
type onlyReader struct{ io.Reader }

// file returns bytes that begin as head and are so many.
func file(head string, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // never fails
	copy(b, head)
	return b
}

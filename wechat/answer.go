package wechat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	// answerLimit bounds a JSON answer. The longest known, a day's message records, has
	// 10,000 entries and some megabytes.
	answerLimit = 16 << 20
	// sniffLimit bounds how much of what looks like JSON Do reads ahead in search of an errcode.
	sniffLimit = 64 << 10
	// keepBuffer is the largest buffer that is kept for the next answer.
	keepBuffer = 64 << 10
)

// oddAnswer is a 2xx answer that came whole and is not what an endpoint answers: a proxy's page,
// mostly. It would come again.
type oddAnswer struct {
	reason string
	body   []byte
	is     error // errShape, or errPage, which wraps it
}

func (e *oddAnswer) Error() string { return e.reason }
func (e *oddAnswer) Unwrap() error { return e.is }

func odd(reason string, body []byte) error { return &oddAnswer{reason, bytes.Clone(body), errShape} }

// guard bounds the reading of an answer, which the transport's timeouts do not: a body that
// stalls is cut off. The returned func ends the watch.
func (c *Client) guard(resp *http.Response) (stop func() bool) {
	body := resp.Body
	return time.AfterFunc(c.timeouts.Answer, func() { _ = body.Close() }).Stop
}

// readFailure tells a body that the guard has closed from one that broke off.
func (c *Client) readFailure(err error, stop func() bool) error {
	if !stop() {
		err = fmt.Errorf("not at its end after %v: %w", c.timeouts.Answer, os.ErrDeadlineExceeded)
	}
	return fmt.Errorf("read answer: %w", err)
}

// calmBody makes errors of the panics of a body, which may be of a RoundTripper of the caller's.
type calmBody struct{ io.ReadCloser }

func (b calmBody) Read(p []byte) (n int, err error) {
	defer contain("body of the answer", &err)
	return b.ReadCloser.Read(p)
}

func (b calmBody) Close() (err error) {
	defer contain("body of the answer", &err)
	return b.ReadCloser.Close()
}

// decode reads a JSON answer whole and decodes it into out, unless that is nil.
func (c *Client) decode(r *request, resp *http.Response, out any) error {
	stop := c.guard(resp)
	defer stop()
	defer resp.Body.Close()
	buf, _ := c.buffers.Get().(*bytes.Buffer)
	if buf == nil {
		buf = bytes.NewBuffer(make([]byte, 0, 1<<10))
	}
	defer func() {
		if buf.Cap() <= keepBuffer {
			buf.Reset()
			c.buffers.Put(buf)
		}
	}()
	if _, err := buf.ReadFrom(io.LimitReader(resp.Body, answerLimit+1)); err != nil {
		return c.readFailure(err, stop)
	}
	if buf.Len() > answerLimit {
		return fmt.Errorf("read answer: more than %d bytes: %w", answerLimit, errShape)
	}
	return decodeBytes(buf.Bytes(), out, r.method != http.MethodGet && !r.kind.reads)
}

// decodeBytes decodes a whole answer. It is a success only if it says so, by errcode 0 or by what
// the endpoint documents in its place.
func decodeBytes(body []byte, out any, sent bool) error {
	v := readVerdict(body)
	switch {
	case v.odd:
		return odd("the errcode of the answer is not a whole number", body)
	case v.code != 0:
		if reader, ok := out.(interface{ Refused(answer []byte) }); ok {
			reader.Refused(bytes.Clone(body))
		}
		v.errmsg = bytes.Clone(v.errmsg) // body goes back to the pool
		return &verdictError{v}
	case !v.object:
		return &oddAnswer{"the answer is not a JSON object", bytes.Clone(body), errPage}
	}
	if err := unmarshal(bytes.TrimPrefix(body, byteOrderMark), out); err != nil {
		return err
	}
	if !v.known && !documented(body, out, sent) {
		return odd("the answer has neither errcode 0 nor what this endpoint documents", body)
	}
	return nil
}

func unmarshal(body []byte, out any) error {
	if out == nil {
		out = new(json.RawMessage) // checks it, and stops nowhere
	}
	err := json.Unmarshal(body, out)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		if err != nil {
			err = fmt.Errorf("decode answer: %w: %w", errShape, err)
		}
		return err
	}
	repaired := escapeControls(body)
	if len(repaired) != len(body) {
		return unmarshal(repaired, out)
	}
	if json.NewDecoder(bytes.NewReader(body)).Decode(new(json.RawMessage)) == io.ErrUnexpectedEOF {
		return fmt.Errorf("decode answer: it is cut off: %w", err)
	}
	return odd("the answer is not JSON", body)
}

// undecided reports whether head, which may be short where an answer comes in pieces, does not yet
// tell whether a JSON object begins.
func undecided(head []byte) bool {
	return skipSpace(head, 0) == len(head) || len(head) < len(byteOrderMark) && bytes.HasPrefix(byteOrderMark, head)
}

// sniff looks for an errcode at the head of an answer, whatever its Content-Type says, and
// puts back what it read. An answer that does not begin as a JSON object is not read further
// than its first bytes.
func (c *Client) sniff(resp *http.Response) error {
	stop := c.guard(resp)
	defer stop()
	head, n := make([]byte, 512), 0
	var err error
	for err == nil && n < len(head) && undecided(head[:n]) {
		var more int
		more, err = io.ReadAtLeast(resp.Body, head[n:], 1)
		n += more
	}
	head = head[:n]
	if p := skipSpace(head, 0); err == nil && (p == len(head) || head[p] == '{') {
		var rest []byte
		rest, err = io.ReadAll(io.LimitReader(resp.Body, sniffLimit))
		head = append(head, rest...)
		v := readVerdict(head)
		if v.odd || v.code != 0 {
			_ = resp.Body.Close()
		}
		switch {
		case v.odd:
			return odd("the errcode of the answer is not a whole number", head)
		case v.code != 0:
			return &verdictError{v}
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		_ = resp.Body.Close()
		return c.readFailure(err, stop)
	}
	resp.Body = &replayedBody{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
	return nil
}

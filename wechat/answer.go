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

// oddAnswer is a 2xx answer that is not JSON; a proxy's page, mostly.
type oddAnswer struct {
	reason string
	body   []byte
}

func (e *oddAnswer) Error() string { return e.reason }

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

// decode reads a JSON answer whole and decodes it into out, unless that is nil.
func (c *Client) decode(resp *http.Response, out any) error {
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
	return decodeBytes(buf.Bytes(), out)
}

func decodeBytes(body []byte, out any) error {
	env := parseEnvelope(body)
	switch {
	case env.code != 0:
		env.errmsg = bytes.Clone(env.errmsg) // body goes back to the pool
		return &envelopeError{env}
	case !env.object:
		return &oddAnswer{"the answer is not a JSON object", bytes.Clone(body)}
	case out == nil:
		if env.known || json.Valid(body) {
			return nil
		}
		return &oddAnswer{"the answer is cut off or not JSON", bytes.Clone(body)}
	}
	body = bytes.TrimPrefix(body, byteOrderMark)
	err := json.Unmarshal(body, out)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		if repaired := escapeControls(body); len(repaired) != len(body) {
			err = json.Unmarshal(repaired, out)
		}
	}
	if err == nil {
		return nil
	}
	if errors.As(err, &syntax) {
		return fmt.Errorf("decode answer: %w", err)
	}
	return fmt.Errorf("decode answer: %w: %w", errShape, err)
}

// sniff looks for an errcode at the head of an answer, whatever its Content-Type says, and
// puts back what it read. An answer that does not begin as a JSON object is not read further
// than its first bytes.
func (c *Client) sniff(resp *http.Response) error {
	stop := c.guard(resp)
	defer stop()
	head := make([]byte, 512)
	n, err := io.ReadAtLeast(resp.Body, head, 1)
	head = head[:n]
	if p := skipSpace(head, 0); err == nil && p < len(head) && head[p] == '{' {
		var rest []byte
		rest, err = io.ReadAll(io.LimitReader(resp.Body, sniffLimit))
		head = append(head, rest...)
		if env := parseEnvelope(head); env.code != 0 {
			_ = resp.Body.Close()
			return &envelopeError{env}
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		_ = resp.Body.Close()
		return c.readFailure(err, stop)
	}
	resp.Body = &replayedBody{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
	return nil
}

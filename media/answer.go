package media

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

func trimMark(text []byte) []byte { return bytes.TrimPrefix(text, byteOrderMark) }

// looksLikeJSON reports whether text begins as a JSON object does. No media format does.
func looksLikeJSON(text []byte) bool {
	text = bytes.TrimLeft(trimMark(text), " \t\r\n")
	return len(text) > 0 && text[0] == '{'
}

// escapeControls escapes the raw control characters that the platform was seen to leave in
// strings, and that encoding/json refuses.
func escapeControls(text []byte) []byte {
	out := make([]byte, 0, len(text)+64)
	inString, escaped := false, false
	for _, c := range text {
		switch {
		case inString && c < 0x20:
			out = fmt.Appendf(out, `\u%04x`, c)
			escaped = false
			continue
		case escaped:
			escaped = false
		case c == '\\' && inString:
			escaped = true
		case c == '"':
			inString = !inString
		}
		out = append(out, c)
	}
	return out
}

// seconds is a Unix time, as a number or, in some copies of the reference, quoted.
type seconds int64

func (s *seconds) UnmarshalJSON(b []byte) error {
	n, err := parseNumber(b)
	*s = seconds(n)
	return err
}

// time returns the zero Time for 0, which means that none was given.
func (s seconds) time() time.Time {
	if s <= 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0)
}

// flag is a bool that the platform writes as 0 or 1.
type flag bool

func (f *flag) UnmarshalJSON(b []byte) error {
	if string(b) == "true" || string(b) == "false" {
		*f = string(b) == "true"
		return nil
	}
	n, err := parseNumber(b)
	*f = n != 0
	return err
}

func parseNumber(b []byte) (int64, error) {
	text := string(bytes.Trim(b, `"`))
	if text == "" || text == "null" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, &json.UnmarshalTypeError{Value: "value that is no number"}
	}
	return n, nil
}

// answerError is a failure to read the answer to its end.
func answerError(err error) error { return fmt.Errorf("media: read the answer: %w", err) }

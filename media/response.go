package media

import (
	"bytes"
	"errors"
	"fmt"
	"math"
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

// number is a whole number that may come quoted, or with decimals that are zeros. Null and an
// empty text are 0.
type number int64

var errNumber = errors.New("a whole number is expected")

// UnmarshalJSON reads what the platform and gateways before it write.
func (n *number) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(bytes.Trim(b, `"`))
	if len(b) == 0 || string(b) == "null" {
		*n = 0
		return nil
	}
	whole, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		const exact = 1 << 53 // beyond it a float is not exact
		f, err := strconv.ParseFloat(string(b), 64)
		if err != nil || f != math.Trunc(f) || math.Abs(f) > exact {
			return errNumber
		}
		whole = int64(f)
	}
	*n = number(whole)
	return nil
}

// time returns the moment of n seconds, the zero Time for 0, which means that none was given.
func (n number) time() time.Time {
	if n <= 0 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0)
}

// flag is a bool that the platform writes as 0 or 1.
type flag bool

// UnmarshalJSON reads numbers and words.
func (f *flag) UnmarshalJSON(b []byte) error {
	if text := string(bytes.Trim(b, `"`)); text == "true" || text == "false" {
		*f = text == "true"
		return nil
	}
	var n number
	err := n.UnmarshalJSON(b)
	*f = n != 0
	return err
}

// answerError is a failure to read the answer to its end.
func answerError(err error) error { return fmt.Errorf("media: read the answer: %w", err) }

package custom

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
)

// word is a string that may come as a number.
type word string

// UnmarshalJSON reads either.
func (w *word) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(w))
	}
	var n json.Number
	err := json.Unmarshal(b, &n)
	*w = word(n)
	return err
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

// time returns the moment of n seconds, the zero Time for 0.
func (n number) time() time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0)
}

// array is a list in an answer. Null and an empty text are an empty one. The zero array says that the
// answer has no list at all, which is not the same as an empty one.
type array[T any] struct {
	told  bool
	items []T
}

// UnmarshalJSON reads it.
func (a *array[T]) UnmarshalJSON(b []byte) error {
	*a = array[T]{told: true}
	if string(b) == `""` {
		return nil
	}
	return json.Unmarshal(b, &a.items)
}

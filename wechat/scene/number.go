package scene

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"time"
)

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

// duration returns n seconds, as far as a Duration holds them.
func (n number) duration() time.Duration {
	return time.Duration(min(max(n, 0), math.MaxInt32)) * time.Second
}

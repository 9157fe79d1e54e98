package operator

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Period is a flag's duration, in Go's form or in days: 90s, 15m, 7d. It
// implements flag.Value.
type Period time.Duration

// String writes whole days as such.
func (p *Period) String() string {
	if p == nil {
		return ""
	}
	const day = 24 * time.Hour
	if d := time.Duration(*p); d == 0 || d%day != 0 {
		return d.String()
	}
	return strconv.Itoa(int(time.Duration(*p)/day)) + "d"
}

// Set reads a period.
func (p *Period) Set(s string) error {
	d, err := ParsePeriod(s)
	*p = Period(d)
	return err
}

// ParsePeriod reads a duration that is not negative; 7d is seven times 24 hours.
func ParsePeriod(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return 0, errors.New("not a number of days")
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errors.New("not a duration such as 90s, 15m or 7d")
	}
	return d, nil
}

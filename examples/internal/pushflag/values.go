// Package pushflag reads what the programs that push have in common on their command lines:
// periods, dates, fields, queries and cron lines. There is no one call to know: each name stands
// for a flag.
//
// Nothing here has state; a [FieldList] belongs to one goroutine.
//
// # Errors
//
// An error says what is wrong with the value, without the flag's name.
package pushflag

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
)

// ErrFuture is returned by [ParseSince].
var ErrFuture = errors.New("this moment is still to come")

// ParseSince reads -since: a date in zone, with or without the time of day,
// or how long ago. A moment that is still to come is [ErrFuture]: no photo would be new enough.
func ParseSince(s string, zone *time.Location, now time.Time) (time.Time, error) {
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006-1-2 15:4", "2006-1-2 15:4:5", "2006年1月2日"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil && t.After(now) {
			return time.Time{}, ErrFuture
		} else if err == nil {
			return t, nil
		}
	}
	d, err := operator.ParsePeriod(s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a date nor a period", s)
	}
	return now.Add(-d).Truncate(time.Second), nil
}

// FieldList collects -field in the order given.
type FieldList []push.Field

// String implements [flag.Value].
func (l *FieldList) String() string {
	if l == nil {
		return ""
	}
	parts := make([]string, len(*l))
	for i, f := range *l {
		parts[i] = f.Key + "=" + f.Text
	}
	return strings.Join(parts, " ")
}

// Set adds one KEY=TEXT.
func (l *FieldList) Set(s string) error {
	key, text, ok := strings.Cut(s, "=")
	key = strings.TrimSuffix(strings.TrimSpace(key), ".DATA")
	if !ok || key == "" {
		return errors.New("not of the form KEY=TEXT")
	}
	for _, f := range *l {
		if f.Key == key {
			return fmt.Errorf("%s is given twice", key)
		}
	}
	*l = append(*l, push.Field{Key: key, Text: text})
	return nil
}

// Texts returns the fields as a map.
func (l FieldList) Texts() map[string]string {
	m := make(map[string]string, len(l))
	for _, f := range l {
		m[f.Key] = f.Text
	}
	return m
}

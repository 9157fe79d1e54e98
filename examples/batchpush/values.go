package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/operator"
)

// parseSince reads -since: a date in zone, with or without the time of day,
// or how long ago.
func parseSince(s string, zone *time.Location, now time.Time) (time.Time, error) {
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006-1-2 15:4", "2006-1-2 15:4:5", "2006年1月2日"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	d, err := operator.ParsePeriod(s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a date nor a period", s)
	}
	return now.Add(-d).Truncate(time.Second), nil
}

// field is one -field KEY=TEXT.
type field struct{ key, text string }

// fieldList collects -field in the order given.
type fieldList []field

func (l *fieldList) String() string {
	if l == nil {
		return ""
	}
	parts := make([]string, len(*l))
	for i, f := range *l {
		parts[i] = f.key + "=" + f.text
	}
	return strings.Join(parts, " ")
}

func (l *fieldList) Set(s string) error {
	key, text, ok := strings.Cut(s, "=")
	key = strings.TrimSuffix(strings.TrimSpace(key), ".DATA")
	if !ok || key == "" {
		return errors.New("not of the form KEY=TEXT")
	}
	for _, f := range *l {
		if f.key == key {
			return fmt.Errorf("%s is given twice", key)
		}
	}
	*l = append(*l, field{key, text})
	return nil
}

// texts returns the fields as a map.
func (l fieldList) texts() map[string]string {
	m := make(map[string]string, len(l))
	for _, f := range l {
		m[f.key] = f.text
	}
	return m
}

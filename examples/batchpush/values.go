package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// period is a flag's duration, in Go's form or in days: 90s, 15m, 7d.
type period time.Duration

func (p *period) String() string {
	if p == nil {
		return ""
	}
	const day = 24 * time.Hour
	if d := time.Duration(*p); d == 0 || d%day != 0 {
		return d.String()
	}
	return strconv.Itoa(int(time.Duration(*p)/day)) + "d"
}

func (p *period) Set(s string) error {
	d, err := parsePeriod(s)
	*p = period(d)
	return err
}

// parsePeriod reads 7d as seven times 24 hours.
func parsePeriod(s string) (time.Duration, error) {
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

// parseSince reads -since: a date in zone, with or without the time of day,
// or how long ago.
func parseSince(s string, zone *time.Location, now time.Time) (time.Time, error) {
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006-1-2 15:4", "2006-1-2 15:4:5", "2006年1月2日"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	d, err := parsePeriod(s)
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

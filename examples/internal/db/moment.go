package db

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Moment reads the time that a column holds, whatever the column's type: a time.Time, text as
// [ParseMoment] reads it, or unix seconds, as a number or as text. A number may also be in
// milliseconds or microseconds, or written as a date: 20261109, 20261109090500. The result is in
// Beijing's time, to the second. ok is false for what is no time.
func Moment(v any) (t time.Time, ok bool) {
	switch v := v.(type) {
	case nil:
		return time.Time{}, false
	case time.Time:
		return whole(v)
	case []byte:
		return Moment(string(v))
	case string:
		if t, ok := ParseMoment(v); ok {
			return t, true
		}
		return number(strings.TrimSpace(v))
	case float64:
		return number(strconv.FormatFloat(v, 'f', -1, 64))
	case float32:
		return number(strconv.FormatFloat(float64(v), 'f', -1, 32))
	}
	return number(fmt.Sprint(v))
}

// whole drops what is less than a second, and refuses years that are not written in four digits.
func whole(t time.Time) (time.Time, bool) {
	t = t.In(Beijing).Truncate(time.Second)
	if t.Year() < 1000 || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t, true
}

// number reads a moment that is written in digits.
func number(s string) (time.Time, bool) {
	if strings.ContainsAny(s, "eE") { // as Go prints a large float64
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || f < 0 || f > 1e16 {
			return time.Time{}, false
		}
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	s, fraction, _ := strings.Cut(s, ".")
	if !digits(s) || fraction != "" && !digits(fraction) {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	switch len(s) {
	case len("20060102"), len("200601021504"), len("20060102150405"):
		t, err := time.ParseInLocation("20060102150405"[:len(s)], s, Beijing)
		if err != nil {
			return time.Time{}, false
		}
		return whole(t)
	case 10:
		return whole(time.Unix(n, 0))
	case 13:
		return whole(time.UnixMilli(n))
	case 16:
		return whole(time.UnixMicro(n))
	}
	return time.Time{}, false
}

func digits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// The ways in which Excel, databases and people write a moment, once separators are made alike.
// Month, day, hour, minute and second have one digit or two. Fractions of a second are read, too.
var (
	zonedLayouts = []string{
		"2006-1-2 15:4:5Z07:00", "2006-1-2 15:4Z07:00", "2006-1-2 15:4:5 Z07:00", "2006-1-2 15:4:5Z0700", "2006-1-2 15:4:5 -0700", "2006-1-2 15:4:5 -0700 MST",
	}
	wallLayouts = []string{"2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2"}
)

// ParseMoment reads a time in text, with or without the time of day, as Beijing's unless it says
// otherwise: 2026-11-09 09:05:00, 2026/11/9 9:05, 2026年11月9日 9:05, 2026-11-09T09:05:00+08:00. A
// number is no such text. The result is in Beijing's time, to the second.
func ParseMoment(s string) (t time.Time, ok bool) {
	if len(s) > 64 {
		return time.Time{}, false
	}
	if t, err := time.ParseInLocation(time.DateTime, s, Beijing); err == nil { // what nearly all are
		return whole(t)
	}
	date, clock := halves(s)
	if !strings.Contains(date, "-") {
		return time.Time{}, false
	}
	text := strings.TrimSpace(date + " " + clock)
	for _, layout := range wallLayouts {
		if t, err := time.ParseInLocation(layout, text, Beijing); err == nil {
			return whole(t)
		}
	}
	for _, layout := range zonedLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return whole(t)
		}
	}
	return time.Time{}, false
}

// separators makes those of a date alike.
var separators = strings.NewReplacer("/", "-", ".", "-", "年", "-", "月", "-")

// halves parts a date from the time of day, and makes separators alike.
func halves(s string) (date, clock string) {
	s = strings.Join(strings.Fields(s), " ")
	at := strings.IndexAny(s, " Tt")
	if day := strings.Index(s, "日"); day >= 0 && (at < 0 || day < at) {
		date, clock = s[:day], s[day+len("日"):]
	} else if at >= 0 {
		date, clock = s[:at], s[at+1:]
	} else {
		date = s
	}
	return separators.Replace(date), strings.ReplaceAll(strings.TrimSpace(clock), "：", ":")
}

package school

import (
	"net/url"
	"regexp"
	"strings"

	"time"
	"unicode"
	"unicode/utf8"

	"github.com/org/wxhome/examples/internal/db"
)

// The sizes of the tables' columns, in characters.
var maxLength = [columns]int{
	colMobile: 32, colOpenID: 64, colStudentID: 64, colStudentName: 64, colPhotoURL: 1024, colPhotoTime: 64,
}

var (
	excelNumber = regexp.MustCompile(`^[+-]?\d+(\.\d+)?[eE]\+?\d+$`)
	excelSerial = regexp.MustCompile(`^\d{5}(\.\d+)?$`)
	onlyDigits  = regexp.MustCompile(`^\d+$`)
	openIDForm  = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	mobileForm  = regexp.MustCompile(`^\+?[0-9][0-9 ()-]{4,}$`)
)

// checkValue returns what is wrong with a value; 0: nothing.
func checkValue(c column, v string) Problem {
	switch {
	case v == "":
		if c == colMobile || c == colStudentID || c == colStudentName {
			return ProblemMissing
		}
		return 0
	case strings.ContainsRune(v, utf8.RuneError):
		return ProblemEncoding
	case strings.ContainsFunc(v, unicode.IsControl):
		return ProblemControl
	case strings.Trim(v, "#") == "":
		return ProblemNarrow
	case c <= colStudentID && excelNumber.MatchString(v):
		return ProblemExcel
	case utf8.RuneCountInString(v) > maxLength[c]:
		return ProblemTooLong
	}
	return checkForm(c, v)
}

func checkForm(c column, v string) Problem {
	switch c {
	case colMobile:
		if !mobileForm.MatchString(v) {
			return ProblemMobile
		}
	case colOpenID:
		if !IsOpenID(v) {
			return ProblemOpenID
		}
	case colPhotoURL:
		u, err := url.Parse(v)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			return ProblemURL
		}
	case colPhotoTime:
		if excelSerial.MatchString(v) {
			return ProblemSerial
		}
		if _, ok := parseTime(v); !ok {
			return ProblemDate
		}
	}
	return 0
}

// IsOpenID reports whether s has the form of an openid: up to 64 letters,
// digits, - and _, and not a number, which would be a phone number that slid
// into the wrong column. Whose openid it is, only WeChat knows.
func IsOpenID(s string) bool {
	return len(s) <= maxLength[colOpenID] && openIDForm.MatchString(s) && !onlyDigits.MatchString(s)
}

// parseTime reads a date, with or without the time of day, as Beijing's time
// unless it says otherwise (2026-11-20T09:05:00+08:00).
func parseTime(s string) (time.Time, bool) {
	t, ok := db.ParseMoment(s)
	return t, ok && t.Year() >= 2000
}

// Beijing is the time zone of the tables, UTC+8 without daylight saving time.
var Beijing = db.Beijing

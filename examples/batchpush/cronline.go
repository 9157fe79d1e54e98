package main

import (
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// validCron reports whether a cron line has five fields (or is a name such as
// @daily) that come true at some time.
func validCron(line string) bool {
	fields := strings.Fields(line)
	named := len(fields) == 1 && strings.HasPrefix(fields[0], "@")
	if len(fields) != 5 && !named || !gronx.IsValid(line) {
		return false
	}
	_, err := nextFiring(line, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	return err == nil
}

// nextFiring returns the first time after now, in now's zone, at which the
// cron line fires.
func nextFiring(line string, now time.Time) (time.Time, error) {
	return gronx.NextTickAfter(line, now, false)
}

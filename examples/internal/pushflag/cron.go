package pushflag

import (
	"context"
	"strings"
	"time"

	"github.com/adhocore/gronx"

	"github.com/org/wxhome/examples/internal/db"
)

// ValidCron reports whether a cron line has five fields (or is a name such as
// @daily) that come true at some time.
func ValidCron(line string) bool {
	fields := strings.Fields(line)
	named := len(fields) == 1 && strings.HasPrefix(fields[0], "@")
	if len(fields) != 5 && !named || !gronx.IsValid(line) {
		return false
	}
	_, err := NextFiring(line, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	return err == nil
}

// NextFiring returns the first time after now, in now's zone, at which the
// cron line fires.
func NextFiring(line string, now time.Time) (time.Time, error) {
	return gronx.NextTickAfter(line, now, false)
}

// CampaignName is the default name of a push: Beijing's date, and for a
// firing of -cron the time too, since there may be several a day.
func CampaignName(at time.Time, firing bool) string {
	layout := "photos-2006-01-02"
	if firing {
		layout += "-1504"
	}
	return at.In(db.Beijing).Format(layout)
}

// QuotaReturns is 00:05 of Beijing's next day: the quota returns at midnight,
// by clocks that need not agree.
func QuotaReturns(now time.Time) time.Time {
	day := now.In(db.Beijing)
	return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 5, 0, 0, db.Beijing)
}

// SleepUntil waits by the wall clock, in steps, since a machine that sleeps
// stops the other one. It reports whether the moment came before ctx ended.
func SleepUntil(ctx context.Context, at time.Time) bool {
	const step = 30 * time.Second
	for {
		left := time.Until(at.Round(0))
		if left <= 0 {
			return ctx.Err() == nil
		}
		timer := time.NewTimer(min(left, step))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}

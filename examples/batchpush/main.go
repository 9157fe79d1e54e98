// Batchpush tells the bound parents of a school about their children's newest
// photos: one template message (模板消息) for each parent and child, exactly
// once, however often it is stopped and started again.
//
// Without flags and credentials it pushes a demo school to a simulation inside
// itself, and nothing leaves the machine:
//
//	go run ./examples/batchpush
//
// With the school's own database and template, looking first, then trying on
// oneself, then for everybody:
//
//	export WECHAT_APPID=wx... WECHAT_APPSECRET=...
//	export WXHOME_DB='mysql:user:password@tcp(127.0.0.1:3306)/school'
//	batchpush check -template ID -field thing1={student_name} -field time2={photo_update_time} -public-photos
//	batchpush -template ID -field ... -public-photos -dry-run
//	batchpush -template ID -field ... -public-photos -to OPENID
//	batchpush -template ID -field ... -public-photos
//
// Every Friday at 18:00 Beijing time, with links that are signed and expire
// (WXHOME_LINK_KEY, and WXHOME_LINK_KEY_PREVIOUS while it is changed):
//
//	batchpush -template ID -field ... -link https://school.example/photo -cron "0 18 * * 5"
//
// Several processes of one account share its token and its rate through a
// Redis, which may blink: -redis redis://:PASSWORD@127.0.0.1:6379/0.
//
// The other commands:
//
//	batchpush import -db sqlite:school.db parents.csv
//	batchpush status -db sqlite:school.db -failures failures.csv
//	batchpush templates
//	batchpush check ...
//
// batchpush -h explains every flag. The exit status is 0 when all messages
// were accepted, skipped (the parent does not follow the account) or sent
// before; 1 when some failed or nobody knows; 2 for a mistake in the command
// line or the configuration; 3 when the push was stopped early; 130 when it
// was interrupted. Ctrl-C stops after what is in flight, a second one at once.
package main

import (
	"os"
	_ "time/tzdata" // Windows and small containers have no time zones

	"github.com/org/wxhome/examples/internal/operator"
)

func main() {
	ctx := operator.Interruptible(exitInterrupted) // a second signal ends it at once: the ledger knows what was in flight
	os.Exit(run(ctx, os.Args, os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

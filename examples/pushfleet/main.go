// Pushfleet is batchpush on several machines: the same recipients, messages,
// ledger and failure rules, with a queue in Redis (hibiken/asynq) from which
// any number of workers on any number of machines send.
//
//	export WECHAT_APPID=wx... WECHAT_APPSECRET=...
//	export WXHOME_DB='mysql:user:password@tcp(127.0.0.1:3306)/school'
//	export WXHOME_REDIS='redis://:password@127.0.0.1:6379/0'
//	pushfleet enqueue -template ID -field thing1={student_name} -public-photos
//	pushfleet work -rate 20      # as often and on as many machines as wanted
//	pushfleet status
//
// The ledger, in MySQL or MariaDB, is the truth; Redis holds nothing that
// enqueue could not put there again, and is best kept with appendonly yes. A
// worker claims a row durably before its request leaves and settles it after.
// One that is killed is noticed: 45 s after it claimed them its rows are
// repeated with the same client_msg_id while WeChat knows it, and are unknown
// later. One that stands still sends nothing when it goes on. All workers of an
// account share one token and one rate.
//
// Queues, pauses and limits belong to an account each. A task names a block of
// 200 ids of one campaign, and its worker sends what is pending of it, as
// batchpush does: it claims what may leave soon and writes down what has become
// of the rest, in one commit, at least every second. APPID:blocks has the blocks
// in their order, APPID:repeats those with rows that are to be repeated soon,
// both with asynq's own tools to look at. What failed or is unknown is in the
// ledger; asynq's archive has only tasks that cannot be read or whose campaign
// is gone. Tasks of the version before, in APPID:push and APPID:again, are sent
// too. The limit by the minute pauses an account's queues until the next minute,
// the daily quota until 00:05 in Beijing, an outage for 15 s, and what a person
// must mend until enqueue is run again.
//
// Every Friday at 18:00 Beijing time, from whichever of several machines leads:
//
//	pushfleet schedule -cron "0 18 * * 5" -template ID -field ... -public-photos
//
// The exit status is batchpush's: 0 when all is well; 1 when some messages
// failed or are unknown (status); 2 for a mistake in the command line or the
// configuration; 3 when something is out of reach; 130 when interrupted.
package main

import (
	"os"
	_ "time/tzdata" // small containers have no time zones

	"github.com/org/wxhome/examples/internal/operator"
)

func main() {
	ctx := operator.Interruptible(exitInterrupted) // a second signal ends it at once: the ledger knows what was in flight
	os.Exit(run(ctx, os.Args, os.Getenv, os.Stdout, os.Stderr))
}

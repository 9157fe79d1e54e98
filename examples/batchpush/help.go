package main

const helpText = `batchpush sends one template message to each bound parent about each child's newest photo.

  batchpush [flags]                  push; without flags and credentials a demo school to a simulation
  batchpush import [flags] FILE.csv  load a school's list into the database
  batchpush status [flags]           what has become of a campaign
  batchpush templates                the account's templates, their keywords and rules
  batchpush check [flags]            whether a push with these flags would work; changes nothing

Environment: WECHAT_APPID, WECHAT_APPSECRET, WECHAT_BASE_URL, WXHOME_DB, WXHOME_LINK_KEY, WXHOME_LINK_KEY_PREVIOUS
Exit status: 0 all accepted, skipped or unchanged; 1 some failed or unknown; 2 usage or configuration; 3 stopped early; 130 interrupted

Flags:`

// flagTexts say what each flag means. A name in backquotes stands for the
// flag's value.
var flagTexts = map[string]string{
	"simulate":       "use the simulation although the rest is real: nothing leaves the machine",
	"db":             "the school's `database`: sqlite:PATH or mysql:USER:PASSWORD@tcp(HOST:PORT)/NAME (also WXHOME_DB; default: the demo school)",
	"query":          "a `file` with a SELECT of the columns openid, student_id, student_name, photo_url, photo_update_time (default: the two tables)",
	"ledger":         "another `database` for the ledger, where the school's may only be read (default: as -db)",
	"redis":          "share the token and the rate with other processes of the account through the Redis at this `URL`, as redis://:PASSWORD@127.0.0.1:6379/0; while it is out of reach each goes on at a third of the rate",
	"template":       "the template's `id`",
	"field":          "a value of the template, `KEY=TEXT` (repeatable); {column} in TEXT stands for a column, as in thing1={student_name}",
	"campaign":       "the `name` of the push; the same name continues it and never sends twice (default: photos- and Beijing's date, or the unfinished one of the last 48 h)",
	"new":            "start another campaign although one is unfinished",
	"since":          "only photos updated since a `date`, or a time ago such as 7d (default: all)",
	"batch":          "messages in a batch",
	"interval":       "`pause` between batches (default 15m, in the simulation 1s)",
	"rate":           "messages per second (default 2, in the simulation 400)",
	"workers":        "messages in flight",
	"link":           "base `URL` of the photo page; links are signed with WXHOME_LINK_KEY and expire",
	"link-ttl":       "how long a link works, a `duration`",
	"public-photos":  "link to the photo's own URL",
	"dry-run":        "show the count and three messages, and change nothing",
	"limit":          "the first `N` recipients only",
	"to":             "one trial message to this `openid`, built from the first row, outside any campaign",
	"again":          "send photos that an earlier campaign had accepted, too",
	"retry-failed":   "take failed rows up again",
	"resend-unknown": "take unknown rows up again: some parents may get the message twice",
	"cron":           "stay, and push whenever this `line` fires, as \"0 18 * * 5\": Fridays at 18:00",
	"tz":             "the time `zone` of -cron and -since",
	"yes":            "do not ask before a new campaign on a terminal",
	"lang":           "`language` of these lines: zh or en (default: by locale)",
	"json":           "the summary as one JSON object on stdout, all else on stderr",
	"failures":       "status: write what was not accepted to this CSV `file`, for Excel",
}

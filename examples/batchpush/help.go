package main

const helpText = `batchpush sends one template message to each bound parent about each child's newest photo.

  batchpush [flags]                  push; without flags and credentials a demo school to a simulation
  batchpush import [flags] FILE.csv  load a school's list into the database
  batchpush status [flags]           what has become of a campaign
  batchpush templates                the account's templates, their keywords and rules
  batchpush pause [flags]            send nothing new of -campaign, or of all campaigns; pushfleet's too
  batchpush resume [flags]           go on with -campaign, or with all campaigns but those that wait for a yes
  batchpush cancel -campaign NAME    end a campaign for good
  batchpush check [flags]            whether a push with these flags would work; changes nothing

Environment: WECHAT_APPID, WECHAT_APPSECRET, WECHAT_BASE_URL, WXHOME_DB, WXHOME_LEDGER, WXHOME_REDIS, WXHOME_LINK_KEY, WXHOME_LINK_KEY_PREVIOUS, WXHOME_PRIVACY_KEY (photobot's: to know parents again who left under an older version)
Exit status: 0 all accepted, skipped or unchanged; 1 some failed or unknown; 2 usage or configuration; 3 stopped early; 130 interrupted

Flags:`

// flagTexts say what each flag means. A name in backquotes stands for the
// flag's value.
var flagTexts = map[string]string{
	"simulate":       "use the simulation although the rest is real: nothing leaves the machine",
	"db":             "the school's `database`: sqlite:PATH or mysql:USER:PASSWORD@tcp(HOST:PORT)/NAME (also WXHOME_DB; default: the demo school)",
	"query":          "a `file` with a SELECT of the columns openid, student_id, student_name, photo_url, photo_update_time (default: the two tables); a JOIN in it compares ids byte for byte with, on MySQL, ON a.id = b.id AND CAST(a.id AS BINARY) = CAST(b.id AS BINARY), on SQLite, ON CAST(a.id AS TEXT) = CAST(b.id AS TEXT) COLLATE BINARY; without it a parent may be told of another child (check shows three pairs)",
	"ledger":         "another `database` for the ledger, where the school's may only be read (also WXHOME_LEDGER; default: as -db)",
	"redis":          "share the token and the rate with other processes of the account through the Redis at this `URL`, as redis://:PASSWORD@127.0.0.1:6379/0; while it is out of reach each goes on at a third of the rate (also WXHOME_REDIS)",
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
	"to":             "one trial message to this `openid`, about a child that it is bound to or the one of -student, outside any campaign; its link works for a day at most",
	"student":        "with -to: the trial is about the pupil with this `id`, also if the openid is not bound to it, and the openid may open its link; with -resend-unknown, -unknown-received or -retry-failed: the rows of this pupil only",
	"parent":         "with -resend-unknown, -unknown-received or -retry-failed: the rows of one parent only, whose openid is in this `file`",
	"again":          "send photos that an earlier campaign had accepted, too",
	"retry-failed":   "take failed rows up again",
	"resend-unknown": "take unknown rows up again: some parents may get the message twice",
	"cron":           "stay, and push whenever this `line` fires, as \"0 18 * * 5\": Fridays at 18:00",
	"tz":             "the time `zone` of -cron and -since",
	"yes":            "do not ask before a new campaign on a terminal, nor before the first push of an account or an unusually large one",
	"lang":           "`language` of these lines: zh or en (default: by locale)",
	"json":           "the summary as one JSON object on stdout, all else on stderr",
	"failures":       "status: write what was not accepted to this CSV `file`, for Excel",

	"times-shifted":    "photos whose times differ from those of earlier campaigns by one and the same amount are the same, from now on: loc in the database's address was changed",
	"unknown-received": "count unknown rows as received: somebody has asked the parents",
}

package main

const helpText = `pushfleet sends template messages (模板消息) from several machines, through a queue in Redis.

  pushfleet enqueue [flags]   load the recipients into the ledger, and their blocks of 200 into the queue; again: heal what Redis has lost
  pushfleet work [flags]      send, until interrupted; any number of them on any number of machines
  pushfleet status [flags]    progress and tally
  pushfleet schedule [flags]  stay, and enqueue whenever -cron fires; of several one leads

Environment: WECHAT_APPID, WECHAT_APPSECRET, WECHAT_BASE_URL, WXHOME_DB, WXHOME_LEDGER, WXHOME_REDIS, WXHOME_LINK_KEY, WXHOME_LINK_KEY_PREVIOUS, WXHOME_PRIVACY_KEY (photobot's: to know parents again who left under an older version)
Exit status: 0 all is well; 1 some failed or unknown (status); 2 usage or configuration; 3 something is out of reach; 130 interrupted

Flags:`

// flagTexts say what each flag means. A name in backquotes stands for the flag's value.
var flagTexts = map[string]string{
	"db":               "the school's `database`, mysql:USER:PASSWORD@tcp(HOST:PORT)/NAME (also WXHOME_DB)",
	"ledger":           "another `database` for the ledger, mysql:... (also WXHOME_LEDGER; default: as -db)",
	"redis":            "the Redis that all share, a `URL` such as redis://:PASSWORD@127.0.0.1:6379/0 (also WXHOME_REDIS)",
	"simulate":         "send to a simulation inside each worker: nothing leaves the machine",
	"query":            "a `file` with a SELECT of the columns openid, student_id, student_name, photo_url, photo_update_time (default: the two tables); a JOIN in it compares ids byte for byte with ON a.id = b.id AND CAST(a.id AS BINARY) = CAST(b.id AS BINARY): without it a parent may be told of another child",
	"template":         "the template's `id`",
	"field":            "a value of the template, `KEY=TEXT` (repeatable); {column} in TEXT stands for a column",
	"campaign":         "the `name` of the push; the same name continues it (default: photos- and Beijing's date, or the unfinished one of the last 48 h)",
	"since":            "only photos updated since a `date`, or a time ago such as 7d (default: all)",
	"limit":            "the first `N` recipients only",
	"link":             "base `URL` of the photo page; the same for enqueue and work, where links are signed with WXHOME_LINK_KEY",
	"link-ttl":         "how long a link works, a `duration`",
	"public-photos":    "link to the photo's own URL",
	"again":            "send photos that an earlier campaign had accepted, too",
	"retry-failed":     "take failed rows up again",
	"resend-unknown":   "take unknown rows up again: some parents may get the message twice",
	"unknown-received": "count unknown rows as received: somebody has asked the parents",
	"times-shifted":    "photos whose times differ from those of earlier campaigns by one and the same amount are the same, from now on: loc in the database's address was changed",
	"cron":             "enqueue whenever this `line` fires, as \"0 18 * * 5\": Fridays at 18:00",
	"tz":               "the time `zone` of -cron and -since",
	"rate":             "messages per second of all workers together; each must be given the same; while Redis is out of reach each sends at a third of it",
	"workers":          "messages in flight in this process",
	"until-done":       "end once every campaign in the fleet is done",
	"yes":              "send the first push of an account, and an unusually large one, without waiting for a person's yes",
	"json":             "the tally as one JSON object on stdout, all else on stderr",
	"lang":             "`language` of these lines: zh or en (default: by locale)",
}

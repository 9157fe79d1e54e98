package main

const helpText = `photobot answers a school's parents in WeChat and serves the photo page.

  photobot [flags]                    serve; without flags and credentials a demo school to a simulation
  photobot codes [flags] ROSTER.csv   issue one-time codes for the pupils of a list, as CSV on stdout
  photobot menu [flags] FILE.json     recreate the account's menu: a callback switches the console's off

Environment: WECHAT_APPID, WECHAT_APPSECRET, WECHAT_BASE_URL, WECHAT_TOKEN, WECHAT_AES_KEY (safe mode when set), WXHOME_DB, WXHOME_LEDGER,
WXHOME_LINK_KEY, WXHOME_PRIVACY_KEY, and WECHAT_TOKEN_PREVIOUS, WECHAT_AES_KEY_PREVIOUS, WXHOME_LINK_KEY_PREVIOUS,
WXHOME_PRIVACY_KEY_PREVIOUS while they are changed
Exit status: 0 ended by a signal and drained; 1 cut off; 2 usage or configuration; 3 WeChat cannot be reached

Flags:`

// flagTexts say what each flag means. A name in backquotes stands for the
// flag's value.
var flagTexts = map[string]string{
	"simulate":       "use the simulation although the rest is real: nothing leaves the machine",
	"demo-exit":      "simulation: end after the conversation, whose port is any free one unless -addr says otherwise",
	"db":             "the school's `database`: sqlite:PATH or mysql:USER:PASSWORD@tcp(HOST:PORT)/NAME (also WXHOME_DB; default: the demo school)",
	"ledger":         "another `database` for the ledger and the receipts, the same as batchpush's (also WXHOME_LEDGER; default: as -db)",
	"redis":          "share the token, the rate and who answers which message with other processes of the account through the Redis at this `URL`, as redis://:PASSWORD@127.0.0.1:6379/0; while it is out of reach each goes on by itself, at a third of the rate",
	"rate":           "customer-service messages per second, with -redis of all processes together",
	"addr":           "the `address` to listen on; the callback is at /wechat/callback, the photo page at /photo, health at /healthz",
	"public-url":     "the `address` under which WeChat and parents reach this server, such as https://school.example",
	"photo-hosts":    "the `hosts` that photos are fetched from, separated by commas; *.school.example stands for all below one",
	"photo-dir":      "a `folder` of photos: for addresses without a host, and those whose host is not in -photo-hosts",
	"photo-auth":     "who sees the photo page: `openid` (parents who are bound, by web authorization) or link (whoever has the link)",
	"mp-verify":      "the `folder` of the MP_verify_*.txt files that WeChat asks for",
	"cert":           "TLS: the certificate's `file`; without it the proxy in front speaks TLS",
	"key":            "TLS: the certificate's private key's `file`",
	"link-ttl":       "how long a link in the chat works, a `duration`",
	"fallback":       "what becomes of texts that are not understood: `help` (the steps), agent (a human, 客服) or silent",
	"name":           "the account's `name` as parents know it",
	"messages":       "customer-service messages that WeChat allows within 48 h of a parent's message",
	"click-messages": "customer-service messages that WeChat allows within a minute of a tap on the menu",
	"per-pupil":      "codes: how many for each pupil",
	"student":        "codes: only for the pupil of this `id`, whose codes that were not redeemed are void from then on",
	"code-ttl":       "codes: how long they can be redeemed, a `duration`",
	"reissue":        "codes: new ones also for pupils who have some; those that were not redeemed are void from then on",
	"out":            "codes: write them to this new `file`",
	"lang":           "`language` of these lines: zh or en (default: by locale)",
}

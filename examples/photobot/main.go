// Photobot is the server behind a school's account: parents bind themselves to
// their children with a code, ask for 照片 in the chat and get the newest photo,
// and open the photo page that template messages link to.
//
// Without flags and credentials it serves a demo school to a simulation inside
// itself, shows a short conversation, goes on serving, and nothing leaves the
// machine; with -demo-exit it ends after the conversation:
//
//	go run ./examples/photobot
//
// For a school, behind a proxy that speaks TLS (or with -cert and -key):
//
//	export WECHAT_APPID=wx... WECHAT_APPSECRET=... WECHAT_TOKEN=... WECHAT_AES_KEY=...
//	export WXHOME_LINK_KEY=... WXHOME_DB='mysql:user:password@tcp(127.0.0.1:3306)/school'
//	photobot codes roster.csv > codes.csv
//	photobot menu menu.json
//	photobot -public-url https://school.example -photo-hosts photos.school.example
//
// The callback to enter in the console is https://school.example/wechat/callback,
// and batchpush links to the photo page with -link https://school.example/photo
// and the same WXHOME_LINK_KEY. With WECHAT_AES_KEY the account must be in the
// safe or the compatible mode (安全模式, 兼容模式). WECHAT_TOKEN_PREVIOUS,
// WECHAT_AES_KEY_PREVIOUS, WXHOME_LINK_KEY_PREVIOUS and WXHOME_PRIVACY_KEY_PREVIOUS
// are accepted while a secret is changed. WXHOME_PRIVACY_KEY hashes the codes;
// without it WXHOME_LINK_KEY does. The openids of parents who leave are hashed with
// a key of the ledger's own; an older version took the codes' key, which is still
// needed to know these parents again, by batchpush and pushfleet too.
//
// Several processes behind one load balancer share the token, the rate of
// messages and who answers which message through a Redis, which may blink:
// -redis redis://:PASSWORD@127.0.0.1:6379/0.
//
// photobot -h explains every flag. The exit status is 0 when the server was
// ended by a signal and all its work was done, 1 when some of it was cut off or
// the demonstration did not go as it should, 2 for a mistake in the command line
// or the configuration, 3 when WeChat could not be reached. SIGTERM and Ctrl-C
// drain; a second one ends at once.
package main

import (
	"os"
	_ "time/tzdata" // Windows and small containers have no time zones

	"github.com/org/wxhome/examples/internal/operator"
)

func main() {
	ctx := operator.Interruptible(exitCut)
	os.Exit(run(ctx, os.Args, os.Getenv, os.Stdout, os.Stderr))
}

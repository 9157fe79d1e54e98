package wechattest

import (
	"net/http"

	"github.com/org/wxhome/wechat"
)

// Client returns a new client of the account, which reaches this server and
// nothing else: it has the server's [Server.Transport], so that not even a
// wrong base URL among opts leads out of the test. opts win over the options
// that Client sets itself: it leaves out those that are among them.
//
// A test of the client's own transport makes its client with wechat.New and
// the option WithBaseURL(s.URL), which works for all but servers in memory.
//
// It panics when wechat.New refuses an option.
func (a *Account) Client(opts ...wechat.Option) *wechat.Client {
	own := wechat.Defaults(
		wechat.WithBaseURL(a.server.URL),
		wechat.WithAuthorizeURL(a.server.AuthorizeURL()),
		wechat.WithHTTPClient(&http.Client{Transport: a.server.transport}),
	)
	c, err := wechat.New(a.AppID, a.AppSecret, append([]wechat.Option{own}, opts...)...)
	if err != nil {
		panic("wechattest: " + err.Error())
	}
	return c
}

package follower

import (
	"context"
	"iter"
	"net/http"
)

// Blacklist yields the openids of the people on the account's blacklist (黑名单). It begins behind after,
// reads page by page, and has the same errors as [Client.All]. A page has 1,000 people; older documentation
// of the platform says 10,000.
//
// POST /cgi-bin/tags/members/getblacklist
func (c *Client) Blacklist(ctx context.Context, after string) iter.Seq2[string, error] {
	return pages(after, badOptional("the openid to begin behind", after), func(after string, p *page) error {
		in := struct {
			reading
			After string `json:"begin_openid"`
		}{After: after}
		return c.caller.Call(ctx, http.MethodPost, "/cgi-bin/tags/members/getblacklist", in, p)
	})
}

// Block puts any number of followers on the blacklist (拉黑), 20 in a call. The platform refuses messages to
// them with 43019. Errors are as for [Client.Tag].
//
// POST /cgi-bin/tags/members/batchblacklist
func (c *Client) Block(ctx context.Context, openids ...string) error {
	return c.change(ctx, "/cgi-bin/tags/members/batchblacklist", "", 0, blockGroup, openids)
}

// Unblock takes any number of people off the blacklist (取消拉黑), 20 in a call. Errors are as for
// [Client.Tag].
//
// POST /cgi-bin/tags/members/batchunblacklist
func (c *Client) Unblock(ctx context.Context, openids ...string) error {
	return c.change(ctx, "/cgi-bin/tags/members/batchunblacklist", "", 0, blockGroup, openids)
}

package wechat

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/org/wxhome/token"
)

const ticketPath = "/cgi-bin/ticket/getticket"

// setTicket builds the Cache of the JS-SDK's ticket, which the processes of a Store share as they
// share the token. WeChat allows few calls and does not say whether a new ticket ends the one before:
// where the Store can lock, one process fetches at a time.
func (c *Client) setTicket(o *settings) error {
	opts := []token.Option{token.WithHook(func(ctx context.Context, ev token.Event) {
		if ev.Op != token.OpFetch { // its attempts report themselves, whoever's the token is
			c.reportStore(ctx, ev)
		}
	})}
	if o.store != nil {
		opts = append(opts, token.WithStore(o.store, token.Key(c.appID, "jsapi", o.bases[0].Host)))
		if _, ok := o.store.(token.Locker); ok {
			opts = append(opts, token.WithLock())
		}
	}
	var err error
	c.JSTicket, err = token.NewCache(token.SourceFunc(c.fetchTicket), opts...)
	return err
}

// fetchTicket gets a ticket for the account's access token. The Cache decides when to ask again.
func (c *Client) fetchTicket(ctx context.Context) (token.Token, error) {
	r := &request{kind: tokenKind, method: http.MethodGet, path: ticketPath, query: "type=jsapi", header: c.getHeader()}
	r.kind.plain = c.tokenless
	start := time.Now()
	var answer struct {
		Ticket    string `json:"ticket"`
		ExpiresIn number `json:"expires_in"`
	}
	err := c.run(ctx, r, func(resp *http.Response) error { return c.decode(r, resp, &answer) })
	if err != nil {
		return token.Token{}, wrongAnswer(err)
	}
	if answer.Ticket == "" || answer.ExpiresIn <= 0 {
		return token.Token{}, c.failure(r, KindToken, errors.New("the answer holds no ticket and expires_in"))
	}
	return token.Token{Value: answer.Ticket, Expiry: start.Add(answer.ExpiresIn.seconds())}, nil
}

// tickets is a jssdk.TicketSource. It is a func, which printing a jssdk.Client does not follow into the
// Cache.
type tickets func(context.Context) (string, error)

// Ticket returns the ticket in use.
func (t tickets) Ticket(ctx context.Context) (string, error) { return t(ctx) }

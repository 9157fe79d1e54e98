package custom

import (
	"context"
	"errors"
	"net/http"
)

// The answers to Typing that say only that there is nothing to show.
const (
	noRecentExchange = 45080 // none with the follower in the last 30 seconds
	alreadyTyping    = 45081
)

// Typing shows the follower openID that an answer is being written (客服输入状态), for 15 seconds
// or until any message to them. It is a courtesy: that the follower has not written within the
// last 30 seconds (45080), or that the state is shown already (45081), is no error.
//
// The one option is [WithBusinessID]; others are an [ErrInvalidArgument].
//
// POST /cgi-bin/message/custom/typing
func (c *Client) Typing(ctx context.Context, openID string, opts ...Option) error {
	return c.typing(ctx, openID, "Typing", opts)
}

// CancelTyping ends what [Client.Typing] has begun, with the same exceptions and option.
//
// POST /cgi-bin/message/custom/typing
func (c *Client) CancelTyping(ctx context.Context, openID string, opts ...Option) error {
	return c.typing(ctx, openID, "CancelTyping", opts)
}

func (c *Client) typing(ctx context.Context, openID, command string, opts []Option) error {
	set, err := configure(opts)
	switch {
	case err != nil:
		return err
	case set.agent != "" || set.ai || set.workers != 0:
		return badArgument(command + " takes WithBusinessID and no other option")
	}
	if err := checkOpenID(openID); err != nil {
		return err
	}
	in := struct {
		OpenID   string `json:"touser"`
		Command  string `json:"command"`
		Business int64  `json:"businessid,omitempty"`
	}{openID, command, set.business}
	err = c.caller.Call(ctx, http.MethodPost, "/cgi-bin/message/custom/typing", in, nil)
	var coded interface{ ErrCode() int }
	if errors.As(err, &coded) && (coded.ErrCode() == noRecentExchange || coded.ErrCode() == alreadyTyping) {
		return nil
	}
	return err
}

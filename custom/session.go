package custom

import (
	"context"
	"net/http"
)

// conversation names an agent and a follower.
type conversation struct {
	Agent  string `json:"kf_account"`
	OpenID string `json:"openid"`
}

func (c *Client) converse(ctx context.Context, path, agent, openID string) error {
	switch {
	case agent == "":
		return badArgument("the agent's account is empty")
	case openID == "":
		return badArgument("the openid is empty")
	}
	return c.caller.Call(ctx, http.MethodPost, path, conversation{agent, openID}, nil)
}

// CreateSession gives the follower openID to an agent (接入会话), who must be online. The
// platform answers 65414 when another agent serves them.
//
// POST /customservice/kfsession/create
func (c *Client) CreateSession(ctx context.Context, agent, openID string) error {
	return c.converse(ctx, "/customservice/kfsession/create", agent, openID)
}

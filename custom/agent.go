package custom

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// The platform's limits on agents.
const (
	maxPrefix   = 10 // characters before the @ of an account
	maxAccount  = 30 // characters of it all
	maxNickname = 16
)

// Agent is a person, or a program, that answers followers (客服账号). An account has 100 at most.
type Agent struct {
	// Account is prefix@id, where id is the WeChat id (微信号) of the Official Account. It is what
	// every other call names the agent by.
	Account string
	// ID is the platform's number for the agent (kf_id).
	ID       string
	Nickname string // as followers see it
	// HeadImageURL is where the picture is.
	HeadImageURL string
	// WeChatID is of the person that the agent is bound to. Empty: none has accepted yet.
	WeChatID string
	// Invited is the WeChat id that was invited last, with the state of the invitation:
	// waiting, rejected or expired. Both are empty where there is none.
	Invited       string
	InviteStatus  string    // waiting, rejected or expired; empty: there is no invitation
	InviteExpires time.Time // zero: there is no invitation
}

// Agents returns all agents.
//
// GET /cgi-bin/customservice/getkflist
func (c *Client) Agents(ctx context.Context) ([]Agent, error) {
	var answer struct {
		List array[struct {
			Account       string `json:"kf_account"`
			HeadImageURL  string `json:"kf_headimgurl"`
			ID            word   `json:"kf_id"`
			Nickname      string `json:"kf_nick"`
			WeChatID      string `json:"kf_wx"`
			Invited       string `json:"invite_wx"`
			InviteExpires number `json:"invite_expire_time"`
			InviteStatus  string `json:"invite_status"`
		}] `json:"kf_list"`
	}
	if err := c.caller.Call(ctx, http.MethodGet, "/cgi-bin/customservice/getkflist", nil, &answer); err != nil {
		return nil, err
	}
	if !answer.List.told {
		return nil, oddAnswer("the answer has no list of agents", nil)
	}
	agents := make([]Agent, len(answer.List.items))
	for i, a := range answer.List.items {
		agents[i] = Agent{
			Account: a.Account, ID: string(a.ID), Nickname: a.Nickname, HeadImageURL: a.HeadImageURL, WeChatID: a.WeChatID,
			Invited: a.Invited, InviteStatus: a.InviteStatus, InviteExpires: a.InviteExpires.time(),
		}
	}
	return agents, nil
}

// OnlineAgent is an [Agent] who is logged in.
type OnlineAgent struct {
	Account string // prefix@id
	ID      string // kf_id
	// Status is 1 for the web client. Older accounts had 2 for the telephone, 3 for both.
	Status int
	// Sessions is how many followers the agent is serving.
	Sessions int
}

// OnlineAgents returns the agents who are logged in.
//
// GET /cgi-bin/customservice/getonlinekflist
func (c *Client) OnlineAgents(ctx context.Context) ([]OnlineAgent, error) {
	var answer struct {
		List array[struct {
			Account  string `json:"kf_account"`
			Status   number `json:"status"`
			ID       word   `json:"kf_id"`
			Sessions number `json:"accepted_case"`
		}] `json:"kf_online_list"`
	}
	if err := c.caller.Call(ctx, http.MethodGet, "/cgi-bin/customservice/getonlinekflist", nil, &answer); err != nil {
		return nil, err
	}
	if !answer.List.told {
		return nil, oddAnswer("the answer has no list of agents", nil)
	}
	agents := make([]OnlineAgent, len(answer.List.items))
	for i, a := range answer.List.items {
		agents[i] = OnlineAgent{Account: a.Account, ID: string(a.ID), Status: int(a.Status), Sessions: int(a.Sessions)}
	}
	return agents, nil
}

// AddAgent makes an agent. account is prefix@id: up to 10 letters, digits and underscores, and
// the WeChat id of the Official Account, which must have one; 30 characters in all. nickname has
// up to 16 characters. The agent can work once a person has accepted [Client.InviteAgent].
//
// POST /customservice/kfaccount/add
func (c *Client) AddAgent(ctx context.Context, account, nickname string) error {
	return c.nameAgent(ctx, "/customservice/kfaccount/add", account, nickname)
}

// UpdateAgent gives an agent another nickname.
//
// POST /customservice/kfaccount/update
func (c *Client) UpdateAgent(ctx context.Context, account, nickname string) error {
	return c.nameAgent(ctx, "/customservice/kfaccount/update", account, nickname)
}

func (c *Client) nameAgent(ctx context.Context, path, account, nickname string) error {
	if err := checkAccount(account); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(nickname); n < 1 || n > maxNickname {
		return badArgument(fmt.Sprintf("the nickname has %d characters, it must have 1 to %d", n, maxNickname))
	}
	if reason := unwritable(nickname); reason != "" {
		return badArgument("the nickname " + reason)
	}
	in := struct {
		Account  string `json:"kf_account"`
		Nickname string `json:"nickname"`
	}{account, nickname}
	return c.caller.Call(ctx, http.MethodPost, path, in, nil)
}

// DeleteAgent removes an agent.
//
// POST /customservice/kfaccount/del
func (c *Client) DeleteAgent(ctx context.Context, account string) error {
	if err := checkAccount(account); err != nil {
		return err
	}
	in := struct {
		Account string `json:"kf_account"`
	}{account}
	return c.caller.Call(ctx, http.MethodPost, "/customservice/kfaccount/del", in, nil)
}

// InviteAgent asks the person with the WeChat id (微信号) wechatID to work as an agent. They
// accept in WeChat; [Client.Agents] tells how it stands.
//
// POST /customservice/kfaccount/inviteworker
func (c *Client) InviteAgent(ctx context.Context, account, wechatID string) error {
	if err := checkAccount(account); err != nil {
		return err
	}
	if wechatID == "" {
		return badArgument("the WeChat id of the person to invite is empty")
	}
	if reason := unwritable(wechatID); reason != "" {
		return badArgument("the WeChat id of the person to invite " + reason)
	}
	in := struct {
		Account  string `json:"kf_account"`
		WeChatID string `json:"invite_wx"`
	}{account, wechatID}
	return c.caller.Call(ctx, http.MethodPost, "/customservice/kfaccount/inviteworker", in, nil)
}

// checkAccount checks that an agent's account is prefix@id within the platform's limits.
func checkAccount(account string) error {
	prefix, id, ok := strings.Cut(account, "@")
	switch {
	case !ok || prefix == "" || id == "":
		return badArgument("the agent's account must be prefix@id, with the WeChat id of the Official Account after the @")
	case len(prefix) > maxPrefix || strings.ContainsFunc(prefix, notInPrefix):
		return badArgument(fmt.Sprintf("an agent's account has up to %d letters, digits and underscores before the @", maxPrefix))
	case utf8.RuneCountInString(account) > maxAccount:
		return badArgument(fmt.Sprintf("the agent's account has more than %d characters", maxAccount))
	}
	if reason := unwritable(id); reason != "" {
		return badArgument("the agent's account " + reason)
	}
	return nil
}

func notInPrefix(c rune) bool {
	return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_'
}

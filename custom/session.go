package custom

import (
	"context"
	"net/http"
	"time"
)

// Session is a follower's conversation with an agent (会话).
type Session struct {
	// Agent is the agent's account. Empty: nobody serves the follower.
	Agent  string
	OpenID string // the follower's
	// Created is when the session began, to the second.
	Created time.Time
}

// conversation names an agent and a follower.
type conversation struct {
	Agent  string `json:"kf_account"`
	OpenID string `json:"openid"`
}

// CreateSession gives the follower openID to an agent (接入会话), who must be online. The
// platform answers 65414 when another agent serves them.
//
// POST /customservice/kfsession/create
func (c *Client) CreateSession(ctx context.Context, agent, openID string) error {
	return c.converse(ctx, "/customservice/kfsession/create", agent, openID)
}

// CloseSession ends the session of an agent with the follower openID (关闭会话). The platform
// answers 65413 when there is none.
//
// POST /customservice/kfsession/close
func (c *Client) CloseSession(ctx context.Context, agent, openID string) error {
	return c.converse(ctx, "/customservice/kfsession/close", agent, openID)
}

func (c *Client) converse(ctx context.Context, path, agent, openID string) error {
	if err := checkAccount(agent); err != nil {
		return err
	}
	if err := checkOpenID(openID); err != nil {
		return err
	}
	return c.caller.Call(ctx, http.MethodPost, path, conversation{agent, openID}, nil)
}

// Session returns the session of the follower openID. Where nobody serves them, its Agent is
// empty.
//
// GET /customservice/kfsession/getsession
func (c *Client) Session(ctx context.Context, openID string) (Session, error) {
	if err := checkOpenID(openID); err != nil {
		return Session{}, err
	}
	var answer struct {
		Agent   string `json:"kf_account"`
		Created number `json:"createtime"`
	}
	path := "/customservice/kfsession/getsession?openid=" + inQuery(openID)
	if err := c.caller.Call(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return Session{}, err
	}
	return Session{Agent: answer.Agent, OpenID: openID, Created: answer.Created.time()}, nil
}

// Sessions returns the sessions of an agent.
//
// GET /customservice/kfsession/getsessionlist
func (c *Client) Sessions(ctx context.Context, agent string) ([]Session, error) {
	if err := checkAccount(agent); err != nil {
		return nil, err
	}
	var answer struct {
		List array[struct {
			OpenID  string `json:"openid"`
			Created number `json:"createtime"`
		}] `json:"sessionlist"`
	}
	path := "/customservice/kfsession/getsessionlist?kf_account=" + inQuery(agent)
	if err := c.caller.Call(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return nil, err
	}
	if !answer.List.told {
		return nil, oddAnswer("the answer has no list of sessions", nil)
	}
	sessions := make([]Session, len(answer.List.items))
	for i, s := range answer.List.items {
		sessions[i] = Session{Agent: agent, OpenID: s.OpenID, Created: s.Created.time()}
	}
	return sessions, nil
}

// Queue is who waits for an agent (未接入会话).
type Queue struct {
	// Count is how many followers wait. Waiting may name fewer of them.
	Count   int
	Waiting []Waiting
}

// Waiting is a follower who waits for an agent.
type Waiting struct {
	OpenID string // the follower's
	// Agent is whom they wait for. Empty: for anybody.
	Agent string
	// Since is when they wrote last, to the second.
	Since time.Time
}

// Queue returns the followers who wait for an agent.
//
// GET /customservice/kfsession/getwaitcase
func (c *Client) Queue(ctx context.Context) (Queue, error) {
	var answer struct {
		Count *number `json:"count"`
		List  array[struct {
			OpenID  string `json:"openid"`
			Agent   string `json:"kf_account"`
			Latest  number `json:"latest_time"`
			Created number `json:"createtime"` // its name in older answers
		}] `json:"waitcaselist"`
	}
	if err := c.caller.Call(ctx, http.MethodGet, "/customservice/kfsession/getwaitcase", nil, &answer); err != nil {
		return Queue{}, err
	}
	var q Queue
	if answer.Count != nil {
		q.Count = int(*answer.Count)
	} else if !answer.List.told {
		return Queue{}, oddAnswer("the answer does not say who waits", nil)
	}
	q.Waiting = make([]Waiting, len(answer.List.items))
	for i, w := range answer.List.items {
		q.Waiting[i] = Waiting{OpenID: w.OpenID, Agent: w.Agent, Since: max(w.Latest, w.Created).time()}
	}
	return q, nil
}

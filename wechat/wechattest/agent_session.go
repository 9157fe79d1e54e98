package wechattest

import (
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/custom"
)

// maxWaiting is how many of those who wait are told.
const maxWaiting = 100

// session is a follower's conversation with an agent (会话).
type session struct {
	agent   string
	created time.Time
}

// waiting is a follower who waits for an agent.
type waiting struct {
	openid string
	since  time.Time
}

// Await lets the openids wait for an agent, until a session with them is
// created.
func (a *Account) Await(openids ...string) {
	now := a.server.Now()
	a.staff.mu.Lock()
	defer a.staff.mu.Unlock()
	for _, id := range openids {
		a.staff.waiting = append(a.staff.waiting, waiting{id, now})
	}
}

// Session returns who serves a follower; its Agent is empty when nobody does.
func (a *Account) Session(openid string) custom.Session {
	a.staff.mu.Lock()
	defer a.staff.mu.Unlock()
	s := a.staff.sessions[openid]
	return custom.Session{Agent: s.agent, OpenID: openid, Created: s.created}
}

type sessionItem struct {
	OpenID  string `json:"openid"`
	Created int64  `json:"createtime"`
}

// of returns the sessions of an agent, oldest first. The caller holds s.mu.
func (s *staff) of(agent string) []sessionItem {
	items := []sessionItem{}
	for openid, session := range s.sessions {
		if session.agent == agent {
			items = append(items, sessionItem{openid, session.created.Unix()})
		}
	}
	slices.SortFunc(items, func(a, b sessionItem) int {
		if a.Created != b.Created {
			return int(a.Created - b.Created)
		}
		return strings.Compare(a.OpenID, b.OpenID)
	})
	return items
}

// createSession serves POST /customservice/kfsession/create.
func (c *call) createSession() reply {
	in := c.object()
	account, openid := in.text("kf_account"), in.text("openid")
	state := c.account.follower(openid)
	s := &c.account.staff
	s.mu.Lock()
	defer s.mu.Unlock()
	agent, old := s.find(account), s.sessions[openid]
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case agent == nil:
		return c.refuse(65401)
	case agent.WeChatID == "":
		return c.refuse(65402)
	case state != Following:
		return c.refuse(state.refusal())
	case old.agent == account:
		return c.done()
	case old.agent != "":
		return c.refuse(65414)
	case !agent.online:
		return c.refuse(61459)
	}
	if s.sessions == nil {
		s.sessions = make(map[string]session)
	}
	s.sessions[openid] = session{account, c.now}
	s.waiting = slices.DeleteFunc(s.waiting, func(w waiting) bool { return w.openid == openid })
	return c.done()
}

// closeSession serves POST /customservice/kfsession/close.
func (c *call) closeSession() reply {
	in := c.object()
	account, openid := in.text("kf_account"), in.text("openid")
	s := &c.account.staff
	s.mu.Lock()
	defer s.mu.Unlock()
	switch old := s.sessions[openid]; {
	case *in.wrong:
		return c.refuse(47001)
	case s.find(account) == nil:
		return c.refuse(65401)
	case old.agent == "":
		return c.refuse(65413)
	case old.agent != account:
		return c.refuse(65414)
	}
	delete(s.sessions, openid)
	return c.done()
}

// getSession serves GET /customservice/kfsession/getsession.
func (c *call) getSession() reply {
	openid := c.query("openid")
	if c.account.follower(openid) == Stranger {
		return c.refuse(40003)
	}
	var answer struct {
		Agent   string `json:"kf_account"`
		Created int64  `json:"createtime"`
	}
	if s := c.account.Session(openid); s.Agent != "" {
		answer.Agent, answer.Created = s.Agent, s.Created.Unix()
	}
	return c.success(answer)
}

// listSessions serves GET /customservice/kfsession/getsessionlist.
func (c *call) listSessions() reply {
	s := &c.account.staff
	s.mu.Lock()
	defer s.mu.Unlock()
	account := c.query("kf_account")
	if s.find(account) == nil {
		return c.refuse(65401)
	}
	return c.success(struct {
		List []sessionItem `json:"sessionlist"`
	}{s.of(account)})
}

type waitingItem struct {
	Latest int64  `json:"latest_time"`
	OpenID string `json:"openid"`
}

// listWaiting serves GET /customservice/kfsession/getwaitcase.
func (c *call) listWaiting() reply {
	s := &c.account.staff
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []waitingItem{}
	for _, w := range s.waiting[:min(len(s.waiting), maxWaiting)] {
		items = append(items, waitingItem{w.since.Unix(), w.openid})
	}
	return c.success(struct {
		Count int           `json:"count"`
		List  []waitingItem `json:"waitcaselist"`
	}{len(s.waiting), items})
}

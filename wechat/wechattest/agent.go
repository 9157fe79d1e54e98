package wechattest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/org/wxhome/custom"
)

// The platform's limits on agents.
const (
	maxAgents       = 100
	maxAgentPrefix  = 10
	maxAgentAccount = 30
	maxNickname     = 16
	firstAgentID    = 1001
	inviteLasts     = 24 * time.Hour // not documented
)

// addAgentRoutes adds the paths of agents, sessions and records.
func addAgentRoutes(routes map[string]*route) {
	for _, r := range []*route{
		{path: "/customservice/kfaccount/add", method: http.MethodPost, serve: (*call).addAgent},
		{path: "/customservice/kfaccount/update", method: http.MethodPost, serve: (*call).updateAgent},
		{path: "/customservice/kfaccount/del", method: http.MethodPost, serve: (*call).deleteAgent},
		{path: "/customservice/kfaccount/inviteworker", method: http.MethodPost, serve: (*call).inviteAgent},
		{path: "/customservice/kfaccount/uploadheadimg", method: http.MethodPost, form: true, serve: (*call).setHeadImage},
		{path: "/cgi-bin/customservice/getkflist", method: http.MethodGet, serve: (*call).listAgents},
		{path: "/cgi-bin/customservice/getonlinekflist", method: http.MethodGet, serve: (*call).listOnline},
		{path: "/customservice/kfsession/create", method: http.MethodPost, serve: (*call).createSession},
		{path: "/customservice/kfsession/close", method: http.MethodPost, serve: (*call).closeSession},
		{path: "/customservice/kfsession/getsession", method: http.MethodGet, serve: (*call).getSession},
		{path: "/customservice/kfsession/getsessionlist", method: http.MethodGet, serve: (*call).listSessions},
		{path: "/customservice/kfsession/getwaitcase", method: http.MethodGet, serve: (*call).listWaiting},
		{path: "/customservice/msgrecord/getmsglist", method: http.MethodPost, serve: (*call).listRecords},
	} {
		routes[r.path] = r
	}
}

// staff is who answers an account's followers.
type staff struct {
	mu       sync.Mutex // guards the fields below
	agents   []*agent
	lastID   int
	sessions map[string]session // by openid
	waiting  []waiting
	records  []custom.Record
}

// agent is an agent (客服账号) and whether they are logged in.
type agent struct {
	custom.Agent
	online bool
	image  []byte
}

// find returns the agent of an account name; nil: there is none. The caller
// holds s.mu.
func (s *staff) find(account string) *agent {
	i := slices.IndexFunc(s.agents, func(a *agent) bool { return a.Account == account })
	if i < 0 {
		return nil
	}
	return s.agents[i]
}

func (s *staff) has(account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(account) != nil
}

// add makes an agent. The caller holds s.mu.
func (s *staff) add(a custom.Agent) {
	if a.ID == "" {
		a.ID = fmt.Sprint(firstAgentID + s.lastID)
	}
	s.lastID++
	s.agents = append(s.agents, &agent{Agent: a})
}

// AddAgent gives the account an agent (客服账号). An empty ID is made up; an
// empty WeChatID means that nobody is bound to it yet. It panics when the
// account name is taken.
func (a *Account) AddAgent(agent custom.Agent) {
	a.staff.mu.Lock()
	defer a.staff.mu.Unlock()
	if a.staff.find(agent.Account) != nil {
		panic("wechattest: there is an agent " + agent.Account + " already")
	}
	a.staff.add(agent)
}

// SetAgentOnline logs an agent in or out. It panics when there is none such.
func (a *Account) SetAgentOnline(account string, online bool) {
	a.staff.mu.Lock()
	defer a.staff.mu.Unlock()
	a.staff.must(account).online = online
}

// AnswerInvite answers the invitation of an agent, in place of the person who
// was invited. It panics when none is waiting.
func (a *Account) AnswerInvite(account string, accept bool) {
	a.staff.mu.Lock()
	defer a.staff.mu.Unlock()
	agent := a.staff.must(account)
	if inviteStatus(agent, a.server.Now()) != "waiting" {
		panic("wechattest: no invitation of " + account + " is waiting")
	}
	if !accept {
		agent.InviteStatus = "rejected"
		return
	}
	agent.WeChatID, agent.Invited, agent.InviteStatus, agent.InviteExpires = agent.Invited, "", "", time.Time{}
}

// HeadImage returns the picture that an agent was given; nil: none.
func (a *Account) HeadImage(account string) []byte {
	a.staff.mu.Lock()
	defer a.staff.mu.Unlock()
	return bytes.Clone(a.staff.must(account).image)
}

// must is find for a test's own words. The caller holds s.mu.
func (s *staff) must(account string) *agent {
	a := s.find(account)
	if a == nil {
		panic("wechattest: there is no agent " + account)
	}
	return a
}

// addAgent serves POST /customservice/kfaccount/add.
func (c *call) addAgent() reply {
	in := c.object()
	account, nickname := in.text("kf_account"), in.text("nickname")
	s := &c.account.staff
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case !validAgentAccount(account):
		return c.refuse(65404)
	case !validNickname(nickname):
		return c.refuse(65403)
	case s.find(account) != nil:
		return c.refuse(65406)
	case len(s.agents) >= maxAgents:
		return c.refuse(65405)
	}
	s.add(custom.Agent{Account: account, Nickname: nickname})
	return c.done()
}

// changeAgent has change edit the agent that the body names.
func (c *call) changeAgent(change func(in object, a *agent) (code int)) reply {
	in := c.object()
	account := in.text("kf_account")
	c.account.staff.mu.Lock()
	defer c.account.staff.mu.Unlock()
	a := c.account.staff.find(account)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case a == nil:
		return c.refuse(65401)
	}
	code := change(in, a)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case code != 0:
		return c.refuse(code)
	}
	return c.done()
}

// updateAgent serves POST /customservice/kfaccount/update.
func (c *call) updateAgent() reply {
	return c.changeAgent(func(in object, a *agent) int {
		nickname := in.text("nickname")
		if !validNickname(nickname) {
			return 65403
		}
		a.Nickname = nickname
		return 0
	})
}

// deleteAgent serves POST /customservice/kfaccount/del. It ends the agent's
// sessions.
func (c *call) deleteAgent() reply {
	return c.changeAgent(func(_ object, a *agent) int {
		s := &c.account.staff
		s.agents = slices.DeleteFunc(s.agents, func(other *agent) bool { return other == a })
		for openid, session := range s.sessions {
			if session.agent == a.Account {
				delete(s.sessions, openid)
			}
		}
		return 0
	})
}

// inviteAgent serves POST /customservice/kfaccount/inviteworker.
func (c *call) inviteAgent() reply {
	return c.changeAgent(func(in object, a *agent) int {
		person := in.text("invite_wx")
		switch {
		case person == "":
			return 65409
		case a.WeChatID != "":
			return 65412
		case inviteStatus(a, c.now) == "waiting" && a.Invited == person:
			return 65408
		case inviteStatus(a, c.now) == "waiting":
			return 65411
		case slices.ContainsFunc(c.account.staff.agents, func(other *agent) bool { return other.WeChatID == person }):
			return 65407
		}
		a.Invited, a.InviteStatus, a.InviteExpires = person, "waiting", c.now.Add(inviteLasts)
		return 0
	})
}

// inviteStatus is an invitation's status now.
func inviteStatus(a *agent, now time.Time) string {
	if a.InviteStatus == "waiting" && !now.Before(a.InviteExpires) {
		return "expired"
	}
	return a.InviteStatus
}

func validAgentAccount(account string) bool {
	prefix, id, ok := strings.Cut(account, "@")
	return ok && id != "" && prefix != "" && len(prefix) <= maxAgentPrefix && utf8.RuneCountInString(account) <= maxAgentAccount &&
		all(prefix, func(r rune) bool { return isLatin(r) || isDigit(r) || r == '_' })
}

func validNickname(name string) bool {
	n := utf8.RuneCountInString(name)
	return n >= 1 && n <= maxNickname
}

// setHeadImage serves POST /customservice/kfaccount/uploadheadimg.
func (c *call) setHeadImage() reply {
	c.account.staff.mu.Lock()
	defer c.account.staff.mu.Unlock()
	a := c.account.staff.find(c.query("kf_account"))
	if a == nil {
		return c.refuse(65401)
	}
	image, code := formFile(c.request.Header.Get("Content-Type"), c.raw)
	switch {
	case code != 0:
		return c.refuse(code)
	case !bytes.HasPrefix(image, []byte("\xFF\xD8\xFF")):
		return c.refuse(40005)
	}
	a.image, a.HeadImageURL = image, "http://mmbiz.qpic.cn/"+a.ID
	return c.done()
}

// formFile returns the file of the form's part "media"; 41005: there is none.
func formFile(contentType string, body []byte) (file []byte, code int) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" {
		return nil, 41005
	}
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := form.NextRawPart()
		if err != nil {
			return nil, 41005
		}
		if part.FormName() != "media" || part.FileName() == "" {
			continue
		}
		if file, err = io.ReadAll(part); err != nil {
			return nil, 41005 // the closing boundary is missing
		}
		return file, 0
	}
}

type agentItem struct {
	Account      string `json:"kf_account"`
	HeadImageURL string `json:"kf_headimgurl"`
	ID           string `json:"kf_id"`
	Nickname     string `json:"kf_nick"`
	WeChatID     string `json:"kf_wx,omitempty"`
	Invited      string `json:"invite_wx,omitempty"`
	Expires      int64  `json:"invite_expire_time,omitempty"`
	Status       string `json:"invite_status,omitempty"`
}

// listAgents serves GET /cgi-bin/customservice/getkflist.
func (c *call) listAgents() reply {
	c.account.staff.mu.Lock()
	defer c.account.staff.mu.Unlock()
	items := []agentItem{}
	for _, a := range c.account.staff.agents {
		item := agentItem{Account: a.Account, HeadImageURL: a.HeadImageURL, ID: a.ID, Nickname: a.Nickname, WeChatID: a.WeChatID}
		if a.Invited != "" {
			item.Invited, item.Status, item.Expires = a.Invited, inviteStatus(a, c.now), a.InviteExpires.Unix()
		}
		items = append(items, item)
	}
	return c.success(struct {
		List []agentItem `json:"kf_list"`
	}{items})
}

type onlineItem struct {
	Account  string `json:"kf_account"`
	Status   int    `json:"status"`
	ID       string `json:"kf_id"`
	Sessions int    `json:"accepted_case"`
}

// listOnline serves GET /cgi-bin/customservice/getonlinekflist.
func (c *call) listOnline() reply {
	s := &c.account.staff
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []onlineItem{}
	for _, a := range s.agents {
		if a.online {
			items = append(items, onlineItem{a.Account, 1, a.ID, len(s.of(a.Account))})
		}
	}
	return c.success(struct {
		List []onlineItem `json:"kf_online_list"`
	}{items})
}

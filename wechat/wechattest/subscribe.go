package wechattest

import (
	"net/http"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/org/wxhome/template"
)

// The platform's limits on a one-time subscription.
const (
	maxScene          = 10_000
	maxOneTimeTitle   = 15
	maxOneTimeContent = 200
)

// addSubscribeRoutes adds the paths of subscriptions, of their library, and of
// blocked messages.
func addSubscribeRoutes(routes map[string]*route) {
	for _, r := range []*route{
		{path: "/cgi-bin/message/template/subscribe", method: http.MethodPost, serve: (*call).sendOneTime},
		{path: "/cgi-bin/message/subscribe/bizsend", method: http.MethodPost, serve: (*call).notify},
		{path: "/wxaapi/newtmpl/getcategory", method: http.MethodGet, serve: (*call).listCategories},
		{path: "/wxaapi/newtmpl/getpubtemplatetitles", method: http.MethodGet, serve: (*call).listTitles},
		{path: "/wxaapi/newtmpl/getpubtemplatekeywords", method: http.MethodGet, serve: (*call).listKeywords},
		{path: "/wxaapi/newtmpl/addtemplate", method: http.MethodPost, serve: (*call).addSubscribeTemplate},
		{path: "/wxaapi/newtmpl/gettemplate", method: http.MethodGet, serve: (*call).listSubscribeTemplates},
		{path: "/wxaapi/newtmpl/deltemplate", method: http.MethodPost, serve: (*call).deleteSubscribeTemplate},
		{path: "/wxa/sec/queryblocktmplmsg", method: http.MethodPost, serve: (*call).listBlocked},
	} {
		routes[r.path] = r
	}
}

// subscriptions are an account's templates that need consent, and who has
// given it.
type subscriptions struct {
	mu        sync.Mutex // guards the fields below
	oneTime   string     // the id of the one-time template
	agreed    map[agreement]bool
	templates []*subscribeEntry
	consents  map[consent]int
	blocked   []template.BlockedMessage
}

// agreement is to one message of a scene.
type agreement struct {
	openid string
	scene  int
}

// consent is to the notifications of a template.
type consent struct{ openid, templateID string }

// SetOneTimeTemplate sets the id of the account's template for one-time
// subscriptions (一次性订阅消息). There is none at first.
func (a *Account) SetOneTimeTemplate(id string) {
	a.subscriptions.mu.Lock()
	defer a.subscriptions.mu.Unlock()
	a.subscriptions.oneTime = id
}

// Agree lets a person agree to one message of a scene on the consent page
// (一次性订阅), whether they follow the account or not. Agreeing again before
// the message was sent adds nothing.
func (a *Account) Agree(openid string, scene int) {
	a.subscriptions.mu.Lock()
	defer a.subscriptions.mu.Unlock()
	if a.subscriptions.agreed == nil {
		a.subscriptions.agreed = make(map[agreement]bool)
	}
	a.subscriptions.agreed[agreement{openid, scene}] = true
}

// Subscribe lets a person agree n times to the notifications of a template
// (订阅通知), whether they follow the account or not; once is enough for a
// template of the type [template.LongTerm].
func (a *Account) Subscribe(openid, templateID string, n int) {
	a.subscriptions.mu.Lock()
	defer a.subscriptions.mu.Unlock()
	if a.subscriptions.consents == nil {
		a.subscriptions.consents = make(map[consent]int)
	}
	a.subscriptions.consents[consent{openid, templateID}] += n
}

// Unsubscribe takes back all consents of a person to a template.
func (a *Account) Unsubscribe(openid, templateID string) {
	a.subscriptions.mu.Lock()
	defer a.subscriptions.mu.Unlock()
	delete(a.subscriptions.consents, consent{openid, templateID})
}

// sendOneTime serves POST /cgi-bin/message/template/subscribe.
func (c *call) sendOneTime() reply {
	in := c.object()
	m, scene := readOneTime(in)
	s := &c.account.subscriptions
	s.mu.Lock()
	oneTime := s.oneTime
	s.mu.Unlock()
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case m.To == "":
		return c.refuse(40003)
	case m.TemplateID == "" || m.TemplateID != oneTime:
		return c.refuse(40037)
	case utf8.RuneCountInString(m.Title) > maxOneTimeTitle || m.Title == "":
		return c.refuse(40062)
	case scene < 0:
		return c.refuse(40097)
	case m.Content == "" || utf8.RuneCountInString(m.Content) > maxOneTimeContent:
		return c.refuse(47003, "argument invalid! data.content.value invalid")
	}
	if code := checkJump(incoming{Message: template.Message{URL: m.URL, MiniProgram: m.MiniProgram}}); code != 0 {
		return c.refuse(code)
	}
	m.Scene = scene
	if !s.takeAgreement(agreement{m.To, scene}) {
		return c.refuse(43101)
	}
	c.server.ledger.add(Accepted{AppID: c.account.AppID, To: m.To, Time: c.now, Body: c.body, OneTime: &m})
	return c.done()
}

// readOneTime reads a message; a scene that is none is -1.
func readOneTime(in object) (m template.OneTimeMessage, scene int) {
	content := in.object("data").object("content")
	m = template.OneTimeMessage{
		To: in.text("touser"), TemplateID: in.text("template_id"), URL: in.text("url"), Title: in.text("title"),
		Content: content.text("value"), Color: content.text("color"),
	}
	if in.has("miniprogram") {
		var ok bool
		m.MiniProgram, ok = readMiniProgram(in.members["miniprogram"])
		*in.wrong = *in.wrong || !ok
	}
	scene, err := strconv.Atoi(in.text("scene"))
	if err != nil || scene > maxScene {
		scene = -1
	}
	return m, scene
}

func (s *subscriptions) takeAgreement(a agreement) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.agreed[a] {
		return false
	}
	delete(s.agreed, a)
	return true
}

// notify serves POST /cgi-bin/message/subscribe/bizsend.
func (c *call) notify() reply {
	in := c.object()
	n, ok := readNotification(in)
	s := &c.account.subscriptions
	s.mu.Lock()
	e := s.find(n.TemplateID)
	s.mu.Unlock()
	switch {
	case !ok:
		return c.refuse(47001)
	case n.To == "":
		return c.refuse(40003)
	case e == nil:
		return c.refuse(40037)
	case checkJump(incoming{Message: template.Message{URL: n.Page}}) != 0:
		return c.refuse(41030)
	}
	if code := checkJump(incoming{Message: template.Message{MiniProgram: n.MiniProgram}}); code != 0 {
		return c.refuse(code)
	}
	read := incoming{data: in.members["data"]}
	bad := read.readData(e.entry)
	if bad == "" {
		bad = e.unlisted(read.Data)
	}
	if bad != "" {
		return c.refuse(47003, "argument invalid! data."+bad+".value invalid")
	}
	n.Data = read.Data
	if !s.takeConsent(consent{n.To, n.TemplateID}, e.kind) {
		return c.refuse(43101)
	}
	// No client_msg_id of its own: whether it makes a repetition count once is not known.
	msgID, _ := c.server.ledger.add(Accepted{AppID: c.account.AppID, To: n.To, Time: c.now, Body: c.body, Notification: &n})
	return c.success(struct {
		Code    int    `json:"errcode"`
		Message string `json:"errmsg"`
		MsgID   int64  `json:"msgid"`
	}{0, "ok", msgID})
}

// readNotification reads a notification but for its data; false: a member has
// a value of the wrong type.
func readNotification(in object) (n template.Notification, ok bool) {
	n = template.Notification{
		To: in.text("touser"), TemplateID: in.text("template_id"), Page: in.text("page"),
		ClientMsgID: in.text("client_msg_id"), MiniProgramState: in.text("miniprogram_state"), Lang: in.text("lang"),
	}
	ok = true
	if in.has("miniprogram") {
		n.MiniProgram, ok = readMiniProgram(in.members["miniprogram"])
	}
	_ = in.object("data")
	return n, ok && !*in.wrong
}

func (s *subscriptions) takeConsent(c consent, kind int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consents[c] <= 0 {
		return false
	}
	if kind != template.LongTerm {
		s.consents[c]--
	}
	return true
}

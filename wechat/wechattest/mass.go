package wechattest

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The platform's limits on mass messages (群发).
const (
	maxMassRecipients = 10_000
	maxMassToAll      = 4 // a calendar month
	massRemembered    = 24 * time.Hour
	massSending       = 5 * time.Second // how long a message is under way
	firstMassID       = 1_000_000_000
)

// addMassRoutes adds the paths of mass messages.
func addMassRoutes(routes map[string]*route) {
	for _, r := range []*route{
		{path: "/cgi-bin/message/mass/sendall", serve: (*call).massSendAll},
		{path: "/cgi-bin/message/mass/send", serve: (*call).massSend},
		{path: "/cgi-bin/message/mass/preview", serve: (*call).massPreview},
		{path: "/cgi-bin/message/mass/delete", serve: (*call).massDelete},
		{path: "/cgi-bin/message/mass/get", serve: (*call).massGet},
		{path: "/cgi-bin/message/mass/speed/get", serve: (*call).massSpeed},
		{path: "/cgi-bin/message/mass/speed/set", serve: (*call).setMassSpeed},
	} {
		r.method = http.MethodPost
		routes[r.path] = r
	}
}

// massBook is what an account has sent to many.
type massBook struct {
	mu    sync.Mutex // guards the fields below
	sent  []*MassMessage
	keys  map[string]*MassMessage // by clientmsgid
	month int
	toAll int // in that month
	slow  int64
}

// MassMessage is a mass message (群发) that the server has accepted.
type MassMessage struct {
	ID      int64     // msg_id
	Type    string    // msgtype
	Content string    // the text, or the media_id, or the card's id
	ToAll   bool      // sendall: to all followers
	TagID   int64     // sendall: to the followers with this tag
	To      []string  // send: openids
	Preview string    // preview: the openid or the WeChat name; empty: no preview
	Key     string    // clientmsgid
	Time    time.Time // by the server's clock
	Deleted bool      // the article or video was deleted
}

// MassMessages returns the mass messages that were accepted, previews among them, oldest first.
// Those that repeat a clientmsgid are in it once.
func (a *Account) MassMessages() []MassMessage {
	a.mass.mu.Lock()
	defer a.mass.mu.Unlock()
	all := make([]MassMessage, 0, len(a.mass.sent))
	for _, m := range a.mass.sent {
		one := *m
		one.To = slices.Clone(m.To)
		all = append(all, one)
	}
	return all
}

// massSpeeds are the speeds of WeChat, in ten thousand messages a minute.
var massSpeeds = [...]int{80, 60, 45, 30, 10}

// readMass reads what is sent, or returns the errcode for what is wrong with it.
func (c *call) readMass(in object, preview bool) (m *MassMessage, code int) {
	m = &MassMessage{Type: in.text("msgtype"), Key: in.text("clientmsgid"), Time: c.now}
	body := in.object(m.Type)
	switch m.Type {
	case "text":
		m.Content = body.text("content")
		if m.Content == "" {
			return m, wrongOr(in, 44004)
		}
	case "wxcard":
		if m.Content = body.text("card_id"); m.Content == "" {
			return m, wrongOr(in, 40097)
		}
	case "image":
		m.Content = body.text("media_id")
		if !preview {
			m.Content = firstText(in.object("images"), "media_ids")
		}
	case "mpnews", "voice", "mpvideo", "video":
		m.Content = body.text("media_id")
	default:
		return m, wrongOr(in, 40008)
	}
	switch {
	case *in.wrong:
		return m, 47001
	case m.Type == "text" || m.Type == "wxcard":
	case m.Type == "mpnews":
		c.account.box.mu.Lock()
		defer c.account.box.mu.Unlock()
		if c.account.box.draft(m.Content) < 0 {
			return m, 40007
		}
	case c.server.media.find(c.account, m.Content, c.now) == nil:
		return m, 40007
	}
	if len(m.Key) > maxClientMsgID {
		return m, 45067
	}
	return m, 0
}

// wrongOr is 47001 where a member had the wrong type, and otherwise code.
func wrongOr(in object, code int) int {
	if *in.wrong {
		return 47001
	}
	return code
}

// firstText returns the first string of an array.
func firstText(in object, name string) string {
	for raw := range elements(in.members[name]) {
		text, ok := unquote(raw)
		*in.wrong = *in.wrong || !ok
		return text
	}
	return ""
}

// massSendAll serves POST /cgi-bin/message/mass/sendall.
func (c *call) massSendAll() reply {
	in := c.object()
	m, code := c.readMass(in, false)
	filter := in.object("filter")
	toAll := filter.members["is_to_all"]
	m.ToAll, m.TagID = toAll == "true", filter.number("tag_id")
	switch {
	case *in.wrong || toAll != "true" && toAll != "false" && toAll != "":
		return c.refuse(47001)
	case !m.ToAll && m.TagID <= 0:
		return c.refuse(40097)
	case code != 0:
		return c.refuse(code)
	}
	return c.acceptMass(m)
}

// massSend serves POST /cgi-bin/message/mass/send.
func (c *call) massSend() reply {
	in := c.object()
	m, code := c.readMass(in, false)
	for raw := range elements(in.members["touser"]) {
		openid, ok := unquote(raw)
		*in.wrong = *in.wrong || !ok
		m.To = append(m.To, openid)
	}
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case len(m.To) < 2 || len(m.To) > maxMassRecipients:
		return c.refuse(40130)
	case code != 0:
		return c.refuse(code)
	}
	return c.acceptMass(m)
}

type massReply struct {
	Code    int    `json:"errcode"`
	Message string `json:"errmsg"`
	ID      int64  `json:"msg_id"`
	DataID  int64  `json:"msg_data_id,omitempty"`
}

// acceptMass accepts m, unless its clientmsgid is known or the account's month is used up.
func (c *call) acceptMass(m *MassMessage) reply {
	b := &c.account.mass
	b.mu.Lock()
	defer b.mu.Unlock()
	if old := b.keys[m.Key]; m.Key != "" && old != nil && c.now.Sub(old.Time) < massRemembered {
		refused := c.refuse(45065)
		refused.body = []byte(`{"msg_id":` + strconv.FormatInt(old.ID, 10) + `,` + string(refused.body[1:]))
		return refused
	}
	if month := monthOf(c.now); month != b.month {
		b.month, b.toAll = month, 0
	}
	if m.ToAll {
		if b.toAll >= maxMassToAll {
			return c.refuse(45028)
		}
		b.toAll++
	}
	b.add(m)
	if m.Key != "" {
		if b.keys == nil {
			b.keys = make(map[string]*MassMessage)
		}
		b.keys[m.Key] = m
	}
	if m.Type == "mpnews" { // its draft leaves the box
		d := &c.account.box
		d.mu.Lock()
		defer d.mu.Unlock()
		if at := d.draft(m.Content); at >= 0 {
			d.drafts = slices.Delete(d.drafts, at, at+1)
		}
	}
	return c.success(massReply{0, "send job submission success", m.ID, m.ID + 2_000_000_000})
}

// add appends m with an id. The caller holds b.mu.
func (b *massBook) add(m *MassMessage) {
	m.ID = firstMassID + int64(len(b.sent)) + 1
	b.sent = append(b.sent, m)
}

// massPreview serves POST /cgi-bin/message/mass/preview.
func (c *call) massPreview() reply {
	in := c.object()
	m, code := c.readMass(in, true)
	openid, name := in.text("touser"), in.text("towxname")
	m.Preview = openid
	if name != "" { // which wins where both are there
		m.Preview = name
	}
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case m.Preview == "", name == "" && c.account.follower(openid) == Stranger:
		return c.refuse(40003)
	case code != 0:
		return c.refuse(code)
	}
	b := &c.account.mass
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(m)
	return c.success(massReply{0, "preview success", m.ID, 0})
}

// withMass calls f with the message that the msg_id of the body names, a number or a string.
func (c *call) withMass(f func(m *MassMessage, in object) reply) reply {
	in := c.object()
	id, _ := strconv.ParseInt(trimQuotes(in.members["msg_id"]), 10, 64)
	b := &c.account.mass
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.IndexFunc(b.sent, func(m *MassMessage) bool { return m.ID == id && m.Preview == "" })
	if at < 0 {
		return c.refuse(40097)
	}
	return f(b.sent[at], in)
}

// massDelete serves POST /cgi-bin/message/mass/delete.
func (c *call) massDelete() reply {
	return c.withMass(func(m *MassMessage, in object) reply {
		index := in.number("article_idx")
		switch {
		case *in.wrong:
			return c.refuse(47001)
		case index < 0 || index > maxArticles:
			return c.refuse(40060)
		case m.Type != "mpnews" && m.Type != "mpvideo" && m.Type != "video":
			return c.refuse(40008)
		}
		m.Deleted = true
		return c.done()
	})
}

// massGet serves POST /cgi-bin/message/mass/get.
func (c *call) massGet() reply {
	return c.withMass(func(m *MassMessage, _ object) reply {
		status := "SEND_SUCCESS"
		switch {
		case m.Deleted:
			status = "DELETE"
		case c.now.Before(m.Time.Add(massSending)):
			status = "SENDING"
		}
		return c.success(struct {
			ID     int64  `json:"msg_id"`
			Status string `json:"msg_status"`
		}{m.ID, status})
	})
}

// massSpeed serves POST /cgi-bin/message/mass/speed/get.
func (c *call) massSpeed() reply {
	c.account.mass.mu.Lock()
	defer c.account.mass.mu.Unlock()
	return c.success(struct {
		Speed int64 `json:"speed"`
		Real  int   `json:"realspeed"`
	}{c.account.mass.slow, massSpeeds[c.account.mass.slow]})
}

// setMassSpeed serves POST /cgi-bin/message/mass/speed/set.
func (c *call) setMassSpeed() reply {
	in := c.object()
	speed := in.number("speed")
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case !in.has("speed"):
		return c.refuse(45084)
	case speed < 0 || speed >= int64(len(massSpeeds)):
		return c.refuse(45083)
	}
	c.account.mass.mu.Lock()
	defer c.account.mass.mu.Unlock()
	c.account.mass.slow = speed
	return c.done()
}

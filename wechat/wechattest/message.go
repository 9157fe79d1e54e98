package wechattest

import (
	"net/url"
	"strconv"

	"github.com/org/wxhome/template"
)

const (
	maxURL         = 2048 // bytes; WeChat does not publish its limit
	maxClientMsgID = 64   // bytes; published for the mass-send sibling only
	maxTemplateID  = 64   // real ids have 43
)

// incoming is a template message as it came in.
type incoming struct {
	template.Message
	data string // the raw object
}

// sendTemplate serves POST /cgi-bin/message/template/send.
func (c *call) sendTemplate() reply {
	in, ok := readMessage(c.body)
	if !ok {
		return c.refuse(47001)
	}
	state := c.account.follower(in.To)
	if state == Stranger {
		return c.refuse(40003)
	}
	if code := checkJump(in); code != 0 {
		return c.refuse(code)
	}
	if in.TemplateID == "" || len(in.TemplateID) > maxTemplateID {
		return c.refuse(40036)
	}
	t := c.account.templates.Load().find(in.TemplateID)
	if t == nil {
		return c.refuse(40037)
	}
	if bad := in.readData(t); bad != "" {
		return c.refuse(47003, "argument invalid! data."+bad+".value invalid")
	}
	if code := state.refusal(); code != 0 {
		return c.refuse(code)
	}
	accepted := Accepted{AppID: c.account.AppID, To: in.To, Time: c.now, Message: in.Message, Body: c.body}
	msgID, fresh := c.server.ledger.add(accepted)
	if fresh {
		accepted.MsgID = msgID
		c.account.receipt(accepted)
	}
	answer := make([]byte, 0, 64)
	answer = append(answer, `{"errcode":0,"errmsg":"ok","msgid":`...)
	answer = strconv.AppendInt(answer, msgID, 10)
	return reply{body: append(answer, '}')}
}

// readMessage reads a message but for its data. Unknown keys are ignored;
// false: a known one has a value of the wrong type.
func readMessage(body string) (in incoming, ok bool) {
	ok = true
	for key, raw := range members(body) {
		is := true
		switch key {
		case "touser":
			in.To, is = unquote(raw)
		case "template_id":
			in.TemplateID, is = unquote(raw)
		case "url":
			in.URL, is = unquote(raw)
		case "client_msg_id":
			in.ClientMsgID, is = unquote(raw)
		case "miniprogram":
			in.MiniProgram, is = readMiniProgram(raw)
		case "data":
			in.data, is = raw, raw[0] == '{'
		}
		ok = ok && is
	}
	return in, ok
}

// readMiniProgram reads the object; nil for one that is empty, which WeChat
// takes for none.
func readMiniProgram(raw string) (*template.MiniProgram, bool) {
	var m template.MiniProgram
	ok := raw[0] == '{'
	for key, raw := range members(raw) {
		is := true
		switch key {
		case "appid":
			m.AppID, is = unquote(raw)
		case "pagepath":
			m.PagePath, is = unquote(raw)
		}
		ok = ok && is
	}
	if m == (template.MiniProgram{}) {
		return nil, ok
	}
	return &m, ok
}

// checkJump checks what the message leads to, and its id.
func checkJump(in incoming) (code int) {
	if in.URL != "" {
		if len(in.URL) > maxURL {
			return 40039
		}
		u, err := url.Parse(in.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return 45051
		}
	}
	if m := in.MiniProgram; m != nil && !validMiniAppID(m.AppID) {
		return 40166
	}
	if len(in.ClientMsgID) > maxClientMsgID {
		return 45067
	}
	return 0
}

// validMiniAppID accepts wx and 16 letters or digits.
func validMiniAppID(id string) bool {
	return len(id) == 18 && id[:2] == "wx" && all(id, func(r rune) bool { return isLatin(r) || isDigit(r) })
}

// readData reads the values and holds them against the template. It returns
// the first keyword that is missing, unknown, or has a value that breaks its
// rule.
func (in *incoming) readData(t *entry) (bad string) {
	in.Data = make(template.Data, len(t.keywords))
	for name, raw := range members(in.data) {
		value, ok := readValue(raw)
		if !ok || !t.has(name) && !filtered(name) {
			return name
		}
		in.Data[name] = value
	}
	for _, k := range t.keywords {
		value, ok := in.Data[k.name]
		if filtered(k.name) {
			continue
		}
		if !ok || !validValue(k.rule, value.Value) {
			return k.name
		}
	}
	return ""
}

// readValue reads {"value":"...","color":"..."}; false without a value.
func readValue(raw string) (v template.Value, ok bool) {
	for key, raw := range members(raw) {
		switch key {
		case "value":
			v.Value, ok = unquote(raw)
		case "color":
			v.Color, _ = unquote(raw) // has no effect any more, so it cannot be wrong
		}
	}
	return v, ok
}

// filtered reports the two keywords that the platform has dropped from all
// messages since 2023: they may be there or not.
func filtered(name string) bool { return name == "first" || name == "remark" }

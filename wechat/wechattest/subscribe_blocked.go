package wechattest

import "github.com/org/wxhome/template"

// maxBlockedAsked is how many blocked messages may be asked for at a time.
const maxBlockedAsked = 100

// AddBlocked adds to the template messages that the platform has held back
// (被拦截的模板消息). Their ID is made up, from 1 on.
func (a *Account) AddBlocked(messages ...template.BlockedMessage) {
	a.subscriptions.mu.Lock()
	defer a.subscriptions.mu.Unlock()
	for _, m := range messages {
		m.ID = int64(len(a.subscriptions.blocked) + 1)
		a.subscriptions.blocked = append(a.subscriptions.blocked, m)
	}
}

type blockedItem struct {
	ID         int64  `json:"id"`
	TemplateID string `json:"tmpl_msg_id"`
	Title      string `json:"title"`
	Content    string `json:"content"`
	Sent       int64  `json:"send_timestamp"`
	To         string `json:"openid"`
}

// listBlocked serves POST /wxa/sec/queryblocktmplmsg.
func (c *call) listBlocked() reply {
	in := c.object()
	id, largest, limit := in.text("tmpl_msg_id"), in.number("largest_id"), in.number("limit")
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case id == "" || largest < 0 || limit < 1 || limit > maxBlockedAsked:
		return c.refuse(40097)
	}
	s := &c.account.subscriptions
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []blockedItem{}
	for _, m := range s.blocked {
		if m.TemplateID == id && m.ID > largest && int64(len(items)) < limit {
			items = append(items, blockedItem{m.ID, m.TemplateID, m.Title, m.Content, m.Sent.Unix(), m.To})
		}
	}
	return c.success(struct {
		Code    int           `json:"errcode"`
		Message string        `json:"errmsg"`
		List    []blockedItem `json:"msginfo"`
	}{0, "ok", items})
}

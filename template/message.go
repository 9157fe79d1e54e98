package template

import "encoding/json"

// Message is one template message to one follower.
type Message struct {
	// To is the follower's openid.
	To string
	// TemplateID is from the account's own list; see [Client.List].
	TemplateID string
	// URL is opened by a tap on the card. Links belong here, never into a value.
	URL string
	// MiniProgram is opened instead of URL where the follower's WeChat can. Nil: none.
	MiniProgram *MiniProgram
	// ClientMsgID makes a repeated message count once: the platform sends one message per
	// follower and id and remembers it for ten minutes. [Client.Send] fills an empty one in.
	// At most 64 bytes.
	ClientMsgID string
	// Data holds a value for each keyword of the template, without ".DATA".
	Data Data
}

// Data maps a keyword such as "thing1" to its value.
type Data map[string]Value

// Value is what stands for a keyword.
type Value struct {
	Value string `json:"value"`
	// Color is #RRGGBB or empty. WeChat has stopped showing it.
	Color string `json:"color,omitempty"`
}

// MiniProgram is a page of a published mini program that is linked to the account.
type MiniProgram struct {
	AppID string `json:"appid"`
	// PagePath may have a query.
	PagePath string `json:"pagepath,omitempty"`
	// Path is an undocumented other name of PagePath that some old accounts want.
	Path string `json:"path,omitempty"`
}

// Repeatable reports whether m may be sent again after a lost answer without reaching the
// follower twice: when it has a ClientMsgID.
func (m Message) Repeatable() bool { return m.ClientMsgID != "" }

// MarshalJSON encodes m as the platform wants it, without what is empty.
func (m Message) MarshalJSON() ([]byte, error) { return json.Marshal(m.wire()) }

// wireMessage is a Message to the letter. It is sent as such, since encoding/json would encode
// a Marshaler's output twice.
type wireMessage struct {
	To          string       `json:"touser"`
	TemplateID  string       `json:"template_id"`
	URL         string       `json:"url,omitempty"`
	MiniProgram *MiniProgram `json:"miniprogram,omitempty"`
	ClientMsgID string       `json:"client_msg_id,omitempty"`
	Data        Data         `json:"data"`
}

func (m *wireMessage) Repeatable() bool { return m.ClientMsgID != "" }

func (m *Message) wire() *wireMessage {
	w := &wireMessage{m.To, m.TemplateID, m.URL, m.MiniProgram, m.ClientMsgID, m.Data}
	if w.MiniProgram != nil && *w.MiniProgram == (MiniProgram{}) {
		w.MiniProgram = nil
	}
	if w.Data == nil {
		w.Data = Data{}
	}
	return w
}

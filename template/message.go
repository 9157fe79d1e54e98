package template

import (
	"slices"
	"strings"
)

// Message is one template message (模板消息) to one follower. Its JSON is the platform's, and
// reads back, so that a Message can also wait in a queue.
type Message struct {
	// To is the follower's openid (touser).
	To string `json:"touser"`
	// TemplateID is from the account's own list; see [Client.List].
	TemplateID string `json:"template_id"`
	// URL is opened by a tap on the card. Links belong here, never into a value. Empty, and
	// without a MiniProgram: the card cannot be tapped.
	URL string `json:"url,omitempty"`
	// MiniProgram (小程序) is opened instead of URL where the follower's WeChat can. Nil or the
	// zero MiniProgram: none.
	MiniProgram *MiniProgram `json:"miniprogram,omitzero"`
	// ClientMsgID (防重入id) makes a repeated message count once: the platform sends one message
	// per follower and id, and remembers it for ten minutes. At most 64 bytes. Empty:
	// [Client.Send] sends a random one.
	ClientMsgID string `json:"client_msg_id,omitempty"`
	// Data holds a value for each keyword of the template. Nil is sent as {}.
	Data Data `json:"data"`
}

// Data maps a keyword such as "thing1", without its ".DATA", to its value. It is not changed
// by this package, so that messages may share one as long as nobody writes to it.
type Data map[string]Value

// Value is what stands for a keyword.
type Value struct {
	// Value is the text; [CheckValue] knows what the platform takes.
	Value string `json:"value"`
	// Color is #RRGGBB. WeChat has stopped showing it. Empty: none.
	Color string `json:"color,omitempty"`
}

// MiniProgram is a page of a published mini program (小程序) that is linked to the account.
type MiniProgram struct {
	// AppID is the mini program's, not the account's.
	AppID string `json:"appid"`
	// PagePath may have a query, as in index?foo=bar. Empty: the first page.
	PagePath string `json:"pagepath,omitempty"`
	// Path is another name of PagePath that some old accounts are said to want. It is not
	// documented: leave it empty unless PagePath is refused.
	Path string `json:"path,omitempty"`
}

// IsZero reports whether p names nothing; such a MiniProgram is not sent.
func (p *MiniProgram) IsZero() bool { return p == nil || *p == MiniProgram{} }

// Repeatable reports whether m may be sent again after a lost answer without reaching the
// follower twice: when it has a ClientMsgID.
func (m Message) Repeatable() bool { return m.ClientMsgID != "" }

// MarshalJSON encodes d in the order of its keywords, nil as {}. Text stays UTF-8, without
// HTML escapes. It exists because encoding/json needs two allocations for each value of a map.
func (d Data) MarshalJSON() ([]byte, error) {
	var few [8]string // most templates have no more keywords
	keys, size := few[:0], len("{}")
	for key, v := range d {
		keys = append(keys, key)
		size += len(`"":{"value":"","color":""},`) + len(key) + len(v.Value) + len(v.Color)
	}
	slices.Sort(keys)
	b := append(make([]byte, 0, size), '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		v := d[key]
		b = append(appendString(b, key), `:{"value":`...)
		b = appendString(b, v.Value)
		if v.Color != "" {
			b = appendString(append(b, `,"color":`...), v.Color)
		}
		b = append(b, '}')
	}
	return append(b, '}'), nil
}

// appendString appends s as a JSON string, with the escapes that JSON cannot do without.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range []byte(strings.ToValidUTF8(s, "\uFFFD")) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c == '\b':
			b = append(b, `\b`...)
		case c == '\f':
			b = append(b, `\f`...)
		case c < ' ':
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&0xf])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

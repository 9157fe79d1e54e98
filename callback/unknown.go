package callback

import "bytes"

// Unknown is a message or event that has no struct of its own: a kind that is new, rare (card_*,
// guide_*, WifiConnected, ...) or a third-party platform's own push (第三方平台), which has an
// InfoType in place of a MsgType.
type Unknown struct {
	Header
	// EventKey is set where an event has one.
	EventKey string
	// AppID (AppId) is the platform's, in a push of its own.
	AppID string
	// InfoType is the kind of a platform's own push, such as component_verify_ticket.
	InfoType string
	// AuthorizerAppID (AuthorizerAppid) is the account that such a push is about.
	AuthorizerAppID string
	// Raw is the whole message, decrypted, XML or JSON. It is the receiver's to keep. See
	// [Unknown.Value].
	Raw []byte
}

// Value returns the text of an element of Raw by the names that lead to it below the root, such
// as Value("CardId") or Value("ScanCodeInfo", "ScanType"). It returns the last one's where there
// are several, and "" where there is none. It reads Raw anew each time.
func (m *Unknown) Value(path ...string) string {
	var d reader
	d.everything = true
	if d.read(m.Raw) != nil || len(path) == 0 {
		return ""
	}
	value, match := "", 0 // match is how many of path the elements around the present one are
	for i := range d.count {
		n := d.node(i)
		match = min(match, n.depth-1)
		if match < n.depth-1 || match >= len(path) || n.name != path[match] {
			continue
		}
		if match++; match == len(path) {
			value = n.text
		}
	}
	return value
}

func (m *Unknown) set(path, value string) error {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "AppId":
		m.AppID = value
	case "InfoType":
		m.InfoType = value
	case "AuthorizerAppid":
		m.AuthorizerAppID = value
	}
	return nil
}

func (m *Unknown) kind() string { return string(appendKind(nil, m.MsgType, m.Event)) }

// keep gives m its own copy of the body.
func (m *Unknown) keep(body []byte) { m.Raw = bytes.Clone(body) }

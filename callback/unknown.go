package callback

// Unknown is a message or event that has no struct of its own, or that cannot be read into its
// struct. Kinds without a struct are new or rare (card_*, guide_*, WifiConnected and others), or
// are a third-party platform's own pushes (第三方平台), which have an InfoType instead of a MsgType. Use
// [Raw.Value] to read the elements that have no field here.
type Unknown struct {
	Header
	// EventKey is empty if the event has none.
	EventKey string
	// AppID (AppId) is the AppID of the third-party platform, in that platform's own pushes.
	AppID string
	// InfoType is the kind of a third-party platform's own push, such as component_verify_ticket.
	InfoType string
	// AuthorizerAppID (AuthorizerAppid) is the AppID of the account that such a push is about.
	AuthorizerAppID string
	// Err is nil for a kind that has no struct. Otherwise it is an [ErrMalformed] with the reason
	// why the message cannot be read. The Header and [Raw.Value] have the part before the error. A
	// [Mux] passes such a message of a kind that has a struct to its Fallback.
	Err error `json:"-"`
}

// Value returns the text of one element, such as Value("CardId"). It is short for m.Raw.Value; see
// [Raw.Value].
func (m *Unknown) Value(path ...string) string { return m.Raw.Value(path...) }

func (m *Unknown) set(path, value string) bool {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "AppId":
		m.AppID = value
	case "InfoType":
		m.InfoType = value
	case "AuthorizerAppid":
		m.AuthorizerAppID = value
	default:
		return false
	}
	return true
}

// kind is the name of the kind. It is "" if the kind has a struct but m could not be read into it,
// because the handler for that kind does not take an Unknown.
func (m *Unknown) kind() string {
	kind := string(appendKind(nil, m.MsgType, m.Event))
	if _, typed := kinds[kind]; typed {
		return ""
	}
	return kind
}

// goodHead reports whether m has a kind.
func (m *Unknown) goodHead() bool { return m.MsgType != "" || m.InfoType != "" }

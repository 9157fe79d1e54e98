package callback

// KfSession is the agent of a session. It is part of [KfCreateSessionEvent] and
// [KfCloseSessionEvent].
type KfSession struct {
	// KfAccount is the account of the agent (客服账号), such as test1@test.
	KfAccount string
}

func (m *KfSession) set(path, value string) bool {
	if path != "KfAccount" {
		return false
	}
	m.KfAccount = value
	return true
}

// KfCreateSessionEvent (kf_create_session, 接入会话) says that an agent has started a session with a
// follower.
type KfCreateSessionEvent struct {
	Header
	KfSession
}

// KfCloseSessionEvent (kf_close_session, 关闭会话) says that the session of a follower with an agent
// has ended.
type KfCloseSessionEvent struct {
	Header
	KfSession
}

// KfSwitchSessionEvent (kf_switch_session, 转接会话) says that a session has passed from one agent to
// another.
type KfSwitchSessionEvent struct {
	Header
	FromKfAccount string // the agent before
	ToKfAccount   string // the agent now
}

func (m *KfSwitchSessionEvent) set(path, value string) bool {
	switch path {
	case "FromKfAccount":
		m.FromKfAccount = value
	case "ToKfAccount":
		m.ToKfAccount = value
	default:
		return false
	}
	return true
}

package callback

// KfSession names the agent of a session, part of [KfCreateSessionEvent] and
// [KfCloseSessionEvent].
type KfSession struct {
	// KfAccount is the agent (客服账号), as in test1@test.
	KfAccount string
}

func (m *KfSession) set(path, value string) error {
	if path == "KfAccount" {
		m.KfAccount = value
	}
	return nil
}

// KfCreateSessionEvent (kf_create_session, 接入会话) tells that an agent has taken a follower.
type KfCreateSessionEvent struct {
	Header
	KfSession
}

// KfCloseSessionEvent (kf_close_session, 关闭会话) tells that an agent has let a follower go.
type KfCloseSessionEvent struct {
	Header
	KfSession
}

// KfSwitchSessionEvent (kf_switch_session, 转接会话) tells that an agent has passed a follower on.
type KfSwitchSessionEvent struct {
	Header
	FromKfAccount string // whose session it was
	ToKfAccount   string // whose it is now
}

func (m *KfSwitchSessionEvent) set(path, value string) error {
	switch path {
	case "FromKfAccount":
		m.FromKfAccount = value
	case "ToKfAccount":
		m.ToKfAccount = value
	}
	return nil
}

// Withdrawal is about a user's own data, part of [UserInfoModifiedEvent],
// [UserAuthorizationRevokeEvent] and [UserAuthorizationCancellationEvent]. FromUserName is not
// the user there.
type Withdrawal struct {
	OpenID  string // the user
	UnionID string // empty without an open platform account (开放平台)
	AppID   string // the account's
	// RevokeInfo is what was withdrawn: 201 address, 202 invoice, 203 cards, 204 microphone, 205
	// nickname and avatar, 206 location, 207 chosen media.
	RevokeInfo string
}

func (m *Withdrawal) set(path, value string) error {
	switch path {
	case "OpenID":
		m.OpenID = value
	case "UnionID":
		m.UnionID = value
	case "AppID":
		m.AppID = value
	case "RevokeInfo":
		m.RevokeInfo = value
	}
	return nil
}

// UserInfoModifiedEvent (user_info_modified, 授权用户资料变更) tells that a user has changed what
// the account was given: take the new data or delete the old.
type UserInfoModifiedEvent struct {
	Header
	Withdrawal
}

// UserAuthorizationRevokeEvent (user_authorization_revoke, 授权用户资料撤回) tells that a user has
// withdrawn some data. The law wants them deleted.
type UserAuthorizationRevokeEvent struct {
	Header
	Withdrawal
}

// UserAuthorizationCancellationEvent (user_authorization_cancellation, 授权用户完成注销) tells that
// a user has closed the WeChat account. The law wants all their data deleted.
type UserAuthorizationCancellationEvent struct {
	Header
	Withdrawal
}

// Term says when a verification ends, part of the events about an account's verification (认证).
type Term struct {
	// ExpiredTime is in unix seconds.
	ExpiredTime int64
}

func (m *Term) set(path, value string) (err error) {
	if path == "ExpiredTime" {
		m.ExpiredTime, err = number[int64](path, value)
	}
	return err
}

// QualificationVerifySuccessEvent (qualification_verify_success, 资质认证成功): the account may use
// its interfaces from now on.
type QualificationVerifySuccessEvent struct {
	Header
	Term
}

// NamingVerifySuccessEvent (naming_verify_success, 名称认证成功): the account has its name and mark.
type NamingVerifySuccessEvent struct {
	Header
	Term
}

// AnnualRenewEvent (annual_renew, 年审通知): the verification ends soon and is to be renewed.
type AnnualRenewEvent struct {
	Header
	Term
}

// VerifyExpiredEvent (verify_expired, 认证过期失效通知): the verification has ended.
type VerifyExpiredEvent struct {
	Header
	Term
}

// Refusal says why a verification failed, part of [QualificationVerifyFailEvent] and
// [NamingVerifyFailEvent].
type Refusal struct {
	FailTime   int64  // unix seconds
	FailReason string // the platform's words
}

func (m *Refusal) set(path, value string) (err error) {
	switch path {
	case "FailTime":
		m.FailTime, err = number[int64](path, value)
	case "FailReason":
		m.FailReason = value
	}
	return err
}

// QualificationVerifyFailEvent (qualification_verify_fail, 资质认证失败).
type QualificationVerifyFailEvent struct {
	Header
	Refusal
}

// NamingVerifyFailEvent (naming_verify_fail, 名称认证失败).
type NamingVerifyFailEvent struct {
	Header
	Refusal
}

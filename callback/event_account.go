package callback

// Withdrawal describes a change of the data that a user has shared with the account. It is part of
// [UserInfoModifiedEvent], [UserAuthorizationRevokeEvent] and [UserAuthorizationCancellationEvent].
// In these events OpenID is the user; FromUserName is not.
type Withdrawal struct {
	OpenID  string // openid of the user
	UnionID string // empty if the account is not bound to an open platform account (开放平台)
	AppID   string // AppID of the account
	// RevokeInfo is the kind of data: 201 address, 202 invoice, 203 cards, 204 microphone, 205
	// nickname and avatar, 206 location, 207 chosen media.
	RevokeInfo string
}

func (m *Withdrawal) set(path, value string) bool {
	switch path {
	case "OpenID":
		m.OpenID = value
	case "UnionID":
		m.UnionID = value
	case "AppID":
		m.AppID = value
	case "RevokeInfo":
		m.RevokeInfo = value
	default:
		return false
	}
	return true
}

// UserInfoModifiedEvent (user_info_modified, 授权用户资料变更) says that a user has changed data that was
// shared with the account. Fetch the new data, or delete the old.
type UserInfoModifiedEvent struct {
	Header
	Withdrawal
}

// UserAuthorizationRevokeEvent (user_authorization_revoke, 授权用户资料撤回) says that a user has withdrawn
// shared data. The law requires the account to delete that data.
type UserAuthorizationRevokeEvent struct {
	Header
	Withdrawal
}

// UserAuthorizationCancellationEvent (user_authorization_cancellation, 授权用户完成注销) says that a user
// has closed the WeChat account. The law requires the account to delete all data of that user.
type UserAuthorizationCancellationEvent struct {
	Header
	Withdrawal
}

// Term is the end of a verification (认证). It is part of the events about the verification of an
// account.
type Term struct {
	// ExpiredTime is the end as Unix time in seconds.
	ExpiredTime int64
}

func (m *Term) set(path, value string) bool {
	if path != "ExpiredTime" {
		return false
	}
	m.ExpiredTime = number[int64](value)
	return true
}

// QualificationVerifySuccessEvent (qualification_verify_success, 资质认证成功) says that the
// qualification was verified. The account can use its interfaces from now on.
type QualificationVerifySuccessEvent struct {
	Header
	Term
}

// NamingVerifySuccessEvent (naming_verify_success, 名称认证成功) says that the name was verified. The
// account now has its name and its mark.
type NamingVerifySuccessEvent struct {
	Header
	Term
}

// AnnualRenewEvent (annual_renew, 年审通知) says that the verification ends soon and must be renewed.
type AnnualRenewEvent struct {
	Header
	Term
}

// VerifyExpiredEvent (verify_expired, 认证过期失效通知) says that the verification has ended.
type VerifyExpiredEvent struct {
	Header
	Term
}

// Refusal is the reason why a verification failed. It is part of [QualificationVerifyFailEvent] and
// [NamingVerifyFailEvent].
type Refusal struct {
	FailTime   int64  // Unix time in seconds
	FailReason string // reason in the platform's words
}

func (m *Refusal) set(path, value string) bool {
	switch path {
	case "FailTime":
		m.FailTime = number[int64](value)
	case "FailReason":
		m.FailReason = value
	default:
		return false
	}
	return true
}

// QualificationVerifyFailEvent (qualification_verify_fail, 资质认证失败) says that the verification of
// the qualification failed.
type QualificationVerifyFailEvent struct {
	Header
	Refusal
}

// NamingVerifyFailEvent (naming_verify_fail, 名称认证失败) says that the verification of the name failed.
type NamingVerifyFailEvent struct {
	Header
	Refusal
}

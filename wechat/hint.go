package wechat

import (
	"regexp"
	"slices"
)

// Where a person finds things in the consoles of 2026.
const (
	developerConsole = "developers.weixin.qq.com/platform: 我的业务 > 服务号 > "
	consoleKeys      = developerConsole + "基础信息 > 开发密钥"
	consolePush      = developerConsole + "基础信息 > 域名与消息推送配置"

	accountConsole   = "mp.weixin.qq.com: "
	consoleNotices   = accountConsole + "通知中心, and 设置与开发 > 违规记录"
	consoleRights    = accountConsole + "设置与开发 > 接口权限"
	consoleSettings  = accountConsole + "设置与开发 > 账号设置"
	consoleTemplates = accountConsole + "广告与服务 > 模板消息"
	consoleSubscribe = accountConsole + "广告与服务 > 订阅通知"
	consoleAgents    = accountConsole + "广告与服务 > 客服"
	consoleMaterial  = accountConsole + "内容与互动 > 素材库"
	consoleAllowList = consoleKeys + " (IP白名单)"
	consoleDrafts    = accountConsole + "内容与互动 > 草稿箱"
	consoleMenu      = accountConsole + "内容与互动 > 自定义菜单"
	consoleMini      = accountConsole + "广告与服务 > 小程序管理"
	consoleFollowers = accountConsole + "内容与互动 > 用户管理"
	consolePlatforms = accountConsole + "设置与开发 > 账号设置 > 授权管理"

	openConsole  = "open.weixin.qq.com: 管理中心 > 第三方平台"
	cloudConsole = "cloud.weixin.qq.com/cloudrun: 设置 > 开放接口服务"
)

// Hint returns one sentence that tells a person what to do and where in the console, or ""
// where the error text says it all. There is one for each failure of [KindAccount]; that for
// 40164 names the address to allow.
func (e *Error) Hint() string {
	switch {
	case e.Path == webAuthUserPath || e.Path == webAuthCheckPath:
		if hint := visitorHint(e.Code); hint != "" {
			return hint
		}
	case isComponentPath(e.Path):
		if hint := e.componentHint(); hint != "" {
			return hint
		}
	case e.Path == ticketPath && slices.Contains(componentRefusals[:], e.Code):
		return "by its pages WeChat gives no JS-SDK ticket for a third-party platform's token: " +
			"make a Client with the account's own AppSecret; see " + consolePlatforms
	}
	switch e.Code {
	case ErrInvalidCredential:
		if isTokenPath(e.Path) || e.Path == webAuthPath {
			return "the AppSecret is not that of this AppID: compare it at " + consoleKeys
		}
		return "another program fetches tokens for this account: share one token store, or let all of them use stable_token"
	case ErrIPNotAllowed, ErrIPNotRegistered, ErrClientIPNotRegistered:
		return "add " + e.callerIP() + " to the IP allow list at " + consoleAllowList + ", it takes some minutes"
	case ErrRIDNotYours:
		if e.Path == quotaPath {
			return "the path must begin with a slash and name no host, such as /cgi-bin/message/custom/send"
		}
	case ErrMissingAccessToken:
		return "on WeChat Cloud Run (微信云托管): switch the open-interface service on, and publish a new version, at " + cloudConsole
	case ErrDailyQuota:
		return "the quota returns at midnight in Beijing; ClearQuota resets it, ten times a month"
	}
	for _, of := range []func(Code) string{
		credentialHint, webAuthHint, templateHint, messageHint, buttonHint, menuHint, platformHint, accountHint,
	} {
		if hint := of(e.Code); hint != "" {
			return hint
		}
	}
	return ""
}

// componentHint is about the secret and the address of a third-party platform itself.
func (e *Error) componentHint() string {
	switch e.Code {
	case ErrInvalidCredential, ErrInvalidAppSecret:
		if e.Path == componentTokenPath || e.Path == startTicketPath {
			return "the secret is not that of this third-party platform: compare it at " + openConsole
		}
	case ErrInvalidAppID:
		return "compare the platform's AppID at " + openConsole
	case ErrIPNotAllowed, ErrIPNotRegistered, ErrClientIPNotRegistered:
		return "add " + e.callerIP() + " to the platform's own IP allow list at " + openConsole
	}
	return ""
}

// credentialHint is about the AppID, the AppSecret and the right to fetch tokens.
func credentialHint(code Code) string {
	switch code {
	case ErrInvalidAppSecret:
		return "the AppSecret is wrong or was reset: compare it at " + consoleKeys
	case ErrInvalidAppID:
		return "compare the AppID at " + consoleKeys
	case ErrAppSecretFrozen:
		return "unfreeze the AppSecret at " + consoleKeys + ", it takes about ten minutes"
	case ErrIPConfirmationPending, ErrIPConfirmationNeeded, ErrIPConfirmationWaiting1, ErrIPConfirmationWaiting2, ErrIPConfirmationWaiting3:
		return "an administrator of the account must confirm this server in the message that WeChat has sent them, " +
			"or add its address at " + consoleAllowList + "; then try again"
	case ErrIPRefusedHour:
		return "an administrator refused this server: ask them, try again in an hour, and see " + consoleAllowList
	case ErrIPRefusedDay:
		return "an administrator refused this server: ask them, try again in 24 hours, and see " + consoleAllowList
	case ErrTokenForbidden:
		return "the platform forbids this account to fetch tokens: read the notice at " + consoleNotices
	}
	return ""
}

// componentRefusals are what WeChat answers to the wrong kind of token.
var componentRefusals = [...]Code{ErrComponentUnauthorizedAPI, ErrComponentTokenNeeded, ErrAccountTokenNeeded, ErrComponentTokenRequired}

const authorizeAgain = "send the visitor to WebAuthURL again"

// webAuthHint is about the exchange and the refresh of web authorization (网页授权).
func webAuthHint(code Code) string {
	switch code {
	case ErrInvalidOAuthCode, ErrOAuthCodeExpired:
		return "the code is older than five minutes or of another account: " + authorizeAgain
	case ErrOAuthCodeUsed:
		return "a reload or a prefetch has used the code: after the exchange set a session cookie and redirect to a clean address; " +
			authorizeAgain
	case ErrMissingOAuthCode:
		return "the visitor has refused, or has not come from WeChat's page: " + authorizeAgain
	case ErrInvalidRefreshToken, ErrRefreshTokenExpired, ErrMissingRefreshToken:
		return "a refresh token works for 30 days; store the one that each WebAuthRefresh returns; " + authorizeAgain
	case ErrAuthorizationExpired:
		return "the visitor has changed the password: " + authorizeAgain
	}
	return ""
}

// visitorHint is about calls with a visitor's token.
func visitorHint(code Code) string {
	switch code {
	case ErrInvalidCredential, ErrInvalidAccessToken, ErrAccessTokenExpired, ErrMissingAccessToken:
		return "the visitor's token works for two hours: WebAuthRefresh gets another, or " + authorizeAgain
	case ErrInvalidOpenID, ErrMissingOpenID:
		return "the openid is not that of the token's visitor: take both from one WebAuth"
	case ErrUnauthorizedAPI:
		return "name and picture need the scope snsapi_userinfo: " + authorizeAgain + ", with AskUserInfo"
	case ErrUserUnauthorized:
		return "the visitor has withdrawn the authorization: " + authorizeAgain
	}
	return ""
}

// templateHint is about templates and subscriptions.
func templateHint(code Code) string {
	switch code {
	case ErrInvalidTemplateID:
		return "take the template id from this account's own list, 我的模板 at " + consoleTemplates +
			"; a subscription template's id does not serve here"
	case ErrTooManyTemplates:
		return "an account has 25 templates at most: delete one at " + consoleTemplates
	case ErrTemplateDisabled, ErrTemplateRestricted:
		return "the platform has blocked this template: choose another at " + consoleTemplates
	case ErrIndustryConflict:
		return "the template is not of the account's industries: see 所属行业 at " + consoleTemplates
	case ErrTemplateChangeTooFrequent:
		return "industries may be changed once a month: wait, and see " + consoleTemplates
	case ErrNoTemplatePermission:
		return "the account may not use these templates: see " + consoleRights
	case ErrAddTemplateForbidden, ErrSubscribeAccountBanned, ErrSubscribeTemplateBanned:
		return "the platform has punished the account or the template: read the notice at " + consoleNotices
	case ErrSubscribeTooManyTemplates:
		return "the account has as many templates as it may: delete one at " + consoleSubscribe
	case ErrSubscribeAccountType:
		return "accounts of this type have no subscription notifications (订阅通知): see " + consoleRights
	}
	return ""
}

// messageHint is about customer-service messages, material and links.
func messageHint(code Code) string {
	switch code {
	case ErrCustomBlocked, ErrCustomPunished:
		return "the platform has stopped this account's customer-service messages: read the notice at " + consoleNotices
	case ErrICPRequired:
		return "the link's domain needs an ICP filing (备案), and must then be entered at " + consoleSettings + " > 功能设置"
	case ErrMessageTypeNotAllowed:
		return "the account may not send this type of message: see " + consoleRights
	case ErrTooManyMedia:
		return "the material library is full: delete some at " + consoleMaterial
	case ErrAgentNotEnabled:
		return "turn the customer-service function (客服) on at " + consoleAgents
	case ErrAgentNotBound:
		return "the agent must be bound to a WeChat id first: invite them at " + consoleAgents
	case ErrAgentLimit:
		return "an account has 100 agents at most: delete one at " + consoleAgents
	}
	return ""
}

// buttonHint is about what a menu is made of.
func buttonHint(code Code) string {
	switch code {
	case ErrInvalidButtonCount, ErrConditionalMenuEmpty:
		return "a menu has 1 to 3 buttons"
	case ErrInvalidSubButtonCount, ErrMissingSubMenu:
		return "a button without a type has 1 to 5 buttons in sub_button"
	case ErrInvalidMenuLevel:
		return "a menu has two levels: a button in sub_button has none of its own"
	case ErrInvalidMenuType, ErrInvalidButtonType, ErrInvalidSubButtonType, ErrButtonWithoutAction:
		return "each button has a type of package menu, or 1 to 5 buttons in sub_button"
	case ErrButtonTypeNotAllowed, ErrSubButtonTypeNotAllowed, ErrMenuInvalidType:
		return "this account may not have buttons of this type: use click or view, and see " + consoleRights
	case ErrInvalidButtonName:
		return "the name of a button has 1 to 16 bytes, 5 Chinese characters"
	case ErrInvalidSubButtonName:
		return "the name of a button in sub_button has 1 to 60 bytes, 20 Chinese characters"
	case ErrInvalidButtonKey, ErrInvalidSubButtonKey:
		return "the key of a button has 1 to 128 bytes"
	case ErrInvalidButtonURL, ErrInvalidSubButtonURL:
		return "the url of a button has 1 to 1,024 bytes"
	case ErrInvalidButtonDomain, ErrInvalidSubButtonDomain, ErrMenuInvalidURL:
		return "the url of a button begins with http:// or https:// and names a host that WeChat allows"
	case ErrInvalidButtonMediaID, ErrInvalidSubButtonMediaID:
		return "the media_id of a button is that of permanent material"
	case ErrInvalidViewLimited:
		return "view_limited takes the media_id of an article; use article_view_limited"
	}
	return conditionalHint(code)
}

// conditionalHint is about menus for some of the followers (个性化菜单), and menus that are not there.
func conditionalHint(code Code) string {
	switch code {
	case ErrMenuNotFound, ErrInvalidMenuVersion, ErrMenuVersionNotFound:
		return "the account has no menu that the API made: Create makes one"
	case ErrNoDefaultMenu:
		return "make the menu for everybody first, with Create"
	case ErrNotConditionalMenu:
		return "take the id from AddConditional or Get; that of the default menu does not serve here"
	case ErrMenuUserNotFound, ErrMenuUserNotFollowing:
		return "give the openid or WeChat name of somebody who follows the account"
	case ErrMatchRuleEmpty:
		return "the rule needs a tag or a platform"
	case ErrMatchRegion1, ErrMatchRegion2, ErrMatchRegion3, ErrMatchRegion4, ErrMatchRegion5, ErrMatchRulePrivacy:
		return "WeChat matches by tag and platform alone: take sex, region and language out of the rule"
	case ErrMenuTooManyDomains:
		return "the links of all conditional menus together lead to 3 domains at most"
	case ErrMenuCharset:
		return "send the menu as UTF-8"
	}
	return ""
}

// menuHint is about menus, tags, codes and drafts.
func menuHint(code Code) string {
	switch code {
	case ErrInvalidMenuUser, ErrConditionalMenuUnsupported, ErrConditionalMenuNotAllowed:
		return "the account may not have this menu: see " + consoleRights
	case ErrTooManyMenus:
		return "the account has as many menus as it may: delete one at " + consoleMenu
	case ErrTooManyConditionalMenus:
		return "the account has as many conditional menus (个性化菜单) as it may: delete one, also at " + consoleMenu
	case ErrConditionalMenuOff:
		return "switch conditional menus (个性化菜单) on at " + consoleMenu
	case ErrMenuMiniProgram:
		return "link the mini program to the account first, at " + consoleMini
	case ErrTooManyGroups, ErrTooManyTags:
		return "the account has as many tags as it may (100): delete one at " + consoleFollowers
	case ErrTooManyQRCodes:
		return "the account's permanent QR codes (100,000) are used up: use temporary ones, and see " + consoleRights
	case ErrDraftUseConsole, ErrDraftSaveByHand:
		return "open the draft, save it by hand and publish it there: " + consoleDrafts
	case ErrMassNotAgreed:
		return "an administrator must accept the terms of mass messages (群发) at " + consoleRights
	case ErrMaterialReadOnly:
		return "the material may be changed only at " + consoleMaterial
	}
	return ""
}

// platformHint is about third-party platforms (第三方平台) and WeChat Cloud Run (微信云托管).
func platformHint(code Code) string {
	switch code {
	case ErrComponentNotAuthorized, ErrComponentUnauthorizedAPI, ErrFunctionUnauthorized, ErrAuthorizerTokenInvalid:
		return "the account's owner must authorize the third-party platform again, with all permission sets: " + consolePlatforms
	case ErrFunctionUnconfirmed:
		return "the account's owner must confirm the permission of the third-party platform at " + consolePlatforms
	case ErrComponentTicketExpired, ErrComponentTicketInvalid:
		return "the platform needs a new component_verify_ticket: check that its authorization-event URL answers, and that " +
			"the platform is not restricted, at " + consoleNotices
	case ErrInvalidComponent:
		return "the component_appid is not that of a third-party platform that the account has authorized: " + consolePlatforms
	case ErrCloudUnauthorized:
		return "the call must belong to the account that owns the environment: compare the AppID at " + cloudConsole
	case ErrCloudPathNotListed:
		return "add the path to the list, without host and query, and publish a new version: " + cloudConsole
	case ErrCloudSecretNotFound:
		return "the link between environment and account is broken: ask WeChat's support, from " + cloudConsole
	}
	return ""
}

// accountHint is about the account as a whole.
func accountHint(code Code) string {
	switch code {
	case ErrUnauthorizedAPI, ErrUserUnauthorized:
		return "the account lacks this permission, and must be a verified service account (已认证服务号): see " + consoleRights
	case ErrInvalidAccountType:
		return "accounts of this type have no such API: see " + consoleRights
	case ErrForbiddenAPI, ErrUserLimited, ErrAccountFrozen, ErrBlockedBySupervisor:
		return "the platform has restricted the account: read the notice at " + consoleNotices
	case ErrClearQuotaLimit:
		return "the resets of this month are used up: wait for midnight in Beijing, and see what is left at " + consoleRights
	case ErrInvalidCheckURL:
		return "set the callback URL at " + consolePush
	}
	return ""
}

var ipPattern = regexp.MustCompile(`invalid ip ([0-9A-Fa-f.:]+)`)

// callerIP returns the address that the platform saw, which 40164 carries in its text.
func (e *Error) callerIP() string {
	if m := ipPattern.FindStringSubmatch(e.Message); m != nil {
		return m[1]
	}
	return "this machine's outgoing address"
}

package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

const (
	webAuthRefreshPath = "/sns/oauth2/refresh_token"
	webAuthUserPath    = "/sns/userinfo"
	webAuthCheckPath   = "/sns/auth"
)

// WebAuthRefresh gets another Token with a RefreshToken. Store the RefreshToken that it returns in
// place of the one before. UnionID and Snapshot are not told again, and are zero.
//
// After [ErrInvalidRefreshToken], [ErrRefreshTokenExpired] and [ErrAuthorizationExpired] authorize
// the visitor again. It needs no AppSecret. With [WithComponent] and [WithoutToken] it is refused.
//
// GET /sns/oauth2/refresh_token
func (c *Client) WebAuthRefresh(ctx context.Context, refreshToken string) (WebAuth, error) {
	r := c.visitorCall(webAuthRefreshPath, refreshToken)
	switch {
	case refreshToken == "":
		return WebAuth{}, c.codeFailure(r, int64(ErrMissingRefreshToken), "", 0)
	case c.component != nil:
		return WebAuth{}, refuse("WebAuthRefresh does not serve an account that a third-party platform runs: authorize the visitor again")
	case c.tokenless:
		return WebAuth{}, refuseOverHTTP("WebAuthRefresh")
	}
	r.query = "appid=" + url.QueryEscape(c.appID) + "&grant_type=refresh_token&refresh_token=" + url.QueryEscape(refreshToken)
	auth, err := c.exchange(ctx, r)
	switch {
	case err != nil:
		return WebAuth{}, err
	case auth.token == nil:
		return WebAuth{}, c.failure(r, KindLost, errors.New("the answer holds no access_token"))
	case auth.refresh == nil:
		auth.refresh = &refreshToken
	}
	return auth, nil
}

// Language is that of the region in a [WebAuthUser].
type Language string

// The languages that WeChat has.
const (
	SimplifiedChinese  Language = "zh_CN" // 简体
	TraditionalChinese Language = "zh_TW" // 繁体
	English            Language = "en"    // 英语
)

// WebAuthUser is what a visitor shows of themselves.
type WebAuthUser struct {
	OpenID   string // the visitor's openid for this account
	UnionID  string // as in [WebAuth]
	Nickname string // may hold any characters, also emoji
	// HeadImageURL is the address of the picture, empty where there is none. It dies when the
	// visitor changes the picture.
	HeadImageURL string
	// Sex is 1 (male), 2 (female) or 0 (not told). Since October 2021 WeChat tells neither it nor
	// Province, City and Country.
	Sex                     int
	Province, City, Country string
	Privilege               []string // such as chinaunicom; mostly empty
}

// WebAuthUserInfo reads name and picture of the visitor of auth, who need not follow the account. An
// empty lang leaves the language to WeChat. Of a Snapshot visitor name and picture are virtual.
//
// Without [AskUserInfo] the code is [ErrUnauthorizedAPI]. Where the Token of auth has ended it is
// [ErrInvalidAccessToken] or [ErrAccessTokenExpired], and [Client.WebAuthRefresh] gets another.
// [ErrUserUnauthorized] says that the visitor has withdrawn. With [WithoutToken] it is refused.
//
// GET /sns/userinfo
func (c *Client) WebAuthUserInfo(ctx context.Context, auth WebAuth, lang Language) (WebAuthUser, error) {
	r, err := c.visitorQuery("WebAuthUserInfo", webAuthUserPath, auth)
	if err != nil {
		return WebAuthUser{}, err
	}
	switch lang {
	case "":
	case SimplifiedChinese, TraditionalChinese, English:
		r.query += "&lang=" + string(lang)
	default:
		return WebAuthUser{}, refuse("WebAuthUserInfo: the language must be zh_CN, zh_TW, en or empty")
	}
	var answer struct {
		OpenID       string    `json:"openid"`
		UnionID      string    `json:"unionid"`
		Nickname     string    `json:"nickname"`
		HeadImageURL string    `json:"headimgurl"`
		Sex          number    `json:"sex"`
		Province     string    `json:"province"`
		City         string    `json:"city"`
		Country      string    `json:"country"`
		Privilege    privilege `json:"privilege"`
	}
	if err := c.run(ctx, r, func(resp *http.Response) error { return c.decode(r, resp, &answer) }); err != nil {
		return WebAuthUser{}, err
	}
	if answer.OpenID != auth.OpenID {
		return WebAuthUser{}, c.failure(r, KindLost, errors.New("the answer holds no openid, or that of another visitor"))
	}
	return WebAuthUser{
		OpenID: answer.OpenID, UnionID: answer.UnionID, Nickname: answer.Nickname, HeadImageURL: answer.HeadImageURL,
		Sex: int(answer.Sex), Province: answer.Province, City: answer.City, Country: answer.Country, Privilege: answer.Privilege,
	}, nil
}

// WebAuthCheck returns nil if the Token of auth works and is its visitor's (检验授权凭证). Otherwise
// the code is [ErrInvalidOpenID], [ErrInvalidAccessToken] or [ErrAccessTokenExpired]. With
// [WithoutToken] it is refused.
//
// GET /sns/auth
func (c *Client) WebAuthCheck(ctx context.Context, auth WebAuth) error {
	r, err := c.visitorQuery("WebAuthCheck", webAuthCheckPath, auth)
	if err != nil {
		return err
	}
	return c.run(ctx, r, func(resp *http.Response) error { return c.decode(r, resp, nil) })
}

// visitorCall makes a call that changes nothing, by a credential of the visitor's.
func (c *Client) visitorCall(path string, secrets ...string) *request {
	return &request{
		kind: requestKind{op: OpCall, plain: true, repeatable: true, private: true}, method: http.MethodGet,
		path: path, header: c.getHeader(), secrets: secrets,
	}
}

// visitorQuery makes a call about a visitor.
func (c *Client) visitorQuery(call, path string, auth WebAuth) (*request, error) {
	var wrong []string
	visitor := auth.Token().Value
	if auth.OpenID == "" {
		wrong = append(wrong, "OpenID")
	}
	if visitor == "" {
		wrong = append(wrong, "Token")
	}
	switch {
	case len(wrong) > 0:
		return nil, refuse(call + ": the WebAuth has no " + strings.Join(wrong, " and no ") + "; give one of WebAuthOpenID or WebAuthRefresh")
	case c.tokenless:
		return nil, refuseOverHTTP(call)
	}
	r := c.visitorCall(path, visitor, auth.OpenID)
	r.query = "access_token=" + url.QueryEscape(visitor) + "&openid=" + url.QueryEscape(auth.OpenID)
	return r, nil
}

// privilege is a list of texts. Anything else is left out: it must not cost the rest of the answer.
type privilege []string

// UnmarshalJSON never fails.
func (p *privilege) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	_ = json.Unmarshal(b, &list)
	*p = nil
	for _, item := range list {
		var text string
		if json.Unmarshal(item, &text) == nil && text != "" {
			*p = append(*p, text)
		}
	}
	return nil
}

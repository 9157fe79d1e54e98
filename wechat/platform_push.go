package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/org/wxhome/callback"
)

// Handle takes the platform's own pushes (授权事件), which WeChat sends to the authorization-event
// URL in safe mode:
//
//   - component_verify_ticket, every ten minutes: the ticket is saved. No token can be fetched before
//     the first one. A ticket lives for 12 hours.
//   - authorized and updateauthorized: the code is exchanged as by [Platform.Authorize], and the
//     account's refresh token is saved.
//
// It makes a Platform a [callback.Handler], with the AppID of the platform in the account:
//
//	account := callback.Account{AppID: componentAppID, Token: token, AESKey: aesKey}
//	server, err := callback.NewServer(callback.Config{Account: account}, platform)
//
// It does nothing about unauthorized: the refresh token of an account that has withdrawn is of no
// use, and an account that comes back has another; see [Authorizer.Forget]. A program that wants to
// know who has come and gone calls Handle from a handler of its own. The reply is always nil. All other messages are ignored, without
// an error; a nil one is an error.
//
// POST /cgi-bin/component/api_query_auth
func (p *Platform) Handle(ctx context.Context, m callback.Message) (callback.Reply, error) {
	if isNil(m) {
		return nil, refuse("Platform.Handle: the message is nil")
	}
	push, ok := m.(*callback.Unknown)
	if !ok || push.InfoType == "" {
		return nil, nil
	}
	switch {
	case push.Err != nil:
		return nil, fmt.Errorf("wechat: the push %s of the platform: %w", knownPush(push.InfoType), push.Err)
	case push.AppID != p.AppID():
		return nil, fmt.Errorf("wechat: a push for the platform %s has come to %s: compare the AppIDs",
			excerpt([]byte(push.AppID)), p.AppID())
	}
	switch push.InfoType {
	case "component_verify_ticket":
		return nil, p.SaveTicket(ctx, push.Value("ComponentVerifyTicket"))
	case "authorized", "updateauthorized":
		_, err := p.Authorize(ctx, push.Value("AuthorizationCode"))
		return nil, err
	}
	return nil, nil
}

// knownPush is the kind of a push for an error, unless it can be anything.
func knownPush(infoType string) string {
	switch infoType {
	case "component_verify_ticket", "authorized", "updateauthorized", "unauthorized":
		return infoType
	}
	return "of another kind"
}

// SaveTicket saves the newest component_verify_ticket, for programs that receive the platform's
// pushes by other means than [Platform.Handle].
func (p *Platform) SaveTicket(ctx context.Context, ticket string) error {
	if ticket == "" {
		return refuse("the component_verify_ticket is empty")
	}
	c, r := p.client, &request{method: http.MethodPost, path: componentTokenPath}
	if ctx == nil {
		return c.failure(r, KindRequest, errNilContext)
	}
	if err := p.kept.save(ctx, ticketKey(c.appID), ticket); err != nil {
		return c.failure(r, KindNetwork, fmt.Errorf("save the component_verify_ticket: %w", err))
	}
	return nil
}

// Authorization is an account that has authorized the platform.
type Authorization struct {
	// AppID is the account's.
	AppID string
	// Functions are the ids of the permission sets (权限集) that the owner has granted.
	Functions []int
}

// authorizationAnswer is the answer of api_query_auth.
type authorizationAnswer struct {
	Info struct {
		AppID     string `json:"authorizer_appid"`
		Refresh   string `json:"authorizer_refresh_token"`
		Functions []struct {
			Category struct {
				ID number `json:"id"`
			} `json:"funcscope_category"`
		} `json:"func_info"`
	} `json:"authorization_info"`
}

func (a *authorizationAnswer) authorization() Authorization {
	granted := Authorization{AppID: a.Info.AppID}
	for _, f := range a.Info.Functions {
		granted.Functions = append(granted.Functions, int(f.Category.ID))
	}
	return granted
}

// Authorize exchanges the code with which WeChat sends the owner of an account back
// (auth_code, AuthorizationCode), and saves the account's refresh token before it returns. A code
// works once: leave it to [Platform.Handle] where that receives the pushes. It is not exchanged again
// after a lost answer: [Authorizer.Forget] and then [Platform.Restore] mend that.
//
// After an error of the PlatformStore, the Platform tries to save the refresh token again at the next
// [Authorizer.Token], as long as the process lives.
//
// POST /cgi-bin/component/api_query_auth
func (p *Platform) Authorize(ctx context.Context, code string) (Authorization, error) {
	if code == "" {
		return Authorization{}, refuse("the authorization code is empty")
	}
	var answer authorizationAnswer
	r, err := p.ask(ctx, queryAuthPath, map[string]any{"authorization_code": code}, &answer, call{secrets: []string{code}})
	if err != nil {
		return Authorization{}, err
	}
	granted := answer.authorization()
	if granted.AppID == "" || answer.Info.Refresh == "" {
		return Authorization{}, p.client.failure(r, KindLost, errors.New("the answer holds no authorizer_appid and authorizer_refresh_token"))
	}
	return granted, p.Authorizer(granted.AppID).authorized(ctx, answer.Info.Refresh)
}

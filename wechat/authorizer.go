package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/org/wxhome/token"
)

// Authorizer is the [token.Source] of one account that has authorized a [Platform]. Give it to
// [New] by [WithTokenSource]; web authorization then goes by way of the platform, too. The AppID of
// New must be that of the Authorizer. It is safe for concurrent use. Printing it shows its AppIDs.
type Authorizer struct {
	platform *Platform
	appID    string
	turn     chan struct{} // holds a value while somebody is at work on the refresh token
	unsaved  *unsaved      // nil: none; only with the turn
}

// unsaved is what could not be saved.
type unsaved struct {
	from    string // what the store has had before; empty: whatever it has
	refresh string
	token   token.Token // not to be used before refresh is saved; zero: none
}

// Authorizer returns the source of the tokens of the account appID: the same one for the same
// account. It does no I/O.
func (p *Platform) Authorizer(appID string) *Authorizer {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.authorizers[appID]
	if a == nil {
		a = &Authorizer{platform: p, appID: appID, turn: make(chan struct{}, 1)}
		p.authorizers[appID] = a
	}
	return a
}

// AppID returns the account's AppID.
func (a *Authorizer) AppID() string { return a.appID }

// Token fetches a new authorizer_access_token, with the refresh token in the [PlatformStore]. A new
// refresh token is saved before Token returns. If that fails, Token returns the error and not the
// new access token; the next Token saves the refresh token first, and fetches only then.
//
// Without a refresh token, and where the owner has withdrawn, the error is an [*Error] of
// [KindAccount] whose Hint says that the owner must authorize the platform again.
//
// POST /cgi-bin/component/api_authorizer_token
func (a *Authorizer) Token(ctx context.Context) (token.Token, error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return token.Token{}, err
	}
	defer leave()
	refresh, err := a.load(ctx)
	if err != nil {
		return token.Token{}, err
	}
	refresh, ready, err := a.settle(ctx, refresh)
	switch {
	case err != nil:
		return token.Token{}, err
	case !ready.Expired(time.Now()):
		return ready, nil
	case refresh == "":
		return token.Token{}, a.client().codeFailure(a.request(), int64(ErrAuthorizerTokenInvalid), "no refresh token of this account is stored", 0)
	}
	return a.fetch(ctx, refresh)
}

// authorizerAnswer is the answer of api_authorizer_token.
type authorizerAnswer struct {
	Token     string `json:"authorizer_access_token"`
	ExpiresIn number `json:"expires_in"`
	Refresh   string `json:"authorizer_refresh_token"` // empty: the one that was sent goes on
}

// token is the zero Token where the answer holds none.
func (a *authorizerAnswer) token(asked time.Time) token.Token {
	if a.Token == "" || a.ExpiresIn <= 0 {
		return token.Token{}
	}
	return token.Token{Value: a.Token, Expiry: asked.Add(a.ExpiresIn.seconds())}
}

// fetch asks for a token, and saves the refresh token that comes with it.
func (a *Authorizer) fetch(ctx context.Context, refresh string) (token.Token, error) {
	start := time.Now() // the lifetime counts from before the call, so that it never ends late
	var answer authorizerAnswer
	r, err := a.platform.ask(ctx, authorizerTokenPath, map[string]any{
		"authorizer_appid": a.appID, "authorizer_refresh_token": refresh,
	}, &answer, call{op: OpToken, repeatable: true, secrets: []string{refresh}})
	if err != nil {
		return token.Token{}, wrongAnswer(err)
	}
	t := answer.token(start)
	if answer.Refresh != "" && answer.Refresh != refresh {
		if err := a.keep(ctx, &unsaved{refresh, answer.Refresh, t}); err != nil {
			return token.Token{}, err
		}
	}
	if t.Value == "" {
		return token.Token{}, a.client().failure(r, KindToken, errors.New("the answer holds no authorizer_access_token and expires_in"))
	}
	return t, nil
}

// Forget removes the account's refresh token from the [PlatformStore]: for an account that has
// withdrawn, and before [Platform.Restore] for one whose stored refresh token is refused (61023)
// although its owner has authorized the platform. It does not end the authorization: only the owner can.
func (a *Authorizer) Forget(ctx context.Context) error {
	leave, err := a.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if err := a.platform.kept.save(ctx, a.key(), ""); err != nil {
		return a.storeFailure("forget the refresh token", err)
	}
	a.unsaved = nil
	return nil
}

// settle saves what could not be saved before. It returns the refresh token to use, and a token that
// is good now.
func (a *Authorizer) settle(ctx context.Context, stored string) (refresh string, ready token.Token, err error) {
	u := a.unsaved
	if u == nil {
		return stored, token.Token{}, nil
	}
	if u.from != "" && u.from != stored { // another process has gone on, or the owner has authorized anew
		a.unsaved = nil
		return stored, token.Token{}, nil
	}
	if err := a.save(ctx, u); err != nil {
		return "", token.Token{}, err
	}
	return u.refresh, u.token, nil
}

// keep saves u, unless another process has saved a refresh token since u.from was read: WeChat has
// seen that one later.
func (a *Authorizer) keep(ctx context.Context, u *unsaved) error {
	a.unsaved = u
	stored, err := a.load(ctx)
	switch {
	case err != nil:
		return err
	case stored != u.from:
		a.unsaved = nil
		return nil
	}
	return a.save(ctx, u)
}

// replace saves the refresh token of a new authorization, whatever is stored.
func (a *Authorizer) replace(ctx context.Context, refresh string) error {
	leave, err := a.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return a.save(ctx, &unsaved{refresh: refresh})
}

// save saves u, or remembers that it is not saved.
func (a *Authorizer) save(ctx context.Context, u *unsaved) error {
	a.unsaved = u
	if err := a.platform.kept.save(ctx, a.key(), u.refresh); err != nil {
		return a.storeFailure("save the refresh token", err, u.refresh, u.token.Value)
	}
	a.unsaved = nil
	return nil
}

func (a *Authorizer) load(ctx context.Context) (string, error) {
	refresh, err := a.platform.kept.load(ctx, a.key())
	if err != nil {
		return "", a.storeFailure("load the refresh token", err)
	}
	return refresh, nil
}

// enter waits for the turn, in this process and among those that share the store.
func (a *Authorizer) enter(ctx context.Context) (leave func(), err error) {
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, a.storeFailure("wait for another refresh", ended(ctx))
	}
	unlock, err := a.platform.kept.lock(ctx, a.key())
	if err != nil {
		<-a.turn
		return nil, a.storeFailure("wait for other processes", err)
	}
	return func() { unlock(); <-a.turn }, nil
}

// storeFailure is an error of the PlatformStore. Nothing was sent with a new token.
func (a *Authorizer) storeFailure(what string, err error, secrets ...string) error {
	err = redactError(fmt.Errorf("%s: %w", what, err), append(secrets, a.client().secret())...)
	return a.client().failure(a.request(), KindNetwork, err)
}

func (a *Authorizer) client() *Client { return a.platform.client }
func (a *Authorizer) key() string     { return refreshKey(a.platform.AppID(), a.appID) }

// request is the call that errors from before it are about.
func (a *Authorizer) request() *request {
	return &request{method: http.MethodPost, path: authorizerTokenPath}
}

// Format prints the AppIDs and nothing else, whatever the verb.
func (a *Authorizer) Format(f fmt.State, _ rune) {
	if a == nil {
		_, _ = io.WriteString(f, "wechat.Authorizer(nil)")
		return
	}
	_, _ = io.WriteString(f, "wechat.Authorizer("+a.appID+" of "+a.platform.AppID()+")")
}

// AuthorizedAccount is an account that has authorized the platform.
type AuthorizedAccount struct {
	AppID        string    // the account's
	AuthorizedAt time.Time // when its owner did so last; zero: not told
}

// listed is an AuthorizedAccount with its refresh token.
type listed struct {
	AuthorizedAccount
	refresh string
}

// authorizerList is a page of api_get_authorizer_list.
type authorizerList struct {
	Total number `json:"total_count"`
	List  []struct {
		AppID   string `json:"authorizer_appid"`
		Refresh string `json:"refresh_token"`
		Time    number `json:"auth_time"`
	} `json:"list"`
}

// all returns the accounts of the page.
func (l *authorizerList) all() []listed {
	page := make([]listed, 0, len(l.List))
	for _, one := range l.List {
		a := listed{AuthorizedAccount{AppID: one.AppID}, one.Refresh}
		if one.Time > 0 {
			a.AuthorizedAt = time.Unix(int64(one.Time), 0)
		}
		page = append(page, a)
	}
	return page
}

// authorizerPage is how many accounts are asked for at a time.
const authorizerPage = 100

// Authorizers returns the accounts that have authorized the platform, page by page. An error ends it.
// Accounts that come or go meanwhile may be missing or come twice.
//
// POST /cgi-bin/component/api_get_authorizer_list
func (p *Platform) Authorizers(ctx context.Context) iter.Seq2[AuthorizedAccount, error] {
	return func(yield func(AuthorizedAccount, error) bool) {
		for a, err := range p.list(ctx) {
			if !yield(a.AuthorizedAccount, err) {
				return
			}
		}
	}
}

func (p *Platform) list(ctx context.Context) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		for offset := 0; ; {
			var answer authorizerList
			in := map[string]any{"offset": offset, "count": authorizerPage}
			if _, err := p.ask(ctx, authorizerListPath, in, &answer, call{repeatable: true}); err != nil {
				yield(listed{}, err)
				return
			}
			for _, a := range answer.all() {
				if !yield(a, nil) {
					return
				}
			}
			offset += len(answer.List)
			if len(answer.List) == 0 || int64(offset) >= int64(answer.Total) {
				return
			}
		}
	}
}

// Restore saves the refresh tokens that WeChat tells for accounts of which the [PlatformStore] has
// none, after that was lost. It leaves those that are there alone; see [Authorizer.Forget]. missing are the accounts of which
// WeChat tells no refresh token either: their owners must authorize the platform again.
//
// POST /cgi-bin/component/api_get_authorizer_list
func (p *Platform) Restore(ctx context.Context) (missing []string, err error) {
	for one, err := range p.list(ctx) {
		if err != nil {
			return missing, err
		}
		if one.AppID == "" {
			continue
		}
		there, err := p.Authorizer(one.AppID).restore(ctx, one.refresh)
		if err != nil {
			return missing, err
		}
		if !there {
			missing = append(missing, one.AppID)
		}
	}
	return missing, nil
}

// restore saves refresh where nothing is stored, and reports whether there is a refresh token now.
func (a *Authorizer) restore(ctx context.Context, refresh string) (there bool, err error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	stored, err := a.load(ctx)
	if err == nil {
		stored, _, err = a.settle(ctx, stored)
	}
	if err != nil || stored != "" || refresh == "" {
		return stored != "", err
	}
	return true, a.save(ctx, &unsaved{refresh: refresh})
}

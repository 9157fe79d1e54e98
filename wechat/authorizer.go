package wechat

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync"
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

	mu      sync.Mutex // guards unsaved
	unsaved *unsaved   // nil: none
}

// unsaved is a refresh token that is not in the store yet. Its fields change only with the turn. They
// are pointers, since fmt follows the one to an unsaved and goes no further.
type unsaved struct {
	// from is what the store had when the token was obtained, and what it still has unless another
	// process has gone on. nil: not known, the token is that of a new authorization.
	from    *string
	refresh *string
	token   *token.Token // not to be used before refresh is saved; zero: none
}

// pending returns what is not saved; nil: nothing.
func (a *Authorizer) pending() *unsaved {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.unsaved
}

// replace puts next in the place of old, unless an authorization has come meanwhile, and returns
// what is not saved now.
func (a *Authorizer) replace(old, next *unsaved) *unsaved {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.unsaved == old {
		a.unsaved = next
	}
	return a.unsaved
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
// new access token; the next Token saves the refresh token first, and fetches only then. What another
// process has saved since is newer, and stays.
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
	for {
		at, err := a.look(ctx)
		switch {
		case err != nil:
			return token.Token{}, err
		case !at.ready.Expired(time.Now()):
			return at.ready, nil
		case at.refresh == "":
			return token.Token{}, a.client().codeFailure(a.request(), int64(ErrAuthorizerTokenInvalid), "no refresh token of this account is stored", 0)
		}
		t, err := a.fetch(ctx, at)
		switch {
		case at.unsaved == nil || !errors.Is(err, ErrAuthorizerTokenInvalid):
			return t, err
		case at.doubtful: // what is stored is newer
			a.replace(at.unsaved, nil)
		default: // what is stored came of the authorization before
			at.unsaved.from = nil
		}
	}
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
func (a *Authorizer) fetch(ctx context.Context, at standing) (token.Token, error) {
	start := time.Now() // the lifetime counts from before the call, so that it never ends late
	var answer authorizerAnswer
	r, err := a.platform.ask(ctx, authorizerTokenPath, map[string]any{
		"authorizer_appid": a.appID, "authorizer_refresh_token": at.refresh,
	}, &answer, call{op: OpToken, repeatable: true, secrets: []string{at.refresh}})
	if err != nil {
		return token.Token{}, wrongAnswer(err)
	}
	t := answer.token(start)
	if next := cmp.Or(answer.Refresh, at.refresh); next == at.stored {
		a.replace(at.unsaved, nil)
	} else if err := a.keep(ctx, at, &unsaved{&at.stored, &next, &t}); err != nil {
		return token.Token{}, err
	}
	if t.Value == "" {
		return token.Token{}, a.client().failure(r, KindToken, errors.New("the answer holds no authorizer_access_token and expires_in"))
	}
	return t, nil
}

// Forget replaces the account's refresh token in the [PlatformStore] by a mark that there is none: for an account that has
// withdrawn, and before [Platform.Restore] for one whose stored refresh token is refused (61023)
// although its owner has authorized the platform. It does not end the authorization: only the owner can.
func (a *Authorizer) Forget(ctx context.Context) error {
	leave, err := a.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	u := a.pending()
	if err := a.platform.kept.save(ctx, a.key(), forgotten()); err != nil {
		return a.storeFailure("forget the refresh token", err)
	}
	a.replace(u, nil)
	return nil
}

// forgottenPrefix begins what is stored in place of a refresh token that was forgotten. Other
// processes tell that from a store that has lost its value.
const forgottenPrefix = "wxhome:forgotten:"

func forgotten() string { return forgottenPrefix + rand.Text() } // each another, as refresh tokens are

// refreshIn returns the refresh token in a value of the store; "": none.
func refreshIn(stored string) string {
	if strings.HasPrefix(stored, forgottenPrefix) {
		return ""
	}
	return stored
}

// standing is how an account's refresh token stands.
type standing struct {
	stored   string      // what is in the store
	refresh  string      // what to use; "": none
	ready    token.Token // good now, unless it has expired
	unsaved  *unsaved    // what is of use only if the stored refresh token is refused; nil: nothing
	doubtful bool        // refresh is that of unsaved: it is not known which of the two is newer
}

// look loads the refresh token, and saves what could not be saved before.
func (a *Authorizer) look(ctx context.Context) (standing, error) {
	stored, err := a.load(ctx)
	if err != nil {
		return standing{}, err
	}
	u := a.pending()
	switch {
	case u == nil:
		return standing{stored: stored, refresh: refreshIn(stored)}, nil
	case *u.refresh == stored: // the store has saved it, and failed to say so
		a.replace(u, nil)
		return standing{stored: stored, refresh: stored, ready: *u.token}, nil
	case stored == "": // lost, or there was none: what another process forgets leaves a mark
	case u.from == nil: // WeChat knows which of the two is newer
		return standing{stored: stored, refresh: *u.refresh, unsaved: u, doubtful: true}, nil
	case refreshIn(stored) == "" && stored != *u.from: // another process has forgotten the account
		a.replace(u, nil)
		return standing{stored: stored}, nil
	case stored != *u.from: // another process has gone on, or the owner has authorized anew
		return standing{stored: stored, refresh: stored, unsaved: u}, nil
	}
	if err := a.save(ctx, u); err != nil {
		return standing{}, err
	}
	return standing{stored: *u.refresh, refresh: *u.refresh, ready: *u.token}, nil
}

// keep saves next, unless another process has saved a refresh token since at: WeChat has seen that
// one later. If an authorization has come meanwhile, keep saves that one's instead.
func (a *Authorizer) keep(ctx context.Context, at standing, next *unsaved) error {
	u := a.replace(at.unsaved, next)
	stored, err := a.load(ctx)
	switch {
	case err != nil:
		return err
	case u != next: // an authorization during this turn: what is stored is older
		u.from = &stored
	case stored != "" && stored != *u.from:
		a.replace(u, nil)
		return nil
	}
	return a.save(ctx, u)
}

// authorized saves the refresh token of a new authorization. It remembers the token before it waits
// for anything: there is no other copy, since the code is spent.
func (a *Authorizer) authorized(ctx context.Context, refresh string) error {
	u := &unsaved{refresh: &refresh, token: &token.Token{}}
	a.mu.Lock()
	a.unsaved = u
	a.mu.Unlock()
	leave, err := a.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if a.pending() != u { // saved by the refresh before, forgotten, or followed by another authorization
		return nil
	}
	stored, err := a.load(ctx)
	if err != nil {
		return err
	}
	u.from = &stored
	return a.save(ctx, u)
}

// save saves u. While that fails, u remains what is not saved.
func (a *Authorizer) save(ctx context.Context, u *unsaved) error {
	if err := a.platform.kept.save(ctx, a.key(), *u.refresh); err != nil {
		return a.storeFailure("save the refresh token", err)
	}
	a.replace(u, nil)
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
	if ctx == nil {
		return nil, a.client().failure(a.request(), KindRequest, errNilContext)
	}
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

// storeFailure is an error of the PlatformStore, or of waiting for it. Nothing was sent with a new token.
func (a *Authorizer) storeFailure(what string, err error) error {
	err = redactError(fmt.Errorf("%s: %w", what, err), a.client().secret())
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
	Total *number `json:"total_count"` // nil: not told
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

// Authorizers returns the accounts that have authorized the platform, page by page. An error ends it,
// after what was read. Accounts that come or go meanwhile may be missing or come twice. Where WeChat
// tells of more accounts than it lists, or gives the same page again, the error is [KindLost].
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
		var last string // the AppID that began the page before
		for offset := 0; ; {
			page, end, err := p.listPage(ctx, offset, last)
			for _, a := range page {
				if !yield(a, nil) {
					return
				}
			}
			if err != nil {
				yield(listed{}, err)
				return
			}
			if end {
				return
			}
			last = page[0].AppID
			offset += len(page)
		}
	}
}

// listPage returns the accounts from offset on, and whether they are the last, also with an error
// that follows them. last is what began the page before.
func (p *Platform) listPage(ctx context.Context, offset int, last string) (page []listed, end bool, err error) {
	var answer authorizerList
	in := map[string]any{"offset": offset, "count": authorizerPage}
	r, err := p.ask(ctx, authorizerListPath, in, &answer, call{reads: true})
	if err != nil {
		return nil, false, err
	}
	odd := func(text string) error { return p.client.failure(r, KindLost, errors.New(text)) }
	page = answer.all()
	switch {
	case answer.Total == nil:
		return page, false, odd("the answer holds no total_count")
	case len(page) == 0 && int64(offset) < int64(*answer.Total):
		return nil, false, odd(fmt.Sprintf("the list ends after %d of %d accounts", offset, *answer.Total))
	case len(page) > 0 && offset > 0 && page[0].AppID == last:
		return nil, false, odd(fmt.Sprintf("the page at %d is the one before again", offset))
	}
	return page, int64(offset+len(page)) >= int64(*answer.Total), nil
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
	at, err := a.look(ctx)
	if err != nil || at.refresh != "" || refresh == "" {
		return at.refresh != "", err
	}
	return true, a.keep(ctx, at, &unsaved{&at.stored, &refresh, &token.Token{}})
}

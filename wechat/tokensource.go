package wechat

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/org/wxhome/token"
)

const (
	stableTokenPath  = "/cgi-bin/stable_token"
	classicTokenPath = "/cgi-bin/token"
)

// isTokenPath tells the calls that exchange a secret for a token.
func isTokenPath(path string) bool {
	return path == stableTokenPath || path == classicTokenPath || path == componentTokenPath
}

// setToken builds the Cache over the caller's source, or over the platform's token calls.
func (c *Client) setToken(o *settings) error {
	kind, src := "stable", token.Source(source{c.fetchStable, c.renewStable})
	_, authorizer := o.source.(*Authorizer)
	switch {
	case o.cloud != nil:
		kind, src = "cloud", c.redacted(o.cloud)
	case o.platform != nil:
		kind, src = "component", token.SourceFunc(c.fetchComponent)
	case authorizer:
		kind, src = "authorizer", c.redacted(o.source)
	case o.source != nil:
		kind, src = "custom", c.redacted(o.source)
	case o.classic:
		kind, src = "classic", source{c.fetchClassic, c.fetchClassic} // which ends the token before
	}
	c.ownTokens = o.source == nil && o.cloud == nil
	retiring := o.classic || authorizer || o.platform != nil // each token ends the one before
	opts := []token.Option{token.WithHook(c.reportStore)}
	if o.platform != nil {
		opts = append(opts, token.WithMargin(componentMargin))
	}
	if o.store != nil {
		opts = append(opts, token.WithStore(o.store, token.Key(c.appID, kind, o.bases[0].Host)))
		if _, ok := o.store.(token.Locker); ok && retiring {
			opts = append(opts, token.WithLock())
		}
	}
	var err error
	c.Token, err = token.NewCache(src, opts...)
	return err
}

// source is a token.Source that can also end the token in use before its time.
type source struct{ token, renew token.SourceFunc }

// Token fetches a token.
func (s source) Token(ctx context.Context) (token.Token, error) { return s.token(ctx) }

// Renew ends the token in use and fetches another.
func (s source) Renew(ctx context.Context) (token.Token, error) { return s.renew(ctx) }

// redacted is src without the address and the secret that its errors may quote, since they go
// to whoever asks [Client.Token] directly, too.
func (c *Client) redacted(src token.Source) token.Source {
	redact := func(f token.SourceFunc) token.SourceFunc {
		return func(ctx context.Context) (token.Token, error) {
			t, err := f(ctx)
			return t, redactError(err, c.secret(), t.Value)
		}
	}
	if r, ok := src.(interface {
		Renew(context.Context) (token.Token, error)
	}); ok {
		return source{redact(src.Token), redact(r.Renew)}
	}
	return redact(src.Token)
}

// tokenKind is what a token call may and needs.
var tokenKind = requestKind{op: OpToken, plain: true, unlimited: true, repeatable: true, private: true}

// fetchStable asks for the account's stable token.
func (c *Client) fetchStable(ctx context.Context) (token.Token, error) {
	return c.stable(ctx, tokenKind, false)
}

// renewStable forces a new one, which WeChat allows 20 times a day. After a lost answer it is not
// repeated, since that would be the second.
func (c *Client) renewStable(ctx context.Context) (token.Token, error) {
	kind := tokenKind
	kind.repeatable = false
	return c.stable(ctx, kind, true)
}

func (c *Client) stable(ctx context.Context, kind requestKind, force bool) (token.Token, error) {
	body, err := encode(map[string]any{
		"grant_type": "client_credential", "appid": c.appID, "secret": c.secret(), "force_refresh": force,
	})
	if err != nil {
		return token.Token{}, err
	}
	r := &request{kind: kind, method: http.MethodPost, path: stableTokenPath, header: c.jsonHeader()}
	r.setBytes(body)
	return c.fetch(ctx, r)
}

func (c *Client) fetchClassic(ctx context.Context) (token.Token, error) {
	q := url.Values{"grant_type": {"client_credential"}, "appid": {c.appID}, "secret": {c.secret()}}
	return c.fetch(ctx, &request{
		kind: tokenKind, method: http.MethodGet, path: classicTokenPath, query: q.Encode(), header: http.Header{},
	})
}

func (c *Client) fetch(ctx context.Context, r *request) (token.Token, error) {
	start := time.Now() // the lifetime counts from before the call, so that it never ends late
	var answer struct {
		AccessToken string `json:"access_token"`
		Component   string `json:"component_access_token"`
		ExpiresIn   number `json:"expires_in"`
	}
	err := c.run(ctx, r, func(resp *http.Response) error { return c.decode(r, resp, &answer) })
	if err != nil {
		return token.Token{}, wrongAnswer(err)
	}
	value, name := answer.AccessToken, "access_token"
	if c.platform != nil {
		value, name = answer.Component, "component_access_token"
	}
	if value == "" || answer.ExpiresIn <= 0 {
		return token.Token{}, c.failure(r, KindToken, errors.New("the answer holds no "+name+" and expires_in"))
	}
	return token.Token{Value: value, Expiry: start.Add(answer.ExpiresIn.seconds())}, nil
}

// wrongAnswer gives an answer of the token endpoint that came whole its kind: a page in place of
// WeChat's answer will go, and anything else is no token.
func wrongAnswer(err error) error {
	own, ok := errors.AsType[*Error](err)
	if !ok || own.kind != KindLost || !errors.Is(own.cause, errShape) {
		return err
	}
	e := *own
	e.kind = KindToken
	if errors.Is(own.cause, errPage) {
		e.kind = KindBusy
	}
	return &e
}

// needSecret refuses a call that cannot be made without the app secret, or must not be made with it.
func (c *Client) needSecret(call string) error {
	switch {
	case c.tokenless:
		return refuseOverHTTP(call)
	case c.secret() == "":
		return refuse(call + " needs the AppSecret, and this Client has only a token source")
	}
	return nil
}

// refuseOverHTTP refuses what a Client of [WithoutToken] must not send.
func refuseOverHTTP(call string) error {
	return refuse(call + " would send a secret over plain http: make another Client for it, without WithoutToken")
}

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

func isTokenPath(path string) bool { return path == stableTokenPath || path == classicTokenPath }

// setToken builds the Cache over the caller's source, or over the platform's token calls.
func (c *Client) setToken(o *settings) error {
	kind, src := "stable", token.Source(token.SourceFunc(c.fetchStable))
	switch {
	case o.source != nil:
		kind, src = "custom", c.redacted(o.source)
	case o.classic:
		kind, src = "classic", token.SourceFunc(c.fetchClassic)
	}
	if o.source == nil {
		c.tokens = &requestKind{op: OpToken, plain: true, unlimited: true, repeatable: true}
	}
	opts := []token.Option{token.WithHook(c.reportStore)}
	if o.store != nil {
		opts = append(opts, token.WithStore(o.store, token.Key(c.appID, kind, o.bases[0].Host)))
		if _, ok := o.store.(token.Locker); ok && o.classic {
			opts = append(opts, token.WithLock())
		}
	}
	var err error
	c.Token, err = token.NewCache(src, opts...)
	return err
}

// redacted is src without the address and the secret that its errors may quote, since they go
// to whoever asks [Client.Token] directly, too.
func (c *Client) redacted(src token.Source) token.Source {
	return token.SourceFunc(func(ctx context.Context) (token.Token, error) {
		t, err := src.Token(ctx)
		return t, redactError(err, c.secret(), t.Value)
	})
}

// fetchStable asks for the account's stable token, in normal mode: forcing a new one is for a
// person whose token leaked, 20 times a day.
func (c *Client) fetchStable(ctx context.Context) (token.Token, error) {
	body, err := encode(map[string]any{
		"grant_type": "client_credential", "appid": c.appID, "secret": c.secret(), "force_refresh": false,
	})
	if err != nil {
		return token.Token{}, err
	}
	r := &request{kind: *c.tokens, method: http.MethodPost, path: stableTokenPath, header: c.jsonHeader()}
	r.setBytes(body)
	return c.fetch(ctx, r)
}

func (c *Client) fetchClassic(ctx context.Context) (token.Token, error) {
	q := url.Values{"grant_type": {"client_credential"}, "appid": {c.appID}, "secret": {c.secret()}}
	return c.fetch(ctx, &request{
		kind: *c.tokens, method: http.MethodGet, path: classicTokenPath, query: q.Encode(), header: http.Header{},
	})
}

func (c *Client) fetch(ctx context.Context, r *request) (token.Token, error) {
	start := time.Now() // the lifetime counts from before the call, so that it never ends late
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
	}
	err := c.run(ctx, r, func(resp *http.Response) error { return c.decode(resp, &answer) })
	if err != nil {
		return token.Token{}, err
	}
	if answer.AccessToken == "" || answer.ExpiresIn <= 0 {
		return token.Token{}, c.failure(r, KindLost, errors.New("the answer holds no access_token and expires_in"))
	}
	return token.Token{Value: answer.AccessToken, Expiry: start.Add(time.Duration(answer.ExpiresIn) * time.Second)}, nil
}

// needSecret refuses a call that cannot be made without the app secret.
func (c *Client) needSecret(call string) error {
	if c.secret() == "" {
		return errors.New("wechat: " + call + " needs the AppSecret, and this Client has only a token source")
	}
	return nil
}

package callback

import (
	"errors"
	"fmt"
	"net/http"

	lru "github.com/hashicorp/golang-lru/v2"
)

// ErrUnknownAccount is for [Config].Select to say that a request belongs to no account.
var ErrUnknownAccount = errors.New("callback: unknown account")

// errSelect is what Select fails with otherwise: nothing is known against the request.
var errSelect = errors.New("callback: Select failed")

// credentials are an [Account] that is ready for use.
type credentials struct {
	appID   string
	tokens  []*string // by pointer, as in a Crypter, so that printing shows none
	crypter *Crypter  // nil: plain mode
}

func newCredentials(a Account) (*credentials, error) {
	if a.Token == "" {
		return nil, errors.New("callback: the account has no Token; anybody could sign with an empty one")
	}
	if a.AESKey == "" {
		if a.PreviousAESKey != "" {
			return nil, errors.New("callback: the account has a PreviousAESKey and no AESKey")
		}
		c := &credentials{appID: a.AppID, tokens: []*string{&a.Token}}
		if a.PreviousToken != "" {
			c.tokens = append(c.tokens, &a.PreviousToken)
		}
		return c, nil
	}
	crypter, err := NewCrypter(a)
	if err != nil {
		return nil, err
	}
	return &credentials{appID: a.AppID, tokens: crypter.tokens, crypter: crypter}, nil
}

// verify checks the parameter signature.
func (c *credentials) verify(q *query) error {
	for _, token := range c.tokens {
		if Verify(q.signature, *token, q.timestamp, q.nonce, "") {
			return nil
		}
	}
	return ErrSignature
}

// accounts knows whose pushes are received.
type accounts struct {
	one   *credentials
	pick  func(*http.Request) (Account, error)
	ready *lru.Cache[Account, *credentials] // what pick has picked, so that keys are prepared once
}

// maxAccounts bounds the accounts that are kept ready. More work too, and cost a little more.
const maxAccounts = 1024

func newAccounts(cfg Config) (accounts, error) {
	if cfg.Select == nil {
		one, err := newCredentials(cfg.Account)
		return accounts{one: one}, err
	}
	ready, err := lru.New[Account, *credentials](maxAccounts)
	return accounts{pick: cfg.Select, ready: ready}, err
}

// of returns the account that r is for.
func (a *accounts) of(r *http.Request) (*credentials, error) {
	if a.pick == nil {
		return a.one, nil
	}
	account, err := a.pick(r)
	switch {
	case errors.Is(err, ErrUnknownAccount):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errSelect, err)
	}
	if ready, ok := a.ready.Get(account); ok {
		return ready, nil
	}
	c, err := newCredentials(account)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSelect, err)
	}
	a.ready.Add(account, c)
	return c, nil
}

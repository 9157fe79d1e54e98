package callback

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Account holds the callback settings of the platform's console (消息推送配置). Printing or logging an
// Account shows its AppID and no secret, also as an exported field of a struct. As an unexported
// field it would be printed with its secrets, because fmt calls no methods on unexported fields.
// Such a struct needs a Format method of its own.
type Account struct {
	// AppID is the AppID of the account. For an account that a third-party platform (第三方平台) runs,
	// it is the AppID of the component. It is required with an AESKey, with Config.Trust, and with
	// Config.Select, where it keeps the messages of the accounts apart.
	AppID string
	// Token (令牌) is the secret of the signatures. It is required, except with Config.Trust.
	Token string
	// AESKey (EncodingAESKey, 消息加解密密钥) has 43 characters. Empty means plain mode (明文模式).
	AESKey string
	// PreviousToken and PreviousAESKey are the old values after a change of Token or AESKey. The
	// server accepts them as well. Clear them one day after the change. Empty means none.
	PreviousToken  string
	PreviousAESKey string
}

// Format prints a without its secrets, whatever the verb. It implements [fmt.Formatter].
func (a Account) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.redacted()) }

// LogValue logs a without its secrets. It implements [slog.LogValuer].
func (a Account) LogValue() slog.Value { return slog.StringValue(a.redacted()) }

// MarshalJSON always fails, so that no JSON log or answer holds a secret by accident.
func (a Account) MarshalJSON() ([]byte, error) {
	return nil, errors.New("callback: an Account is secret and not made for JSON")
}

func (a Account) redacted() string { return "account(" + a.AppID + " [redacted])" }

// decodeKey decodes an EncodingAESKey. The error does not hold it.
func decodeKey(encoded string) ([]byte, error) {
	const size = 43
	if len(encoded) != size {
		return nil, fmt.Errorf("has %d characters; copy the 43 of the console", len(encoded))
	}
	// Not Strict: the last bits of the 43rd character are unused, and usually not zero.
	key, err := base64.StdEncoding.DecodeString(encoded + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("has a character other than letters and digits; copy it from the console")
	}
	return key, nil
}

// credentials are an [Account] in the form that the server uses.
type credentials struct {
	appID   string
	tokens  []*string // by pointer, as in a Crypter, so that printing shows no token
	crypter *Crypter  // nil: plain mode
}

var errNoToken = errors.New("callback: the account has no Token; anybody could sign with an empty one")

// newCredentials prepares a. The error names every fault of a. If trusted, its pushes have no signatures.
func newCredentials(a Account, trusted bool) (*credentials, error) {
	var wrong []error
	switch {
	case trusted:
		if a.Token != "" || a.PreviousToken != "" || a.AESKey != "" || a.PreviousAESKey != "" {
			wrong = append(wrong, errors.New("callback: the account has a Token or an AESKey beside Config.Trust; pushes that Trust decides on have neither signature nor encryption"))
		}
		if a.AppID == "" {
			wrong = append(wrong, errors.New("callback: the account has no AppID, which Config.Trust needs"))
		}
		return &credentials{appID: a.AppID}, errors.Join(wrong...)
	case a.AESKey == "":
		if a.Token == "" {
			wrong = append(wrong, errNoToken)
		}
		if a.PreviousAESKey != "" {
			wrong = append(wrong, errors.New("callback: the account has a PreviousAESKey and no AESKey"))
		}
		c := &credentials{appID: a.AppID, tokens: []*string{&a.Token}}
		if a.PreviousToken != "" {
			c.tokens = append(c.tokens, &a.PreviousToken)
		}
		return c, errors.Join(wrong...)
	}
	crypter, err := NewCrypter(a)
	if err != nil {
		return nil, err
	}
	return &credentials{appID: a.AppID, tokens: crypter.tokens, crypter: crypter}, nil
}

// signed reports whether the parameter signature matches.
func (c *credentials) signed(q *query) bool {
	for _, token := range c.tokens {
		if Verify(q.signature, *token, q.timestamp, q.nonce, "") {
			return true
		}
	}
	return false
}

// id returns the AppID, for logs and hooks. It is empty if the account is not known.
func (c *credentials) id() string {
	if c == nil {
		return ""
	}
	return c.appID
}

// accounts finds the account of a request.
type accounts struct {
	one     *credentials
	pick    func(*http.Request) (Account, error)
	trusted bool
	ready   *lru.Cache[Account, *credentials] // the accounts that pick returned, so that their keys are prepared once
}

// maxAccounts bounds the accounts that are kept ready. Further accounts work too, but are prepared
// anew for each request.
const maxAccounts = 1024

func newAccounts(cfg Config) (accounts, error) {
	trusted := cfg.Trust != nil
	if cfg.Select == nil {
		one, err := newCredentials(cfg.Account, trusted)
		return accounts{one: one}, err
	}
	ready, err := lru.New[Account, *credentials](maxAccounts)
	return accounts{pick: cfg.Select, trusted: trusted, ready: ready}, err
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
	c, err := newCredentials(account, a.trusted)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSelect, err)
	}
	a.ready.Add(account, c)
	return c, nil
}

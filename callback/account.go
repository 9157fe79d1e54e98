package callback

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Account holds what the platform's console says about a callback (消息推送配置). Printing or
// logging one, or a struct that holds it in an exported field, shows its AppID and no secret. fmt
// asks no method of an unexported field, so a struct that keeps an Account in one needs a Format
// method of its own.
type Account struct {
	// AppID is the account's, or the component's for accounts that a third-party platform
	// (第三方平台) runs. It is needed with an AESKey.
	AppID string
	// Token (令牌) signs. It is always needed.
	Token string
	// AESKey (EncodingAESKey, 消息加解密密钥) has 43 characters. Empty: plain mode (明文模式).
	AESKey string
	// PreviousToken and PreviousAESKey are what Token and AESKey were before they were changed,
	// and are taken too. Empty: there are none. Clear them when the change is a day old.
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
	// The 43rd character may have bits that mean nothing, and mostly does: not Strict.
	key, err := base64.StdEncoding.DecodeString(encoded + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("has a character other than letters and digits; copy it from the console")
	}
	return key, nil
}

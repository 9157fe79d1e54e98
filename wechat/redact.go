package wechat

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

const redacted = "[redacted]"

// secretPattern finds what looks like a credential in text that others wrote: a query such as
// access_token=T, or a JSON member, also when the text was cut off in its middle.
var secretPattern = regexp.MustCompile(
	`(?i)((?:access_token|refresh_token|secret|appsecret|verify_ticket|auth_code|authorization_code)(?:=|\\?"\s*:\s*\\?"))[^&\s"'<>\\]+`)

// passwordPattern finds user and password in the address of a proxy, also in one that cannot be
// parsed: net/http quotes it.
var passwordPattern = regexp.MustCompile(`([/"' ]|^)[^/"'\s:@]+:[^/"'\s]+[^/"'\n]*@`)

// personalPattern finds openids in the same places. They are no secrets, and yet nothing for a
// log.
var personalPattern = regexp.MustCompile(`(?i)((?:openid|touser)(?:=|\\?"\s*:\s*\\?"))[^&\s"'<>\\]+`)

// listPattern finds lists of openids.
var listPattern = regexp.MustCompile(`(?i)(openid(?:_list)?\\?"\s*:\s*\[)[^\]]+`)

// redactAll is redactText for errors, which may hold no openid either.
func redactAll(text string, secrets ...string) string {
	text = personalPattern.ReplaceAllString(redactText(text, secrets...), "${1}"+redacted)
	return listPattern.ReplaceAllString(text, "${1}"+redacted)
}

// redactText replaces the given secrets and all that looks like one.
func redactText(text string, secrets ...string) string {
	for _, s := range secrets {
		if s == "" {
			continue
		}
		text = strings.ReplaceAll(text, s, redacted)
		if q := url.QueryEscape(s); q != s {
			text = strings.ReplaceAll(text, q, redacted)
		}
	}
	if strings.Contains(text, "proxy address") {
		text = passwordPattern.ReplaceAllString(text, "${1}"+redacted+"@")
	}
	return secretPattern.ReplaceAllString(text, "${1}"+redacted)
}

// redactError returns err without the address that net/http puts in front of it. If a secret
// or such an address is left anywhere in its tree, the result has the redacted text and answers errors.Is as err
// does, but gives nobody the tree.
func redactError(err error, secrets ...string) error {
	var urlErr *url.Error
	switch {
	case !errors.As(err, &urlErr):
	case err == error(urlErr):
		err = urlErr.Err
	case urlErr.URL != "":
		secrets = append(secrets, urlErr.URL)
	}
	if err == nil || !leaks(err, secrets) {
		return err
	}
	return &opaqueError{text: redactAll(err.Error(), secrets...), is: func(target error) bool { return errors.Is(err, target) }}
}

// leaks reports whether the text of err, or of any error that it wraps, would be redacted.
func leaks(err error, secrets []string) bool {
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if redactAll(text, secrets...) != text {
			return true
		}
	}
	switch wrapped := err.(type) {
	case interface{ Unwrap() error }:
		if inner := wrapped.Unwrap(); inner != nil {
			return leaks(inner, secrets)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range wrapped.Unwrap() {
			if inner != nil && leaks(inner, secrets) {
				return true
			}
		}
	}
	return false
}

// opaqueError stands for an error whose text had to be redacted.
type opaqueError struct {
	text string
	is   func(error) bool // a func, so that no way of printing shows what it holds
}

func (e *opaqueError) Error() string        { return e.text }
func (e *opaqueError) Is(target error) bool { return e.is(target) }

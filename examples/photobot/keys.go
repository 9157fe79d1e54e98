package main

import (
	"strings"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/photolink"
)

// simulationKey signs and hashes what never leaves the machine.
const (
	simulationKey   = "the key of a simulation is no secret"
	simulationToken = "simulation"
)

// lookUp reads a variable without the spaces and line ends that copying adds.
func (p *program) lookUp(name string) string { return strings.TrimSpace(p.getenv(name)) }

// simulated reports whether nothing speaks of a real account, or -simulate.
func (p *program) simulated() bool {
	return p.simulate || p.lookUp(account.EnvAppID) == "" && len(p.real(p.getenv)) == 0
}

// codeKeys returns the keys that hash codes, the one for new ones first: what
// hashes openids too, then whatever has done so before.
func (p *program) codeKeys() ([]string, error) {
	var keys []string
	for _, name := range []string{"WXHOME_PRIVACY_KEY", "WXHOME_PRIVACY_KEY_PREVIOUS", "WXHOME_LINK_KEY", "WXHOME_LINK_KEY_PREVIOUS"} {
		key := p.lookUp(name)
		if key == "" {
			continue
		}
		if len(key) < photolink.MinKey {
			return nil, usage(p.text("%s must have at least %d characters", name, photolink.MinKey))
		}
		keys = append(keys, key)
	}
	switch {
	case len(keys) > 0:
		return keys, nil
	case p.simulated():
		return []string{simulationKey}, nil
	}
	return nil, usage(p.text("WXHOME_LINK_KEY is missing: a secret of at least %d characters that batchpush knows too", photolink.MinKey))
}

// linkKeys returns the key that signs links, and the one before.
func (p *program) linkKeys() (key, previous string, err error) {
	key, previous = p.lookUp("WXHOME_LINK_KEY"), p.lookUp("WXHOME_LINK_KEY_PREVIOUS")
	switch {
	case key == "" && p.simulated():
		key = simulationKey
	case len(key) < photolink.MinKey:
		return "", "", usage(p.text("WXHOME_LINK_KEY is missing: a secret of at least %d characters that batchpush knows too", photolink.MinKey))
	}
	return key, previous, nil
}

// callbackAccount is what the console says about the callback.
func (p *program) callbackAccount(appID string) (callback.Account, error) {
	a := callback.Account{
		AppID: appID, Token: p.lookUp("WECHAT_TOKEN"), AESKey: p.lookUp("WECHAT_AES_KEY"),
		PreviousToken: p.lookUp("WECHAT_TOKEN_PREVIOUS"), PreviousAESKey: p.lookUp("WECHAT_AES_KEY_PREVIOUS"),
	}
	if a.Token == "" {
		if !p.simulated() {
			return a, usage(p.text("WECHAT_TOKEN is missing: the Token (令牌) of the console's callback settings (消息推送)"))
		}
		a.Token = simulationToken
	}
	return a, nil
}

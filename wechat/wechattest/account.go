package wechattest

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"sync/atomic"
)

// An Account is an Official Account (公众号) of the simulation, with tokens,
// followers, templates and quotas of its own. A [Server] embeds its first one.
type Account struct {
	AppID     string // read-only
	AppSecret string // read-only

	server *Server

	followersMu sync.RWMutex // guards followers
	followers   crowd

	templatesMu sync.Mutex // held while templates is replaced
	templates   atomic.Pointer[templates]
	industry    industry

	chats         chats
	menus         menus
	staff         staff
	subscriptions subscriptions
	codes         codeBook
	shortKeys     shortKeys
	box           draftBox
	mass          massBook

	classic, stable grant
	byPlatform      grant // tokens that a third-party platform has fetched
	usage           usageBook
	webAuth         webAuth
	tickets         ticketBook

	line     atomic.Pointer[line] // where pushes go; nil: nowhere
	receipts atomic.Pointer[Receipts]
}

// AddAccount adds an account. It panics when the AppID or the secret is empty
// or the AppID is taken.
func (s *Server) AddAccount(appID, appSecret string) *Account {
	if appID == "" || appSecret == "" {
		panic("wechattest: an account needs an AppID and an AppSecret")
	}
	a := &Account{AppID: appID, AppSecret: appSecret, server: s, followers: newCrowd()}
	a.templates.Store(&templates{})
	s.accountsMu.Lock()
	defer s.accountsMu.Unlock()
	if s.accounts[appID] != nil || s.platforms[appID] != nil {
		panic("wechattest: there is an account " + appID + " already")
	}
	s.accounts[appID] = a
	return a
}

// OriginalID returns the account's original id (原始ID), which is ToUserName in what is pushed to
// it: gh_ and 12 hexadecimal digits that depend on the AppID alone, or the OriginalID of its
// [Callback].
func (a *Account) OriginalID() string {
	if l := a.line.Load(); l != nil {
		return l.OriginalID
	}
	return originalIDOf(a.AppID)
}

func originalIDOf(appID string) string {
	sum := sha256.Sum256([]byte(appID))
	return "gh_" + hex.EncodeToString(sum[:6])
}

// account returns the account of an AppID; nil: there is none.
func (s *Server) account(appID string) *Account {
	s.accountsMu.RLock()
	defer s.accountsMu.RUnlock()
	return s.accounts[appID]
}

// ownsSecret reports whether a secret is that of some account.
func (s *Server) ownsSecret(secret string) bool {
	s.accountsMu.RLock()
	defer s.accountsMu.RUnlock()
	for _, a := range s.accounts {
		if a.AppSecret == secret {
			return true
		}
	}
	return false
}

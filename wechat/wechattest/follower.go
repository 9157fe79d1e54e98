package wechattest

// Follower is what an openid is to an account (关注状态). The zero value is
// [Stranger], so that a rule which forgets an openid has it refused.
type Follower int

// The states of a follower, with what a message to one is answered.
const (
	Stranger    Follower = iota // no openid of this account, or one that never followed: 40003
	Following                   // follows the account: messages are accepted
	Left                        // followed once and left (取消关注): 43004
	Blacklisted                 // on the account's blacklist (黑名单): 43019
	Rejecting                   // follows, and rejects the account's messages (拒收): 48002
)

// refusal returns the errcode for a message to such a follower; 0 is none.
func (f Follower) refusal() int {
	switch f {
	case Following:
		return 0
	case Left:
		return 43004
	case Blacklisted:
		return 43019
	case Rejecting:
		return 48002
	}
	return 40003
}

// Follow makes the openids followers of the account: messages to them are
// accepted from now on. It opens no window for customer-service messages, as
// [Account.Interact] does.
func (a *Account) Follow(openids ...string) { a.SetFollower(Following, openids...) }

// Unfollow lets the openids leave the account: messages to them are refused
// with 43004, whether they followed it before or not.
func (a *Account) Unfollow(openids ...string) { a.SetFollower(Left, openids...) }

// follows reports whether such a person is one of the account's followers.
func (f Follower) follows() bool { return f == Following || f == Blacklisted || f == Rejecting }

// SetFollower puts the openids into a state. It wins over the rule of
// [WithFollowers]. Each openid takes about 200 bytes of memory for as long as
// the server lives; for millions of them use the rule. The list of followers
// (user/get) has those who were put into a state, and none of the rule's.
//
// Who leaves the account loses tags and remark.
func (a *Account) SetFollower(state Follower, openids ...string) {
	now := a.server.Now()
	a.followersMu.Lock()
	defer a.followersMu.Unlock()
	for _, id := range openids {
		a.followers.set(id, state, now)
	}
}

// follower returns the state of an openid.
func (a *Account) follower(openid string) Follower {
	a.followersMu.RLock()
	p, ok := a.followers.people[openid]
	a.followersMu.RUnlock()
	if !ok && a.server.rule != nil && openid != "" {
		return a.server.rule(a.AppID, openid)
	}
	return p.state
}

package wechattest

import "strconv"

// lastTag returns the tag that was put on a follower last; empty: they have none.
func (a *Account) lastTag(openid string) string {
	a.followersMu.RLock()
	defer a.followersMu.RUnlock()
	p := a.followers.profiles[openid]
	if p == nil || len(p.tags) == 0 {
		return ""
	}
	return strconv.Itoa(p.tags[len(p.tags)-1])
}

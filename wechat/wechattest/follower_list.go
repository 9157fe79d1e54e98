package wechattest

import (
	"slices"
	"time"
)

// crowd are the people who have to do with an account, and what it says of them. The account's
// followersMu guards it.
type crowd struct {
	people    map[string]person
	following roll
	blacklist roll
	profiles  map[string]*profile
	tags      []*tag
	lastTag   int
	moved     map[string]map[string]string // new openids by the old account's AppID and the old openid
}

// person is somebody who was put into a state.
type person struct {
	state Follower
	since time.Time // of the last follow
}

// profile is what else there is about somebody.
type profile struct {
	remark    string
	tags      []int // in the order in which they were given
	source    string
	scene     int64  // of the code by which they followed, if it is a number
	sceneText string // and if it is a text
}

func newCrowd() crowd {
	return crowd{
		people: make(map[string]person), following: newRoll(), blacklist: newRoll(), profiles: make(map[string]*profile),
		tags: []*tag{{id: starTag, name: "星标组", members: newRoll()}}, lastTag: firstTag - 1,
	}
}

// set puts somebody into a state.
func (c *crowd) set(openid string, state Follower, now time.Time) {
	p := c.people[openid]
	if state.follows() && !p.state.follows() {
		p.since = now
	}
	p.state = state
	c.people[openid] = p
	if state.follows() {
		c.following.add(openid)
	} else {
		c.following.remove(openid)
		c.forget(openid)
	}
	if state == Blacklisted {
		c.blacklist.add(openid)
	} else {
		c.blacklist.remove(openid)
	}
}

// forget drops what the account says of somebody who has left.
func (c *crowd) forget(openid string) {
	if p := c.profiles[openid]; p != nil {
		for _, id := range p.tags {
			c.tag(id).members.remove(openid)
		}
		delete(c.profiles, openid)
	}
}

// profile returns what there is about somebody.
func (c *crowd) profile(openid string) *profile {
	p := c.profiles[openid]
	if p == nil {
		p = new(profile)
		c.profiles[openid] = p
	}
	return p
}

// roll is a list of openids in the order in which they came. It is read page by page, also behind one
// that has left meanwhile.
type roll struct {
	order  []string
	places map[string]int // from 1 on in order; negative: has left
	size   int
}

func newRoll() roll { return roll{places: make(map[string]int)} }

func (r *roll) has(openid string) bool { return r.places[openid] > 0 }

// add puts an openid at the end, unless it is there.
func (r *roll) add(openid string) {
	if !r.has(openid) {
		r.order = append(r.order, openid)
		r.places[openid] = len(r.order)
		r.size++
	}
}

func (r *roll) remove(openid string) {
	if r.has(openid) {
		r.places[openid] = -r.places[openid]
		r.size--
	}
}

// page returns the openids behind after, most of them at a time; false: after was never there.
func (r *roll) page(after string, most int) (openids []string, ok bool) {
	start := max(r.places[after], -r.places[after])
	if start == 0 && after != "" {
		return nil, false
	}
	for i := start; i < len(r.order) && len(openids) < most; i++ {
		if id := r.order[i]; r.places[id] == i+1 {
			openids = append(openids, id)
		}
	}
	return openids, true
}

// rollReply is a page of openids.
type rollReply struct {
	Total *int      `json:"total,omitempty"`
	Count int       `json:"count"`
	Data  *rollData `json:"data,omitempty"`
	Next  *string   `json:"next_openid,omitempty"`
}

type rollData struct {
	OpenIDs []string `json:"openid"`
}

// newRollReply returns a page. An empty one has no data, and where bare says so nothing but its count.
func newRollReply(openids []string, bare bool) rollReply {
	r := rollReply{Count: len(openids)}
	next := ""
	if len(openids) > 0 {
		next, r.Data = openids[len(openids)-1], &rollData{slices.Clone(openids)}
	}
	if len(openids) > 0 || !bare {
		r.Next = &next
	}
	return r
}

// listFollowers serves GET /cgi-bin/user/get.
func (c *call) listFollowers() reply {
	a := c.account
	a.followersMu.RLock()
	defer a.followersMu.RUnlock()
	openids, ok := a.followers.following.page(c.query("next_openid"), followersPage)
	if !ok {
		return c.refuse(40003)
	}
	r := newRollReply(openids, false)
	r.Total = &a.followers.following.size
	return c.success(r)
}

// listBlacklist serves POST /cgi-bin/tags/members/getblacklist.
func (c *call) listBlacklist() reply {
	in := c.object()
	after := in.text("begin_openid")
	if *in.wrong {
		return c.refuse(47001)
	}
	a := c.account
	a.followersMu.RLock()
	defer a.followersMu.RUnlock()
	openids, ok := a.followers.blacklist.page(after, blacklistPage)
	if !ok {
		return c.refuse(40003)
	}
	r := newRollReply(openids, false)
	r.Total = &a.followers.blacklist.size
	return c.success(r)
}

// block serves POST /cgi-bin/tags/members/batchblacklist.
func (c *call) block() reply { return c.setBlocked(Blacklisted) }

// unblock serves POST /cgi-bin/tags/members/batchunblacklist.
func (c *call) unblock() reply { return c.setBlocked(Following) }

func (c *call) setBlocked(state Follower) reply {
	in := c.object()
	openids := in.texts("openid_list")
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case len(openids) == 0 || len(openids) > maxBlocked:
		return c.refuse(40032)
	}
	for _, id := range openids {
		if !c.account.follower(id).follows() {
			return c.refuse(49003)
		}
	}
	for _, id := range openids {
		if (c.account.follower(id) == Blacklisted) != (state == Blacklisted) {
			c.account.SetFollower(state, id)
		}
	}
	return c.done()
}

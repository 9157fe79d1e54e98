package wechattest

import (
	"slices"
	"unicode/utf8"
)

// The platform's limits on tags.
const (
	starTag       = 2   // 星标组, which is there from the beginning
	firstTag      = 100 // the id of the first that an account makes
	maxTags       = 100
	maxTagName    = 30 // characters
	maxTagged     = 50 // openids in a call
	maxTagsOfOne  = 20
	maxTagDeleted = 100_000 // followers of a tag that can be deleted
	tagPage       = 10_000
)

// tag is a tag (标签) and who has it.
type tag struct {
	id      int
	name    string
	members roll
}

// tag returns a tag; nil: there is none.
func (c *crowd) tag(id int) *tag {
	i := slices.IndexFunc(c.tags, func(t *tag) bool { return t.id == id })
	if i < 0 {
		return nil
	}
	return c.tags[i]
}

// addTag makes a tag.
func (c *crowd) addTag(name string) *tag {
	c.lastTag++
	t := &tag{id: c.lastTag, name: name, members: newRoll()}
	c.tags = append(c.tags, t)
	return t
}

// give gives somebody a tag, unless they have it.
func (c *crowd) give(t *tag, openid string) {
	if !t.members.has(openid) {
		t.members.add(openid)
		p := c.profile(openid)
		p.tags = append(p.tags, t.id)
	}
}

// take takes a tag off somebody.
func (c *crowd) take(t *tag, openid string) {
	if t.members.has(openid) {
		t.members.remove(openid)
		p := c.profile(openid)
		p.tags = slices.DeleteFunc(p.tags, func(id int) bool { return id == t.id })
	}
}

// AddTag makes a tag (标签), gives it to the openids, who should follow the account, and returns its id. It
// looks at none of the platform's limits.
func (a *Account) AddTag(name string, openids ...string) (id int) {
	a.followersMu.Lock()
	defer a.followersMu.Unlock()
	t := a.followers.addTag(name)
	for _, openid := range openids {
		a.followers.give(t, openid)
	}
	return t.id
}

type tagItem struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	// Count is missing where a tag was just made
	Count *int `json:"count,omitempty"`
}

// createTag serves POST /cgi-bin/tags/create.
func (c *call) createTag() reply {
	in := c.object()
	name := in.object("tag").text("name")
	crowd := &c.account.followers
	c.account.followersMu.Lock()
	defer c.account.followersMu.Unlock()
	code := crowd.checkTagName(name, 0)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case code != 0:
		return c.refuse(code)
	case len(crowd.tags) > maxTags: // the platform's own does not count
		return c.refuse(45056)
	}
	t := crowd.addTag(name)
	return c.success(struct {
		Tag tagItem `json:"tag"`
	}{tagItem{ID: t.id, Name: t.name}})
}

// checkTagName checks a name for the tag with this id.
func (c *crowd) checkTagName(name string, id int) (code int) {
	switch {
	case name == "":
		return 45157
	case utf8.RuneCountInString(name) > maxTagName:
		return 45158
	case slices.ContainsFunc(c.tags, func(t *tag) bool { return t.name == name && t.id != id }):
		return 45157
	}
	return 0
}

// listTags serves GET /cgi-bin/tags/get.
func (c *call) listTags() reply {
	c.account.followersMu.RLock()
	defer c.account.followersMu.RUnlock()
	items := []tagItem{}
	for _, t := range c.account.followers.tags {
		items = append(items, tagItem{t.id, t.name, &t.members.size})
	}
	return c.success(struct {
		Tags []tagItem `json:"tags"`
	}{items})
}

// changeTag has change edit the tag that the body names, which is one of the account's own.
func (c *call) changeTag(change func(in object, t *tag) (code int)) reply {
	in := c.object()
	body := in.object("tag")
	id := int(body.number("id"))
	c.account.followersMu.Lock()
	defer c.account.followersMu.Unlock()
	t := c.account.followers.tag(id)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case body.has("id") && id >= 0 && id <= starTag:
		return c.refuse(45058)
	case t == nil:
		return c.refuse(45159)
	}
	code := change(body, t)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case code != 0:
		return c.refuse(code)
	}
	return c.done()
}

// updateTag serves POST /cgi-bin/tags/update.
func (c *call) updateTag() reply {
	return c.changeTag(func(in object, t *tag) int {
		name := in.text("name")
		if code := c.account.followers.checkTagName(name, t.id); code != 0 {
			return code
		}
		t.name = name
		return 0
	})
}

// deleteTag serves POST /cgi-bin/tags/delete.
func (c *call) deleteTag() reply {
	return c.changeTag(func(_ object, t *tag) int {
		if t.members.size > maxTagDeleted {
			return 45057
		}
		crowd := &c.account.followers
		for _, openid := range t.members.order {
			crowd.take(t, openid)
		}
		crowd.tags = slices.DeleteFunc(crowd.tags, func(other *tag) bool { return other == t })
		return 0
	})
}

// listTagMembers serves POST /cgi-bin/user/tag/get.
func (c *call) listTagMembers() reply {
	in := c.object()
	id, after := int(in.number("tagid")), in.text("next_openid")
	c.account.followersMu.RLock()
	defer c.account.followersMu.RUnlock()
	t := c.account.followers.tag(id)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case t == nil:
		return c.refuse(45159)
	}
	openids, ok := t.members.page(after, tagPage)
	if !ok {
		return c.refuse(40003)
	}
	return c.success(newRollReply(openids, true))
}

// tagFollowers serves POST /cgi-bin/tags/members/batchtagging.
func (c *call) tagFollowers() reply {
	return c.changeTagged(func(crowd *crowd, t *tag, openids []string) (code int) {
		for _, id := range openids {
			if !t.members.has(id) && crowd.profiles[id] != nil && len(crowd.profiles[id].tags) >= maxTagsOfOne {
				return 45059
			}
		}
		for _, id := range openids {
			crowd.give(t, id)
		}
		return 0
	})
}

// untagFollowers serves POST /cgi-bin/tags/members/batchuntagging.
func (c *call) untagFollowers() reply {
	return c.changeTagged(func(crowd *crowd, t *tag, openids []string) (code int) {
		for _, id := range openids {
			crowd.take(t, id)
		}
		return 0
	})
}

// changeTagged has change give a tag to the followers among the openids of the body, or take it off. Who
// has left fails alone.
func (c *call) changeTagged(change func(crowd *crowd, t *tag, openids []string) (code int)) reply {
	in := c.object()
	openids, id := in.texts("openid_list"), int(in.number("tagid"))
	var followers, left []string
	strangers := false
	for _, id := range openids {
		switch state := c.account.follower(id); {
		case state == Stranger:
			strangers = true
		case !state.follows():
			left = append(left, id)
		default:
			followers = append(followers, id)
		}
	}
	c.account.followersMu.Lock()
	defer c.account.followersMu.Unlock()
	t := c.account.followers.tag(id)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case len(openids) == 0 || len(openids) > maxTagged:
		return c.refuse(40032)
	case t == nil:
		return c.refuse(45159)
	case strangers:
		return c.refuse(40003)
	}
	if code := change(&c.account.followers, t, followers); code != 0 {
		return c.refuse(code)
	}
	if len(left) > 0 {
		return c.refuseSome(left)
	}
	return c.done()
}

// refuseSome answers that some of the openids failed.
func (c *call) refuseSome(openids []string) reply {
	r := c.refuse(45171)
	r.body = append(r.body[:len(r.body)-1], `,"fail_openid_list":`...)
	r.body = append(append(r.body, encode(openids)...), '}')
	return r
}

// listTagsOf serves POST /cgi-bin/tags/getidlist.
func (c *call) listTagsOf() reply {
	in := c.object()
	openid := in.text("openid")
	state := c.account.follower(openid)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case state == Stranger:
		return c.refuse(40003)
	case !state.follows():
		return c.refuse(50005)
	}
	c.account.followersMu.RLock()
	defer c.account.followersMu.RUnlock()
	tags := []int{}
	if p := c.account.followers.profiles[openid]; p != nil {
		tags = append(tags, p.tags...)
	}
	return c.success(struct {
		Tags []int `json:"tagid_list"`
	}{tags})
}

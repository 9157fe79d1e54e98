package wechattest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The platform's limits on followers.
const (
	followersPage = 10_000
	blacklistPage = 1000
	maxInfos      = 100
	maxChanged    = 100
	maxBlocked    = 20
	maxRemark     = 29 // bytes
)

// addFollowerRoutes adds the paths of followers, their tags and the blacklist.
func addFollowerRoutes(routes map[string]*route) {
	for _, r := range []*route{
		{path: "/cgi-bin/user/get", method: http.MethodGet, serve: (*call).listFollowers},
		{path: "/cgi-bin/user/info", method: http.MethodGet, serve: (*call).getFollower},
		{path: "/cgi-bin/user/info/batchget", method: http.MethodPost, serve: (*call).getFollowers},
		{path: "/cgi-bin/user/info/updateremark", method: http.MethodPost, serve: (*call).setRemark},
		{path: "/cgi-bin/changeopenid", method: http.MethodPost, serve: (*call).changeOpenIDs},
		{path: "/cgi-bin/tags/create", method: http.MethodPost, serve: (*call).createTag},
		{path: "/cgi-bin/tags/get", method: http.MethodGet, serve: (*call).listTags},
		{path: "/cgi-bin/tags/update", method: http.MethodPost, serve: (*call).updateTag},
		{path: "/cgi-bin/tags/delete", method: http.MethodPost, serve: (*call).deleteTag},
		{path: "/cgi-bin/user/tag/get", method: http.MethodPost, serve: (*call).listTagMembers},
		{path: "/cgi-bin/tags/members/batchtagging", method: http.MethodPost, serve: (*call).tagFollowers},
		{path: "/cgi-bin/tags/members/batchuntagging", method: http.MethodPost, serve: (*call).untagFollowers},
		{path: "/cgi-bin/tags/getidlist", method: http.MethodPost, serve: (*call).listTagsOf},
		{path: "/cgi-bin/tags/members/getblacklist", method: http.MethodPost, serve: (*call).listBlacklist},
		{path: "/cgi-bin/tags/members/batchblacklist", method: http.MethodPost, serve: (*call).block},
		{path: "/cgi-bin/tags/members/batchunblacklist", method: http.MethodPost, serve: (*call).unblock},
	} {
		routes[r.path] = r
	}
}

// followerErrmsgs returns the texts of followers, tags, codes and short keys.
func followerErrmsgs() map[int]string {
	return map[int]string{
		40032:   "invalid openid list size",
		40052:   "invalid action name",
		40053:   "invalid action info",
		40092:   "invalid remark name",
		40129:   "invalid scene",
		41009:   "missing openid",
		45029:   "qrcode count out of limit",
		45056:   "too many tag now, no need to add new",
		45057:   "can't delete the tag that has too many fans",
		45058:   "can't modify sys tag",
		45059:   "can not tagging one user too much",
		45157:   "invalid tag name",
		45158:   "tag name too long",
		45159:   "invalid tag id",
		45171:   "some openid fail",
		49003:   "not match openid with appid",
		50005:   "user is unsubscribed",
		9410010: "long_data size out of limit",
		9410011: "expire_seconds out of limit",
		9410012: "short_key not found",
	}
}

// infoReply is what WeChat tells of a follower. Nickname, picture, sex and region have been empty
// since 2021.
type infoReply struct {
	Subscribe  int    `json:"subscribe"`
	OpenID     string `json:"openid"`
	Nickname   string `json:"nickname"`
	Sex        int    `json:"sex"`
	Language   string `json:"language"`
	City       string `json:"city"`
	Province   string `json:"province"`
	Country    string `json:"country"`
	HeadImgURL string `json:"headimgurl"`
	Since      int64  `json:"subscribe_time"`
	Remark     string `json:"remark"`
	GroupID    int    `json:"groupid"`
	Tags       []int  `json:"tagid_list"`
	Source     string `json:"subscribe_scene"`
	Scene      int64  `json:"qr_scene"`
	SceneText  string `json:"qr_scene_str"`
}

// strangerReply is what WeChat tells of somebody who has left.
type strangerReply struct {
	Subscribe int    `json:"subscribe"`
	OpenID    string `json:"openid"`
}

// infoOf returns what WeChat tells of an openid that is not a stranger's.
func (a *Account) infoOf(openid, lang string) any {
	if !a.follower(openid).follows() {
		return strangerReply{OpenID: openid}
	}
	if lang == "" {
		lang = "zh_CN"
	}
	a.followersMu.RLock()
	defer a.followersMu.RUnlock()
	r := infoReply{Subscribe: 1, OpenID: openid, Language: lang, Tags: []int{}, Source: "ADD_SCENE_SEARCH"}
	if p, ok := a.followers.people[openid]; ok {
		r.Since = p.since.Unix()
	} else {
		r.Since = 1641364601 // one of the rule's has no time of its own
	}
	if p := a.followers.profiles[openid]; p != nil {
		r.Remark, r.Scene, r.SceneText = p.remark, p.scene, p.sceneText
		r.Tags = append(r.Tags, p.tags...)
		if p.source != "" {
			r.Source = p.source
		}
	}
	return r
}

func validLang(lang string) bool { return slices.Contains([]string{"", "zh_CN", "zh_TW", "en"}, lang) }

// getFollower serves GET /cgi-bin/user/info.
func (c *call) getFollower() reply {
	openid, lang := c.query("openid"), c.query("lang")
	switch {
	case openid == "":
		return c.refuse(41009)
	case c.account.follower(openid) == Stranger:
		return c.refuse(40003)
	case !validLang(lang):
		return c.refuse(40097)
	}
	return c.success(c.account.infoOf(openid, lang))
}

// getFollowers serves POST /cgi-bin/user/info/batchget. It answers in another order than it was asked.
func (c *call) getFollowers() reply {
	in := c.object()
	users := in.objects("user_list")
	infos := []any{}
	code := 0
	for _, u := range users {
		openid, lang := u.text("openid"), u.text("lang")
		switch {
		case *in.wrong:
			return c.refuse(47001)
		case c.account.follower(openid) == Stranger:
			code = 40003
		case !validLang(lang):
			code = 40097
		default:
			infos = append(infos, c.account.infoOf(openid, lang))
		}
	}
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case len(users) == 0 || len(users) > maxInfos:
		return c.refuse(40032)
	case code != 0:
		return c.refuse(code)
	}
	slices.Reverse(infos)
	return c.success(struct {
		List []any `json:"user_info_list"`
	}{infos})
}

// setRemark serves POST /cgi-bin/user/info/updateremark.
func (c *call) setRemark() reply {
	in := c.object()
	openid, remark := in.text("openid"), in.text("remark")
	state := c.account.follower(openid)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case state == Stranger:
		return c.refuse(40003)
	case !state.follows():
		return c.refuse(43004)
	case len(remark) > maxRemark:
		return c.refuse(40092)
	}
	c.account.followersMu.Lock()
	defer c.account.followersMu.Unlock()
	c.account.followers.profile(openid).remark = remark
	return c.done()
}

// MoveFrom moves the followers of another account to this one (账号迁移): oldAppID is that account's, and
// openids has the new openid for each old one. The people follow this account from then on, and
// changeopenid knows them.
func (a *Account) MoveFrom(oldAppID string, openids map[string]string) {
	for _, old := range slices.Sorted(maps.Keys(openids)) {
		a.Follow(openids[old])
		a.followersMu.Lock()
		a.followers.profile(openids[old]).source = "ADD_SCENE_ACCOUNT_MIGRATION"
		a.followersMu.Unlock()
	}
	a.followersMu.Lock()
	defer a.followersMu.Unlock()
	if a.followers.moved == nil {
		a.followers.moved = make(map[string]map[string]string)
	}
	a.followers.moved[oldAppID] = maps.Clone(openids)
}

type changedItem struct {
	Old   string `json:"ori_openid"`
	New   string `json:"new_openid,omitempty"`
	State string `json:"err_msg"`
}

// changeOpenIDs serves POST /cgi-bin/changeopenid.
func (c *call) changeOpenIDs() reply {
	in := c.object()
	from, openids := in.text("from_appid"), in.texts("openid_list")
	c.account.followersMu.RLock()
	defer c.account.followersMu.RUnlock()
	moved, ok := c.account.followers.moved[from]
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case !ok:
		return c.refuse(40013)
	case len(openids) == 0 || len(openids) > maxChanged:
		return c.refuse(40032)
	}
	items := []changedItem{}
	for _, old := range openids {
		item := changedItem{Old: old, New: moved[old], State: "ok"}
		if item.New == "" {
			item.State = "ori_openid error"
		}
		items = append(items, item)
	}
	return c.success(struct {
		Code    int           `json:"errcode"`
		Message string        `json:"errmsg"`
		List    []changedItem `json:"result_list"`
	}{0, "ok", items})
}

// noteOrigin notes how somebody came who now follows.
func (a *Account) noteOrigin(p Push) {
	key, ticket := p.text("EventKey"), p.text("Ticket")
	code, known := a.codes.find(ticket)
	scene, scanned := strings.CutPrefix(key, "qrscene_")
	paid := strings.HasPrefix(key, "last_trade_no_")
	if !scanned && !paid {
		return
	}
	a.followersMu.Lock()
	defer a.followersMu.Unlock()
	of := a.followers.profile(p.From)
	of.source, of.scene, of.sceneText = "ADD_SCENE_PAID", 0, ""
	switch {
	case paid:
		return
	case known && code.number != 0:
		of.scene = code.number
	default:
		of.sceneText = scene
	}
	of.source = "ADD_SCENE_QR_CODE"
}

// text returns the string of an element; empty: there is none.
func (p Push) text(name string) string {
	for _, e := range p.Elements {
		if text, ok := e.Value.(string); ok && e.Name == name {
			return text
		}
	}
	return ""
}

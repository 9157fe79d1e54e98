package wechattest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/org/wxhome/wechat/menu"
)

// addMenuRoutes adds the paths of menus.
func addMenuRoutes(routes map[string]*route) {
	for _, r := range []*route{
		{path: "/cgi-bin/menu/create", method: http.MethodPost, serve: (*call).createMenu},
		{path: "/cgi-bin/menu/get", method: http.MethodGet, serve: (*call).getMenu},
		{path: "/cgi-bin/menu/delete", method: http.MethodGet, serve: (*call).deleteMenu},
		{path: "/cgi-bin/get_current_selfmenu_info", method: http.MethodGet, serve: (*call).currentMenu},
		{path: "/cgi-bin/menu/addconditional", method: http.MethodPost, serve: (*call).addConditionalMenu},
		{path: "/cgi-bin/menu/delconditional", method: http.MethodPost, serve: (*call).deleteConditionalMenu},
		{path: "/cgi-bin/menu/trymatch", method: http.MethodPost, serve: (*call).tryMenu},
	} {
		routes[r.path] = r
	}
}

// firstMenuID is the menuid before the first.
const firstMenuID = 208396937

// menus are an account's menus (自定义菜单).
type menus struct {
	mu          sync.Mutex // guards the fields below
	body        string     // by which the default one was created; empty: there is none
	standard    menuEntry
	conditional []menuEntry // the oldest first
	last        int64       // menuid
	platforms   map[string]menu.Platform
}

// menuEntry is one menu. A rule that is empty is that of the default one.
type menuEntry struct {
	id      int64
	buttons []menuButton
	rule    menuRule
}

// menuButton is a button as menu/get tells it: with an empty sub_button where it has none.
type menuButton struct {
	Type      string       `json:"type,omitempty"`
	Name      string       `json:"name"`
	Key       string       `json:"key,omitempty"`
	URL       string       `json:"url,omitempty"`
	AppID     string       `json:"appid,omitempty"`
	PagePath  string       `json:"pagepath,omitempty"`
	MediaID   string       `json:"media_id,omitempty"`
	ArticleID string       `json:"article_id,omitempty"`
	Sub       []menuButton `json:"sub_button"`
}

type menuRule struct {
	TagID    string `json:"tag_id,omitempty"`
	Platform string `json:"client_platform_type,omitempty"`
}

// Menu returns the body by which the account's default menu (自定义菜单) was created; empty: it has
// none.
func (a *Account) Menu() string {
	a.menus.mu.Lock()
	defer a.menus.mu.Unlock()
	return a.menus.body
}

// SetPlatform says which phones the openids use (client_platform_type). It decides which
// conditional menus (个性化菜单) they see. Without it a follower's phone is of no known kind.
func (a *Account) SetPlatform(p menu.Platform, openids ...string) {
	a.menus.mu.Lock()
	defer a.menus.mu.Unlock()
	if a.menus.platforms == nil {
		a.menus.platforms = make(map[string]menu.Platform)
	}
	for _, id := range openids {
		a.menus.platforms[id] = p
	}
}

// MenuOf returns the buttons that a follower sees: those of the newest conditional menu whose rule
// fits, or those of the default one. Nil: there is no menu.
func (a *Account) MenuOf(openid string) []menu.Button {
	seen, _ := a.menuOf(openid)
	return plainButtons(seen.buttons)
}

func plainButtons(buttons []menuButton) []menu.Button {
	var plain []menu.Button
	for _, b := range buttons {
		plain = append(plain, menu.Button{
			Type: menu.Type(b.Type), Name: b.Name, Key: b.Key, URL: b.URL, AppID: b.AppID, PagePath: b.PagePath,
			MediaID: b.MediaID, ArticleID: b.ArticleID, SubButtons: plainButtons(b.Sub),
		})
	}
	return plain
}

// menuOf returns the menu that a follower sees; false: there is none.
func (a *Account) menuOf(openid string) (menuEntry, bool) {
	tag := a.lastTag(openid)
	m := &a.menus
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.body == "" {
		return menuEntry{}, false
	}
	for _, c := range slices.Backward(m.conditional) {
		if c.rule.fits(tag, m.platforms[openid]) {
			return c, true
		}
	}
	return m.standard, true
}

// fits reports whether a follower with the tag and the phone sees the menu.
func (r menuRule) fits(tag string, p menu.Platform) bool {
	return (r.TagID == "" || r.TagID == tag) && (r.Platform == "" || r.Platform == strconv.Itoa(int(p)))
}

// createMenu serves POST /cgi-bin/menu/create.
func (c *call) createMenu() reply {
	in := c.object()
	buttons, code := readButtons(in, false)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case code != 0:
		return c.refuse(code)
	}
	m := &c.account.menus
	m.mu.Lock()
	defer m.mu.Unlock()
	m.body, m.standard = c.body, menuEntry{id: m.newID(), buttons: buttons}
	return c.done()
}

// newID returns a menuid. The caller holds m.mu.
func (m *menus) newID() int64 {
	if m.last == 0 {
		m.last = firstMenuID
	}
	m.last++
	return m.last
}

type menuReply struct {
	Buttons []menuButton `json:"button"`
	Rule    *menuRule    `json:"matchrule,omitempty"`
	ID      int64        `json:"menuid,omitempty"`
}

// getMenu serves GET /cgi-bin/menu/get.
func (c *call) getMenu() reply {
	m := &c.account.menus
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.body == "" {
		return c.refuse(46003)
	}
	var answer struct {
		Menu        menuReply   `json:"menu"`
		Conditional []menuReply `json:"conditionalmenu,omitempty"`
	}
	answer.Menu.Buttons = m.standard.buttons
	for _, entry := range slices.Backward(m.conditional) {
		answer.Menu.ID = m.standard.id // which is not told where there is no conditional one
		answer.Conditional = append(answer.Conditional, menuReply{entry.buttons, &entry.rule, entry.id})
	}
	return c.success(answer)
}

// deleteMenu serves GET /cgi-bin/menu/delete, which ends the conditional menus too.
func (c *call) deleteMenu() reply {
	m := &c.account.menus
	m.mu.Lock()
	defer m.mu.Unlock()
	m.body, m.standard, m.conditional = "", menuEntry{}, nil
	return c.done()
}

// currentButton is a button as get_current_selfmenu_info tells it.
type currentButton struct {
	menuButton
	Sub *currentList `json:"sub_button,omitempty"`
}

type currentList struct {
	List []currentButton `json:"list"`
}

func currentButtons(buttons []menuButton) []currentButton {
	current := []currentButton{}
	for _, b := range buttons {
		now := currentButton{menuButton: b}
		if len(b.Sub) > 0 {
			now.Sub = &currentList{currentButtons(b.Sub)}
		}
		current = append(current, now)
	}
	return current
}

// currentMenu serves GET /cgi-bin/get_current_selfmenu_info.
func (c *call) currentMenu() reply {
	m := &c.account.menus
	m.mu.Lock()
	defer m.mu.Unlock()
	var answer struct {
		Open int `json:"is_menu_open"`
		Info struct {
			Buttons []currentButton `json:"button"`
		} `json:"selfmenu_info"`
	}
	if m.body != "" {
		answer.Open = 1
	}
	answer.Info.Buttons = currentButtons(m.standard.buttons)
	return c.success(answer)
}

// withdrawnRules are members of a matchrule that WeChat has given up.
var withdrawnRules = []string{"sex", "country", "province", "city", "language"}

// addConditionalMenu serves POST /cgi-bin/menu/addconditional.
func (c *call) addConditionalMenu() reply {
	in := c.object()
	buttons, code := readButtons(in, true)
	rule, ruleCode := readRule(in.object("matchrule"))
	m := &c.account.menus
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case m.body == "":
		return c.refuse(65303)
	case ruleCode != 0:
		return c.refuse(ruleCode)
	case code != 0:
		return c.refuse(code)
	}
	added := menuEntry{buttons: buttons, rule: rule}
	if linkDomains(append(slices.Clone(m.conditional), added)) > maxLinkDomains {
		return c.refuse(65316)
	}
	added.id = m.newID()
	m.conditional = append(m.conditional, added)
	return c.success(struct {
		ID string `json:"menuid"`
	}{strconv.FormatInt(added.id, 10)})
}

// readRule reads a matchrule.
func readRule(in object) (rule menuRule, code int) {
	rule = menuRule{in.text("tag_id"), in.text("client_platform_type")}
	for _, name := range withdrawnRules {
		if in.text(name) != "" {
			return rule, 65320
		}
	}
	_, err := strconv.ParseUint(rule.TagID, 10, 63)
	switch {
	case rule == menuRule{}:
		return rule, 65304
	case rule.TagID != "" && err != nil, !slices.Contains([]string{"", "1", "2", "3"}, rule.Platform):
		return rule, 40097
	}
	return rule, 0
}

// linkDomains counts the hosts that the view buttons of menus lead to.
func linkDomains(entries []menuEntry) int {
	hosts := make(map[string]bool)
	for _, entry := range entries {
		for _, b := range entry.buttons {
			for _, b := range append(slices.Clone(b.Sub), b) {
				if u, err := url.Parse(b.URL); err == nil && b.Type == "view" {
					hosts[strings.ToLower(u.Hostname())] = true
				}
			}
		}
	}
	return len(hosts)
}

// deleteConditionalMenu serves POST /cgi-bin/menu/delconditional.
func (c *call) deleteConditionalMenu() reply {
	in := c.object()
	id := in.text("menuid")
	m := &c.account.menus
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.conditional, func(e menuEntry) bool { return strconv.FormatInt(e.id, 10) == id })
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case at < 0:
		return c.refuse(65301)
	}
	m.conditional = slices.Delete(m.conditional, at, at+1)
	return c.done()
}

// tryMenu serves POST /cgi-bin/menu/trymatch. WeChat names are not simulated.
func (c *call) tryMenu() reply {
	in := c.object()
	openid := in.text("user_id")
	switch state := c.account.follower(openid); {
	case *in.wrong:
		return c.refuse(47001)
	case state == Stranger:
		return c.refuse(65302)
	case state == Left:
		return c.refuse(65315)
	}
	seen, ok := c.account.menuOf(openid)
	if !ok {
		return c.refuse(46003)
	}
	return c.success(menuReply{Buttons: seen.buttons})
}

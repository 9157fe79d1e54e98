package wechattest

import "sync"

// The platform's limits on a menu.
const (
	maxButtons    = 3
	maxSubButtons = 5
	maxButtonName = 60   // bytes
	maxButtonKey  = 128  // bytes
	maxButtonURL  = 1024 // bytes
)

// menu is the account's own menu (自定义菜单).
type menu struct {
	mu   sync.Mutex // guards the field below
	body string     // as it was created; empty: there is none
}

// Menu returns the body by which the account's menu (自定义菜单) was created;
// empty: it has none.
func (a *Account) Menu() string {
	a.menu.mu.Lock()
	defer a.menu.mu.Unlock()
	return a.menu.body
}

func (m *menu) set(body string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.body = body
}

// createMenu serves POST /cgi-bin/menu/create.
func (c *call) createMenu() reply {
	in := c.object()
	code := checkButtons(in.objects("button"), maxButtons, 40016)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case code != 0:
		return c.refuse(code)
	}
	c.account.menu.set(c.body)
	return c.done()
}

func checkButtons(buttons []object, most, tooMany int) (code int) {
	if len(buttons) == 0 || len(buttons) > most {
		return tooMany
	}
	for _, b := range buttons {
		if code := checkButton(b, most == maxButtons); code != 0 {
			return code
		}
	}
	return 0
}

func checkButton(b object, top bool) (code int) {
	if name := b.text("name"); name == "" || len(name) > maxButtonName {
		return 40018
	}
	if top && b.has("sub_button") && b.members["sub_button"] != "[]" {
		return checkButtons(b.objects("sub_button"), maxSubButtons, 40023)
	}
	switch b.text("type") {
	case "":
		return 40017
	case "view":
		if url := b.text("url"); url == "" || len(url) > maxButtonURL {
			return 40020
		}
	case "miniprogram":
		if !validMiniAppID(b.text("appid")) {
			return 40166
		}
	case "media_id", "view_limited", "article_id", "article_view_limited":
	case "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		if key := b.text("key"); key == "" || len(key) > maxButtonKey {
			return 40019
		}
	default:
		return 40017
	}
	return 0
}

// getMenu serves GET /cgi-bin/menu/get.
func (c *call) getMenu() reply {
	body := c.account.Menu()
	if body == "" {
		return c.refuse(46003)
	}
	return reply{body: []byte(`{"menu":` + body + `}`)}
}

// deleteMenu serves GET /cgi-bin/menu/delete.
func (c *call) deleteMenu() reply {
	c.account.menu.set("")
	return c.done()
}

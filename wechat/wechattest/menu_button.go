package wechattest

import "net/url"

// The platform's limits on a menu.
const (
	maxButtons     = 3
	maxSubButtons  = 5
	maxButtonName  = 16   // bytes
	maxSubName     = 60   // bytes
	maxButtonKey   = 128  // bytes
	maxButtonURL   = 1024 // bytes
	maxLinkDomains = 3    // over all conditional menus
)

// buttonCodes are the errcodes for a button of one of the two levels, or of a conditional menu.
type buttonCodes struct{ kind, name, key, url, domain, media int }

// codesOf returns them; sub: for a button in sub_button.
func codesOf(sub, conditional bool) buttonCodes {
	codes := buttonCodes{kind: 40017, name: 40018, key: 40019, url: 40020, domain: 40055, media: 40117}
	if sub {
		codes = buttonCodes{kind: 40024, name: 40025, key: 40026, url: 40027, domain: 40054, media: 40118}
	}
	if conditional {
		codes.domain = 65317
	}
	return codes
}

// readButtons reads the buttons of a menu, and returns the errcode for the first that WeChat would
// not take.
func readButtons(in object, conditional bool) (buttons []menuButton, code int) {
	all := in.objects("button")
	switch {
	case len(all) == 0 && conditional:
		return nil, 65307
	case len(all) == 0 || len(all) > maxButtons:
		return nil, 40016
	}
	for _, b := range all {
		button, code := readButton(b, codesOf(false, conditional), maxButtonName)
		if code != 0 {
			return nil, code
		}
		if subs := b.objects("sub_button"); len(subs) > 0 {
			if button.Sub, code = readSubButtons(subs, conditional); code != 0 {
				return nil, code
			}
			button.Type = ""
		} else if button.Type == "" && conditional {
			return nil, 65308
		} else if code := checkAction(button, codesOf(false, conditional)); code != 0 {
			return nil, code
		}
		buttons = append(buttons, button)
	}
	return buttons, 0
}

func readSubButtons(all []object, conditional bool) (buttons []menuButton, code int) {
	if len(all) > maxSubButtons {
		return nil, 40023
	}
	codes := codesOf(true, conditional)
	for _, b := range all {
		button, code := readButton(b, codes, maxSubName)
		switch {
		case code != 0:
			return nil, code
		case len(b.objects("sub_button")) > 0:
			return nil, 40022
		case button.Type == "" && conditional:
			return nil, 65308
		}
		if code := checkAction(button, codes); code != 0 {
			return nil, code
		}
		buttons = append(buttons, button)
	}
	return buttons, 0
}

// readButton reads a button without those below it.
func readButton(b object, codes buttonCodes, mostName int) (button menuButton, code int) {
	button = menuButton{
		Type: b.text("type"), Name: b.text("name"), Key: b.text("key"), URL: b.text("url"), AppID: b.text("appid"),
		PagePath: b.text("pagepath"), MediaID: b.text("media_id"), ArticleID: b.text("article_id"), Sub: []menuButton{},
	}
	if button.Name == "" || len(button.Name) > mostName {
		return button, codes.name
	}
	return button, 0
}

// checkAction returns the errcode for what a button's type needs; 0: it has that.
func checkAction(b menuButton, codes buttonCodes) (code int) {
	switch b.Type {
	case "view":
		return checkButtonURL(b, codes)
	case "miniprogram":
		switch {
		case !validMiniAppID(b.AppID):
			return 40166
		case b.PagePath == "":
			return 40165
		}
		return checkButtonURL(b, codes)
	case "media_id", "view_limited":
		if b.MediaID == "" {
			return codes.media
		}
	case "article_id", "article_view_limited":
		if b.ArticleID == "" {
			return 40097
		}
	case "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		if b.Key == "" || len(b.Key) > maxButtonKey {
			return codes.key
		}
	default:
		return codes.kind
	}
	return 0
}

func checkButtonURL(b menuButton, codes buttonCodes) (code int) {
	if b.URL == "" || len(b.URL) > maxButtonURL {
		return codes.url
	}
	u, err := url.Parse(b.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return codes.domain
	}
	return 0
}

package wechattest

import (
	"context"
	"errors"
	"fmt"
)

// Tap lets a follower tap a button of the menu that they see (点击菜单), by the names that lead to it:
//
//	s.Tap(ctx, "oParent", "更多", "扫码绑定")
//
// The event of the button's type is pushed, as [Account.Push] does. Buttons of the types media_id,
// view_limited, article_id and article_view_limited send none: Tap does nothing then. What was
// scanned, or which place was chosen, is made up; see [Account.Tapped]. Pictures and places follow
// as messages of their own, which a test pushes.
//
// It is an error if the openid does not follow the account, if there is no such button, or if the
// names lead to a list.
func (a *Account) Tap(ctx context.Context, openid string, names ...string) (Delivered, error) {
	p, err := a.Tapped(openid, names...)
	switch {
	case errors.Is(err, errSilent):
		return Delivered{}, nil
	case err != nil:
		return Delivered{}, err
	}
	return a.Push(ctx, p)
}

var errSilent = errors.New("wechattest: a button of this type sends no event")

// Tapped is what [Account.Tap] pushes, for tests that change what was scanned or chosen, in its
// Elements. It is an error where Tap pushes nothing.
func (a *Account) Tapped(openid string, names ...string) (Push, error) {
	if state := a.follower(openid); state == Stranger || state == Left {
		return Push{}, fmt.Errorf("wechattest: %s does not follow the account, so sees no menu", openid)
	}
	seen, ok := a.menuOf(openid)
	if !ok {
		return Push{}, errors.New("wechattest: the account has no menu; see Client.Menu.Create")
	}
	buttons := seen.buttons
	for i, name := range names {
		b, ok := buttonNamed(buttons, name)
		switch {
		case !ok:
			return Push{}, fmt.Errorf("wechattest: there is no button %q, but %q", name, namesOf(buttons))
		case len(b.Sub) == 0 && i == len(names)-1:
			return b.event(openid, seen.id)
		}
		buttons = b.Sub
	}
	return Push{}, fmt.Errorf("wechattest: name one of these buttons: %q", namesOf(buttons))
}

// buttonNamed returns the first button of that name.
func buttonNamed(buttons []menuButton, name string) (menuButton, bool) {
	for _, b := range buttons {
		if b.Name == name {
			return b, true
		}
	}
	return menuButton{}, false
}

func namesOf(buttons []menuButton) (names []string) {
	for _, b := range buttons {
		names = append(names, b.Name)
	}
	return names
}

// event is what a tap on the button sends.
func (b menuButton) event(openid string, menuID int64) (Push, error) {
	key := Element{"EventKey", b.Key}
	switch b.Type {
	case "click":
		return Click(openid, b.Key), nil
	case "view":
		return Event(openid, "VIEW", Element{"EventKey", b.URL}, Element{"MenuId", menuID}), nil
	case "miniprogram":
		return Event(openid, "view_miniprogram", Element{"EventKey", b.PagePath}, Element{"MenuId", menuID}), nil
	case "scancode_push", "scancode_waitmsg":
		return Event(openid, b.Type, key, Element{"ScanCodeInfo", []Element{{"ScanType", "qrcode"}, {"ScanResult", "1"}}}), nil
	case "pic_sysphoto", "pic_photo_or_album", "pic_weixin":
		item := []Element{{"item", []Element{{"PicMd5Sum", "1b5f7c23b5bf75682a53e7b6d163e185"}}}}
		return Event(openid, b.Type, key, Element{"SendPicsInfo", []Element{{"Count", 1}, {"PicList", item}}}), nil
	case "location_select":
		return Event(openid, b.Type, key, Element{"SendLocationInfo", []Element{
			{"Location_X", "23"}, {"Location_Y", "113"}, {"Scale", "15"}, {"Label", "广州市海珠区客村艺苑路 106号"}, {"Poiname", ""},
		}}), nil
	}
	return Push{}, errSilent
}

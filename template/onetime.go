package template

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"
)

// The platform's limits on a one-time subscription.
const (
	maxScene          = 10000
	maxOneTimeTitle   = 15  // characters
	maxOneTimeContent = 200 // characters
	maxReserved       = 128 // characters
)

// OneTimeMessage is the one message that a person has agreed to on the page of [SubscribeURL]
// (一次性订阅消息). They need not follow the account.
type OneTimeMessage struct {
	// To is the person's openid (touser).
	To string
	// TemplateID is the account's one template of this kind; the console shows it.
	TemplateID string
	// Scene is what they have agreed to, 0 to 10000: the scene of the [SubscribeURL].
	Scene int
	// Title has 1 to 15 characters.
	Title string
	// Content has 1 to 200 characters.
	Content string
	// Color of the content is #RRGGBB. Empty: WeChat's own.
	Color string
	// URL is opened by a tap; its domain must be registered (ICP备案). Empty: none.
	URL string
	// MiniProgram is opened instead of URL where WeChat can. Nil: none.
	MiniProgram *MiniProgram
}

// SendOneTime sends the message that a person has agreed to (一次性订阅消息). One consent is for
// one message of its scene, and consents do not add up; where none is left the error is
// 43101, of the kind KindRecipient. A message that is too long, or cannot be sent to WeChat (invalid
// UTF-8, control characters other than tab and line breaks), is refused with [ErrInvalidMessage].
//
// After a lost answer the message may have been sent; it is never repeated by itself.
//
// POST /cgi-bin/message/template/subscribe
func (c *Client) SendOneTime(ctx context.Context, m OneTimeMessage) error {
	if err := m.check(); err != nil {
		return err
	}
	type data struct {
		Content Value `json:"content"`
	}
	in := struct {
		To          string       `json:"touser"`
		TemplateID  string       `json:"template_id"`
		URL         string       `json:"url,omitempty"`
		MiniProgram *MiniProgram `json:"miniprogram,omitzero"`
		Scene       string       `json:"scene"`
		Title       string       `json:"title"`
		Data        data         `json:"data"`
	}{m.To, m.TemplateID, m.URL, m.MiniProgram, strconv.Itoa(m.Scene), m.Title, data{Value{m.Content, m.Color}}}
	return c.caller.Call(ctx, http.MethodPost, "/cgi-bin/message/template/subscribe", in, nil)
}

func (m *OneTimeMessage) check() error {
	if err := (&Message{To: m.To, TemplateID: m.TemplateID}).address(); err != nil {
		return err
	}
	if reason := sceneOutOfRange(m.Scene); reason != "" {
		return badMessage(reason)
	}
	for _, field := range []struct {
		name, text string
		limit      int
	}{{"Title", m.Title, maxOneTimeTitle}, {"Content", m.Content, maxOneTimeContent}} {
		if n := utf8.RuneCountInString(field.text); n < 1 || n > field.limit {
			return badMessage(fmt.Sprintf("%s has %d characters, it must have 1 to %d", field.name, n, field.limit))
		}
	}
	reason := badField(field{"To", m.To}, field{"TemplateID", m.TemplateID}, field{"URL", m.URL},
		field{"Title", m.Title}, field{"Content", m.Content}, field{"Color", m.Color})
	if reason == "" {
		reason = m.MiniProgram.bad()
	}
	if reason != "" {
		return badMessage(reason)
	}
	return nil
}

func sceneOutOfRange(scene int) string {
	if scene < 0 || scene > maxScene {
		return fmt.Sprintf("the scene is %d, it must be 0 to %d", scene, maxScene)
	}
	return ""
}

// SubscribeURL returns the address of the page on which a person, inside WeChat, agrees to one
// message of templateID for scene, 0 to 10000. WeChat then leads them to redirectURL with openid,
// template_id, action (confirm or cancel), scene and reserved in its query; its domain must be
// registered in the console. reserved comes back as it is, so that the page can tell its own
// visitors from forged ones: up to 128 letters and digits, or empty.
func SubscribeURL(appID, templateID string, scene int, redirectURL, reserved string) (string, error) {
	redirect, err := url.Parse(redirectURL)
	reason := sceneOutOfRange(scene)
	switch {
	case reason != "":
	case appID == "" || templateID == "":
		reason = "the AppID or the template id is empty"
	case err != nil || redirect.Host == "" || redirect.Scheme != "https" && redirect.Scheme != "http":
		reason = "the redirect URL must be absolute, as in https://example.com/subscribed"
	case len(reserved) > maxReserved:
		reason = fmt.Sprintf("reserved has %d characters, at most %d", len(reserved), maxReserved)
	}
	if reason != "" {
		return "", badArgument(reason)
	}
	// The order is the documentation's; the other pages of its kind insist on theirs.
	page := "https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid=" + url.QueryEscape(appID) +
		"&scene=" + strconv.Itoa(scene) + "&template_id=" + url.QueryEscape(templateID) +
		"&redirect_url=" + url.QueryEscape(redirectURL)
	if reserved != "" {
		page += "&reserved=" + url.QueryEscape(reserved)
	}
	return page + "#wechat_redirect", nil
}

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/menu"
	"github.com/org/wxhome/wechat/scene"
)

// shop is what an online shop has its account do.
type shop struct {
	client   *wechat.Client
	template string
}

// sent tells a customer that an order is on its way: by a template message, and when the day's quota
// of those is used up by a customer-service message, which those get who have written lately.
func (s *shop) sent(ctx context.Context, openID, order string) error {
	_, err := s.client.Template.Send(ctx, template.Message{
		To: openID, TemplateID: s.template, URL: "https://shop.example/order/" + order,
		Data: template.Data{"character_string1": {Value: order}},
	})
	if wechat.KindOf(err) == wechat.KindDailyQuota {
		return s.client.Custom.Send(ctx, openID, custom.Text{Content: "您的订单 " + order + " 已发货"})
	}
	return err
}

// sale tells the customers with a tag of a sale, and returns how many get to know.
func (s *shop) sale(ctx context.Context, tag int) (told int, err error) {
	messages := func(yield func(template.Message, error) bool) {
		for openID, err := range s.client.Followers.TagMembers(ctx, tag, "") {
			m := template.Message{To: openID, TemplateID: s.template, Data: template.Data{"character_string1": {Value: "SALE-11"}}}
			if !yield(m, err) {
				return
			}
		}
	}
	for r := range s.client.Template.SendAll(ctx, messages) {
		if r.Err == nil {
			told++
		} else if err == nil {
			err = r.Err
		}
	}
	return told, err
}

// parcel is the address of a picture to print on a parcel, whose scan brings the order's number.
func (s *shop) parcel(ctx context.Context, order string) (string, error) {
	code, err := s.client.Scenes.Add(ctx, scene.Text(order), 30*24*time.Hour)
	if err != nil {
		return "", err
	}
	return scene.ImageURL(code.Ticket)
}

func (s *shop) setMenu(ctx context.Context) error {
	return s.client.Menu.Create(ctx, []menu.Button{
		{Type: menu.View, Name: "商城", URL: "https://shop.example/"},
		{Name: "服务", SubButtons: []menu.Button{
			{Type: menu.Click, Name: "我的订单", Key: "ORDERS"},
			{Type: menu.ScanCodeWaitMsg, Name: "扫码查件", Key: "PARCEL"},
		}},
	})
}

// share gives a page of the shop what wx.config takes.
func (s *shop) share(w http.ResponseWriter, r *http.Request) {
	config, err := s.client.JSSDK.Config(r.Context(), "https://shop.example"+r.FormValue("page"))
	if err != nil {
		http.Error(w, "no sharing today", http.StatusBadGateway)
		return
	}
	_ = json.NewEncoder(w).Encode(config)
}

// name is what a visitor who has agreed is called.
func (s *shop) name(ctx context.Context, code string) (string, error) {
	visitor, err := s.client.WebAuthOpenID(ctx, code)
	if err != nil {
		return "", err
	}
	user, err := s.client.WebAuthUserInfo(ctx, visitor, wechat.SimplifiedChinese)
	return user.Nickname, err
}

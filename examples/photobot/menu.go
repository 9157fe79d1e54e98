package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/org/wxhome/examples/internal/chat"
	"github.com/org/wxhome/wechat/menu"
)

// menu recreates the account's menu from a file of WeChat's own form:
//
//	{"button": [{"type": "click", "name": "查询照片", "key": "PHOTO"}]}
func (p *program) menu(ctx context.Context) error {
	buttons, err := p.readMenu()
	if err != nil {
		return err
	}
	a, err := p.openAccount(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	err = a.Client.Menu.Create(ctx, buttons)
	if errors.Is(err, menu.ErrInvalidArgument) {
		return usage(p.file + ": " + err.Error())
	}
	if err != nil {
		return err
	}
	p.say("The menu of account %s is %s now; phones show it within a day, at once after following anew", a.AppID, p.file)
	return nil
}

// readMenu reads the file. A field that is unknown is an error: it would be lost.
func (p *program) readMenu() ([]menu.Button, error) {
	text, err := os.ReadFile(p.file)
	if err != nil {
		return nil, usage(err.Error()) // it names the file and what is wrong
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	var file struct {
		Button json.RawMessage `json:"button"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&file); err != nil || d.More() {
		return nil, usage(p.text("%s is not one JSON object in UTF-8: %v", p.file, err))
	}
	var buttons []menu.Button
	d = json.NewDecoder(bytes.NewReader(file.Button))
	d.DisallowUnknownFields()
	if err := d.Decode(&buttons); err != nil {
		return nil, usage(p.text("%s has no list \"button\" in WeChat's form, {\"button\": [{\"type\": \"click\", \"name\": \"查询照片\", \"key\": \"PHOTO\"}]}: %v", p.file, err))
	}
	if !asksForPhotos(buttons) {
		p.warn("no item of the menu has the type click and the key %s, which asks for photos", chat.KeyPhoto)
	}
	return buttons, nil
}

// asksForPhotos looks for the click item that the bot answers with photos.
func asksForPhotos(buttons []menu.Button) bool {
	return slices.ContainsFunc(buttons, func(b menu.Button) bool {
		return b.Type == menu.Click && strings.EqualFold(b.Key, chat.KeyPhoto) || asksForPhotos(b.SubButtons)
	})
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"

	"github.com/org/wxhome/examples/internal/chat"
)

// menu recreates the account's menu from a file of WeChat's own form:
//
//	{"button": [{"type": "click", "name": "查询照片", "key": "PHOTO"}]}
func (p *program) menu(ctx context.Context) error {
	menu, err := p.readMenu()
	if err != nil {
		return err
	}
	a, err := p.openAccount(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Client.Call(ctx, http.MethodPost, "/cgi-bin/menu/create", menu, nil); err != nil {
		return err
	}
	p.say("The menu of account %s is %s now; phones show it within a day, at once after following anew", a.AppID, p.file)
	return nil
}

// readMenu reads the file. It is decoded so that what is sent has no \u escapes,
// which WeChat refuses.
func (p *program) readMenu() (map[string]any, error) {
	text, err := os.ReadFile(p.file)
	if err != nil {
		return nil, usage(err.Error()) // it names the file and what is wrong
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	var menu map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&menu); err != nil || d.More() {
		return nil, usage(p.text("%s is not one JSON object in UTF-8: %v", p.file, err))
	}
	if _, ok := menu["button"].([]any); !ok {
		return nil, usage(p.text("%s has no list \"button\": the form is {\"button\": [{\"type\": \"click\", \"name\": \"查询照片\", \"key\": \"PHOTO\"}]}", p.file))
	}
	if !hasKey(menu, chat.KeyPhoto) {
		p.warn("no item of the menu has the type click and the key %s, which asks for photos", chat.KeyPhoto)
	}
	return menu, nil
}

// hasKey looks for a click item with a key, whatever it is nested in.
func hasKey(v any, key string) bool {
	switch v := v.(type) {
	case map[string]any:
		if own, ok := v["key"].(string); ok && v["type"] == "click" && strings.EqualFold(own, key) {
			return true
		}
		for _, inner := range v {
			if hasKey(inner, key) {
				return true
			}
		}
	case []any:
		for _, inner := range v {
			if hasKey(inner, key) {
				return true
			}
		}
	}
	return false
}

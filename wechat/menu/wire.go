package menu

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
)

// wireMenu is a menu in an answer.
type wireMenu struct {
	ID      word             `json:"menuid"`
	Buttons list[wireButton] `json:"button"`
	Rule    wireRule         `json:"matchrule"`
}

func (m *wireMenu) buttons() []Button { return buttonsOf(m.Buttons) }

// wireButton is a button in an answer.
type wireButton struct {
	wireLeaf
	Subs list[wireLeaf] `json:"sub_button"`
}

// wireLeaf is a button without others below it: a menu has two levels.
type wireLeaf struct {
	Type      word              `json:"type"`
	Name      word              `json:"name"`
	Key       word              `json:"key"`
	URL       word              `json:"url"`
	AppID     word              `json:"appid"`
	PagePath  word              `json:"pagepath"`
	MediaID   word              `json:"media_id"`
	ArticleID word              `json:"article_id"`
	Value     word              `json:"value"`
	News      list[wireArticle] `json:"news_info"`
}

type wireArticle struct {
	Title      word   `json:"title"`
	Author     word   `json:"author"`
	Digest     word   `json:"digest"`
	ShowCover  number `json:"show_cover"`
	CoverURL   word   `json:"cover_url"`
	ContentURL word   `json:"content_url"`
	SourceURL  word   `json:"source_url"`
}

func buttonsOf(wire []wireButton) []Button {
	var buttons []Button
	for _, w := range wire {
		b := w.button()
		for _, sub := range w.Subs {
			b.SubButtons = append(b.SubButtons, sub.button())
		}
		buttons = append(buttons, b)
	}
	return buttons
}

func (w *wireLeaf) button() Button {
	b := Button{
		Type: Type(w.Type), Name: string(w.Name), Key: string(w.Key), URL: string(w.URL), AppID: string(w.AppID),
		PagePath: string(w.PagePath), MediaID: string(w.MediaID), ArticleID: string(w.ArticleID), Value: string(w.Value),
	}
	for _, a := range w.News {
		b.News = append(b.News, Article{
			Title: string(a.Title), Author: string(a.Author), Digest: string(a.Digest), ShowCover: a.ShowCover != 0,
			CoverURL: string(a.CoverURL), URL: string(a.ContentURL), SourceURL: string(a.SourceURL),
		})
	}
	return b
}

// wireRule has the members of a matchrule by name.
type wireRule map[string]word

func (w wireRule) rule() Rule {
	var r Rule
	for name, value := range w {
		n, err := strconv.ParseInt(string(value), 10, 64)
		switch {
		case value == "":
		case name == "tag_id" && err == nil:
			r.TagID = n
		case name == "client_platform_type" && err == nil && n == int64(Platform(n)):
			r.Platform = Platform(n)
		default:
			if r.Other == nil {
				r.Other = make(map[string]string)
			}
			r.Other[name] = string(value)
		}
	}
	return r
}

// list is an array, or an object around one: get_current_selfmenu_info has {"list":[]}. Null and
// an empty text are empty.
type list[T any] []T

// UnmarshalJSON reads either.
func (l *list[T]) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	switch {
	case string(b) == "null", string(b) == `""`:
		*l = nil
		return nil
	case len(b) > 0 && b[0] == '{':
		var around struct {
			List []T `json:"list"`
		}
		err := json.Unmarshal(b, &around)
		*l = around.List
		return err
	}
	return json.Unmarshal(b, (*[]T)(l))
}

// word is a string that may come as a number. Null is empty.
type word string

// UnmarshalJSON reads either.
func (w *word) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(w))
	}
	var n json.Number
	err := json.Unmarshal(b, &n)
	*w = word(n)
	return err
}

// number is a whole number that may come quoted, or with decimals that are zeros. Null and an
// empty text are 0.
type number int64

var errNumber = errors.New("a whole number is expected")

// UnmarshalJSON reads what the platform and gateways before it write.
func (n *number) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(bytes.Trim(b, `"`))
	if len(b) == 0 || string(b) == "null" {
		*n = 0
		return nil
	}
	whole, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		const exact = 1 << 53 // beyond it a float is not exact
		f, err := strconv.ParseFloat(string(b), 64)
		if err != nil || f != math.Trunc(f) || math.Abs(f) > exact {
			return errNumber
		}
		whole = int64(f)
	}
	*n = number(whole)
	return nil
}

package template

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The platform's limits on the library of subscription notifications.
const (
	titlesPage   = 30 // titles asked for at a time, the most
	minKeywords  = 2
	maxKeywords  = 5
	maxSceneDesc = 15 // characters
)

// What a person can agree to.
const (
	OneTime  = 2 // one notification for each consent (一次性订阅)
	LongTerm = 3 // any number, for public services only (长期订阅)
)

// Category is a service category of the account (服务类目).
type Category struct {
	ID   int    `json:"id"`   // for SubscribeTitles
	Name string `json:"name"` // such as 公交
}

// SubscribeTitle is a template of the library of subscription notifications (公共模板库).
type SubscribeTitle struct {
	// TID is what [Client.AddSubscribeTemplate] takes it by.
	TID   int64
	Title string // the template's title in the library
	// Type is [OneTime] or [LongTerm].
	Type       int
	CategoryID int // whose templates it is among
}

// SubscribeKeyword is a keyword that a [SubscribeTitle] offers.
type SubscribeKeyword struct {
	// KID is what [Client.AddSubscribeTemplate] picks it by.
	KID int
	// Name is what the notification shows, such as 物品名称.
	Name    string
	Example string // a value as the platform suggests it
	// Rule is what [CheckValue] holds its values to, such as thing.
	Rule string
}

// SubscribeTemplate is a template that the account has taken from the library (个人模板库).
type SubscribeTemplate struct {
	// ID is what a [Notification] names as its TemplateID (priTmplId).
	ID    string
	Title string // as followers see it
	// Content has the keywords, as in 物品名称:{{thing1.DATA}}; see [SubscribeTemplate.Keywords].
	Content string
	Example string // the content with values filled in
	// Type is [OneTime] or [LongTerm].
	Type int
	// Enums holds what each keyword of an enumeration may be, by its name.
	Enums map[string][]string
}

// Keywords returns the keywords of t, as [Template.Keywords] does.
func (t SubscribeTemplate) Keywords() []Keyword { return Template{Content: t.Content}.Keywords() }

// SubscribeCategories returns the account's service categories, which say what
// [Client.SubscribeTitles] has to offer.
//
// GET /wxaapi/newtmpl/getcategory
func (c *Client) SubscribeCategories(ctx context.Context) ([]Category, error) {
	var answer struct {
		Data array[struct {
			ID   number `json:"id"`
			Name string `json:"name"`
		}] `json:"data"`
	}
	if err := c.caller.Call(ctx, http.MethodGet, "/wxaapi/newtmpl/getcategory", nil, &answer); err != nil {
		return nil, err
	}
	if !answer.Data.told {
		return nil, &oddError{"the answer has no list of categories"}
	}
	categories := make([]Category, len(answer.Data.items))
	for i, category := range answer.Data.items {
		categories[i] = Category{int(category.ID), category.Name}
	}
	return categories, nil
}

// SubscribeTitles yields the library's templates for some categories. Pages are fetched as the
// loop goes on; an error is yielded once and ends the loop.
//
// GET /wxaapi/newtmpl/getpubtemplatetitles
func (c *Client) SubscribeTitles(ctx context.Context, categories ...int) iter.Seq2[SubscribeTitle, error] {
	return func(yield func(SubscribeTitle, error) bool) {
		if len(categories) == 0 {
			yield(SubscribeTitle{}, badArgument("no category is given, see SubscribeCategories"))
			return
		}
		for start, total := 0, 1; start < total; start += titlesPage {
			titles, count, err := c.titlesPage(ctx, categories, start)
			if err != nil {
				yield(SubscribeTitle{}, err)
				return
			}
			for _, t := range titles {
				if !yield(t, nil) {
					return
				}
			}
			if len(titles) == 0 {
				return
			}
			total = count
		}
	}
}

// titlesPage fetches one page, and how many titles there are in all.
func (c *Client) titlesPage(ctx context.Context, categories []int, start int) (titles []SubscribeTitle, total int, err error) {
	ids := make([]string, len(categories))
	for i, category := range categories {
		ids[i] = strconv.Itoa(category)
	}
	var answer struct {
		Count *number `json:"count"`
		Data  array[struct {
			TID        number `json:"tid"`
			Title      string `json:"title"`
			Type       number `json:"type"`
			CategoryID number `json:"categoryId"`
		}] `json:"data"`
	}
	path := fmt.Sprintf("/wxaapi/newtmpl/getpubtemplatetitles?ids=%s&start=%d&limit=%d", strings.Join(ids, ","), start, titlesPage)
	if err := c.caller.Call(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return nil, 0, err
	}
	if answer.Count != nil {
		total = int(*answer.Count)
	}
	if !answer.Data.told && (answer.Count == nil || start < total) {
		return nil, 0, &oddError{"the answer has no list of titles"}
	}
	titles = make([]SubscribeTitle, len(answer.Data.items))
	for i, t := range answer.Data.items {
		titles[i] = SubscribeTitle{TID: int64(t.TID), Title: t.Title, Type: int(t.Type), CategoryID: int(t.CategoryID)}
	}
	return titles, total, nil
}

// SubscribeKeywords returns the keywords that a template of the library offers.
//
// GET /wxaapi/newtmpl/getpubtemplatekeywords
func (c *Client) SubscribeKeywords(ctx context.Context, tid int64) ([]SubscribeKeyword, error) {
	var answer struct {
		Data array[struct {
			KID     number `json:"kid"`
			Name    string `json:"name"`
			Example string `json:"example"`
			Rule    string `json:"rule"`
		}] `json:"data"`
	}
	path := "/wxaapi/newtmpl/getpubtemplatekeywords?tid=" + strconv.FormatInt(tid, 10)
	if err := c.caller.Call(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return nil, err
	}
	if !answer.Data.told {
		return nil, &oddError{"the answer has no list of keywords"}
	}
	keywords := make([]SubscribeKeyword, len(answer.Data.items))
	for i, k := range answer.Data.items {
		keywords[i] = SubscribeKeyword{KID: int(k.KID), Name: k.Name, Example: k.Example, Rule: k.Rule}
	}
	return keywords, nil
}

// AddSubscribeTemplate takes a template of the library into the account and returns its id.
// keywords are the KIDs of 2 to 5 [SubscribeKeyword], in the order in which they are shown;
// scene says in up to 15 characters what the account uses it for (服务场景描述). The same title
// with the same keywords cannot be taken twice (200022): after a lost answer, ask
// [Client.SubscribeTemplates] first.
//
// POST /wxaapi/newtmpl/addtemplate
func (c *Client) AddSubscribeTemplate(ctx context.Context, tid int64, keywords []int, scene string) (templateID string, err error) {
	if n := len(keywords); n < minKeywords || n > maxKeywords {
		return "", badArgument(fmt.Sprintf("%d keywords are given, there must be %d to %d", n, minKeywords, maxKeywords))
	}
	if n := utf8.RuneCountInString(scene); n > maxSceneDesc {
		return "", badArgument(fmt.Sprintf("the scene has %d characters, at most %d", n, maxSceneDesc))
	}
	if reason := unwritable(scene); reason != "" {
		return "", badArgument("the scene " + reason)
	}
	in := struct {
		TID      string `json:"tid"`
		Keywords []int  `json:"kidList"`
		Scene    string `json:"sceneDesc,omitempty"`
	}{strconv.FormatInt(tid, 10), keywords, scene}
	var answer struct {
		ID string `json:"priTmplId"`
	}
	err = c.caller.Call(ctx, http.MethodPost, "/wxaapi/newtmpl/addtemplate", in, &answer)
	return answer.ID, err
}

// SubscribeTemplates returns the account's own templates of subscription notifications.
//
// GET /wxaapi/newtmpl/gettemplate
func (c *Client) SubscribeTemplates(ctx context.Context) ([]SubscribeTemplate, error) {
	var answer struct {
		Data array[struct {
			ID      string `json:"priTmplId"`
			Title   string `json:"title"`
			Content string `json:"content"`
			Example string `json:"example"`
			Type    number `json:"type"`
			Enums   []struct {
				Keyword string   `json:"keywordCode"`
				Values  []string `json:"enumValueList"`
			} `json:"keywordEnumValueList"`
		}] `json:"data"`
	}
	if err := c.caller.Call(ctx, http.MethodGet, "/wxaapi/newtmpl/gettemplate", nil, &answer); err != nil {
		return nil, err
	}
	if !answer.Data.told {
		return nil, &oddError{"the answer has no list of templates"}
	}
	templates := make([]SubscribeTemplate, len(answer.Data.items))
	for i, t := range answer.Data.items {
		templates[i] = SubscribeTemplate{ID: t.ID, Title: t.Title, Content: t.Content, Example: t.Example, Type: int(t.Type)}
		for _, e := range t.Enums {
			if templates[i].Enums == nil {
				templates[i].Enums = make(map[string][]string)
			}
			templates[i].Enums[enumName(e.Keyword)] = e.Values
		}
	}
	return templates, nil
}

// enumName strips what some answers have behind the keyword's name.
func enumName(code string) string { return strings.TrimSuffix(code, ".DATA") }

// DeleteSubscribeTemplate removes a template from the account.
//
// POST /wxaapi/newtmpl/deltemplate
func (c *Client) DeleteSubscribeTemplate(ctx context.Context, templateID string) error {
	if err := checkID(templateID); err != nil {
		return err
	}
	in := struct {
		ID string `json:"priTmplId"`
	}{templateID}
	return c.caller.Call(ctx, http.MethodPost, "/wxaapi/newtmpl/deltemplate", in, nil)
}

package wechattest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/org/wxhome/template"
)

// The platform's limits on its library of subscription notifications. That on
// an account's templates is not documented.
const (
	maxTitlesAsked        = 30
	minKeywordsPicked     = 2
	maxKeywordsPicked     = 5
	maxSceneDesc          = 15
	maxSubscribeTemplates = 25
)

// shelf is the library of subscription notifications (公共模板库).
type shelf struct {
	mu         sync.Mutex // guards the fields below
	categories []template.Category
	titles     []shelved
}

// shelved is a template of the library and its keywords.
type shelved struct {
	template.SubscribeTitle
	keywords []template.SubscribeKeyword
}

func (s *shelf) preload() {
	s.categories = []template.Category{{ID: 616, Name: "公交"}}
	s.titles = []shelved{{
		template.SubscribeTitle{TID: 99, Title: "失物招领通知", Type: template.OneTime, CategoryID: 616},
		[]template.SubscribeKeyword{
			{KID: 1, Name: "物品名称", Example: "名称", Rule: "thing"},
			{KID: 2, Name: "拾到时间", Example: "2019年8月8日 12:00", Rule: "time"},
			{KID: 3, Name: "联系电话", Example: "13600000000", Rule: "phone_number"},
		},
	}}
}

// AddSubscribeTitle puts a template into the library of subscription
// notifications (公共模板库), and its category if that is new. There is one
// already: 99 of the category 616, with the keywords 1 to 3.
func (s *Server) AddSubscribeTitle(t template.SubscribeTitle, keywords ...template.SubscribeKeyword) {
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	s.shelf.titles = append(s.shelf.titles, shelved{t, keywords})
	if !slices.ContainsFunc(s.shelf.categories, func(c template.Category) bool { return c.ID == t.CategoryID }) {
		s.shelf.categories = append(s.shelf.categories, template.Category{ID: t.CategoryID, Name: t.Title})
	}
}

func (s *shelf) find(tid string) (shelved, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.titles, func(t shelved) bool { return strconv.FormatInt(t.TID, 10) == tid })
	if i < 0 {
		return shelved{}, false
	}
	return s.titles[i], true
}

// subscribeEntry is one of an account's templates.
type subscribeEntry struct {
	*entry
	template.SubscribeTemplate
	kind int // OneTime or LongTerm
}

func newSubscribeEntry(t template.SubscribeTemplate) *subscribeEntry {
	return &subscribeEntry{newEntry(template.Template{ID: t.ID, Content: t.Content}), t, t.Type}
}

// unlisted returns the first keyword whose value its enumeration does not have.
func (e *subscribeEntry) unlisted(data template.Data) string {
	for _, k := range e.keywords {
		if values := e.Enums[k.name]; values != nil && !slices.Contains(values, data[k.name].Value) {
			return k.name
		}
	}
	return ""
}

// find returns the template of an id; nil: there is none. The caller holds
// s.mu.
func (s *subscriptions) find(id string) *subscribeEntry {
	for _, e := range s.templates {
		if e.SubscribeTemplate.ID == id {
			return e
		}
	}
	return nil
}

// AddSubscribeTemplate gives the account a template for subscription
// notifications (订阅通知) and returns its id. An empty ID is made up, a Type of
// 0 is [template.OneTime]. Content is read as by [Account.AddTemplate]. It
// panics when the content has no keyword, or the id is taken.
func (a *Account) AddSubscribeTemplate(t template.SubscribeTemplate) (id string) {
	if len(keywordsOf(t.Content)) == 0 {
		panic("wechattest: a template's Content needs a keyword such as {{thing1.DATA}}")
	}
	if t.ID == "" {
		t.ID = newTemplateID()
	}
	if t.Type == 0 {
		t.Type = template.OneTime
	}
	a.subscriptions.mu.Lock()
	defer a.subscriptions.mu.Unlock()
	if a.subscriptions.find(t.ID) != nil {
		panic("wechattest: there is a template " + t.ID + " already")
	}
	a.subscriptions.templates = append(a.subscriptions.templates, newSubscribeEntry(t))
	return t.ID
}

// listCategories serves GET /wxaapi/newtmpl/getcategory.
func (c *call) listCategories() reply {
	c.server.shelf.mu.Lock()
	defer c.server.shelf.mu.Unlock()
	return c.success(struct {
		Data []template.Category `json:"data"`
	}{c.server.shelf.categories})
}

type titleItem struct {
	TID        int64  `json:"tid"`
	Title      string `json:"title"`
	Type       int    `json:"type"`
	CategoryID string `json:"categoryId"`
}

// listTitles serves GET /wxaapi/newtmpl/getpubtemplatetitles.
func (c *call) listTitles() reply {
	ids := c.query("ids")
	start, startErr := strconv.Atoi(c.query("start"))
	limit, limitErr := strconv.Atoi(c.query("limit"))
	switch {
	case ids == "":
		return c.refuse(200018)
	case !all(ids, func(r rune) bool { return isDigit(r) || r == ',' }):
		return c.refuse(200019)
	case startErr != nil || start < 0:
		return c.refuse(200016)
	case limitErr != nil || limit < 1 || limit > maxTitlesAsked:
		return c.refuse(200017)
	}
	c.server.shelf.mu.Lock()
	defer c.server.shelf.mu.Unlock()
	items := []titleItem{}
	for _, t := range c.server.shelf.titles {
		category := strconv.Itoa(t.CategoryID)
		if slices.Contains(strings.Split(ids, ","), category) {
			items = append(items, titleItem{t.TID, t.Title, t.Type, category})
		}
	}
	return c.success(struct {
		Count int         `json:"count"`
		Data  []titleItem `json:"data"`
	}{len(items), items[min(start, len(items)):min(start+limit, len(items))]})
}

type keywordItem struct {
	KID     int    `json:"kid"`
	Name    string `json:"name"`
	Example string `json:"example"`
	Rule    string `json:"rule"`
}

// listKeywords serves GET /wxaapi/newtmpl/getpubtemplatekeywords.
func (c *call) listKeywords() reply {
	t, ok := c.server.shelf.find(c.query("tid"))
	if !ok {
		return c.refuse(200014)
	}
	items := []keywordItem{}
	for _, k := range t.keywords {
		items = append(items, keywordItem(k))
	}
	return c.success(struct {
		Count int           `json:"count"`
		Data  []keywordItem `json:"data"`
	}{len(items), items})
}

// addSubscribeTemplate serves POST /wxaapi/newtmpl/addtemplate.
func (c *call) addSubscribeTemplate() reply {
	in := c.object()
	t, ok := c.server.shelf.find(in.text("tid"))
	kids := slices.Collect(elements(in.members["kidList"]))
	made, picked := t.pick(kids)
	scene := utf8.RuneCountInString(in.text("sceneDesc"))
	s := &c.account.subscriptions
	s.mu.Lock()
	defer s.mu.Unlock()
	twice := slices.ContainsFunc(s.templates, func(e *subscribeEntry) bool {
		return e.SubscribeTemplate.Title == made.Title && e.SubscribeTemplate.Content == made.Content
	})
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case !ok:
		return c.refuse(200014)
	case !picked:
		return c.refuse(200020)
	case scene > maxSceneDesc:
		return c.refuse(200021)
	case twice:
		return c.refuse(200022)
	case len(s.templates) >= maxSubscribeTemplates:
		return c.refuse(200012)
	}
	s.templates = append(s.templates, newSubscribeEntry(made))
	return c.success(struct {
		Code    int    `json:"errcode"`
		Message string `json:"errmsg"`
		ID      string `json:"priTmplId"`
	}{0, "ok", made.ID})
}

// pick makes an account's template of the keywords whose raw ids are given, in
// their order; false: too few or many, an unknown one or one twice.
func (t shelved) pick(kids []string) (made template.SubscribeTemplate, ok bool) {
	if len(kids) < minKeywordsPicked || len(kids) > maxKeywordsPicked {
		return made, false
	}
	made = template.SubscribeTemplate{ID: newTemplateID(), Title: t.Title, Type: t.Type}
	for i, kid := range kids {
		at := slices.IndexFunc(t.keywords, func(k template.SubscribeKeyword) bool { return strconv.Itoa(k.KID) == kid })
		if at < 0 || slices.Contains(kids[:i], kid) {
			return made, false
		}
		k := t.keywords[at]
		made.Content += fmt.Sprintf("%s:{{%s%d.DATA}}\n", k.Name, k.Rule, k.KID)
		made.Example += k.Name + ":" + k.Example + "\n"
	}
	return made, true
}

type subscribeItem struct {
	ID      string     `json:"priTmplId"`
	Title   string     `json:"title"`
	Content string     `json:"content"`
	Example string     `json:"example"`
	Type    int        `json:"type"`
	Enums   []enumItem `json:"keywordEnumValueList,omitempty"`
}

type enumItem struct {
	Values  []string `json:"enumValueList"`
	Keyword string   `json:"keywordCode"`
}

// listSubscribeTemplates serves GET /wxaapi/newtmpl/gettemplate.
func (c *call) listSubscribeTemplates() reply {
	s := &c.account.subscriptions
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []subscribeItem{}
	for _, e := range s.templates {
		t := e.SubscribeTemplate
		item := subscribeItem{ID: t.ID, Title: t.Title, Content: t.Content, Example: t.Example, Type: t.Type}
		for _, k := range e.keywords {
			if values := t.Enums[k.name]; values != nil {
				item.Enums = append(item.Enums, enumItem{values, k.name + ".DATA"})
			}
		}
		items = append(items, item)
	}
	return c.success(struct {
		Data []subscribeItem `json:"data"`
	}{items})
}

// deleteSubscribeTemplate serves POST /wxaapi/newtmpl/deltemplate.
func (c *call) deleteSubscribeTemplate() reply {
	in := c.object()
	id := in.text("priTmplId")
	s := &c.account.subscriptions
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case s.find(id) == nil:
		return c.refuse(200014)
	}
	s.templates = slices.DeleteFunc(s.templates, func(e *subscribeEntry) bool { return e.SubscribeTemplate.ID == id })
	return c.done()
}

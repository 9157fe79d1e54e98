package wechattest

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/org/wxhome/template"
)

// maxTemplates is how many templates an account may have in use.
const maxTemplates = 25

// templates are an account's templates. A value of this type does not change.
type templates struct {
	list []*entry
}

// entry is a template and what its content asks for.
type entry struct {
	template.Template
	keywords []keyword
}

// keyword is one {{name.DATA}} of a template's content.
type keyword struct {
	name, label, rule string
}

func newEntry(t template.Template) *entry {
	return &entry{t, keywordsOf(t.Content)}
}

// keywordsOf reads the keywords out of a content such as
// 学生姓名{{thing1.DATA}} 更新时间{{time2.DATA}}.
func keywordsOf(content string) (found []keyword) {
	for {
		label, rest, ok := strings.Cut(content, "{{")
		name, rest, closed := strings.Cut(rest, ".DATA}}")
		if !ok || !closed {
			return found
		}
		label = strings.TrimFunc(label, func(r rune) bool { return unicode.IsSpace(r) || r == ':' || r == '：' })
		found = append(found, keyword{name, label, keywordRule(name)})
		content = rest
	}
}

func (e *entry) has(name string) bool {
	return slices.ContainsFunc(e.keywords, func(k keyword) bool { return k.name == name })
}

func (t *templates) find(id string) *entry {
	for _, e := range t.list { // 25 at most, and usually one
		if e.ID == id {
			return e
		}
	}
	return nil
}

// AddTemplate gives the account a template (模板) and returns its id. An empty
// ID is made up. What a message must contain is read out of Content, as
// 学生姓名{{thing1.DATA}}: the values of keywords such as thing1 are held to
// their rules, those of others are free. It panics when the content has no
// keyword, or the id is taken.
func (a *Account) AddTemplate(t template.Template) (id string) {
	e := newEntry(t)
	if len(e.keywords) == 0 {
		panic("wechattest: a template's Content needs a keyword such as {{thing1.DATA}}")
	}
	if t.ID == "" {
		e.ID = newTemplateID()
	}
	a.editTemplates(func(list []*entry) []*entry {
		if (&templates{list}).find(e.ID) != nil {
			panic("wechattest: there is a template " + e.ID + " already")
		}
		return append(list, e)
	})
	return e.ID
}

// editTemplates replaces the account's templates by what edit makes of a copy.
func (a *Account) editTemplates(edit func([]*entry) []*entry) {
	a.templatesMu.Lock()
	defer a.templatesMu.Unlock()
	a.templates.Store(&templates{edit(slices.Clone(a.templates.Load().list))})
}

// keepIndustries deletes the templates of other industries. Category
// templates belong to none and stay.
func (a *Account) keepIndustries(industries ...industryName) {
	a.editTemplates(func(list []*entry) []*entry {
		return slices.DeleteFunc(list, func(e *entry) bool {
			return e.PrimaryIndustry != "" && !slices.Contains(industries, industryName{e.PrimaryIndustry, e.DeputyIndustry})
		})
	})
}

func newTemplateID() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

type templateItem struct {
	ID       string `json:"template_id"`
	Title    string `json:"title"`
	Primary  string `json:"primary_industry"`
	Deputy   string `json:"deputy_industry"`
	Content  string `json:"content"`
	Examples string `json:"example"`
}

// listTemplates serves GET /cgi-bin/template/get_all_private_template.
func (c *call) listTemplates() reply {
	items := []templateItem{}
	for _, e := range c.account.templates.Load().list {
		items = append(items, templateItem{e.ID, e.Title, e.PrimaryIndustry, e.DeputyIndustry, e.Content, e.Example})
	}
	return c.success(struct {
		List []templateItem `json:"template_list"`
	}{items})
}

// addTemplate serves POST /cgi-bin/template/api_add_template.
func (c *call) addTemplate() reply {
	short, ok := c.field("template_id_short")
	names, listed := c.keywordNames()
	if !ok || !listed {
		return c.refuse(47001)
	}
	t, ok := c.server.library.find(short)
	if !ok {
		return c.refuse(40037)
	}
	if all(short, isDigit) { // of the category library
		if t.Content, ok = pick(t.Content, names); !ok {
			return c.refuse(40246)
		}
	}
	t.ID = newTemplateID()
	full := false
	c.account.editTemplates(func(list []*entry) []*entry {
		if full = len(list) >= maxTemplates; full {
			return list
		}
		return append(list, newEntry(t))
	})
	if full {
		return c.refuse(45026)
	}
	return c.success(struct {
		Code    int    `json:"errcode"`
		Message string `json:"errmsg"`
		ID      string `json:"template_id"`
	}{0, "ok", t.ID})
}

func (c *call) keywordNames() (names []string, ok bool) {
	for key, raw := range members(c.body) {
		if key != "keyword_name_list" {
			continue
		}
		if raw[0] != '[' {
			return nil, false
		}
		for raw := range elements(raw) {
			name, is := unquote(raw)
			if !is {
				return nil, false
			}
			names = append(names, name)
		}
	}
	return names, true
}

// pick makes the content of a category template out of the keywords whose
// labels are given, in their order; false: none, an unknown one or one twice.
func pick(content string, labels []string) (string, bool) {
	keywords := keywordsOf(content)
	var b strings.Builder
	for i, label := range labels {
		at := slices.IndexFunc(keywords, func(k keyword) bool { return k.label == label })
		if at < 0 || slices.Contains(labels[:i], label) {
			return "", false
		}
		b.WriteString(label + "{{" + keywords[at].name + ".DATA}}\n")
	}
	return b.String(), len(labels) > 0
}

// deleteTemplate serves POST /cgi-bin/template/del_private_template.
func (c *call) deleteTemplate() reply {
	id, ok := c.field("template_id")
	if !ok {
		return c.refuse(47001)
	}
	found := false
	c.account.editTemplates(func(list []*entry) []*entry {
		return slices.DeleteFunc(list, func(e *entry) bool {
			found = found || e.ID == id
			return e.ID == id
		})
	})
	if !found {
		return c.refuse(40037)
	}
	return c.done()
}

// library is the platform's template library (模板库).
type library struct {
	mu        sync.Mutex // guards templates
	templates map[string]template.Template
}

func (l *library) preload() {
	l.templates = map[string]template.Template{
		"TM00015": {
			Title: "订单支付成功", PrimaryIndustry: "IT科技", DeputyIndustry: "互联网|电子商务",
			Content: "{{first.DATA}}\n支付金额：{{orderMoneySum.DATA}}\n商品信息：{{orderProductName.DATA}}\n{{remark.DATA}}",
		},
		"43231": {
			Title:   "照片更新提醒",
			Content: "学生姓名{{thing1.DATA}}\n更新时间{{time2.DATA}}\n温馨提示{{thing3.DATA}}\n",
		},
	}
}

func (l *library) find(short string) (template.Template, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, ok := l.templates[short]
	return t, ok
}

// AddLibraryTemplate puts a template into the library from which accounts
// take theirs by api_add_template. A short id of digits belongs to the
// category library (类目模板), whose keywords are picked by the labels before
// them in Content; TM00015 and the like to the industry library. Two are
// there already: TM00015, and 43231 with 学生姓名, 更新时间 and 温馨提示.
func (s *Server) AddLibraryTemplate(shortID string, t template.Template) {
	s.library.mu.Lock()
	defer s.library.mu.Unlock()
	s.library.templates[shortID] = t
}

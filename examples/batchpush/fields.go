package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/pushflag"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/template"
)

// tapHere is the value that tells a parent what to do. A link is no value.
const tapHere = "点击查看近期学习照片"

// demoFields are the values for the demo school's template.
func demoFields() pushflag.FieldList {
	return pushflag.FieldList{{Key: "thing1", Text: "{student_name}"}, {Key: "time2", Text: "{photo_update_time}"}, {Key: "thing3", Text: tapHere}}
}

// plainFields are the values for the one template that is served without -field.
func plainFields() pushflag.FieldList {
	return pushflag.FieldList{{Key: "photoUrl", Text: "点击本消息查看照片"}, {Key: "studentName", Text: "{student_name}"}}
}

// simulatedTemplates are the templates of the simulated account: the demo
// school's, and the one of -template, with the keywords that -field fills.
func (o *options) simulatedTemplates() []template.Template {
	demo := school.DemoTemplate()
	if o.template == "" || o.template == demo.ID {
		return []template.Template{demo}
	}
	fields := o.fields
	if len(fields) == 0 {
		fields = plainFields()
	}
	var content strings.Builder
	for _, f := range fields {
		content.WriteString(f.Key + "{{" + f.Key + ".DATA}}\n")
	}
	return []template.Template{demo, {ID: o.template, Title: "-template", Content: content.String()}}
}

// chosen is the template of a push with the values to fill it with.
type chosen struct {
	template.Template // of which only the ID is known when List does not show it
	fields            pushflag.FieldList
	listed            bool
}

// chooseTemplate finds the template of -template in the account's list and
// sees to it that -field covers it.
func (p *program) chooseTemplate(ctx context.Context, a *account.Account) (chosen, error) {
	id := p.template
	if id == "" && a.Simulated() {
		id = school.DemoTemplate().ID
	}
	if id == "" {
		return chosen{}, p.templateMissing()
	}
	list, err := a.Client.Template.List(ctx)
	if err != nil {
		return chosen{}, err
	}
	at := slices.IndexFunc(list, func(t template.Template) bool { return t.ID == id })
	if at < 0 {
		return p.unlisted(id)
	}
	c := chosen{Template: list[at], fields: p.fields, listed: true}
	if len(c.fields) == 0 {
		c.fields = defaultFields(c.Template)
	}
	return c, p.checkFields(c)
}

func (p *program) templateMissing() error {
	return usage(p.text("-template is missing; the account's: %s", p.commandLine(listTemplates())))
}

// unlisted serves a template that List does not show: not every category
// template is listed, so its absence proves nothing.
func (p *program) unlisted(id string) (chosen, error) {
	if len(p.fields) == 0 {
		return chosen{}, usage(p.text("the account's list does not show the template %s: give its values with -field, or take another id from: %s", id, p.commandLine(listTemplates())))
	}
	p.warn("the account's list does not show the template %s; going on with the -field given", id)
	c := chosen{Template: template.Template{ID: id}, fields: p.fields}
	return c, p.checkLiterals(c.fields)
}

// defaultFields are the values of a template that is served without -field.
func defaultFields(t template.Template) pushflag.FieldList {
	if t.ID == school.DemoTemplate().ID {
		return demoFields()
	}
	var names []string
	for _, k := range t.Keywords() {
		names = append(names, k.Name)
	}
	slices.Sort(names)
	if slices.Equal(names, []string{"photoUrl", "studentName"}) {
		return plainFields()
	}
	return nil
}

// checkFields holds -field to the template's keywords.
func (p *program) checkFields(c chosen) error {
	missing, surplus := pushflag.Cover(c.Template, c.fields)
	if len(missing) > 0 {
		return usage(p.text("-field does not cover %s of the template %q:", strings.Join(missing, ", "), c.Title) +
			"\n" + p.keywords(c.Template))
	}
	if len(surplus) > 0 {
		return usage(p.text("-field %s: the template %q has no such keyword:", surplus[0].Key, c.Title) + "\n" + p.keywords(c.Template))
	}
	return p.checkLiterals(c.fields)
}

// checkLiterals checks what can be checked of the values without a row.
func (p *program) checkLiterals(fields pushflag.FieldList) error {
	key, err := fields.CheckLiterals()
	switch {
	case errors.Is(err, pushflag.ErrLink):
		return usage(p.text("-field %s: a link is no value; the message itself is the link (-link or -public-photos)", key))
	case err != nil:
		return usage("-field " + key + ": " + p.valueFault(err))
	}
	return nil
}

// valueFault says what rule a value breaks.
func (p *program) valueFault(err error) string {
	if e, ok := errors.AsType[*template.ValueError](err); ok {
		return e.Reason
	}
	return err.Error()
}

// keywords lists a template's keywords with their rules, and a line of -field
// that covers them.
func (p *program) keywords(t template.Template) string {
	var b strings.Builder
	var ready []string
	for _, k := range t.Keywords() {
		b.WriteString("  " + k.Name + "  " + k.Label + "  " + p.text(ruleText(k.Rule)) + "\n")
		if k.Name != "first" && k.Name != "remark" {
			ready = append(ready, "-field", operator.Quote(k.Name+"="+suggestion(k), p.called.Windows))
		}
	}
	return b.String() + "  " + strings.Join(ready, " ")
}

// suggestion is a value that may fit a keyword.
func suggestion(k template.Keyword) string {
	switch {
	case strings.Contains(k.Label, "姓名"), strings.Contains(k.Label, "学生"), k.Rule == "name", k.Name == "studentName":
		return "{student_name}"
	case k.Rule == "time", k.Rule == "date", strings.Contains(k.Label, "时间"):
		return "{photo_update_time}"
	case strings.Contains(k.Label, "编号"), strings.Contains(k.Label, "学号"), k.Rule == "character_string":
		return "{student_id}"
	case k.Rule == "phrase":
		return "已更新"
	case k.Rule == "number":
		return "1"
	case k.Rule == "thing", k.Rule == "":
		return tapHere
	}
	return "..."
}

// ruleText says in a few words what a rule allows.
func ruleText(rule string) string {
	switch rule {
	case "thing":
		return "any text, at most 20 characters"
	case "character_string":
		return "digits, letters and symbols, at most 32"
	case "time":
		return "a time, as 15:01 or 2026年11月20日 15:01"
	case "date":
		return "a date, as 2026年11月20日"
	case "amount":
		return "an amount, as ¥39.80 or 39.8元"
	case "phone_number":
		return "digits and symbols, at most 17"
	case "car_number":
		return "a number plate, at most 8 characters"
	case "const", "enum":
		return "one of the values that were approved for it"
	case "number":
		return "digits, at most 32"
	case "letter":
		return "letters, at most 32"
	case "symbol":
		return "symbols, at most 5"
	case "name":
		return "a name, 10 Han characters or 20 letters"
	case "phrase":
		return "Han characters, at most 5"
	}
	return "any text"
}

package push

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/org/wxhome/template"
)

// Field is one value of the template: literal text with {column} in it.
type Field struct{ Key, Text string }

// ParseField reads KEY=TEXT.
func ParseField(s string) (Field, error) {
	key, text, ok := strings.Cut(s, "=")
	if !ok || key == "" || text == "" {
		return Field{}, errors.New("a field is written as KEY=TEXT, such as thing1={student_name}")
	}
	return Field{key, text}, nil
}

var columnPattern = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// beijing is the zone in which times are printed for parents.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// content is what a row's message is made of. It is kept in the ledger, so that a repeated row
// says what its client_msg_id promised.
type content map[string]string

func (c content) encode() (string, error) {
	b, err := json.Marshal(map[string]string(c))
	return string(b), err
}

func decodeContent(s string) (content, error) {
	var c content
	if err := json.Unmarshal([]byte(s), &c); err != nil {
		return nil, errors.New("the ledger's content is not JSON")
	}
	return c, nil
}

// columns returns the names that stand in braces in f.
func (f Field) columns() []string {
	var names []string
	for _, m := range columnPattern.FindAllStringSubmatch(f.Text, -1) {
		names = append(names, m[1])
	}
	return names
}

// value fills the columns into f.
func (f Field) value(c content) (string, error) {
	var unknown string
	v := columnPattern.ReplaceAllStringFunc(f.Text, func(m string) string {
		text, ok := c[m[1:len(m)-1]]
		if !ok {
			unknown = m
		}
		return text
	})
	if unknown != "" {
		return "", fmt.Errorf("the query has no column %s", unknown)
	}
	return v, nil
}

// compose makes the message of a row, or tells which value breaks its rule.
func (e *engine) compose(r *row) (template.Message, error) {
	c, err := decodeContent(r.content)
	if err != nil {
		return template.Message{}, err
	}
	m := template.Message{To: r.openid, TemplateID: e.cfg.TemplateID, ClientMsgID: r.clientMsgID, Data: template.Data{}}
	switch {
	case e.cfg.Link != nil:
		m.URL = e.cfg.Link(r.id)
	case e.cfg.Public:
		m.URL = c["photo_url"]
	}
	for _, f := range e.cfg.Fields {
		v, err := f.value(c)
		if err != nil {
			return m, err
		}
		m.Data[f.Key] = template.Value{Value: v}
	}
	return m, m.Validate()
}

// printed is a column's value as text.
func printed(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case time.Time:
		return v.In(beijing).Format("2006年1月2日 15:04")
	case []byte:
		return printedText(string(v))
	case string:
		return printedText(v)
	}
	return fmt.Sprint(v)
}

// printedText prints the text form of a time, which is how SQLite keeps one, as a time.
func printedText(s string) string {
	for _, layout := range []string{time.DateTime, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, s, beijing); err == nil {
			return t.In(beijing).Format("2006年1月2日 15:04")
		}
	}
	return s
}

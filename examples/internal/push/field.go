package push

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

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

// content is what a row's message is made of: the required columns but the openid, and those
// that fields fill in. It is kept in the ledger, so that a repeated row says what its
// client_msg_id promised.
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

// parts calls f with the literal pieces of the text and the names that stand in braces, in order.
// Braces around anything but a column's name are literal.
func (f Field) parts(literal, column func(string)) {
	rest := f.Text
	for {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			literal(rest)
			return
		}
		name, after, closed := strings.Cut(rest[open+1:], "}")
		if !closed || !isColumn(name) {
			literal(rest[:open+1])
			rest = rest[open+1:]
			continue
		}
		literal(rest[:open])
		column(name)
		rest = after
	}
}

func isColumn(name string) bool {
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', i > 0 && '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return name != ""
}

// columns returns the names that stand in braces in f.
func (f Field) columns() (names []string) {
	f.parts(func(string) {}, func(name string) { names = append(names, name) })
	return names
}

// value fills the columns into f.
func (f Field) value(c content) (string, error) {
	var v strings.Builder
	var err error
	f.parts(func(text string) { v.WriteString(text) }, func(name string) {
		text, ok := c[name]
		if !ok {
			err = fmt.Errorf("the query has no column {%s}", name)
		}
		if name == timeColumn {
			v.WriteString(PrintedTime(text))
		} else {
			v.WriteString(Printed(text))
		}
	})
	return v.String(), err
}

// compose makes the message of a row, or tells which value breaks its rule.
func (c *Config) compose(r *row, values content) (template.Message, error) {
	m := template.Message{To: r.openid, TemplateID: c.TemplateID, ClientMsgID: r.clientMsgID, Data: make(template.Data, len(c.Fields))}
	switch {
	case c.Link != nil:
		m.URL = c.Link(r.id)
	case c.Public:
		m.URL = values["photo_url"]
	}
	for _, f := range c.Fields {
		v, err := f.value(values)
		if err != nil {
			return m, err
		}
		m.Data[f.Key] = template.Value{Value: v}
	}
	if m.URL != "" && !strings.HasPrefix(m.URL, "https://") && !strings.HasPrefix(m.URL, "http://") {
		return m, errors.New("the photo's address does not begin with https:// or http://")
	}
	return m, m.Validate()
}

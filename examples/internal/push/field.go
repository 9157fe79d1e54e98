package push

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
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

var columnPattern = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)

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

// photo is what tells two photos of a student apart.
func (c content) photo() string { return c["photo_url"] + "\x00" + c["photo_update_time"] }

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
		return printed(text)
	})
	if unknown != "" {
		return "", fmt.Errorf("the query has no column %s", unknown)
	}
	return v, nil
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

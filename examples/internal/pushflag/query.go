package pushflag

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/org/wxhome/template"
)

// The errors of [ReadQuery]; others are the system's.
var (
	ErrNoFile   = errors.New("there is no such file")
	ErrNoSelect = errors.New("the file does not begin with SELECT")
)

// ReadQuery reads the file of -query: one SELECT, or WITH, without the semicolon at its end.
func ReadQuery(path string) (string, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", ErrNoFile
	case err != nil:
		return "", err
	}
	query := strings.TrimRight(strings.TrimSpace(strings.TrimPrefix(string(text), "\uFEFF")), "; \r\n")
	if word := strings.ToUpper(query); !strings.HasPrefix(word, "SELECT") && !strings.HasPrefix(word, "WITH") {
		return "", ErrNoSelect
	}
	return query, nil
}

// Cover holds fields to a template's keywords: it returns the keywords that no field fills in,
// and the fields that fill in none.
func Cover(t template.Template, fields FieldList) (missing []string, surplus FieldList) {
	known := map[string]bool{"first": true, "remark": true} // which WeChat filters out since 2023
	texts := fields.Texts()
	for _, k := range t.Keywords() {
		if _, given := texts[k.Name]; !given && !known[k.Name] {
			missing = append(missing, k.Name)
		}
		known[k.Name] = true
	}
	for _, f := range fields {
		if !known[f.Key] {
			surplus = append(surplus, f)
		}
	}
	return missing, surplus
}

// ErrLink is a field whose value is a link, which WeChat does not show as one.
var ErrLink = errors.New("a link is no value; the message itself is the link")

// CheckLiterals checks what can be checked of the values without a row: it returns the key of the
// first that is a link ([ErrLink]) or breaks its keyword's rule (a *template.ValueError).
func (l FieldList) CheckLiterals() (key string, err error) {
	for _, f := range l {
		switch {
		case strings.Contains(f.Text, "://"), strings.Contains(f.Text, "{photo_url}"):
			return f.Key, ErrLink
		case strings.ContainsAny(f.Text, "{}"):
			continue
		}
		if err := template.CheckValue(f.Key, f.Text); err != nil {
			return f.Key, err
		}
	}
	return "", nil
}

package template

import (
	"regexp"
	"strings"
)

// Keyword is a place in a template that a message fills.
type Keyword struct {
	Name  string // such as thing1
	Label string // the words before it, such as 学生姓名
	Rule  string // the value rule that its name stands for, such as thing; empty: none known
}

var keywordPattern = regexp.MustCompile(`\{\{\s*([A-Za-z][A-Za-z0-9_]*)\.DATA\s*\}\}`)

// Keywords returns the keywords of t in the order of its Content, each once.
func (t Template) Keywords() []Keyword {
	var found []Keyword
	seen := make(map[string]bool)
	last := 0
	for _, m := range keywordPattern.FindAllStringSubmatchIndex(t.Content, -1) {
		label, name := t.Content[last:m[0]], t.Content[m[2]:m[3]]
		last = m[1]
		if seen[name] {
			continue
		}
		seen[name] = true
		if i := strings.LastIndexAny(label, "\r\n"); i >= 0 {
			label = label[i+1:]
		}
		found = append(found, Keyword{name, strings.TrimRight(strings.TrimSpace(label), ":： "), ruleOf(name)})
	}
	return found
}

// ruleOf returns the rule that a keyword's name stands for: thing for thing12.
func ruleOf(keyword string) string {
	prefix := strings.TrimRight(keyword, "0123456789")
	if _, ok := rules[prefix]; ok && prefix != keyword {
		return prefix
	}
	return ""
}

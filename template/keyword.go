package template

import (
	"regexp"
	"strings"
)

// Keyword is a place in a template that a message fills.
type Keyword struct {
	// Name is the key in [Data], such as thing1.
	Name string
	// Label is what the card shows before the value, such as 学生姓名. It may be empty.
	Label string
	// Rule names the rule that [CheckValue] holds the value to, such as thing. Empty: none.
	Rule string
}

// keywordPattern is tolerant, since test accounts (测试号) take what anybody types.
var keywordPattern = regexp.MustCompile(`(?i)\{\{\s*([^{}\s]+?)\s*\.DATA\s*\}\}`)

// Keywords returns the keywords of t in the order of its Content, each once. What is not of the
// form {{name.DATA}} is text.
func (t Template) Keywords() []Keyword {
	var found []Keyword
	seen := make(map[string]bool)
	end := 0 // of the one before
	for _, at := range keywordPattern.FindAllStringSubmatchIndex(t.Content, -1) {
		label, name := t.Content[end:at[0]], t.Content[at[2]:at[3]]
		end = at[1]
		if !seen[name] {
			seen[name] = true
			found = append(found, Keyword{name, lastLine(label), ruleOf(name)})
		}
	}
	return found
}

// lastLine returns the last line of s without the colon that ends a label.
func lastLine(s string) string {
	s = s[strings.LastIndexAny(s, "\r\n")+1:]
	return strings.TrimSpace(strings.TrimRight(strings.TrimSpace(s), ":： "))
}

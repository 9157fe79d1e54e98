package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/push"
)

// lines returns every operator's line: the literals given to text, say and
// warn, and those that reach text through a variable.
func lines(t *testing.T) []string {
	t.Helper()
	found := []string{helpText, ruleText("")}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := lineOf(n); ok {
				found = append(found, s)
			}
			return true
		})
	}
	for _, text := range flagTexts {
		found = append(found, text)
	}
	for _, rule := range []string{
		"thing", "character_string", "time", "date", "amount", "phone_number", "car_number", "const", "number",
		"letter", "symbol", "name", "phrase",
	} {
		found = append(found, ruleText(rule))
	}
	for _, r := range []push.Reason{push.ReasonQuota, push.ReasonRefused, push.ReasonOutage, push.ReasonStopped} {
		found = append(found, string(r))
	}
	found = append(found, "skipped", "failed", "unknown")
	slices.Sort(found)
	return slices.Compact(found)
}

// lineOf returns the literal of a call of text, say or warn.
func lineOf(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"text", "say", "warn"}, selector.Sel.Name) {
		return "", false
	}
	if receiver, ok := selector.X.(*ast.Ident); ok && receiver.Name == "c" && selector.Sel.Name == "warn" {
		return "", false // the checker's, which is given a line that has been through text
	}
	literal, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	s, err := strconv.Unquote(literal.Value)
	return s, err == nil
}

var verb = regexp.MustCompile(`%(\[\d\])?[-+ #0]*[\d.]*[a-zA-Z%]`)

// verbs returns the format verbs in the order of their arguments.
func verbs(format string) []string {
	found := verb.FindAllString(format, -1)
	if strings.Contains(format, "%[") {
		slices.Sort(found)
		for i := range found {
			found[i] = regexp.MustCompile(`\[\d\]`).ReplaceAllString(found[i], "")
		}
	}
	return found
}

func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	catalogue, used := chinese(), lines(t)
	for _, line := range used {
		translated, ok := catalogue[line]
		if !assert.True(t, ok, "no Chinese for %q", line) {
			continue
		}
		assert.Equal(t, verbs(line), verbs(translated), "%q", line)
	}
	for line := range catalogue {
		assert.True(t, slices.Contains(used, line), "nobody says %q", line)
	}
}

func TestChooseLanguage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		args        []string
		environment map[string]string
		chinese, ok bool
	}{
		{"Chinese locale", nil, map[string]string{"LANG": "zh_CN.UTF-8"}, true, true},
		{"English locale", nil, map[string]string{"LANG": "en_US.UTF-8"}, false, true},
		{"LC_ALL before LANG", nil, map[string]string{"LC_ALL": "C", "LANG": "zh_CN"}, false, true},
		{"flag before locale", []string{"-lang", "en"}, map[string]string{"LANG": "zh_CN"}, false, true},
		{"flag with two dashes", []string{"--lang=zh"}, map[string]string{"LANG": "C"}, true, true},
		{"another language", []string{"-lang", "fr"}, nil, false, false},
		{"empty", []string{"-lang="}, nil, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, ok := chooseLanguage(tt.args, func(name string) string { return tt.environment[name] })
			assert.Equal(t, tt.ok, ok)
			assert.Equal(t, tt.chinese, l.IsChinese())
		})
	}
}

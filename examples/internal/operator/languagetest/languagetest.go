// Package languagetest holds the programs to it that each line which an operator reads is there in
// Chinese. [Lines] finds the lines, and [Complete] compares them with the catalogue. Both may be
// called from several tests at once.
//
// # Errors
//
// What goes wrong fails the test.
package languagetest

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
)

// Lines returns the literals that the package in the current folder gives to methods of these names
// as the first argument.
func Lines(t *testing.T, methods ...string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			literal, isLiteral := call.Args[0].(*ast.BasicLit)
			if ok && isLiteral && slices.Contains(methods, selector.Sel.Name) {
				s, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				found = append(found, s)
			}
			return true
		})
	}
	require.NotEmpty(t, found)
	return found
}

// Complete checks that the catalogue has each of the lines, with the same format verbs, and no other.
func Complete(t *testing.T, catalogue map[string]string, lines []string) {
	t.Helper()
	for _, line := range lines {
		if translated, ok := catalogue[line]; assert.True(t, ok, "no Chinese for %q", line) {
			assert.Equal(t, verbs(line), verbs(translated), "%q", line)
		}
	}
	for line := range catalogue {
		assert.True(t, slices.Contains(lines, line), "nobody says %q", line)
	}
}

var (
	verb  = regexp.MustCompile(`%(\[\d\])?[-+ #0]*[\d.]*[a-zA-Z%]`)
	index = regexp.MustCompile(`\[\d\]`)
)

// verbs returns the format verbs in the order of their arguments.
func verbs(format string) []string {
	found := verb.FindAllString(format, -1)
	if strings.Contains(format, "%[") {
		slices.Sort(found)
		for i := range found {
			found[i] = index.ReplaceAllString(found[i], "")
		}
	}
	return found
}

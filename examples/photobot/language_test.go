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
)

// lines returns every operator's line: the literals given to text, say and warn, and the help.
func lines(t *testing.T) []string {
	t.Helper()
	found := []string{helpText}
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
			if ok && isLiteral && slices.Contains([]string{"text", "say", "warn"}, selector.Sel.Name) {
				s, err := strconv.Unquote(literal.Value)
				require.NoError(t, err)
				found = append(found, s)
			}
			return true
		})
	}
	for _, text := range flagTexts {
		found = append(found, text)
	}
	return found
}

var verb = regexp.MustCompile(`%[-+ #0]*[\d.]*[a-zA-Z%]`)

func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	catalogue, used := chinese(), lines(t)
	for _, line := range used {
		translated, ok := catalogue[line]
		if assert.True(t, ok, "no Chinese for %q", line) {
			assert.Equal(t, verb.FindAllString(line, -1), verb.FindAllString(translated, -1), "%q", line)
		}
	}
	for line := range catalogue {
		assert.True(t, slices.Contains(used, line), "nobody says %q", line)
	}
}

package wxhome_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endpoint is a call of the platform.
type endpoint struct {
	call  string   // method and path
	names []string // exported funcs and methods that make it; none: there is a reason
}

func (e endpoint) path() string { return e.call[strings.Index(e.call, "/"):] }

// endpoints reads the table of the platform's calls. A call without a method of its own is one
// Client.Call away.
func endpoints(t *testing.T) (table []endpoint) {
	t.Helper()
	text, err := os.ReadFile("wechat/testdata/endpoints.txt")
	require.NoError(t, err)
	seen := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		require.Greater(t, len(fields), 2, line)
		e := endpoint{call: fields[0] + " " + fields[1]}
		require.Regexp(t, "^"+callInDoc.String()+"$", e.call)
		if fields[2] == "-" {
			assert.Greater(t, len(fields), 3, "%s has neither a method nor a reason", e.call)
		} else {
			e.names = fields[2:]
		}
		assert.False(t, seen[e.call], "%s is listed twice", e.call)
		seen[e.call] = true
		table = append(table, e)
	}
	return table
}

// TestEndpoints holds the table against the code: what is in neither or in only one of them shows.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	code, docs := make(map[string]bool), make(map[string][]string)
	for _, dir := range []string{"token", "template", "custom", "media", "callback", "wechat", "wechat/*"} {
		gather(t, dir, code, docs)
	}
	listed := make(map[string]bool)
	for _, e := range endpoints(t) {
		assert.ElementsMatch(t, e.names, docs[e.call], "the names that the table gives for %s, and those that name it in their comments", e.call)
		delete(docs, e.call)
		if len(e.names) > 0 {
			listed[e.path()] = true
		}
	}
	assert.Empty(t, docs, "calls in comments that the table lacks")
	assert.ElementsMatch(t, slices.Collect(maps.Keys(listed)), slices.Collect(maps.Keys(code)),
		"the paths that are listed, and those that the code calls")
}

// TestEndpointsAreSimulated asks for the simulated WeChat to know what the library calls.
func TestEndpointsAreSimulated(t *testing.T) {
	t.Parallel()
	code := make(map[string]bool)
	gather(t, "wechat/wechattest", code, make(map[string][]string))
	for _, e := range endpoints(t) {
		if len(e.names) > 0 {
			assert.True(t, code[e.path()], "wechattest does not serve %s", e.path())
		}
	}
}

var (
	pathLiteral = regexp.MustCompile(`^(/(?:cgi-bin|customservice|wxaapi|wxa|sns)/\w[\w/]*)(?:\?|$)`)
	callInDoc   = regexp.MustCompile(`(?:GET|POST) /(?:cgi-bin|customservice|wxaapi|wxa|sns)/\w[\w/]*`)
)

// gather adds to code the paths in the string literals of dir outside of tests, and to docs the
// exported names whose comments give a method and a path. A dir that ends with /* stands for the
// folders in it but wechattest.
func gather(t *testing.T, dir string, code map[string]bool, docs map[string][]string) {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(dir, "/*") && strings.Contains(filepath.ToSlash(file), "/wechattest/") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				value, err := strconv.Unquote(lit.Value)
				require.NoError(t, err)
				if m := pathLiteral.FindStringSubmatch(value); m != nil {
					code[m[1]] = true
				}
			}
			return true
		})
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			comment := strings.Join(strings.Fields(f.Doc.Text()), " ")
			for _, call := range callInDoc.FindAllString(comment, -1) {
				if name := fullName(parsed.Name.Name, f); !slices.Contains(docs[call], name) {
					docs[call] = append(docs[call], name)
				}
			}
		}
	}
}

// fullName is a func's name with its package and receiver, as custom.Client.Send.
func fullName(pkg string, f *ast.FuncDecl) string {
	if f.Recv == nil {
		return pkg + "." + f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	return pkg + "." + receiver.(*ast.Ident).Name + "." + f.Name.Name
}

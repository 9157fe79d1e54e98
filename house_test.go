// Package wxhome_test holds the architecture: which package may import which, what the library
// may require, and that all of it is documented.
package wxhome_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/org/wxhome"

// floors names, for each package, the project's packages that it may import outside of tests.
var floors = map[string][]string{
	"token": {}, "token/tokentest": {"token"}, "template": {}, "custom": {}, "media": {}, "callback": {},
	"callback/claimtest": {"callback"},
	"wechat/follower":    {},
	"wechat/scene":       {},
	"wechat/menu":        {},
	"wechat/jssdk":       {},
	"wechat":             {"token", "template", "custom", "media", "callback", "wechat/follower", "wechat/scene", "wechat/menu", "wechat/jssdk"},
	"wechat/wechattest":  {"wechat", "callback", "template", "token", "custom", "media", "wechat/menu", "wechat/jssdk"},
}

func TestFloors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/*.go")
	require.NoError(t, err)
	deeper, err := filepath.Glob("*/*/*.go")
	require.NoError(t, err)
	for _, file := range append(files, deeper...) {
		room := filepath.ToSlash(filepath.Dir(file))
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(room, "examples") || strings.HasPrefix(room, ".") {
			continue // a folder with a dot is no package of the module, as for ./...
		}
		allowed, known := floors[room]
		assert.True(t, known, "%s: a package that the architecture does not know", room)
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if inner, own := strings.CutPrefix(path, module+"/"); own {
				assert.Contains(t, allowed, inner, "%s imports %s", file, inner)
			}
		}
	}
}

func TestLibraryRequiresFourModulesAtMost(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	allowed := []string{
		"github.com/stretchr/testify", "github.com/jarcoal/httpmock",
		"golang.org/x/time", "github.com/hashicorp/golang-lru/v2",
	}
	required := regexp.MustCompile(`(?m)^(?:require )?\s*(\S+\.\S+/\S+) v\S+(.*)$`).FindAllStringSubmatch(string(mod), -1)
	assert.NotEmpty(t, required)
	for _, m := range required {
		if !strings.Contains(m[2], "// indirect") {
			assert.Contains(t, allowed, m[1])
		}
	}
}

// libraryPackages yields the folders of the library that hold a package, by their path.
func libraryPackages(t *testing.T) []string {
	t.Helper()
	var found []string
	for room := range floors {
		if files, err := filepath.Glob(room + "/*.go"); err == nil && len(files) > 0 {
			found = append(found, room)
		}
	}
	assert.GreaterOrEqual(t, len(found), 5)
	return found
}

// parsePackage parses the files of a folder, those of tests or the others.
func parsePackage(t *testing.T, room string, tests bool) (*token.FileSet, []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(room + "/*.go")
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") != tests {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	return fset, files
}

// TestEveryExportedNameIsDocumented asks for a comment on each exported package-level name,
// method, field of an exported struct, and method of an exported interface.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	for _, room := range libraryPackages(t) {
		t.Run(room, func(t *testing.T) {
			t.Parallel()
			fset, files := parsePackage(t, room, false)
			p, err := doc.NewFromFiles(fset, files, module+"/"+room)
			require.NoError(t, err)
			names := 0
			for name, documented := range exportedNames(p) {
				names++
				assert.True(t, documented, "%s.%s has no comment", room, name)
			}
			assert.Positive(t, names)
		})
	}
}

// exportedNames tells of each exported name of p whether it is documented.
func exportedNames(p *doc.Package) map[string]bool {
	names := map[string]bool{}
	funcs := func(prefix string, list []*doc.Func) {
		for _, f := range list {
			names[prefix+f.Name] = startsWith(f.Doc, f.Name)
		}
	}
	values := func(list []*doc.Value) {
		for _, group := range list {
			for _, spec := range group.Decl.Specs {
				v := spec.(*ast.ValueSpec)
				for _, name := range v.Names {
					if name.IsExported() {
						one := v.Doc.Text() != "" || v.Comment.Text() != "" || len(group.Decl.Specs) == 1
						names[name.Name] = one && (group.Doc != "" || v.Doc.Text() != "")
					}
				}
			}
		}
	}
	values(p.Consts)
	values(p.Vars)
	funcs("", p.Funcs)
	for _, t := range p.Types {
		names[t.Name] = startsWith(t.Doc, t.Name)
		values(t.Consts)
		values(t.Vars)
		funcs("", t.Funcs)
		funcs(t.Name+".", t.Methods)
		for _, spec := range t.Decl.Specs {
			members(t.Name, spec.(*ast.TypeSpec).Type, names)
		}
	}
	return names
}

// startsWith reports whether a comment begins with the name, as go doc wants it.
func startsWith(comment, name string) bool {
	comment = strings.TrimPrefix(strings.TrimPrefix(comment, "A "), "An ")
	return strings.HasPrefix(comment, name+" ") || strings.HasPrefix(comment, name+",") || strings.HasPrefix(comment, name+"\n")
}

// members looks into a struct or an interface. Fields declared in one line share its comment,
// and one that is named in the comment of the field above it has that; the method of an
// interface of one method may leave it to the interface's.
func members(of string, typ ast.Expr, names map[string]bool) {
	var list *ast.FieldList
	alone := false
	switch typ := typ.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list = typ.Methods
		alone = len(list.List) == 1
	case *ast.ArrayType:
		members(of, typ.Elt, names)
		return
	default:
		return
	}
	above := ""
	for _, field := range list.List {
		own := field.Doc.Text() + field.Comment.Text()
		for _, name := range field.Names {
			if name.IsExported() {
				names[of+"."+name.Name] = alone || own != "" || strings.Contains(above, name.Name)
				members(of+"."+name.Name, field.Type, names)
			}
		}
		if own != "" {
			above = own
		}
	}
}

// TestEveryPackageHasItsComment asks each package for a comment that tells of concurrency and
// has a section "# Errors", and for an Example whose output is checked.
func TestEveryPackageHasItsComment(t *testing.T) {
	t.Parallel()
	for _, room := range libraryPackages(t) {
		t.Run(room, func(t *testing.T) {
			t.Parallel()
			fset, files := parsePackage(t, room, false)
			p, err := doc.NewFromFiles(fset, files, module+"/"+room)
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(p.Doc, "Package "+p.Name+" "), "the comment begins with Package and the name")
			assert.Contains(t, p.Doc, "\n# Errors\n")
			assert.Regexp(t, `(?i)concurren|goroutine`, p.Doc)
			_, tests := parsePackage(t, room, true)
			checked := 0
			for _, example := range doc.Examples(tests...) {
				if example.Output != "" {
					checked++
				}
			}
			assert.Positive(t, checked, "no Example with an Output comment")
		})
	}
}

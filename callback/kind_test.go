package callback

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRoutable compiles a handler for each of these types: one that can never match has to fail.
func TestRoutable(t *testing.T) {
	t.Parallel()
	const source = `package callback
func handles[T any, P Routable[T]](func(P)) {}
type own struct{ TextMessage }
type ownPointer struct{ *TextMessage }
type ownHeader struct{ Header }
func _() { handles(func(HANDLED) {}) }`
	set := token.NewFileSet()
	files := parsePackage(t, set)
	imports := importer.ForCompiler(set, "source", nil)
	for handled, good := range map[string]bool{
		"*TextMessage": true, "*SubscribeEvent": true, "*PicWeixinEvent": true, "*TemplateSendJobFinishEvent": true,
		"TextMessage": false, "**TextMessage": false, "*Unknown": false, "*Header": false, "*Clip": false, "Message": false,
		"*own": false, "own": false, "*ownPointer": false, "ownPointer": false, "*ownHeader": false, "string": false,
	} {
		file, err := parser.ParseFile(set, "handled.go", strings.ReplaceAll(source, "HANDLED", handled), 0)
		require.NoError(t, err)
		config := types.Config{Importer: imports}
		_, err = config.Check("callback", set, append(files, file), nil)
		if good {
			require.NoError(t, err, handled)
		} else {
			require.ErrorContains(t, err, "handled.go:6:", handled)
		}
	}
}

// parsePackage reads this package without its tests.
func parsePackage(t *testing.T, set *token.FileSet) (files []*ast.File) {
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(set, name, nil, 0)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	assert.NotEmpty(t, files)
	return files
}

// Package wxhome_test holds the architecture: which package may import which, and what the
// library may require.
package wxhome_test

import (
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
	"wechat":            {"token", "template", "custom", "media", "callback"},
	"wechat/wechattest": {"wechat", "callback", "template", "token", "custom", "media"},
}

func TestFloors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/*.go")
	require.NoError(t, err)
	deeper, err := filepath.Glob("*/*/*.go")
	require.NoError(t, err)
	for _, file := range append(files, deeper...) {
		room := filepath.ToSlash(filepath.Dir(file))
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(room, "examples") {
			continue
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

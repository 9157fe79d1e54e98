// Package commandtest holds the programs to their word that a command which they print runs as it
// is printed. [Callers] finds the places that print one, [Find] the command among the lines, and
// [Run] gives it to a shell. All may be called from several tests at once.
//
// # Errors
//
// What goes wrong fails the test.
package commandtest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// printers are the methods that make a command: a program's own, and the one behind it.
var printers = []string{"commandLine", "Command"}

// Callers returns where the program in a folder makes a command that it prints: the function, with
// #2 and so on for a further one in the same function. The program's own commandLine is none.
func Callers(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var found []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name != "commandLine" {
				found = append(found, numbered(f)...)
			}
		}
	}
	slices.Sort(found)
	return found
}

func numbered(f *ast.FuncDecl) (found []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		s, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains(printers, s.Sel.Name) {
			return true
		}
		name := f.Name.Name
		if len(found) > 0 {
			name = fmt.Sprintf("%s#%d", name, len(found)+1)
		}
		found = append(found, name)
		return true
	})
	return found
}

// Find returns the command that stands behind text, at the end of a line of what was printed.
func Find(t *testing.T, printed, text string) string {
	t.Helper()
	for line := range strings.Lines(printed) {
		if _, command, ok := strings.Cut(line, text); ok {
			return strings.TrimSpace(command)
		}
	}
	require.Fail(t, "no command was printed", "behind %q in:\n%s", text, printed)
	return ""
}

// Binary puts the running test binary under the name of a program into a folder of its own, whose
// name has a blank.
func Binary(t *testing.T, program string) string {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "the programs", program)
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
	require.NoError(t, os.Symlink(exe, path))
	return path
}

// Run has a shell run a command in an environment, and returns the exit status and all that was
// printed.
func Run(t *testing.T, environment []string, command string) (status int, printed string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Env, cmd.Dir = environment, t.TempDir()
	out, err := cmd.CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && !failed {
		require.NoError(t, err)
	}
	if failed {
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}

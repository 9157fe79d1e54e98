package operator

import (
	"flag"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuote(t *testing.T) {
	t.Parallel()
	tests := []struct{ word, unix, windows string }{
		{"-db", "-db", "-db"},
		{"thing1={student_name}", "thing1={student_name}", `"thing1={student_name}"`},
		{"thing1={a,b}", "'thing1={a,b}'", `"thing1={a,b}"`},
		{"{1..3}", "'{1..3}'", `"{1..3}"`},
		{"thing3=点击查看近期学习照片", "thing3=点击查看近期学习照片", "thing3=点击查看近期学习照片"},
		{"a b", "'a b'", `"a b"`},
		{"it's", `'it'\''s'`, `"it's"`},
		{"$(rm)", "'$(rm)'", `"$(rm)"`},
		{"", "''", `""`},
		{"=ls", "'=ls'", `"=ls"`},
		{"~", "'~'", `"~"`},
		{`C:\a b\`, `'C:\a b\'`, `"C:\a b\\"`},
		{`say \"hi"`, `'say \"hi"'`, `"say \\\"hi\""`},
		{"mysql:u:***@tcp(h:1)/d?x=1&y=2", "'mysql:u:***@tcp(h:1)/d?x=1&y=2'", `"mysql:u:***@tcp(h:1)/d?x=1&y=2"`},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.unix, Quote(tt.word, false))
		assert.Equal(t, tt.windows, Quote(tt.word, true))
	}
}

// TestQuotedForARealShell: what is quoted comes out of a shell as it went in.
func TestQuotedForARealShell(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no POSIX shell")
	}
	words := []string{
		"a b", "'", `"`, `\`, "$HOME", "`id`", "*", "?", "[a]", "~", "!", "#", ";", "&", "|", "<", ">", "(", ")", "{", "}", "{a,b}", "{a}{b}",
		"孩子的照片", "“点击”", "-leading", "--", "=x", "a=b", "%d", "tab\tin", "line\nbreak", "x\\", "", "é", "^",
	}
	line := "printf '%s\\0'"
	for _, word := range words {
		line += " " + Quote(word, false)
	}
	for _, shell := range []string{"sh", "bash", "dash", "zsh"} {
		if _, err := exec.LookPath(shell); err != nil {
			continue
		}
		out, err := exec.CommandContext(t.Context(), shell, "-c", line).Output()
		require.NoError(t, err, shell)
		assert.Equal(t, words, strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), shell)
	}
}

func TestInvoked(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "./batchpush", Invoked([]string{"./batchpush"}, "examples/batchpush", nil, nil).Name)
	assert.Equal(t, "go run ./examples/batchpush", Invoked([]string{"/tmp/go-build123/b001/exe/batchpush"}, "examples/batchpush", nil, nil).Name)
	assert.Equal(t, "batchpush", Invoked(nil, "examples/batchpush", nil, nil).Name)
}

func TestCommand(t *testing.T) {
	t.Parallel()
	f := flag.NewFlagSet("x", flag.ContinueOnError)
	f.Bool("b", false, "")
	f.Int("n", 0, "")
	f.String("db", "", "")
	i := Invocation{Name: "./x", Args: []string{"-b", "go", "-n", "-3", "-db=mysql:u:geheim@/d"}, Flags: f, Variables: map[string]string{"db": "X_DB"}}
	set := `X_DB="${X_DB:?set it to the value that -db had}" `
	assert.Equal(t, set+"./x go -b -n -3", i.Command(Change{}))
	assert.Equal(t, "./x status -n -3 -a 'b c'", i.Command(Change{Command: "status", Only: []string{"n"}, Add: []string{"-a", "b c"}}))
	assert.Equal(t, "./x go", i.Command(Change{Drop: []string{"b", "n", "db"}}))
	i.Windows = true
	assert.Equal(t, "if defined X_DB ./x go -b -n -3", i.Command(Change{}))
	assert.Equal(t, "y -b", Invocation{Name: "y", Args: []string{"-b"}}.Command(Change{}))
}

func TestHasPassword(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"sqlite:a:b@c.db": false, "mysql:u:p@/d": true, "mysql:u@tcp(h:1)/d": false, "mysql:no dsn": true, "mysql:u:p@nowhere": true,
		"redis://127.0.0.1:6379/0": false, "redis://:p@h:1/0": true, "redis://h:1/0?password=p": true, "": false,
	} {
		assert.Equal(t, want, HasPassword(address), address)
	}
}

func TestWantedSignals(t *testing.T) {
	t.Parallel()
	assert.Len(t, wanted(false), 3)
	assert.Len(t, wanted(true), 2, "under nohup a hangup ends nothing")
}

package main

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestShellWord(t *testing.T) {
	t.Parallel()
	tests := []struct{ word, unix, windows string }{
		{"-db", "-db", "-db"},
		{"thing1={student_name}", "thing1={student_name}", `"thing1={student_name}"`},
		{"thing3=点击查看近期学习照片", "thing3=点击查看近期学习照片", "thing3=点击查看近期学习照片"},
		{"a b", "'a b'", `"a b"`},
		{"it's", `'it'\''s'`, `"it's"`},
		{"$(rm)", "'$(rm)'", `"$(rm)"`},
		{"", "''", `""`},
		{"mysql:u:***@tcp(h:1)/d?x=1&y=2", "'mysql:u:***@tcp(h:1)/d?x=1&y=2'", `"mysql:u:***@tcp(h:1)/d?x=1&y=2"`},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.unix, shellWord(tt.word, false))
		assert.Equal(t, tt.windows, shellWord(tt.word, true))
	}
}

func TestContinued(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		more []string
		want string
	}{
		{"nothing given", nil, nil, "-campaign photos-1"},
		{"flags stay", []string{"-simulate", "-rate", "5", "-limit=10"}, nil, "-simulate -rate 5 -limit=10 -campaign photos-1"},
		{"the campaign is named once", []string{"-campaign", "old", "-yes", "-new"}, nil, "-yes -campaign photos-1"},
		{"attached", []string{"--campaign=old", "-new=true", "--yes"}, nil, "--yes -campaign photos-1"},
		{"more", []string{"-yes", "-retry-failed"}, []string{"-retry-failed"}, "-yes -retry-failed -campaign photos-1"},
		{"password", []string{"-db", "mysql:u:se@cr:et@tcp(h:1)/d"}, nil, "-db 'mysql:u:***@tcp(h:1)/d' -campaign photos-1"},
		{"password attached", []string{"-ledger=mysql:u:secret@tcp(h:1)/d"}, nil, "'-ledger=mysql:u:***@tcp(h:1)/d' -campaign photos-1"},
		{"no password", []string{"-db", "mysql:u@tcp(h:1)/d", "-db", "sqlite:a@b:c.db"}, nil, "-db 'mysql:u@tcp(h:1)/d' -db sqlite:a@b:c.db -campaign photos-1"},
		{"password of a Redis", []string{"-redis", "redis://u:se@cr:et@h:1/0"}, nil, "-redis 'redis://u:***@h:1/0' -campaign photos-1"},
		{"a value that looks like a flag", []string{"-field", "-new=x"}, nil, "-field -new=x -campaign photos-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &program{name: "batchpush", args: tt.args}
			assert.Equal(t, "batchpush "+tt.want, p.continued("photos-1", tt.more...))
		})
	}
}

func TestCalledAs(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "./batchpush", calledAs("./batchpush"))
	assert.Equal(t, "go run ./examples/batchpush", calledAs("/tmp/go-build123/b001/exe/batchpush"))
}

// TestSwitches holds isSwitch to the flags that there are.
func TestSwitches(t *testing.T) {
	t.Parallel()
	type boolFlag interface{ IsBoolFlag() bool }
	(&options{}).flagSet(language{}).VisitAll(func(f *flag.Flag) {
		b, ok := f.Value.(boolFlag)
		assert.Equal(t, ok && b.IsBoolFlag(), isSwitch(f.Name), f.Name)
		assert.NotEmpty(t, f.Usage, f.Name)
	})
}

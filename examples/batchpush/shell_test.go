package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/operator"
)

// TestNaming: the command that goes on with a campaign, from the command lines that there may be.
func TestNaming(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		more []string
		want string
	}{
		{"nothing given", nil, nil, "batchpush -campaign photos-1"},
		{"flags stay", []string{"-simulate", "-rate", "5", "-limit=10"}, nil, "batchpush -simulate -rate 5 -limit=10 -campaign photos-1"},
		{"the campaign is named once", []string{"-campaign", "old", "-yes", "-new"}, nil, "batchpush -yes -campaign photos-1"},
		{"attached", []string{"--campaign=old", "-new=true", "--yes"}, nil, "batchpush --yes -campaign photos-1"},
		{"more", []string{"-yes", "-retry-failed"}, []string{"-retry-failed"}, "batchpush -yes -retry-failed -campaign photos-1"},
		{"nothing is sent twice unasked", []string{"-resend-unknown", "-retry-failed"}, nil, "batchpush -campaign photos-1"},
		{"a firing of -cron", []string{"-cron", "0 18 * * 5", "-tz", "UTC"}, nil, "batchpush -tz UTC -campaign photos-1"},
		{"password", []string{"-db", "mysql:u:se@cr:et@tcp(h:1)/d", "-yes"}, nil, `WXHOME_DB="${WXHOME_DB:?set it to the value that -db had}" batchpush -yes -campaign photos-1`},
		{"password attached", []string{"-ledger=mysql:u:secret@tcp(h:1)/d"}, nil, `WXHOME_LEDGER="${WXHOME_LEDGER:?set it to the value that -ledger had}" batchpush -campaign photos-1`},
		{"no password", []string{"-db", "mysql:u@tcp(h:1)/d", "-db", "sqlite:a@b:c.db"}, nil, "batchpush -db sqlite:a@b:c.db -campaign photos-1"},
		{"the last one has a password", []string{"-db", "sqlite:a.db", "-db", "mysql:u:pw@tcp(h:1)/d"}, nil, `WXHOME_DB="${WXHOME_DB:?set it to the value that -db had}" batchpush -campaign photos-1`},
		{"the last one has none", []string{"-db=mysql:u:pw@tcp(h:1)/d", "-db", "sqlite:a.db"}, nil, "batchpush -db sqlite:a.db -campaign photos-1"},
		{"password of a Redis", []string{"-redis", "redis://u:se@cr:et@h:1/0"}, nil, `WXHOME_REDIS="${WXHOME_REDIS:?set it to the value that -redis had}" batchpush -campaign photos-1`},
		{"a value that looks like a flag", []string{"-field", "-new=x"}, nil, "batchpush -field -new=x -campaign photos-1"},
		{"the end of the flags", []string{"-yes", "--", "push"}, nil, "batchpush push -yes -campaign photos-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &program{called: operator.Invocation{Name: "batchpush", Args: tt.args, Flags: (&options{}).flagSet(language{}), Variables: variables}}
			assert.Equal(t, tt.want, p.commandLine(naming("photos-1", tt.more...)))
		})
	}
}

// TestAsGiven: of a push that never began, nothing that was decided is lost.
func TestAsGiven(t *testing.T) {
	t.Parallel()
	args := []string{"-resend-unknown", "-student", "7", "-new", "-campaign", "photos-0", "-yes"}
	p := &program{called: operator.Invocation{Name: "batchpush", Args: args, Flags: (&options{}).flagSet(language{}), Variables: variables}}
	assert.Equal(t, "batchpush -resend-unknown -student 7 -yes -campaign photos-1", p.commandLine(asGiven("photos-1")))
	assert.Equal(t, "batchpush -yes -new", p.commandLine(anew()))
}

// TestVariables: an environment variable stands for a flag that is missing, and for that alone.
func TestVariables(t *testing.T) {
	t.Parallel()
	environment := map[string]string{"WXHOME_DB": "sqlite:a.db", "WXHOME_LEDGER": " sqlite:b.db ", "WXHOME_REDIS": "redis://h:1/0"}
	getenv := func(name string) string { return environment[name] }
	o, err := parseOptions(nil, getenv, language{}, time.Now())
	require.NoError(t, err)
	assert.Equal(t, []string{"sqlite:a.db", "sqlite:b.db", "redis://h:1/0"}, []string{o.db, o.ledger, o.redis})
	assert.Equal(t, []string{"WXHOME_DB", "WXHOME_LEDGER", "WXHOME_REDIS"}, o.real(getenv), "they speak of a real push")
	o, err = parseOptions([]string{"-db", "sqlite:c.db", "-ledger", "sqlite:d.db", "-redis", "redis://h:2/0"}, getenv, language{}, time.Now())
	require.NoError(t, err)
	assert.Equal(t, []string{"sqlite:c.db", "sqlite:d.db", "redis://h:2/0"}, []string{o.db, o.ledger, o.redis})
	assert.Equal(t, []string{"-db", "-ledger", "-redis"}, o.real(getenv))
}

package push

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
)

// The ledger of commit 3a1dec2 that lies in testdata was written by that version's batchpush, which
// was killed in the middle of a campaign: 22 rows accepted, 12 sending, 26 pending.
const oldAccepted, oldSending, oldPending = 22, 12, 26

// oldLedger restores it into an empty database.
func oldLedger(t *testing.T, address string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), address, db.Create())
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	name := "testdata/ledger-3a1dec2.sqlite.sql"
	if d.Dialect == db.MySQL {
		name = "testdata/ledger-3a1dec2.mariadb.sql"
	}
	dump, err := os.ReadFile(name)
	require.NoError(t, err)
	for statement := range strings.SplitSeq(string(dump), ";\n") {
		if strings.TrimSpace(statement) != "" {
			execute(t, d, statement)
		}
	}
	return d
}

// ofOldLedger continues its campaign with the flags of then.
func ofOldLedger(d *db.DB, s *simulated) Config {
	return Config{
		AppID: "wxsimulation000001", Caller: s.Client(wechat.WithMaxAttempts(1)), School: d, Ledger: d, Campaign: "autumn", TemplateID: oldTemplate,
		Fields: []Field{{"thing1", "{student_name}"}, {"time2", "2026年11月20日 18:00"}, {"thing3", "照片"}}, Public: true,
	}
}

const oldTemplate = "DEMO-photo-update-0000000000000000000000000"

// A campaign that the version before had begun is continued, and then pushed again as another one:
// nobody gets the photo twice, and those of whom nobody can tell wait for a person.
func TestLedgerOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := oldLedger(t, address)
		s := newWeChat(t)
		s.AddTemplate(oldDemoTemplate)
		got, err := Run(t.Context(), nil, ofOldLedger(d, s))
		require.NoError(t, err)
		addsUp(t, got)
		assert.Equal(t, []int{oldAccepted + oldPending, oldSending}, []int{got.Accepted, got.Unknown})
		s.once(t, oldPending)

		again := ofOldLedger(d, s)
		again.Campaign = "winter"
		got, err = Run(t.Context(), nil, again)
		require.NoError(t, err)
		addsUp(t, got)
		assert.Equal(t, []int{0, oldAccepted + oldPending, oldSending}, []int{got.Sent, got.Unchanged, got.Unknown})
		s.once(t, oldPending)
	})
}

var oldDemoTemplate = template.Template{ID: oldTemplate, Content: "学生姓名{{thing1.DATA}}\n更新时间{{time2.DATA}}\n备注{{thing3.DATA}}"}

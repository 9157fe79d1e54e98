package push

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
)

// The ledger is made when it is absent, also by several at once, and left alone when it is there.
func TestCreateLedger(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		d := emptySchool(t, address)
		var group sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			group.Go(func() { errs[i] = createLedger(t.Context(), d) })
		}
		group.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		ledgerOf(t, d, "a", 3)
		require.NoError(t, createLedger(t.Context(), d))
		assert.Equal(t, map[string]int{statePending: 3}, counts(t, newLedger(d, "wx1", "spring")))
		execute(t, d, "DROP TABLE push_campaign")
		require.NoError(t, createLedger(t.Context(), d), "the other one alone")
		execute(t, d, "DROP TABLE push_message")
		execute(t, d, "CREATE TABLE push_message (id INTEGER)")
		require.ErrorContains(t, createLedger(t.Context(), d), d.Name)
	})
}

// The school's tables are only read, and where the ledger has been made by somebody else, the
// user needs no right to create.
func TestRights(t *testing.T) {
	t.Parallel()
	d := emptySchool(t, dbtest.MariaDB(t))
	fill(t, d, 5)
	cfg, err := mysql.ParseDSN(os.Getenv("WXHOME_TEST_MYSQL"))
	require.NoError(t, err)
	admin, err := sql.Open("mysql", cfg.FormatDSN())
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close() })
	name := d.Name[strings.LastIndexByte(d.Name, '/')+1:]
	user := fmt.Sprintf("wxhome_%d", rand.Uint32())
	grant := func(rights, table string) {
		_, err := admin.Exec(fmt.Sprintf("GRANT %s ON %s.%s TO '%s'@'%%'", rights, name, table, user))
		require.NoError(t, err)
	}
	for _, host := range []string{"%", "localhost"} { // an anonymous user of localhost would come first
		_, err = admin.Exec(fmt.Sprintf("CREATE USER '%s'@'%s' IDENTIFIED BY 'pw'", user, host))
		require.NoError(t, err)
		t.Cleanup(func() { _, _ = admin.Exec(fmt.Sprintf("DROP USER '%s'@'%s'", user, host)) })
	}
	_, err = admin.Exec(fmt.Sprintf("DROP USER '%s'@'localhost'", user))
	require.NoError(t, err)
	grant("SELECT", "parent_wechat_bind")
	grant("SELECT", "student_photo")
	cfg.User, cfg.Passwd, cfg.DBName = user, "pw", name
	limited, err := db.Open(t.Context(), "mysql:"+cfg.FormatDSN())
	require.NoError(t, err)
	t.Cleanup(func() { _ = limited.Close() })

	push := ofSchool(limited, newWeChat(t))
	_, err = Run(t.Context(), nil, push)
	require.ErrorContains(t, err, "CREATE")
	assert.True(t, db.IsDenied(err), err)
	look, err := Look(t.Context(), push, 0)
	require.NoError(t, err, "to look needs no ledger")
	assert.Equal(t, 5, look.Pending)

	require.NoError(t, createLedger(t.Context(), d))
	grant("SELECT, INSERT, UPDATE", "push_message")
	grant("SELECT, INSERT, UPDATE", "push_campaign")
	grant("SELECT, INSERT, UPDATE", "push_secret")
	grant("SELECT, INSERT, UPDATE", "push_left")
	grant("SELECT, INSERT, UPDATE", "push_control")
	got, err := run(t, push)
	require.NoError(t, err)
	assert.Equal(t, 5, got.Accepted)
}

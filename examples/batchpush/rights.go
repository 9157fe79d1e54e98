package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/push"
)

// rights checks that the ledger can be made and written, without doing so.
func (c *checker) rights(ctx context.Context) {
	what := c.p.text("ledger")
	ledger := c.s.ledger
	if ledger.Dialect == db.SQLite {
		c.fileRights(what, ledger)
		return
	}
	missing, err := missingRights(ctx, ledger)
	switch {
	case err != nil:
		c.warn(what, c.p.text("the rights of this user cannot be read: %s", oneLine(err.Error())))
	case len(missing) > 0:
		c.fail(what, c.p.text("%s: this user lacks %s; grant it, or keep the ledger elsewhere with -ledger", ledger.Name, strings.Join(missing, ", ")))
	default:
		c.ok(what, c.p.text("%s can be written", ledger.Name))
	}
	c.lock(ctx, what)
	var flush string
	if ledger.QueryRowContext(ctx, "SELECT @@innodb_flush_log_at_trx_commit").Scan(&flush) == nil && flush != "1" {
		c.warn(what, c.p.text("innodb_flush_log_at_trx_commit is %s: after a power cut some messages may be sent twice; 1 is safe", flush))
	}
}

// lock looks whether the ledger's server has locks that hold, as the start of a push does.
func (c *checker) lock(ctx context.Context, what string) {
	shared, err := push.CheckLock(ctx, c.s.ledger)
	switch {
	case err != nil:
		c.fail(what, c.p.text("a push could not take its lock (GET_LOCK): connect to one server directly, not through a proxy or to a cluster that refuses it: %s", c.p.describe(err)))
	case !shared:
		c.warn(what, c.p.text("GET_LOCK does not reach other connections to this database (a proxy or a cluster?): let one process push at a time, or connect to one server directly"))
	}
}

// fileRights opens a SQLite file for writing, and its folder, where the lock
// and the journal go.
func (c *checker) fileRights(what string, ledger *db.DB) {
	dir := filepath.Dir(ledger.Path)
	file, err := os.OpenFile(ledger.Path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist): // a push makes it, and its folders
		for _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir); _, err = os.Stat(dir) {
			dir = filepath.Dir(dir)
		}
	case err != nil:
		c.fail(what, c.p.text("%s cannot be written: %s", ledger.Name, oneLine(err.Error())))
		return
	default:
		_ = file.Close()
	}
	probe, err := os.CreateTemp(dir, ".wxhome-check-*")
	if err != nil {
		c.fail(what, c.p.text("the folder of %s cannot be written: %s", ledger.Name, oneLine(err.Error())))
		return
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	c.ok(what, c.p.text("%s can be written", ledger.Name))
}

var grantForm = regexp.MustCompile(`(?i)^GRANT (.+?) ON (?:TABLE )?(.+?)\.(.+?) TO `)

// missingRights returns the privileges on the ledger's database that the user
// was not granted.
func missingRights(ctx context.Context, d *db.DB) ([]string, error) {
	var name string
	if err := d.QueryRowContext(ctx, "SELECT DATABASE()").Scan(&name); err != nil {
		return nil, err
	}
	rows, err := d.QueryContext(ctx, "SHOW GRANTS")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var grants []string
	for rows.Next() {
		var grant string
		if err := rows.Scan(&grant); err != nil {
			return nil, err
		}
		grants = append(grants, grant)
	}
	needed := []string{"SELECT", "INSERT", "UPDATE", "CREATE"}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return lacking(grants, name, needed), nil
}

// lacking returns what of needed no grant gives on the database.
func lacking(grants []string, database string, needed []string) []string {
	held := map[string]bool{}
	for _, grant := range grants {
		m := grantForm.FindStringSubmatch(grant)
		if m == nil || !covers(m[2], database) {
			continue
		}
		for _, privilege := range strings.Split(strings.ToUpper(m[1]), ",") {
			held[strings.TrimSpace(privilege)] = true
		}
	}
	var missing []string
	for _, privilege := range needed {
		if !held[privilege] && !held["ALL PRIVILEGES"] && !held["ALL"] {
			missing = append(missing, privilege)
		}
	}
	return missing
}

// covers reports whether a grant's database, which may be * or have the
// wildcards % and _, is the one meant.
func covers(pattern, database string) bool {
	pattern = strings.Trim(pattern, "`'\"")
	if pattern == "*" {
		return true
	}
	var expression strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			expression.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		case pattern[i] == '%':
			expression.WriteString(".*")
		case pattern[i] == '_':
			expression.WriteString(".")
		default:
			expression.WriteByte(pattern[i])
		}
	}
	matched, err := regexp.MatchString("(?i)^"+expression.String()+"$", database)
	return err == nil && matched
}

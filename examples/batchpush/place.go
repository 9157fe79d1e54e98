package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/school"
)

// demoPath is where the demo school lives, so that its ledger outlives a run.
func demoPath() (string, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("the demo school needs a folder of the user's: %w", err)
	}
	return filepath.Join(folder, "wxhome", "demo-school.db"), nil
}

// openSchool opens the database of -db, or the demo school, which is made
// when it is not there. create says that a SQLite file may be made.
func (p *program) openSchool(ctx context.Context, create bool) (*db.DB, error) {
	if p.db != "" {
		var options []db.Option
		if create {
			options = append(options, db.Create())
		}
		d, err := db.Open(ctx, p.db, options...)
		return d, p.databaseError(p.text("the database"), err)
	}
	path, err := demoPath()
	if err != nil {
		return nil, usage(err.Error())
	}
	d, err := db.Open(ctx, "sqlite:"+path, db.Create())
	if err != nil {
		return nil, p.databaseError(p.text("the demo school"), err)
	}
	if _, err := school.EnsureDemo(ctx, d.DB); err != nil {
		_ = d.Close()
		return nil, p.databaseError(p.text("the demo school"), err)
	}
	p.say("Demo school: %s (delete the file to begin anew)", path)
	return d, nil
}

// openLedger opens the database of -ledger, which is the school's by default.
// closing it twice does no harm.
func (p *program) openLedger(ctx context.Context, schoolDB *db.DB) (*db.DB, error) {
	if p.ledger == "" {
		return schoolDB, nil
	}
	d, err := db.Open(ctx, p.ledger, db.Create())
	return d, p.databaseError(p.text("the ledger"), err)
}

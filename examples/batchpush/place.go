package main

import (
	"context"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
)

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
	d, err := operator.OpenDemo(ctx)
	if err != nil {
		return nil, p.databaseError(p.text("the demo school"), err)
	}
	p.say("Demo school: %s (delete the file to begin anew)", d.Name)
	return d, nil
}

// openLedger opens the database of -ledger, which is the school's by default. For a command that
// writes nothing, a SQLite file that is not there is an empty ledger.
func (p *program) openLedger(ctx context.Context, schoolDB *db.DB) (*db.DB, error) {
	if p.ledger == "" {
		return schoolDB, nil
	}
	option := db.Create()
	if p.dryRun || p.command == cmdCheck {
		option = db.OrEmpty()
	}
	d, err := db.Open(ctx, p.ledger, option)
	return d, p.databaseError(p.text("the ledger"), err)
}

// withLedger calls f with the ledger, for a command that needs no WeChat. It makes none.
func (p *program) withLedger(ctx context.Context, f func(ledger *db.DB, appID string) error) error {
	appID, err := p.statusAccount()
	if err != nil {
		return err
	}
	schoolDB, err := p.openSchool(ctx, false)
	if err != nil {
		return err
	}
	defer schoolDB.Close()
	if p.ledger == "" {
		return f(schoolDB, appID)
	}
	ledger, err := db.Open(ctx, p.ledger)
	if err != nil {
		return p.databaseError(p.text("the ledger"), err)
	}
	defer ledger.Close()
	return f(ledger, appID)
}

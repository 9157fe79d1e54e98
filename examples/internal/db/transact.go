package db

import (
	"context"
	"database/sql"
)

// transactTries is how often a transaction is begun when the server undoes it
// for the sake of another one.
const transactTries = 10

// Transact runs f in a transaction and commits it when f returns nil. When
// the server has given the locks to another transaction (see [IsConflict]), f
// is run again from the beginning: it must not keep what it found before.
func (d *DB) Transact(ctx context.Context, f func(*sql.Tx) error) error {
	for try := 1; ; try++ {
		err := d.transactOnce(ctx, f)
		if err == nil || try == transactTries || !IsConflict(err) {
			return err
		}
	}
}

func (d *DB) transactOnce(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // f's error says more
		return err
	}
	return tx.Commit()
}

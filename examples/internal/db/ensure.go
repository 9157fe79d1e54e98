package db

import "context"

// Ensure runs statements unless the table is there already, so that a user
// without the right to CREATE can work with tables that somebody else has made.
func (d *DB) Ensure(ctx context.Context, table string, statements ...string) error {
	rows, err := d.QueryContext(ctx, "SELECT 1 FROM "+d.Quote(table)+" WHERE 1 = 0")
	if err == nil {
		rows.Next() // some drivers report what is wrong no earlier
		err = rows.Err()
		_ = rows.Close()
	}
	if err == nil {
		return nil
	}
	for _, statement := range statements {
		if _, err := d.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

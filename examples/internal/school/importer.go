package school

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// Counts tells what an import did to the tables, by lines of the file.
type Counts struct {
	Added     int // lines with a binding or a photo that was not there
	Updated   int // lines that changed one
	Unchanged int // lines that changed nothing
}

// Rows returns how many lines there were.
func (c Counts) Rows() int { return c.Added + c.Updated + c.Unchanged }

func (c *Counts) add(change change) {
	switch change {
	case added:
		c.Added++
	case updated:
		c.Updated++
	default:
		c.Unchanged++
	}
}

// ImportFile is [Import] for a file by its name.
func ImportFile(ctx context.Context, conn *sql.DB, name string) (Counts, error) {
	file, err := os.Open(name)
	if err != nil {
		return Counts{}, err // it names the file and what is wrong
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return Counts{}, &FileError{Problem: ProblemFolder}
	}
	return Import(ctx, conn, file)
}

// Import loads a CSV file (see [Read]) into the tables, creating them when
// absent, in one transaction: all of it or, when the error is not nil, nothing.
// conn is a SQLite, MySQL or MariaDB database.
//
// A binding is known by the parent's phone number and the student, a photo by
// the student and its address; a name belongs to the student. What the file
// leaves empty is left as it is, and nothing is ever deleted, so that loading
// the same file again changes nothing. Lines that contradict each other are
// refused before anything is written. Values that tables of the school's own
// cannot hold byte for byte are an *[UnfitError] with all of them.
func Import(ctx context.Context, conn *sql.DB, file io.ReadSeeker) (Counts, error) {
	if err := checkFile(ctx, file); err != nil {
		return Counts{}, err
	}
	if err := createTables(ctx, conn); err != nil {
		return Counts{}, err
	}
	if err := canUndo(ctx, conn); err != nil {
		return Counts{}, err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return Counts{}, fmt.Errorf("school: begin the import: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	counts, err := load(ctx, tx, db.DialectOf(conn), file)
	if err != nil {
		return Counts{}, err
	}
	if err := tx.Commit(); err != nil {
		return Counts{}, fmt.Errorf("school: commit the import: %w", err)
	}
	return counts, nil
}

func load(ctx context.Context, tx *sql.Tx, dialect db.Dialect, file io.ReadSeeker) (counts Counts, err error) {
	l := &loader{ctx: ctx, tx: tx, dialect: dialect, now: stamp(time.Now()), prepared: make(map[string]*sql.Stmt)}
	defer func() { err = errors.Join(err, l.close()) }()
	faults := new(UnfitError)
	for row, err := range Read(file) {
		if err != nil {
			return counts, err
		}
		change, err := l.row(row)
		if fault := faultOf(row, err); fault != nil {
			faults.add(fault)
			continue
		}
		if err != nil {
			return counts, fmt.Errorf("school: load line %d: %w", row.Line, err)
		}
		counts.add(change)
	}
	return counts, faults.err()
}

// stamp writes a moment as the tables hold it, in Beijing's time.
func stamp(t time.Time) string { return t.In(Beijing).Format(time.DateTime) }

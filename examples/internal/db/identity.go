package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Identifiers of people (an openid, a student id, a phone number) are the same when their texts
// are the same, byte for byte. No database compares so by itself: a collation takes a1 for A1 or é
// for e, MySQL ignores spaces at the end, a number equals the text 007, SQLite's affinities
// convert. So a caller reads an identifier with [Dialect.Text], looks it up with [Dialect.Find],
// which may find too much, and compares in Go. A statement that changes rows adds
// [Dialect.Exactly].

// Querier is a database or a transaction.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DialectOf tells what an open database speaks.
func DialectOf(conn *sql.DB) Dialect {
	if _, ok := conn.Driver().(*mysql.MySQLDriver); ok {
		return MySQL
	}
	return SQLite
}

// Text returns the SQL for the text that the database prints of a column; NULL stays NULL.
func (d Dialect) Text(column string) string {
	if d == MySQL {
		// CONCAT keeps the zeros of ZEROFILL. A FLOAT prints six digits of what it holds, so that
		// several look the same: one that is not what it prints is NULL.
		return fmt.Sprintf("IF(%[1]s = CONCAT(%[1]s), CONCAT(%[1]s), NULL)", column)
	}
	return "CAST(" + column + " AS TEXT)"
}

// Exactly returns a condition: the column's text is its one argument, which is [Bytes] of an
// identifier. No index serves it, so it stands beside the condition of [Dialect.Find].
func (d Dialect) Exactly(column string) string {
	if d == MySQL {
		return "CAST(CONVERT(" + d.Text(column) + " USING utf8mb4) AS BINARY) = ?"
	}
	return "CAST(" + d.Text(column) + " AS BLOB) = ?"
}

// Bytes makes an argument for [Dialect.Exactly].
func Bytes(identifier string) []byte { return []byte(identifier) }

// Find returns a condition on a column of a table, with its arguments. It is true for every row
// whose column has the text of one of values, and perhaps for others: compare the texts in Go.
// An index on the column serves it, whatever type and collation the column has. Keep values to
// [FindLimit].
func (d Dialect) Find(ctx context.Context, q Querier, table, column string, values ...string) (condition string, args []any, err error) {
	if d == MySQL {
		return findMySQL(ctx, q, table, column, values)
	}
	for _, v := range values {
		args = append(args, sqliteForms(v)...)
	}
	return column + " IN (" + Marks(len(args)) + ")", args, nil
}

// FindLimit is how many values one condition should have. MariaDB makes a join of a longer list
// (in_predicate_conversion_threshold), which compares by other rules.
const FindLimit = 500

// sqliteForms are the values that SQLite may keep for a text. Without an affinity of the column
// they are not converted into each other.
func sqliteForms(v string) []any {
	forms := []any{v, []byte(v)}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && strconv.FormatInt(n, 10) == v {
		return append(forms, n)
	}
	if f, err := strconv.ParseFloat(v, 64); err == nil && strings.Contains(v, ".") {
		forms = append(forms, f)
	}
	return forms
}

// findMySQL compares with the column as it is, in its own collation. A literal with characters
// that the column's character set lacks would be an "illegal mix of collations", so it is brought
// into that set; what the set lacks becomes a question mark, and a row with it is dropped in Go.
func findMySQL(ctx context.Context, q Querier, table, column string, values []string) (condition string, args []any, err error) {
	mark := "?"
	for _, v := range values {
		args = append(args, v)
		if mark == "?" && !isASCII(v) {
			if mark, err = literal(ctx, q, table, column); err != nil {
				return "", nil, err
			}
		}
	}
	if len(values) == 0 {
		return "1 = 0", nil, nil
	}
	return column + " IN (" + strings.Repeat(mark+",", len(values)-1) + mark + ")", args, nil
}

// literal is the SQL for an argument in the character set and the collation of a column.
func literal(ctx context.Context, q Querier, table, column string) (string, error) {
	var set, collation string
	err := q.QueryRowContext(ctx, "SELECT CHARSET("+column+"), COLLATION("+column+") FROM "+table+" LIMIT 1").Scan(&set, &collation)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "CONVERT(? USING ascii)", nil // the table is empty
	case err != nil:
		return "", err
	case set == "binary" || set == "utf8mb4": // binary: also a number
		return "?", nil
	}
	return "CONVERT(? USING " + set + ") COLLATE " + collation, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

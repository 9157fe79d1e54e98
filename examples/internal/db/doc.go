// Package db opens the databases that the examples work on: SQLite, embedded
// and the default, or MySQL and MariaDB. [Open] is the one call to know.
//
// A [DB] is a *sql.DB that knows what differs between the two and has a name
// for people without the password. It is safe for use by several goroutines.
//
// # Errors
//
// Open says in one line what is wrong with the source or the server, without
// the password. [IsBusy], [IsFull], [IsConflict] and [IsMissing] tell the failures that a
// program acts on.
package db

// Package school has the two tables of a school that the examples work on,
// the import of a CSV file (花名册) into them, and a demo school.
//
// The tables are parent_wechat_bind, a row for each parent and child, and
// student_photo, a row for each photo. [Import] is the one call to know: it
// loads a file into the tables, creating them when they are absent, in one
// transaction. [EnsureDemo] loads the demo school in the same way.
//
// Nothing here keeps state: the functions may be called from several
// goroutines, with the concurrency that the database grants.
//
// # Errors
//
// What is wrong with a file is a [*FileError] with the number of its line and
// a [Problem]; a database's own errors are wrapped as they come. In either
// case nothing has been loaded.
package school

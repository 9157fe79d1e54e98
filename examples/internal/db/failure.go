package db

import "strings"

// IsBusy reports that another connection has a SQLite database locked.
func IsBusy(err error) bool { return sqliteCode(err) == codeBusy }

// IsConflict reports that the server has undone a transaction for the sake of
// another one (a deadlock or a lock that took too long): it may be repeated.
func IsConflict(err error) bool {
	switch mysqlCode(err) {
	case 1213, 1205:
		return true
	}
	return false
}

// IsFull reports that there is no room left on the disk.
func IsFull(err error) bool {
	switch mysqlCode(err) {
	case 1021, 1114:
		return true
	}
	return sqliteCode(err) == codeFull
}

// IsMissing reports that a table or column that a statement names is not
// there, or may not be read.
func IsMissing(err error) bool {
	switch mysqlCode(err) {
	case 1146, 1054, 1142, 1143, 1356:
		return true
	}
	if sqliteCode(err) != codeError {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "no such table") || strings.Contains(text, "no such column")
}

// IsDenied reports that the right to do something is missing, or that the
// database may only be read.
func IsDenied(err error) bool {
	switch mysqlCode(err) {
	case 1044, 1045, 1698, 1142, 1143, 1227, 1290, 1836:
		return true
	}
	return sqliteCode(err) == codeReadOnly
}

// IsUnfit reports that a column cannot hold a value that was to be written, or that was looked for
// in it.
func IsUnfit(err error) bool {
	switch mysqlCode(err) {
	case 1264, 1265, 1292, 1366, 1406:
		return true
	}
	return sqliteMismatch(err)
}

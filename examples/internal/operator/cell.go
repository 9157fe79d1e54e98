package operator

import "strings"

// Cell keeps a spreadsheet from taking a value for a formula: names and ids
// come from parents and schools, and openids begin with - at times.
func Cell(value string) string {
	if value != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(value)[0]) {
		return "'" + value
	}
	return value
}

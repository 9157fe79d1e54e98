package school

import (
	"fmt"
	"strconv"
)

// A Problem is what can be wrong with a CSV file. Its texts are English; a
// program that speaks another language has its own for each.
type Problem int

// The problems of a file, of its header and of its values.
const (
	_                Problem = iota
	ProblemEmpty             // the file has no line
	ProblemFolder            // it is a folder
	ProblemUTF16             // Excel's "Unicode text"
	ProblemEncoding          // neither UTF-8 nor GBK
	ProblemSeparator         // the columns are separated by ; or tab
	ProblemNoColumn          // the header lacks a column
	ProblemTwice             // the header has a column twice
	ProblemQuote             // a quotation mark that does not belong there, or is never closed
	ProblemFields            // a line with more or fewer fields than the header
	ProblemMissing           // a value that must be there is not
	ProblemExcel             // Excel has rounded a long number to 2.026E+13
	ProblemNarrow            // Excel has written ##### for a column that was too narrow
	ProblemTooLong           // more characters than the table's column takes
	ProblemControl           // a line break or another control character
	ProblemOpenID            // not an openid
	ProblemMobile            // not a phone number
	ProblemURL               // not an http or https address
	ProblemDate              // not a date and time
	ProblemSerial            // a date as Excel's serial number
	ProblemConflict          // an earlier line says otherwise
	ProblemUnfit             // the table's column cannot hold the value
	ProblemEngine            // the table's engine cannot undo a failed import
)

var problemTexts = map[Problem]string{
	ProblemEmpty:     "the file is empty: its first line must name the columns",
	ProblemFolder:    "it is a folder, not a CSV file",
	ProblemUTF16:     "the file is UTF-16 (Excel's Unicode text): save it as CSV UTF-8",
	ProblemEncoding:  "the text is neither UTF-8 nor GBK: save the file as CSV UTF-8",
	ProblemSeparator: "the columns are not separated by commas: save the file as CSV with commas",
	ProblemNoColumn:  "the header has no such column",
	ProblemTwice:     "the header has this column twice",
	ProblemQuote:     `a quotation mark is misplaced or never closed: write it twice ("") within a quoted value`,
	ProblemFields:    "the line does not have as many columns as the header",
	ProblemMissing:   "the value is missing",
	ProblemExcel:     "Excel has rounded this number and its last digits are lost: give the column the format Text (文本), enter the numbers again and save",
	ProblemNarrow:    "Excel has saved # signs because the column was too narrow: widen it and save again",
	ProblemTooLong:   "the value is too long",
	ProblemControl:   "the value contains a line break or another control character",
	ProblemOpenID:    "this is not an openid: letters, digits, - and _ only, and not a number",
	ProblemMobile:    "this is not a phone number",
	ProblemURL:       "this is not an address that begins with http:// or https://",
	ProblemDate:      "this is not a date such as 2026/11/20 9:05 or 2026-11-20 09:05:00",
	ProblemSerial:    "this is Excel's number for a date: give the column a date format and save again",
	ProblemConflict:  "an earlier line says otherwise",
	ProblemUnfit:     "the table's columns cannot hold these values unchanged (give identifiers, names and addresses the type VARCHAR, as long as needed, in utf8mb4; SQLite: TEXT)",
	ProblemEngine:    "the table's engine cannot undo an import that fails half-way: change it with ALTER TABLE ... ENGINE=InnoDB",
}

// String returns the problem in English.
func (p Problem) String() string {
	if s, ok := problemTexts[p]; ok {
		return s
	}
	return "Problem(" + strconv.Itoa(int(p)) + ")"
}

// A FileError says what is wrong with a CSV file and where.
type FileError struct {
	Line    int    // the line where the record begins, 1 for the first of the file; 0: the file as a whole
	Column  string // the English name of the column, for ProblemEngine of the table; empty: none in particular
	Value   string // the value, cut to 40 characters; empty for what is not to be repeated
	Problem Problem
	Limit   int // for ProblemTooLong the most characters, for ProblemFields the fields of the header, otherwise 0
	Other   int // for ProblemConflict the earlier line, otherwise 0
}

// Error returns the sentence in English.
func (e *FileError) Error() string {
	s := e.Problem.String()
	if e.Value != "" {
		s = fmt.Sprintf("%q: %s", e.Value, s)
	}
	if e.Column != "" {
		s = e.Column + ": " + s
	}
	if e.Line > 0 {
		s = fmt.Sprintf("line %d: %s", e.Line, s)
	}
	if e.Limit > 0 {
		s += fmt.Sprintf(" (%d)", e.Limit)
	}
	if e.Other > 0 {
		s += fmt.Sprintf(" (line %d)", e.Other)
	}
	return s
}

// Place returns the column, and the value where it may be repeated.
func (e *FileError) Place() string {
	if e.Value == "" {
		return e.Column
	}
	return fmt.Sprintf("%s %q", e.Column, e.Value)
}

// excerpt cuts a value for an error.
func excerpt(value string) string {
	const most = 40
	n := 0
	for i := range value {
		if n == most {
			return value[:i] + "…"
		}
		n++
	}
	return value
}

package school

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Pupil is a line of a roster (学生名册).
type Pupil struct {
	Line        int // where in the file it begins; the header is line 1
	StudentID   string
	StudentName string
	Class       string // may be empty
}

// rosterNames are the names that a roster's header may give to its columns,
// the English one first.
var rosterNames = [...][]string{
	columnNames[colStudentID], columnNames[colStudentName], {"class", "班级", "所在班级", "班"},
}

// maxClass is the size of the table's column, in characters.
const maxClass = 64

// ReadRoster reads a CSV file with the columns student_id, student_name and
// class, or their Chinese names, in any order; further columns are ignored.
// The text is as for [Read]. A pupil who is named twice with the same words
// counts once. The error is a [*FileError] for the first problem; then no
// pupils are returned.
//
// Unlike Read it holds the whole file: a school has some thousand pupils.
func ReadRoster(file io.ReadSeeker) ([]Pupil, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("school: read the file from its beginning: %w", err)
	}
	text, err := decoded(file)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(text)
	r.FieldsPerRecord = -1 // checked here, with words of our own
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, &FileError{Problem: ProblemEmpty}
	}
	if err != nil {
		return nil, csvError(err)
	}
	where, err := readRosterHeader(header)
	if err != nil {
		return nil, err
	}
	return readPupils(r, len(header), where)
}

func readPupils(r *csv.Reader, width int, where [3]int) ([]Pupil, error) {
	var all []Pupil
	seen := map[string]Pupil{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, csvError(err)
		}
		if isBlank(record) {
			continue // what Excel makes of rows that were emptied
		}
		line, _ := r.FieldPos(0)
		p, err := readPupil(record, width, where, line)
		if err != nil {
			return nil, err
		}
		before, again := seen[p.StudentID]
		switch {
		case !again:
			seen[p.StudentID] = p
			all = append(all, p)
		case before.StudentName != p.StudentName || before.Class != p.Class:
			return nil, &FileError{Line: line, Column: rosterNames[0][0], Value: excerpt(p.StudentID), Problem: ProblemConflict, Other: before.Line}
		}
	}
}

func readPupil(record []string, width int, where [3]int, line int) (Pupil, error) {
	if len(record) != width {
		return Pupil{}, &FileError{Line: line, Problem: ProblemFields, Limit: width}
	}
	value := func(i int) string { return strings.TrimSpace(record[where[i]]) }
	p := Pupil{Line: line, StudentID: value(0), StudentName: value(1), Class: value(2)}
	if problem := checkValue(colStudentID, p.StudentID); problem != 0 {
		return Pupil{}, valueError(line, colStudentID, p.StudentID, problem)
	}
	if problem := checkValue(colStudentName, p.StudentName); problem != 0 {
		return Pupil{}, valueError(line, colStudentName, p.StudentName, problem)
	}
	e := &FileError{Line: line, Column: rosterNames[2][0], Value: excerpt(p.Class)}
	switch {
	case strings.ContainsRune(p.Class, utf8.RuneError):
		e.Problem, e.Value = ProblemEncoding, "" // unreadable
	case strings.ContainsFunc(p.Class, unicode.IsControl):
		e.Problem = ProblemControl
	case p.Class != "" && strings.Trim(p.Class, "#") == "":
		e.Problem = ProblemNarrow
	case utf8.RuneCountInString(p.Class) > maxClass:
		e.Problem, e.Limit = ProblemTooLong, maxClass
	default:
		return p, nil
	}
	return Pupil{}, e
}

// readRosterHeader finds the columns.
func readRosterHeader(record []string) (where [3]int, err error) {
	where = [3]int{-1, -1, -1}
	for i, name := range record {
		c := slices.IndexFunc(rosterNames[:], func(names []string) bool {
			return slices.Contains(names, strings.ToLower(strings.Join(strings.Fields(name), "")))
		})
		if c < 0 {
			continue
		}
		if where[c] >= 0 {
			return where, &FileError{Line: 1, Column: rosterNames[c][0], Value: excerpt(name), Problem: ProblemTwice}
		}
		where[c] = i
	}
	for c := range where {
		if where[c] >= 0 {
			continue
		}
		if len(record) == 1 && strings.ContainsAny(record[0], ";\t；") {
			return where, &FileError{Line: 1, Problem: ProblemSeparator}
		}
		return where, &FileError{Line: 1, Column: rosterNames[c][0], Value: rosterNames[c][1], Problem: ProblemNoColumn}
	}
	return where, nil
}

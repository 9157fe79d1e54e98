package school

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// A Row is a line of the file: a parent, one of his children, and a photo of it.
type Row struct {
	Line        int // where in the file it begins; the header is line 1
	Mobile      string
	OpenID      string // empty: the parent is not bound yet
	StudentID   string
	StudentName string
	PhotoURL    string    // empty: no photo yet
	PhotoTime   time.Time // in Beijing's time, to the second; zero without a photo
}

// Read reads a CSV file from its beginning. The header names the six columns
// in any order, in English or Chinese (see [Columns]); further columns are
// ignored. The text is UTF-8, with or without a byte order mark, or GBK. Empty
// lines are skipped. The first problem, a [*FileError], ends the sequence.
//
// The file is read as a stream; memory does not grow with it.
func Read(file io.ReadSeeker) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			yield(Row{}, fmt.Errorf("school: read the file from its beginning: %w", err))
			return
		}
		text, err := decoded(file)
		if err != nil {
			yield(Row{}, err)
			return
		}
		r := csv.NewReader(text)
		r.FieldsPerRecord = -1 // checked here, with words of our own
		r.ReuseRecord = true
		readRows(r, yield)
	}
}

func readRows(r *csv.Reader, yield func(Row, error) bool) {
	record, err := r.Read()
	if errors.Is(err, io.EOF) {
		err = &FileError{Problem: ProblemEmpty}
	}
	if err != nil {
		yield(Row{}, csvError(err))
		return
	}
	width := len(record)
	where, err := readHeader(record)
	if err != nil {
		yield(Row{}, err)
		return
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(Row{}, csvError(err))
			return
		}
		if isBlank(record) {
			continue // what Excel makes of rows that were emptied
		}
		line, _ := r.FieldPos(0)
		row, err := readRow(record, width, where, line)
		if !yield(row, err) || err != nil {
			return
		}
	}
}

func readRow(record []string, width int, where layout, line int) (Row, error) {
	if len(record) != width {
		return Row{}, &FileError{Line: line, Problem: ProblemFields, Limit: width}
	}
	var v [columns]string
	for c := range columns {
		v[c] = strings.TrimSpace(record[where[c]])
		if p := checkValue(c, v[c]); p != 0 {
			return Row{}, valueError(line, c, v[c], p)
		}
	}
	row := Row{
		Line: line, Mobile: v[colMobile], OpenID: v[colOpenID],
		StudentID: v[colStudentID], StudentName: v[colStudentName], PhotoURL: v[colPhotoURL],
	}
	if row.PhotoURL == "" {
		return row, nil
	}
	if v[colPhotoTime] == "" {
		return Row{}, &FileError{Line: line, Column: colPhotoTime.String(), Problem: ProblemMissing}
	}
	row.PhotoTime, _ = parseTime(v[colPhotoTime]) // checked above
	return row, nil
}

func valueError(line int, c column, v string, p Problem) error {
	e := &FileError{Line: line, Column: c.String(), Value: excerpt(v), Problem: p}
	if p == ProblemTooLong {
		e.Limit = maxLength[c]
	}
	if p == ProblemEncoding {
		e.Value = "" // unreadable
	}
	return e
}

// isBlank reports whether a record has nothing but empty fields.
func isBlank(record []string) bool {
	for _, v := range record {
		if strings.TrimSpace(v) != "" {
			return false
		}
	}
	return true
}

// csvError gives a line to what encoding/csv complains about.
func csvError(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return &FileError{Line: e.StartLine, Problem: ProblemQuote}
	}
	if _, ok := errors.AsType[*FileError](err); ok {
		return err
	}
	return fmt.Errorf("school: read the file: %w", err)
}

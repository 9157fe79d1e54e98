package push

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode"

	"github.com/org/wxhome/examples/internal/db"
)

// Omitted tells why rows of the school are no recipients.
type Omitted struct {
	NoOpenID int    `json:"no_openid,omitempty"`    // without an openid or a student_id
	NoPhoto  int    `json:"no_photo,omitempty"`     // without a photo under their student_id
	Early    int    `json:"before_since,omitempty"` // whose newest photo is from before Since, or has no time
	Alike    *Alike `json:"alike,omitempty"`        // an example; nil: none was found
}

// Alike is a student_id of a binding without a photo, and one of a photo, that differ in zeros at
// the beginning, in blanks or in case alone. They are two pupils, unless the school writes one id in two forms.
type Alike struct {
	Bound string `json:"bound"`
	Shown string `json:"shown"`
}

// omitted are the rows of a page that are left out.
type omitted struct {
	noOpenID, noPhoto, early int
	missing                  []string // some of the student ids without a photo
}

// alikeLimit is for how many student ids without a photo another form is looked for.
const alikeLimit = 20

// lacksPhoto counts a row without a photo.
func (o *omitted) lacksPhoto(studentID string) {
	o.noPhoto++
	if len(o.missing) < alikeLimit {
		o.missing = append(o.missing, studentID)
	}
}

func (o *omitted) add(p omitted) {
	o.noOpenID += p.noOpenID
	o.noPhoto += p.noPhoto
	o.early += p.early
	o.missing = append(o.missing, p.missing[:min(len(p.missing), alikeLimit-len(o.missing))]...)
}

// omit puts what was left out into a summary.
func (s *source) omit(ctx context.Context, sum *Summary, o omitted) error {
	sum.LeftOut = o.noOpenID + o.noPhoto
	sum.Omitted = Omitted{NoOpenID: o.noOpenID, NoPhoto: o.noPhoto, Early: o.early}
	if s.query != "" { // it has joined the photos itself
		return nil
	}
	for _, id := range o.missing {
		shown, err := s.alike(ctx, id)
		if err != nil {
			return s.failed(err)
		}
		if shown != "" {
			sum.Alike = &Alike{Bound: id, Shown: shown}
			return nil
		}
	}
	return nil
}

// alike looks for a photo under another form of a student_id; "" is none.
func (s *source) alike(ctx context.Context, id string) (string, error) {
	condition, args, err := s.db.Dialect.Find(ctx, s.db, "student_photo", "student_id", forms(id)...)
	if err != nil {
		return "", err
	}
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM student_photo WHERE photo_url <> '' AND %s LIMIT 50",
		s.db.Dialect.Text("student_id"), condition), args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	for rows.Next() {
		var shown sql.NullString
		if err := rows.Scan(&shown); err != nil {
			return "", err
		}
		if shown.String != id && bare(shown.String) == bare(id) {
			return shown.String, nil
		}
	}
	return "", rows.Err()
}

// bare is an identifier without what makes it another one to a database only.
func bare(id string) string {
	id = strings.ToLower(strings.Join(strings.FieldsFunc(id, unicode.IsSpace), ""))
	if short := strings.TrimLeft(id, "0"); short != "" || id == "" {
		return short
	}
	return "0"
}

// padded is how many digits a student_id may have that was filled up with zeros.
const padded = 20

// forms are the ways in which an identifier may be written that an index can find.
func forms(id string) []string {
	trimmed, short := strings.TrimSpace(id), bare(id)
	all := []string{id, trimmed, short, strings.ToLower(trimmed), strings.ToUpper(trimmed), strings.ToUpper(short)}
	for n := len(short) + 1; n <= padded; n++ {
		all = append(all, strings.Repeat("0", n-len(short))+short)
	}
	for _, form := range all[:5] {
		all = append(all, " "+form, form+" ")
	}
	return all[:min(len(all), db.FindLimit)]
}

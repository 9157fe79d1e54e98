package main

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/bind"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/school"
)

// codes issues codes for the pupils of a roster, as CSV to stdout or -out.
func (p *program) codes(ctx context.Context, stdout io.Writer) (err error) {
	pupils, err := p.roster()
	if err != nil {
		return err
	}
	keys, err := p.codeKeys()
	if err != nil {
		return err
	}
	conn, err := p.openSchool(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	store, err := bind.Open(ctx, bind.Config{DB: conn, Keys: keys})
	if err != nil {
		return p.databaseError(p.text("the database"), err)
	}
	if p.outFile != "" {
		// Made before the codes are: those in a file that cannot be written are lost.
		file, err := os.OpenFile(p.outFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return usage(p.text("-out: there is a file %s already", p.outFile))
		}
		if err != nil {
			return usage("-out: " + err.Error())
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		stdout = file
	}
	codes, kept, err := store.Issue(ctx, bind.Order{
		Pupils: pupils, PerPupil: p.perPupil, Lifetime: time.Duration(p.codeTTL), Reissue: p.reissue || p.student != "",
	})
	if err != nil {
		return p.databaseError(p.text("the database"), err)
	}
	if err := p.writeCodes(stdout, codes); err != nil {
		return usage(p.text("the codes could not be written: %v; issue them anew with -reissue", err))
	}
	p.say("%d codes for %d pupils", len(codes), len(pupils)-kept)
	if kept > 0 {
		p.say("%d pupils have codes already and got none: -student ID or -reissue makes new ones", kept)
	}
	return nil
}

// roster reads the list, and picks the one of -student.
func (p *program) roster() ([]school.Pupil, error) {
	file, err := os.Open(p.file)
	if err != nil {
		return nil, usage(err.Error()) // it names the file and what is wrong
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		err := &school.FileError{Problem: school.ProblemFolder}
		return nil, usage(p.file + ": " + p.Describe(err))
	}
	pupils, err := school.ReadRoster(file)
	if err != nil {
		return nil, usage(p.file + ": " + p.Describe(err) + "; " + p.text("no codes were issued"))
	}
	if p.student != "" {
		pupils = slices.DeleteFunc(pupils, func(s school.Pupil) bool { return s.StudentID != p.student })
		if len(pupils) == 0 {
			return nil, usage(p.text("-student: %s has no pupil %s", p.file, p.student))
		}
	}
	return pupils, nil
}

// openSchool opens the database of -db, or the demo school.
func (p *program) openSchool(ctx context.Context) (*db.DB, error) {
	if p.db != "" {
		d, err := db.Open(ctx, p.db)
		return d, p.databaseError(p.text("the database"), err)
	}
	if !p.simulated() {
		return nil, usage(p.text("-db (or WXHOME_DB) is missing: the demo school is for the simulation only"))
	}
	d, err := operator.OpenDemo(ctx)
	if err != nil {
		return nil, p.databaseError(p.text("the demo school"), err)
	}
	p.say("Demo school: %s (delete the file to begin anew)", d.Name)
	return d, nil
}

// writeCodes writes the codes in a form that Excel opens.
func (p *program) writeCodes(to io.Writer, codes []bind.Code) error {
	if _, err := io.WriteString(to, "\uFEFF"); err != nil { // Excel takes a file without it for GBK
		return err
	}
	w := csv.NewWriter(to)
	w.UseCRLF = true
	if err := w.Write(strings.Split(p.text("student_id,student_name,class,code,good until"), ",")); err != nil {
		return err
	}
	for _, c := range codes {
		row := []string{c.Pupil.StudentID, c.Pupil.StudentName, c.Pupil.Class, c.Code, c.Expires.In(db.Beijing).Format("2006-01-02 15:04")}
		for i, cell := range row {
			row[i] = operator.Cell(cell)
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

package push

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/template"
)

// The errors of [MakeTrial].
var (
	ErrNoChild = errors.New("no child with a photo is bound to the openid of the trial")
	ErrNoPhoto = errors.New("the pupil of the trial has no photo")
)

// MakeTrial makes one message outside of any campaign, to an openid: about the pupil studentID, or
// where that is empty about the first child with a photo that the openid is bound to. The openid
// of a trial about somebody else's child may open its link, which others may not; fault is set for
// a message that would fail.
func MakeTrial(ctx context.Context, cfg Config, openid, studentID string) (m template.Message, fault, err error) {
	r, bound, err := newSource(&cfg).trial(ctx, openid, studentID)
	if err != nil {
		return m, nil, err
	}
	r.openid = openid
	x, err := cfg.entry(r)
	if err != nil || x.fault != nil {
		return m, x.fault, err
	}
	at := row{openid: openid}
	if cfg.Link != nil {
		if at.id, err = keepTrial(ctx, cfg.Ledger, cfg.AppID, x, !bound, cfg.now()); err != nil {
			return m, nil, err
		}
	}
	m, fault = cfg.compose(&at, r.content)
	return m, fault, nil
}

// trial finds whom the message is about, and whether the openid is bound to that child.
func (s *source) trial(ctx context.Context, openid, studentID string) (r recipient, bound bool, err error) {
	var bindings []binding
	err = s.bindings(ctx, "0", []string{openid}, func(p person, id int64) {
		if p.openid == openid && (studentID == "" || p.studentID == studentID) {
			bindings = append(bindings, binding{id, p})
		}
	})
	if err != nil {
		return r, false, err
	}
	if bound = len(bindings) > 0; !bound {
		if studentID == "" {
			return r, false, ErrNoChild
		}
		bindings = []binding{{person: person{openid, studentID}}}
	}
	all, err := s.about(ctx, bindings, bound)
	switch {
	case err != nil:
		return r, bound, s.failed(err)
	case len(all) > 0:
		return all[0], bound, nil
	case studentID == "":
		return r, bound, ErrNoChild
	}
	return r, bound, ErrNoPhoto
}

// about returns the rows that messages about some people are made of. Those of strangers come from
// the rows of other people.
func (s *source) about(ctx context.Context, who []binding, bound bool) ([]recipient, error) {
	since := *s
	since.since = time.Time{} // any photo will do
	if s.query != "" {
		return since.queried(ctx, who, bound)
	}
	if err := s.haveColumns(bindingColumns); err != nil {
		return nil, err
	}
	photos, err := s.newestPhotos(ctx, who)
	if err != nil {
		return nil, err
	}
	var p read
	for _, b := range who {
		since.put(&p, b.line(photos[b.studentID]))
	}
	return p.recipients, nil
}

// queried is about for a query of the user's.
func (s *source) queried(ctx context.Context, who []binding, bound bool) ([]recipient, error) {
	if err := s.checkColumns(ctx); err != nil {
		return nil, err
	}
	column, value := "q.student_id", who[0].studentID
	if bound {
		column, value = "q.openid", who[0].openid
	}
	table := "(" + s.query + ") q"
	condition, args, err := s.db.Dialect.Find(ctx, s.db, table, column, value)
	if err != nil {
		return nil, err
	}
	text := s.db.Dialect.Text
	p, err := s.page(ctx, math.MaxInt, fmt.Sprintf("SELECT q.*, %s AS %s, %s AS %s, %s AS %s FROM %s WHERE %s ORDER BY %[5]s",
		text("q.openid"), openidText, text("q.student_id"), studentText, s.key("q.openid"), pageKey, table, condition), args...)
	var found []recipient
	for _, r := range p.recipients {
		for _, b := range who {
			if r.studentID == b.studentID && (!bound || r.openid == b.openid) {
				found = append(found, r)
			}
		}
	}
	return found, err
}

// The trials whose links the photo page opens. A guest is not bound to the pupil.
var trialPart = part{
	"SELECT id, appid, openid, student_id, content, guest, created_at FROM push_trial WHERE 1 = 0",
	[]string{`CREATE TABLE IF NOT EXISTS push_trial (
  id INTEGER PRIMARY KEY AUTOINCREMENT, appid TEXT NOT NULL, openid TEXT NOT NULL, student_id TEXT NOT NULL,
  content TEXT NOT NULL, guest INTEGER NOT NULL, created_at INTEGER NOT NULL
)`},
	[]string{`CREATE TABLE IF NOT EXISTS push_trial (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  appid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  student_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  content TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  guest INT NOT NULL, created_at BIGINT NOT NULL
) ENGINE=InnoDB`},
}

// keepTrial writes a trial down, in a table of its own that is made when a trial first needs it,
// and returns what its link names.
func keepTrial(ctx context.Context, d *db.DB, appID string, x entry, guest bool, now time.Time) (link int64, err error) {
	if err := trialPart.ensure(ctx, d); err != nil {
		return 0, err
	}
	done, err := d.ExecContext(ctx, "INSERT INTO push_trial (appid, openid, student_id, content, guest, created_at) VALUES (?, ?, ?, ?, ?, ?)",
		appID, x.openid, x.studentID, x.content, guest, now.Unix())
	if err != nil {
		return 0, fmt.Errorf("write the trial to %s: %w", d.Name, err)
	}
	id, err := done.LastInsertId()
	return -id, err
}

// A link names a row of the ledger by a positive number, a trial by its negative one, and a binding
// of which nothing is in the ledger yet by a number from firstBinding down.
const firstBinding = -1 << 62

// Linked is what the photo page shows for a link.
type Linked struct {
	OpenID, StudentID string
	Content           string // JSON; empty: that of the pupil's newest photo
	Guest             bool   // the openid may see it without a binding
}

// ReadLink returns what the number in a link names; sql.ErrNoRows: nothing. It only reads.
func ReadLink(ctx context.Context, ledger, school *sql.DB, appID string, link int64) (l Linked, err error) {
	switch {
	case link > 0:
		err = ledger.QueryRowContext(ctx, "SELECT openid, student_id, content FROM push_message WHERE id = ? AND appid = ?", link, appID).
			Scan(&l.OpenID, &l.StudentID, &l.Content)
	case link > firstBinding:
		err = ledger.QueryRowContext(ctx, "SELECT openid, student_id, content, guest FROM push_trial WHERE id = ? AND appid = ?", -link, appID).
			Scan(&l.OpenID, &l.StudentID, &l.Content, &l.Guest)
		if absent(err) {
			err = sql.ErrNoRows
		}
	default:
		d := db.DialectOf(school)
		var openid, student sql.NullString
		err = school.QueryRowContext(ctx, fmt.Sprintf("SELECT %s, %s FROM parent_wechat_bind WHERE id = ?", d.Text("wechat_openid"), d.Text("student_id")),
			firstBinding-link).Scan(&openid, &student)
		l.OpenID, l.StudentID = openid.String, student.String
	}
	return l, err
}

// shownLink is what the link of a message that is only shown names: its row of the ledger if there
// is one, or else a binding, so that it opens for whom it is meant, and nothing is written. 0:
// there is neither.
func (s *source) shownLink(ctx context.Context, x entry, row int64) (int64, error) {
	switch {
	case row != 0 || s.query == "" && x.binding == 0:
		return row, nil
	case s.query == "":
		return firstBinding - x.binding, nil
	}
	tables := source{db: s.db}
	link := int64(0)
	err := tables.numberedBindings(ctx, []string{x.given}, func(p person, id int64) {
		if id != 0 && p == (person{x.given, x.values["student_id"]}) {
			link = firstBinding - id
		}
	})
	if db.IsMissing(errors.Unwrap(err)) {
		err = nil // a school without the table has no photo page
	}
	return link, err
}

// shown makes a message that is only shown. Its URL is empty where no link would open yet.
func (e *engine) shown(ctx context.Context, x entry, at int64) (m template.Message, fault, err error) {
	link := int64(0)
	if e.cfg.Link != nil {
		if link, err = e.source.shownLink(ctx, x, at); err != nil {
			return m, nil, err
		}
	}
	m, fault = e.cfg.compose(&row{id: link, openid: x.openid}, x.values)
	if e.cfg.Link != nil && link == 0 {
		m.URL = ""
	}
	return m, fault, nil
}

// Shown is whom a message of a [Preview] is to and about.
type Shown struct{ OpenID, StudentID, StudentName, PhotoURL string }

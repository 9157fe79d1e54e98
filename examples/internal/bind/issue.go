package bind

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/school"
)

// Order says which codes to issue.
type Order struct {
	Pupils   []school.Pupil
	PerPupil int           // codes for each pupil, at least 1
	Lifetime time.Duration // how long a code can be redeemed, at least a minute

	// Reissue makes new codes also for pupils who have some. Their codes that
	// were not redeemed are void from then on; bindings stay.
	Reissue bool
}

// A Code is for one parent of a pupil. It is told once: the table keeps a hash.
type Code struct {
	Pupil   school.Pupil
	Code    string
	Expires time.Time
}

// Issue makes codes and remembers the pupils' names, in one transaction. Pupils
// who have codes already, redeemed or still good, get none unless the order
// says so: a second run must not void the letters of the first. kept tells how
// many they are.
func (s *Store) Issue(ctx context.Context, o Order) (codes []Code, kept int, err error) {
	switch {
	case o.PerPupil < 1:
		return nil, 0, errors.New("bind: at least one code is needed for each pupil")
	case o.Lifetime < time.Minute:
		return nil, 0, errors.New("bind: a code must live for a minute at least")
	}
	err = s.db.Transact(ctx, func(tx *sql.Tx) error {
		codes, kept = nil, 0
		for _, p := range o.Pupils {
			more, err := s.issue(ctx, tx, o, p)
			if err != nil {
				return err
			}
			if more == nil {
				kept++
			}
			codes = append(codes, more...)
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("bind: issue codes: %w", err)
	}
	return codes, kept, nil
}

// issue makes one pupil's codes; nil: the pupil keeps those that there are.
func (s *Store) issue(ctx context.Context, tx *sql.Tx, o Order, p school.Pupil) ([]Code, error) {
	if err := s.remember(ctx, tx, p); err != nil {
		return nil, err
	}
	now := s.now()
	var have int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM bind_code WHERE student_id = ? AND (used_at <> 0 OR expires_at > ?)`,
		p.StudentID, now.Unix()).Scan(&have)
	if err != nil || have > 0 && !o.Reissue {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM bind_code WHERE student_id = ? AND used_at = 0`, p.StudentID); err != nil {
		return nil, err
	}
	codes := make([]Code, 0, o.PerPupil)
	expires := now.Add(o.Lifetime).Truncate(time.Second)
	for range o.PerPupil {
		c := Code{Pupil: p, Code: newCode(), Expires: expires}
		_, err := tx.ExecContext(ctx, `INSERT INTO bind_code (hash, student_id, issued_at, expires_at, used_at) VALUES (?, ?, ?, ?, 0)`,
			hashCode(s.keys[0], c.Code), p.StudentID, now.Unix(), expires.Unix())
		if err != nil {
			return nil, err
		}
		codes = append(codes, c)
	}
	return codes, nil
}

// remember writes a pupil's name and class down.
func (s *Store) remember(ctx context.Context, tx *sql.Tx, p school.Pupil) error {
	upsert := `INSERT INTO bind_pupil (student_id, student_name, class) VALUES (?, ?, ?)
ON CONFLICT (student_id) DO UPDATE SET student_name = excluded.student_name, class = excluded.class`
	if s.db.Dialect == db.MySQL {
		upsert = `INSERT INTO bind_pupil (student_id, student_name, class) VALUES (?, ?, ?)
ON DUPLICATE KEY UPDATE student_name = VALUES(student_name), class = VALUES(class)`
	}
	_, err := tx.ExecContext(ctx, upsert, p.StudentID, p.StudentName, p.Class)
	return err
}

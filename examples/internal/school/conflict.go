package school

import (
	"context"
	"hash/maphash"
	"io"
)

// checkFile reads the whole file once: nothing is written, and no table
// locked, for one that cannot be loaded.
func checkFile(ctx context.Context, file io.ReadSeeker) error {
	seen := conflicts{seed: maphash.MakeSeed(), said: make(map[uint64]statement)}
	for row, err := range Read(file) {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := seen.check(row); err != nil {
			return err
		}
	}
	return nil
}

// conflicts remembers what the lines have said so far, by fingerprints, so
// that a million lines take some 100 MB.
type conflicts struct {
	seed maphash.Seed
	said map[uint64]statement
}

type statement struct {
	value uint64
	line  int
}

// check compares a line with those before it.
func (c *conflicts) check(row Row) error {
	claims := [...]struct {
		col   column
		key   [3]string
		value string
	}{
		{colStudentName, [3]string{"name", row.StudentID}, row.StudentName},
		{colOpenID, [3]string{"openid", row.Mobile, row.StudentID}, row.OpenID},
		{colPhotoTime, [3]string{"photo", row.StudentID, row.PhotoURL}, stamp(row.PhotoTime)},
	}
	for _, claim := range claims {
		if claim.value == "" {
			continue // an empty value claims nothing
		}
		key, value := maphash.Comparable(c.seed, claim.key), maphash.String(c.seed, claim.value)
		before, ok := c.said[key]
		if !ok {
			c.said[key] = statement{value, row.Line}
			continue
		}
		if before.value != value {
			return &FileError{Line: row.Line, Column: claim.col.String(), Problem: ProblemConflict, Other: before.line}
		}
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"

	"github.com/org/wxhome/examples/internal/school"
)

// importFile loads a CSV file into the school's tables.
func (p *program) importFile(ctx context.Context) error {
	conn, err := p.openSchool(ctx, true)
	if err != nil {
		return err
	}
	defer conn.Close()
	counts, err := school.ImportFile(ctx, conn.DB, p.file)
	_, file := errors.AsType[*school.FileError](err)
	if _, unfit := errors.AsType[*school.UnfitError](err); file || unfit {
		return usage(p.file + ": " + p.Describe(err) + "; " + p.text("nothing was loaded"))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return usage(p.text("there is no file %s; nothing was loaded", p.file))
	}
	if err != nil {
		return err
	}
	p.say("%s: %d lines: %d added, %d updated, %d unchanged", p.file, counts.Rows(), counts.Added, counts.Updated, counts.Unchanged)
	if !p.json {
		return nil
	}
	return json.NewEncoder(p.stdout).Encode(map[string]int{
		"rows": counts.Rows(), "added": counts.Added, "updated": counts.Updated, "unchanged": counts.Unchanged,
	})
}

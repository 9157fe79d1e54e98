package operator

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/school"
)

// DemoPath is where the demo school lives, so that what a simulation writes
// outlives it.
func DemoPath() (string, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("the demo school needs a folder of the user's: %w", err)
	}
	return filepath.Join(folder, "wxhome", "demo-school.db"), nil
}

// OpenDemo opens the demo school, and makes it when it is not there.
func OpenDemo(ctx context.Context) (*db.DB, error) {
	path, err := DemoPath()
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, "sqlite:"+path, db.Create())
	if err != nil {
		return nil, err
	}
	if _, err := school.EnsureDemo(ctx, d.DB); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

package pushflag_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/pushflag"
)

func TestValidCron(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"0 18 * * 5", "*/15 8-17 * * 1-5", "0 18 * * FRI", "@daily", "0 0 29 2 *", " 0  18 * * 5 "} {
		assert.True(t, pushflag.ValidCron(line), line)
	}
	for _, line := range []string{"", "   ", "0 18 * *", "0 18 * * 5 2026 1", "60 18 * * 5", "0 24 * * 5", "0 18 * * 8", "0 0 30 2 *", "every friday", "@sometimes", "0 18 32 * *", "0 18 * 13 *", "* * * * * *"} {
		assert.False(t, pushflag.ValidCron(line), line)
	}
}

func TestNextFiring(t *testing.T) {
	t.Parallel()
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	friday := time.Date(2026, 11, 20, 18, 0, 0, 0, shanghai)
	tests := []struct {
		name      string
		now, want time.Time
	}{
		{"the day before", friday.Add(-24 * time.Hour), friday},
		{"a second before", friday.Add(-time.Second), friday},
		{"at the moment itself", friday, friday.AddDate(0, 0, 7)},
		{"half a minute after", friday.Add(30 * time.Second), friday.AddDate(0, 0, 7)},
		{"from another zone", friday.Add(-time.Hour).UTC().In(shanghai), friday},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := pushflag.NextFiring("0 18 * * 5", tt.now)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVariables: an environment variable stands for a flag that is missing, and for that alone.
func TestVariables(t *testing.T) {
	t.Parallel()
	environment := map[string]string{"WXHOME_DB": "sqlite:a.db", "WXHOME_LEDGER": " sqlite:b.db "}
	getenv := func(name string) string { return environment[name] }
	o, err := parseOptions(nil, getenv, language{})
	require.NoError(t, err)
	assert.Equal(t, []string{"sqlite:a.db", "sqlite:b.db"}, []string{o.db, o.ledger})
	assert.Equal(t, []string{"WXHOME_DB", "WXHOME_LEDGER"}, o.real(getenv), "they speak of a real account")
	o, err = parseOptions([]string{"-db", "sqlite:c.db", "-ledger", "sqlite:d.db"}, getenv, language{})
	require.NoError(t, err)
	assert.Equal(t, []string{"sqlite:c.db", "sqlite:d.db"}, []string{o.db, o.ledger})
}

package push

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPendingBlocks lists blocks that are far apart, that are to be repeated, and that a limit ends.
func TestPendingBlocks(t *testing.T) {
	t.Parallel()
	_, cfg, rows := prepared(t, 1100)
	whole := func(k int64) Block { return Block{Campaign: "spring", First: k * BlockSize, End: (k + 1) * BlockSize} }
	again := func(k int64) Block {
		b := whole(k)
		b.Repeats = true
		return b
	}
	assert.Equal(t, []Block{whole(0), whole(1), whole(2), whole(3), whole(4), whole(5)}, prepare(t, cfg))
	execute(t, cfg.Ledger, "UPDATE push_message SET sending_at = 1, attempts = 1 WHERE id = ? OR id = ? OR id >= ?", rows[0], rows[500], rows[1050])
	execute(t, cfg.Ledger, "UPDATE push_message SET state = 'accepted' WHERE id BETWEEN 600 AND 799")
	assert.Equal(t, []Block{again(0), whole(0), whole(1), again(2), whole(2), whole(4), again(5), whole(5)}, prepare(t, cfg))
	execute(t, cfg.Ledger, "UPDATE push_message SET id = id + 100000000 WHERE id >= 1000")
	far := int64(100000000 / BlockSize)
	assert.Equal(t, []Block{again(0), whole(0), whole(1), again(2), whole(2), whole(4), again(far + 5), whole(far + 5)}, prepare(t, cfg))
	cfg.Limit = 210
	cut := whole(1)
	cut.End = rows[209] + 1
	assert.Equal(t, []Block{again(0), whole(0), cut}, prepare(t, cfg))
	var n int
	require.NoError(t, cfg.Ledger.QueryRow("SELECT COUNT(*) FROM push_message").Scan(&n))
	assert.Equal(t, 1100, n)
}

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 300)
	w.execute("UPDATE parent_wechat_bind SET wechat_openid = CONCAT('oDEMO-left-', student_id) WHERE student_id LIKE '%7'")
	s := w.enqueue()
	assert.Equal(t, 300, s.Recipients)
	assert.Equal(t, 300, s.Pending)
	again := w.enqueue()
	assert.Equal(t, s.Pending, again.Pending, "what is there stays")
	r := w.run(t.Context(), "work", "-rate", "5000", "-until-done")
	require.Equal(t, exitOK, r.status, r.both())
	w.once(270)
	assert.Equal(t, 270, w.count("accepted"))
	assert.Equal(t, 30, w.count("skipped"))
	r = w.run(t.Context(), "status")
	require.Equal(t, exitOK, r.status, r.both())
	assert.Contains(t, r.out, "300 recipients = 0 unchanged + 270 accepted + 30 skipped + 0 failed + 0 unknown + 0 pending")
	assert.Contains(t, r.out, "queue "+w.wechat.AppID+":blocks: 0 blocks wait")
	assert.NotContains(t, r.out, "in the hands of process")
	assert.Equal(t, 1, w.wechat.TokenFetches(), "enqueue and work share a token")
	var finished int64
	require.NoError(t, w.db.QueryRow("SELECT finished_at FROM push_campaign").Scan(&finished))
	assert.NotZero(t, finished)
	t.Log(r.both())
}

package custom_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

const recordsPath = "/customservice/msgrecord/getmsglist"

// page is an answer with n records, of which the platform says that the next begin at id next.
func page(n int, next int64) string {
	records := strings.TrimSuffix(strings.Repeat(`{"openid":"O"},`, n), ",")
	return fmt.Sprintf(`{"recordlist":[%s],"number":%d,"msgid":%d}`, records, n, next)
}

func collect(t *testing.T, f *fake) (records []custom.Record, last error) {
	t.Helper()
	from := time.Unix(1400500000, 999)
	for r, err := range newClient(f).Records(t.Context(), from, from.Add(24*time.Hour)) {
		require.NoError(t, last, "nothing comes after an error")
		if last = err; err == nil {
			records = append(records, r)
		}
	}
	return records, last
}

func TestRecordsToTheLetter(t *testing.T) {
	t.Parallel()
	f := &fake{answer: `{"recordlist":[{"openid":"oDF3","opercode":2002,"text":" 您好，客服test1为您服务。","time":1400563710,"worker":"test1@test"},` +
		`{"openid":"oDF3","opercode":2003,"text":"你好","time":1400563731,"worker":"test1@test"}],"number":2,"msgid":20165267}`}
	records, err := collect(t, f)
	require.NoError(t, err)
	assert.Equal(t, []call{{"POST", recordsPath, `{"starttime":1400500000,"endtime":1400586400,"msgid":1,"number":1000}`, true}}, f.calls)
	assert.Equal(t, []custom.Record{
		{OpenID: "oDF3", Agent: "test1@test", Operation: custom.AgentSent, Text: " 您好，客服test1为您服务。", Time: time.Unix(1400563710, 0)},
		{OpenID: "oDF3", Agent: "test1@test", Operation: custom.AgentReceived, Text: "你好", Time: time.Unix(1400563731, 0)},
	}, records)
	_, err = collect(t, &fake{err: coded(65417)})
	assert.Equal(t, coded(65417), err)
}

func TestRecordsWalkThePages(t *testing.T) {
	t.Parallel()
	f := &fake{answers: []string{page(1000, 1<<60), page(1000, 1<<60+5), page(3, 1<<60+9)}}
	records, err := collect(t, f)
	require.NoError(t, err)
	assert.Len(t, records, 2003)
	require.Len(t, f.calls, 3)
	assert.Contains(t, f.calls[1].body, `"msgid":1152921504606846976,`)
	assert.Contains(t, f.calls[2].body, `"msgid":1152921504606846981,`)

	f = &fake{answers: []string{page(1000, 7), page(0, 7)}}
	records, err = collect(t, f)
	require.NoError(t, err)
	assert.Len(t, records, 1000, "the last page may be empty")

	f = &fake{answers: []string{page(1000, 7), page(1000, 7)}}
	records, err = collect(t, f)
	require.EqualError(t, err, "custom: the platform gave a full page of records and no next one")
	assert.Len(t, records, 2000)
}

func TestRecordsEndWithTheLoop(t *testing.T) {
	t.Parallel()
	f := &fake{answer: page(1000, 7)}
	now := time.Now()
	for _, err := range newClient(f).Records(t.Context(), now, now) {
		require.NoError(t, err)
		break
	}
	assert.Len(t, f.calls, 1)
}

func TestRecordsRefusals(t *testing.T) {
	t.Parallel()
	now := time.Now()
	f := &fake{}
	for to, want := range map[time.Time]string{
		now.Add(-time.Second):               "custom: the records' end is before their beginning",
		now.Add(24*time.Hour + time.Second): "custom: the records span 24h0m1s, at most 24h0m0s: ask for each day by itself",
	} {
		n := 0
		for _, err := range newClient(f).Records(t.Context(), now, to) {
			require.ErrorIs(t, err, custom.ErrInvalidArgument)
			require.EqualError(t, err, want)
			n++
		}
		assert.Equal(t, 1, n)
	}
	assert.Empty(t, f.calls)
}

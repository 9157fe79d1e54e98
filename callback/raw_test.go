package callback

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRawValue(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"<xml><MsgType>event</MsgType><Event>e</Event><A>1</A><B><C>2</C><D><C>3</C></D></B><B><C>4&amp;</C><C>6</C></B><D><C>5</C></D><A>7</A></xml>",
		`{"MsgType":"event","Event":"e","A":"1","B":[{"C":2,"D":{"C":"3"}},{"C":["4&",6]}],"D":{"C":5},"A":7}`,
	} {
		m, err := Parse([]byte(body))
		require.NoError(t, err)
		u, ok := m.(*Unknown)
		require.True(t, ok)
		for _, tt := range []struct {
			path []string
			all  []string
		}{
			{[]string{"A"}, []string{"1", "7"}},
			{[]string{"A[1]"}, []string{"1"}},
			{[]string{"A[2]"}, []string{"7"}},
			{[]string{"B", "D", "C"}, []string{"3"}},
			{[]string{"B", "C"}, []string{"2", "4&", "6"}},
			{[]string{"B", "C[1]"}, []string{"2", "4&"}},
			{[]string{"B[1]", "C"}, []string{"2"}},
			{[]string{"B[2]", "C"}, []string{"4&", "6"}},
			{[]string{"B[2]", "C[2]"}, []string{"6"}},
			{[]string{"B"}, []string{"", ""}},
			{[]string{"D", "C"}, []string{"5"}},
			{[]string{"Event"}, []string{"e"}},
			{[]string{"MsgType"}, []string{"event"}},
		} {
			assert.Equal(t, tt.all, u.Raw.Values(tt.path...), tt.path)
			assert.Equal(t, tt.all[0], u.Value(tt.path...), tt.path)
			assert.Equal(t, tt.all[0], u.Raw.Value(tt.path...), tt.path)
		}
		for _, path := range [][]string{
			nil, {""}, {"C"}, {"A", "C"}, {"B", "C", "C"}, {"B[2]", "D", "C"}, {"xml", "A"}, {"A[3]"}, {"A[0]"}, {"A[-1]"}, {"A[x]"}, {"A[1"}, {"A[]"}, {"A[1]]"},
			make([]string, 100),
		} {
			assert.Empty(t, u.Raw.Values(path...), path)
			assert.Empty(t, u.Value(path...), path)
		}
	}
	assert.Empty(t, (&Unknown{}).Value("A"))
	assert.Empty(t, Raw{"<xml>"}.Value("A"))
	assert.Empty(t, Raw{"no format"}.Values("A"))
}

// TestRawValueOfHeader checks that Value tells of the header what the Header does.
func TestRawValueOfHeader(t *testing.T) {
	t.Parallel()
	m, err := Parse([]byte(text("<MsgId>1</MsgId><Idx>1</Idx><MsgDataId>a</MsgDataId><BusinessId>1</BusinessId><MsgId>2</MsgId><Idx>2</Idx><MsgDataId>b</MsgDataId><BusinessId>2</BusinessId>")))
	require.NoError(t, err)
	h := m.Head()
	assert.EqualValues(t, 2, h.MsgID)
	assert.EqualValues(t, 2, h.BusinessID)
	assert.Equal(t, "2", h.Raw.Value("MsgId"))
	assert.Equal(t, "2", h.Raw.Value("BusinessId"))
	assert.Equal(t, "2", h.Raw.Value("Idx"))
	assert.Equal(t, "b", h.Raw.Value("MsgDataId"))
	assert.Equal(t, "1", h.Raw.Value("MsgId[1]"))
	assert.Equal(t, []string{"a", "b"}, h.Raw.Values("MsgDataId"))
}

// TestRawShowsNothing prints, logs and marshals a message and its Raw in every way.
func TestRawShowsNothing(t *testing.T) {
	t.Parallel()
	body := text("<Content>shown</Content><New>secret</New>")
	m, err := Parse([]byte(body))
	require.NoError(t, err)
	raw := m.Head().Raw
	assert.Equal(t, body, string(raw.Bytes()))
	assert.True(t, raw == Raw{body}, "it can be compared")
	size := fmt.Sprintf("[%d bytes]", len(body))
	assert.Equal(t, size, raw.String())
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("a", "message", m, "header", m.Head(), "raw", raw, "pointer", &raw)
	}
	shown := []string{log.String()}
	for _, v := range []any{m, *m.Head(), m.Head(), raw, &raw, []Raw{raw}, map[string]Raw{"a": raw}, struct{ R Raw }{raw}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
		encoded, err := json.Marshal(v)
		require.NoError(t, err)
		shown = append(shown, string(encoded))
	}
	encoded, err := xml.Marshal(m)
	require.NoError(t, err)
	for _, s := range append(shown, string(encoded)) {
		assert.NotContains(t, s, "secret")
		assert.NotContains(t, s, fmt.Sprintf("%x", "secret"))
	}
	assert.Contains(t, fmt.Sprintf("%+v", m), "Raw:"+size)
	encoded, err = json.Marshal(raw)
	require.NoError(t, err)
	assert.Equal(t, `"`+size+`"`, string(encoded))
	encoded, err = json.Marshal(m)
	require.NoError(t, err)
	assert.NotContains(t, string(encoded), "Raw")
	assert.Contains(t, string(encoded), "shown")
}

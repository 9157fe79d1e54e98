package wechat

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   any
		want string
	}{
		{map[string]string{"a": "<你好>&\u2028\u2029😀"}, "{\"a\":\"<你好>&\u2028\u2029😀\"}"},
		{json.RawMessage(`{"a":"\u4f60\ud83d\ude00\u0022\u005c\\u4f60\u0001\ud800x"}`), "{\"a\":\"你😀\\\"\\\\\\\\u4f60\\u0001\uFFFDx\"}"},
		{json.RawMessage(`{"a":"\u000d\u000A\u0009\u0008\u000c\u000b\\u000d"}`), `{"a":"\r\n\t\b\f\u000b\\u000d"}`},
		{map[string]string{"a": "\r\n\t\b\f"}, `{"a":"\r\n\t\b\f"}`},
		{json.RawMessage(`{"\u0009k":["\u000d"]}`), `{"\tk":["\r"]}`},
	} {
		got, err := encode(tt.in)
		require.NoError(t, err)
		assert.Equal(t, tt.want, string(got))
	}
	_, err := encode(make(chan int))
	require.Error(t, err)
}

// FuzzEncode: what is encoded decodes to the same, and no escape is left that need not be.
func FuzzEncode(f *testing.F) {
	f.Add("你好\u2028<a>", []byte(`{"a":"\u4f60"}`))
	f.Fuzz(func(t *testing.T, text string, raw []byte) {
		for _, in := range []any{text, json.RawMessage(raw)} {
			plain, err := json.Marshal(in)
			if err != nil {
				continue
			}
			got, err := encode(in)
			require.NoError(t, err)
			var want, back any
			require.NoError(t, json.Unmarshal(plain, &want))
			require.NoError(t, json.Unmarshal(got, &back))
			assert.Equal(t, want, back)
		}
	})
}

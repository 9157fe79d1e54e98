package wechat

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseEnvelope(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		object bool
		code   int64
		msg    string
	}{
		`{"errcode":40001,"errmsg":"no \"x\" rid"}`:                   {true, 40001, `no "x" rid`},
		"\ufeff \n{ \"errmsg\" : \"a\x01b\" , \"errcode\" : \"-1\" }": {true, -1, "a\x01b"},
		`{"item":[{"errcode":5},"}"],"x":{"errcode":6},"errcode":7}`:  {true, 7, ""},
		`{"ip_list":[]}`:                {true, 0, ""},
		`{"errcode":null}`:              {true, 0, ""},
		`{"errcode":45009,"errmsg":"cu`: {true, 45009, ""},
		`{"errcode":4500`:               {true, 0, ""},
		`{`:                             {true, 0, ""},
		`[{"errcode":1}]`:               {false, 0, ""},
		`<html>`:                        {false, 0, ""},
		``:                              {false, 0, ""},
	} {
		env := parseEnvelope([]byte(body))
		assert.Equal(t, want.object, env.object, body)
		assert.Equal(t, want.code, env.code, body)
		assert.Equal(t, want.msg, env.message(), body)
	}
}

func TestDecodeRepairsControlCharacters(t *testing.T) {
	t.Parallel()
	var out struct{ Text string }
	require.NoError(t, decodeBytes([]byte("{\"text\":\"a\x01\tb\"}"), &out))
	assert.Equal(t, "a\x01\tb", out.Text)
	require.ErrorIs(t, decodeBytes([]byte(`{"text":5}`), &out), errShape)
	require.Error(t, decodeBytes([]byte(`{"a":`), nil))
	require.NoError(t, decodeBytes([]byte(`{}`), nil))
}

func TestEncode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   any
		want string
	}{
		{map[string]string{"a": "<你好>&\u2028\u2029😀"}, "{\"a\":\"<你好>&\u2028\u2029😀\"}"},
		{json.RawMessage(`{"a":"\u4f60\ud83d\ude00\u0022\u005c\\u4f60\u0001\ud800x"}`), "{\"a\":\"你😀\\\"\\\\\\\\u4f60\\u0001\uFFFDx\"}"},
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

// FuzzParseEnvelope: on valid JSON it agrees with encoding/json, on anything it does not panic.
func FuzzParseEnvelope(f *testing.F) {
	f.Add([]byte(`{"errcode":40001,"errmsg":"x","a":[1,{"b":"}"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		env := parseEnvelope(body)
		_ = env.message()
		_ = escapeControls(body)
		_ = decodeBytes(bytes.Clone(body), nil)
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &members) != nil || members == nil {
			return
		}
		assert.True(t, env.object)
		if env.code != 0 && bytes.Count(body, []byte("errcode")) == 1 {
			assert.Contains(t, string(members["errcode"]), jsonNumber(env.code))
		}
	})
}

func jsonNumber(n int64) string { b, _ := json.Marshal(max(n, -n)); return string(b) }

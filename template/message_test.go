package template_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

func TestMessageSurvivesAQueue(t *testing.T) {
	t.Parallel()
	m := message()
	m.URL, m.MiniProgram = "https://example.com/", &template.MiniProgram{AppID: "wx1", PagePath: "p"}
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	var got template.Message
	require.NoError(t, json.Unmarshal(raw, &got))
	assert.Equal(t, m, got)
}

func TestDataMarshalJSON(t *testing.T) {
	t.Parallel()
	many := template.Data{}
	for _, key := range strings.Split("l k j i h g f e d c b a", " ") {
		many[key] = template.Value{Value: key}
	}
	for name, tt := range map[string]struct {
		data template.Data
		want string
	}{
		"nil":     {nil, `{}`},
		"empty":   {template.Data{}, `{}`},
		"escapes": {template.Data{`"`: {Value: "\\\n\t\x00\x1f\x7f"}}, `{"\"":{"value":"\\\n\t\u0000\u001f` + "\x7f" + `"}}`},
		"UTF-8":   {template.Data{"a": {Value: "你好\u2028<a href='x'>&😀"}}, `{"a":{"value":"你好` + "\u2028" + `<a href='x'>&😀"}}`},
		"broken":  {template.Data{"a": {Value: "x\xffy"}}, `{"a":{"value":"x` + "\uFFFD" + `y"}}`},
		"sorted": {many, `{"a":{"value":"a"},"b":{"value":"b"},"c":{"value":"c"},"d":{"value":"d"},"e":{"value":"e"},"f":{"value":"f"},` +
			`"g":{"value":"g"},"h":{"value":"h"},"i":{"value":"i"},"j":{"value":"j"},"k":{"value":"k"},"l":{"value":"l"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := maps.Clone(tt.data)
			got, err := tt.data.MarshalJSON()
			require.NoError(t, err)
			assert.Equal(t, tt.want, string(got))
			assert.Equal(t, before, tt.data)
		})
	}
}

// FuzzDataMarshalJSON: what is written reads back, and is what encoding/json makes of it but for
// the escapes that it could do without.
func FuzzDataMarshalJSON(f *testing.F) {
	f.Add("thing1", "张三", "#FF0000", "time2", "2026年11月20日 18:00")
	f.Add("\"\\", "\n\r\x00\u2028", "", "<&>", "\xff\xfe")
	f.Add("\xe4\xbd", "\xa0", "", "", "") // one character in two halves, each of them broken
	f.Fuzz(func(t *testing.T, key1, value1, color, key2, value2 string) {
		d := template.Data{key1: {Value: value1, Color: color}, key2: {Value: value2}}
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(d))
		assert.False(t, bytes.Contains(buf.Bytes(), []byte(`\u2028`)))
		var got, want template.Data
		require.NoError(t, json.Unmarshal(buf.Bytes(), &got))
		for _, part := range []string{key1, value1, color, key2, value2} {
			if !utf8.ValidString(part) {
				return // encoding/json replaces each byte, we replace each run of them
			}
		}
		plain, err := json.Marshal(map[string]template.Value(d))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(plain, &want))
		assert.Equal(t, want, got)
	})
}

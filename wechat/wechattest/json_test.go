package wechattest

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// FuzzMembers holds the reader of bodies against encoding/json.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { "a" : "b" , "c" : [ 1 , {"d":"]}"} , [ ] ] , "e":-1.5e3 } `, `{"a":null,"a":true}`, `{"\u0061\"":"\\"}`,
		`[]`, `"x"`, `1`, `{"a":{"b":{"c":"\\\""}}}`, `[ "a", 1 ,[2 ], {} ]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || !json.Valid([]byte(text)) {
			return
		}
		var want map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &want) != nil {
			want = nil
		}
		got := map[string]json.RawMessage{}
		for key, raw := range members(text) {
			got[key] = json.RawMessage(raw)
		}
		assert.Len(t, got, len(want))
		for key := range want {
			assert.Equal(t, string(want[key]), string(got[key]), key)
		}
		var list []json.RawMessage
		if start := space(text, 0); text[start] == '[' && json.Unmarshal([]byte(text), &list) == nil {
			i := 0
			for raw := range elements(text[start:]) {
				assert.Equal(t, string(list[i]), raw)
				i++
			}
			assert.Len(t, list, i)
		}
	})
}

// FuzzUnquote holds the reader of strings against encoding/json.
func FuzzUnquote(f *testing.F) {
	for _, seed := range []string{`""`, `"a"`, `"\n\"\\\u5f20"`, `1`, `null`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if raw != "" && (!json.Valid([]byte(raw)) || !utf8.ValidString(raw) || space(raw, 0) != 0) {
			return
		}
		var want string
		ok := raw != "" && raw[0] == '"' && json.Unmarshal([]byte(raw), &want) == nil
		if ok && raw[len(raw)-1] != '"' {
			return // white space after it: skip never hands that on
		}
		got, is := unquote(raw)
		assert.Equal(t, ok, is)
		assert.Equal(t, want, got)
	})
}

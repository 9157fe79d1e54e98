package wechat

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadVerdict(t *testing.T) {
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
		v := readVerdict([]byte(body))
		assert.Equal(t, want.object, v.object, body)
		assert.Equal(t, want.code, v.code, body)
		assert.Equal(t, want.msg, v.message(), body)
	}
}

func TestDecodeRepairsControlCharacters(t *testing.T) {
	t.Parallel()
	var out struct{ Text string }
	require.NoError(t, decodeBytes([]byte("{\"text\":\"a\x01\tb\"}"), &out, true))
	assert.Equal(t, "a\x01\tb", out.Text)
	require.ErrorIs(t, decodeBytes([]byte(`{"text":5}`), &out, true), errShape)
	require.NoError(t, decodeBytes([]byte("{\"errcode\":0,\"errmsg\":\"a\x01b\"}"), nil, true))
	err := decodeBytes([]byte(`{"errcode":0,"a":`), nil, true)
	require.ErrorContains(t, err, "cut off")
	require.NotErrorIs(t, err, errShape)
}

// FuzzReadVerdict: on valid JSON it agrees with encoding/json, on anything it does not panic.
func FuzzReadVerdict(f *testing.F) {
	f.Add([]byte(`{"errcode":40001,"errmsg":"x","a":[1,{"b":"}"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		v := readVerdict(body)
		_ = v.message()
		_ = escapeControls(body)
		_ = decodeBytes(bytes.Clone(body), nil, true)
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &members) != nil || members == nil {
			return
		}
		assert.True(t, v.object)
		if v.code != 0 && bytes.Count(body, []byte("errcode")) == 1 {
			assert.Contains(t, string(members["errcode"]), jsonNumber(v.code))
		}
	})
}

func jsonNumber(n int64) string { b, _ := json.Marshal(max(n, -n)); return string(b) }

// oddities are errcodes, members and whole answers of which none says success.
var oddities = []string{
	`40003.0`, `0.0`, `-0`, `1e0`, `0e0`, `-1.5`, `00`, `+0`, `0x0`, `0b0`, `0_0`, `NaN`, `null`, `true`, `false`, `[]`, `[0]`, `{}`, `{"errcode":0}`,
	`""`, `"ok"`, `"0.0"`, `"+0"`, `" 0"`, `"0 "`, `"-0"`, `"00"`, `"null"`, `"false"`, `"\u0030"`, `"０"`, `99999999999999999999`, `-99999999999999999999`,
	`"40003.0"`, `0,"errcode":40003`, `40003,"errcode":0`, `0,"errcode":null`, `null,"errcode":0`, `0,"ErrCode":0`, `0,"err\u0063ode":40003`,
	`0}{"errcode":0`, `0]`, `0,`, `0 0`, `"0`, `0"`, ``, ` `, `'0'`, `undefined`, `ok`, `0;`, "0\x00",
}

func TestOddErrcodesAreNoSuccess(t *testing.T) {
	t.Parallel()
	for _, oddity := range oddities {
		for _, body := range []string{
			`{"errcode":` + oddity + `,"errmsg":"ok","msgid":1}`, `{"errmsg":"ok","msgid":1,"errcode":` + oddity + `}`,
			"\ufeff {\n\"errcode\" : " + oddity + "\n}",
		} {
			noSuccess(t, body)
		}
	}
	for _, key := range []string{"ErrCode", "ERRCODE", `err\u0063ode`, `\u0065rrcode`, "errcodE"} {
		noSuccess(t, `{"`+key+`":0,"errmsg":"ok","msgid":1}`)
		noSuccess(t, `{"`+key+`":40003,"errmsg":"ok","msgid":1}`)
	}
}

// noSuccess decodes body as the answer to a call that sends, with and without an id.
func noSuccess(t *testing.T, body string) {
	t.Helper()
	var out struct {
		MsgID json.Number `json:"msgid"`
	}
	assert.Error(t, decodeBytes([]byte(body), &out, true), body)
	assert.Error(t, decodeBytes([]byte(body), nil, true), body)
	assert.Error(t, decodeBytes([]byte(body), nil, false), body)
}

// FuzzErrcode puts anything where the errcode is: only 0 and "0" are a success.
func FuzzErrcode(f *testing.F) {
	for _, oddity := range oddities {
		f.Add(oddity)
	}
	for _, fine := range []string{`0`, `"0"`} {
		require.NoError(f, decodeBytes([]byte(`{"errcode":`+fine+`}`), nil, true))
	}
	zero := regexp.MustCompile(`^[ \t\r\n]*("0"|0)[ \t\r\n]*$`)
	f.Fuzz(func(t *testing.T, oddity string) {
		if zero.MatchString(oddity) || strings.ContainsAny(oddity, `,:`) {
			return // members of its own may follow the errcode
		}
		noSuccess(t, `{"errcode":`+oddity+`,"errmsg":"ok","msgid":1}`)
		noSuccess(t, `{"errmsg":"ok","msgid":1,"errcode":`+oddity+`}`)
	})
}

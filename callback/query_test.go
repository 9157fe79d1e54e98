package callback

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScanQuery(t *testing.T) {
	t.Parallel()
	full := query{signature: "s", msgSignature: "m", timestamp: "1", nonce: "2", encryptType: "aes", echostr: "e", openid: "o"}
	for name, tt := range map[string]struct {
		raw  string
		want query
	}{
		"empty":                  {"", query{}},
		"all":                    {"signature=s&echostr=e&timestamp=1&nonce=2&openid=o&encrypt_type=aes&msg_signature=m", full},
		"behind the owner's":     {"id=7&x=%zz&signature=s", query{signature: "s"}},
		"escaped value":          {"echostr=%E4%BD%A0+%26", query{echostr: "你 &"}},
		"escaped name":           {"%6eonce=5", query{nonce: "5"}},
		"broken name":            {"%6=5&nonce=6", query{nonce: "6"}},
		"first of two":           {"nonce=1&nonce=2", query{nonce: "1"}},
		"first of two is empty":  {"nonce=&nonce=2", query{}},
		"empty pairs":            {"&&nonce=1&&", query{nonce: "1"}},
		"no value":               {"nonce&timestamp=4", query{timestamp: "4"}},
		"equals in the value":    {"echostr=a=b==", query{echostr: "a=b=="}},
		"case matters":           {"Nonce=1", query{}},
		"semicolon elsewhere":    {"a;b=1&nonce=2", query{nonce: "2"}},
		"prefix of a name":       {"non=1&nonces=2", query{}},
		"an openid that is none": {"openid=%zz&nonce=2", query{nonce: "2"}},
		"10,000 parameters":      {strings.Repeat("&a", 4000) + "&nonce=2", query{nonce: "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := scanQuery(tt.raw)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestScanQueryRefuses(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"broken escape":     "nonce=%zz",
		"cut escape":        "signature=abc%4",
		"semicolon":         "nonce=1;timestamp=2",
		"10,000 parameters": strings.Repeat("signature=1&", 10_000),
		"too long":          "x=" + strings.Repeat("a", maxQuery),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := scanQuery(raw)
			require.ErrorIs(t, err, errQuery)
			assert.Zero(t, got)
			assert.NotContains(t, err.Error(), "zz")
		})
	}
}

func TestScanQueryCopiesNothing(t *testing.T) {
	raw := "signature=f464b24f&timestamp=1714036504&nonce=1514711492&openid=oAbc&encrypt_type=aes&msg_signature=046e"
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if q, err := scanQuery(raw); err != nil || q.nonce != "1514711492" {
			t.Fail()
		}
	}))
}

func TestQuerySeconds(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{
		"1714036504": 1714036504, "0": 0, "2147483648": 2147483648,
		"": -1, "-1": -1, "+1": -1, "1e9": -1, "17140365040000": -1, " 1": -1, "1_0": -1,
	} {
		got, ok := (&query{timestamp: in}).seconds()
		if want < 0 {
			assert.False(t, ok, "%q", in)
			continue
		}
		assert.True(t, ok, "%q", in)
		assert.Equal(t, want, got, "%q", in)
	}
}

// FuzzQuery holds the scanner against net/url: what that reads without an error, ours reads alike.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "signature=s&timestamp=1&nonce=2", "nonce=%41&nonce=2", "%6eonce=1", "a;b&nonce=1", "nonce=1;2", "echostr=a+b%20c", "&=&==", "%",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := scanQuery(raw)
		want, wrong := url.ParseQuery(raw)
		if wrong != nil || len(raw) > maxQuery {
			return
		}
		if err != nil {
			t.Fatalf("refused what net/url reads: %q", raw)
		}
		for name, value := range map[string]string{
			"signature": got.signature, "msg_signature": got.msgSignature, "timestamp": got.timestamp,
			"nonce": got.nonce, "encrypt_type": got.encryptType, "echostr": got.echostr, "openid": got.openid,
		} {
			if value != want.Get(name) {
				t.Fatalf("%s: %q, net/url reads %q", name, value, want.Get(name))
			}
		}
	})
}

package callback

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseEnvelope(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string
		want Envelope
	}{
		"safe": {
			"<xml>\n  <ToUserName><![CDATA[gh_1]]></ToUserName>\n  <Encrypt><![CDATA[BASE64==]]></Encrypt>\n</xml>",
			Envelope{ToUserName: "gh_1", Encrypt: "BASE64=="},
		},
		"with blanks": {"<xml><Encrypt>\n<![CDATA[BASE64]]>\n</Encrypt></xml>", Envelope{Encrypt: "BASE64"}},
		"compatible": {
			"<xml><ToUserName>gh_1</ToUserName><MsgType>text</MsgType><Content><![CDATA[<Encrypt>no</Encrypt>]]></Content><MsgId>1</MsgId><A><Encrypt>no</Encrypt></A><Encrypt>yes</Encrypt></xml>",
			Envelope{ToUserName: "gh_1", Encrypt: "yes"},
		},
		"a platform's own":  {"<xml><AppId>wxC</AppId><Encrypt>x</Encrypt></xml>", Envelope{AppID: "wxC", Encrypt: "x"}},
		"JSON":              {`{"ToUserName":"gh_1","Encrypt":"BASE64"}`, Envelope{ToUserName: "gh_1", Encrypt: "BASE64", Format: JSON}},
		"JSON on lines":     {"{\n \" ToUserName\" : \" gh_1\",\n \"Encrypt \" :\n \"BASE64\\n\"\n}", Envelope{ToUserName: "gh_1", Encrypt: "BASE64", Format: JSON}},
		"JSON with escapes": {`{"ToUserName":"gh_1","Encrypt":"a\/b\u002bc\u003d"}`, Envelope{ToUserName: "gh_1", Encrypt: "a/b+c=", Format: JSON}},
		"JSON whose texts are names": {`{"A":"ToUserName","B":"Encrypt","ToUserName":"gh_1","Encrypt":"yes","Content":"\"Encrypt\":\"no\"","C":"Encrypt"}`,
			Envelope{ToUserName: "gh_1", Encrypt: "yes", Format: JSON}},
		"JSON names that end alike": {`{"Encrypt":"yes","NoEncrypt":"no"}`, Envelope{Encrypt: "yes", Format: JSON}},
		"JSON with two":             {`{"Encrypt":"no","Encrypt":"yes"}`, Envelope{Encrypt: "yes", Format: JSON}},
		"two":                       {"<xml><ToUserName>gh_1</ToUserName><ToUserName>gh_2</ToUserName><Encrypt>no</Encrypt><Encrypt>yes</Encrypt></xml>", Envelope{ToUserName: "gh_1", Encrypt: "yes"}},
		"names that begin alike":    {"<xml><ToUserNameOf>no</ToUserNameOf><Encrypt a='b'>yes</Encrypt><EncryptedBy>no</EncryptedBy></xml>", Envelope{Encrypt: "yes"}},
		"a copy that is broken": {"<xml><ToUserName>gh_1</ToUserName><Content><![CDATA[a]]></b><Encrypt>no</Encrypt><c><Encrypt><![CDATA[yes]]></Encrypt></xml>",
			Envelope{ToUserName: "gh_1", Encrypt: "yes"}},
		"a copy with anything typed": {strings.Replace(typing("]]></Content></xml><Encrypt>no</Encrypt>"), "</xml>\n", "<Encrypt>yes</Encrypt></xml>", 1) + "<Encrypt>yes</Encrypt></xml>",
			Envelope{ToUserName: "gh_1", Encrypt: "yes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseEnvelope([]byte(tt.body))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
	for _, body := range []string{
		"", "x", "<xml></xml>", "{}", "<xml><Encrypt></Encrypt></xml>", "<xml><Encrypt/></xml>", "<xml><Encrypt>x", "<xml><Encrypt><![CDATA[x", "<xml><Encrypt", "<xml>Encrypt>x<",
		`{"Encrypt":`, `{"Encrypt":"x`, `{"Encrypt":1}`, `{"Encrypt":"x\"`, `{"A":"Encrypt"}`, `{"Encrypt"`, `{"Encrypt":""}`,
	} {
		_, err := ParseEnvelope([]byte(body))
		require.ErrorIs(t, err, ErrMalformed, body)
	}
}

// TestEnvelopeIsNotCopied reads a big envelope in place.
func TestEnvelopeIsNotCopied(t *testing.T) {
	for _, body := range []string{
		"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[" + strings.Repeat("A", 1<<20) + "]]></Encrypt></xml>",
		`{"ToUserName":"gh_1","Encrypt":"` + strings.Repeat("A", 1<<20) + `"}`,
	} {
		in := []byte(body)
		assert.Less(t, allocated(func() {
			_, encrypt, err := ciphertext(in)
			require.NoError(t, err)
			assert.Len(t, encrypt, 1<<20)
		}), uint64(1<<16))
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestSplitEncrypt(t *testing.T) {
	t.Parallel()
	compatible := strings.Replace(scanOf("scancode_waitmsg", "]]></ScanResult></ScanCodeInfo><Encrypt>typed</Encrypt>"), "\n</xml>", "\n<Encrypt><![CDATA[AAAA]]></Encrypt>\n</xml>", 1)
	for name, tt := range map[string]struct{ body, before, after string }{
		"compatible":              {compatible, compatible[:strings.LastIndex(compatible, "<Encrypt>")], "\n</xml>"},
		"not the last element":    {"<xml><Encrypt>x</Encrypt><MsgType>a</MsgType></xml>", "<xml>", "<MsgType>a</MsgType></xml>"},
		"two":                     {"<xml><Encrypt>x</Encrypt><Encrypt a='b'/></xml>", "<xml><Encrypt>x</Encrypt>", "</xml>"},
		"after a byte order mark": {bom + "<xml><Encrypt>x</Encrypt></xml>", bom + "<xml>", "</xml>"},
		"none":                    {typing("a"), typing("a"), ""},
		"one that was typed":      {typing("x]]></Content><Encrypt>y</Encrypt>"), typing("x]]></Content><Encrypt>y</Encrypt>"), ""},
		"one that is deeper":      {"<xml><a><Encrypt>x</Encrypt></a></xml>", "<xml><a><Encrypt>x</Encrypt></a></xml>", ""},
		"JSON":                    {`{"Encrypt":"x","MsgType":"a"}`, "{", `,"MsgType":"a"}`},
		"JSON at the end":         {`{"MsgType":"a", "Encrypt" : "x" }`, `{"MsgType":"a", `, " }"},
		"JSON with one typed":     {`{"MsgType":"a","Content":"\"Encrypt\":\"x\""}`, `{"MsgType":"a","Content":"\"Encrypt\":\"x\""}`, ""},
		"no format":               {"Encrypt", "Encrypt", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := splitEncrypt([]byte(tt.body))
			assert.Equal(t, tt.before, string(before))
			assert.Equal(t, tt.after, string(after))
		})
	}
}

// TestCompatibleModeIsReadPlain reads the plain copy, as an account without a key does.
func TestCompatibleModeIsReadPlain(t *testing.T) {
	t.Parallel()
	assert.Equal(t, &TextMessage{Header: Header{MsgType: "text"}, Content: "a"},
		parsed(t, "<xml><MsgType>text</MsgType><Content>a</Content><Encrypt>x</Encrypt></xml>"))
}

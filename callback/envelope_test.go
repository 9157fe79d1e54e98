package callback

import (
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
		"a platform's own": {"<xml><AppId>wxC</AppId><Encrypt>x</Encrypt></xml>", Envelope{AppID: "wxC", Encrypt: "x"}},
		"JSON":             {`{"ToUserName":"gh_1","Encrypt":"BASE64"}`, Envelope{ToUserName: "gh_1", Encrypt: "BASE64", Format: JSON}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseEnvelope([]byte(tt.body))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
	for _, body := range []string{"", "x", "<xml></xml>", "{}", "<xml><Encrypt></Encrypt></xml>", "<xml><a><Encrypt>x</Encrypt></a></xml>", "<xml><Encrypt>x"} {
		_, err := ParseEnvelope([]byte(body))
		require.ErrorIs(t, err, ErrMalformed, body)
	}
}

// TestCompatibleModeIsReadPlain reads the plain copy, as an account without a key does.
func TestCompatibleModeIsReadPlain(t *testing.T) {
	t.Parallel()
	m, err := Parse([]byte("<xml><MsgType>text</MsgType><Content>a</Content><Encrypt>x</Encrypt></xml>"))
	require.NoError(t, err)
	assert.Equal(t, &TextMessage{Header: Header{MsgType: "text"}, Content: "a"}, m)
}

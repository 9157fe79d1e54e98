package callback

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vector is one entry of testdata/vectors.json, under the names of the wire.
type vector struct {
	Name         string `json:"name"`
	Why          string `json:"why"`
	Token        string `json:"token"`
	AESKey       string `json:"encoding_aes_key"`
	AppID        string `json:"appid"`
	Timestamp    string `json:"timestamp"`
	Nonce        string `json:"nonce"`
	Signature    string `json:"signature"`
	URLSignature string `json:"url_signature"`
	MsgSignature string `json:"msg_signature"`
	Random       string `json:"random"`
	Plaintext    string `json:"plaintext"`
	Bytes        int    `json:"plaintext_bytes"`
	Pad          int    `json:"pad"`
	Encrypt      string `json:"encrypt"`
}

func (v vector) crypter(t testing.TB) *Crypter {
	c, err := NewCrypter(Account{AppID: v.AppID, Token: v.Token, AESKey: v.AESKey})
	require.NoError(t, err)
	if v.Random != "" {
		c.random = func(b []byte) { copy(b, v.Random) }
	}
	return c
}

type vectors struct {
	Signature []vector `json:"signature"`
	AES       []vector `json:"aes"`
	Negative  []vector `json:"negative"`
}

func readVectors(t testing.TB) (v vectors) {
	file, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(file, &v))
	require.NotEmpty(t, v.Signature)
	require.NotEmpty(t, v.AES)
	require.NotEmpty(t, v.Negative)
	return v
}

func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	all := readVectors(t)
	for _, v := range append(all.Signature, all.AES...) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			for _, want := range []struct{ sum, encrypt string }{
				{v.Signature, ""}, {v.URLSignature, ""}, {v.MsgSignature, v.Encrypt},
			} {
				if want.sum == "" {
					continue
				}
				assert.Equal(t, want.sum, Signature(v.Token, v.Timestamp, v.Nonce, want.encrypt))
				assert.True(t, Verify(want.sum, v.Token, v.Timestamp, v.Nonce, want.encrypt))
				assert.False(t, Verify(want.sum, v.Token+"x", v.Timestamp, v.Nonce, want.encrypt))
				assert.False(t, Verify(want.sum, v.Token, v.Timestamp+"1", v.Nonce, want.encrypt))
				assert.False(t, Verify(want.sum, v.Token, v.Timestamp, v.Nonce+"1", want.encrypt))
			}
		})
	}
}

func TestDecryptVectors(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).AES {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			got, _, err := v.crypter(t).Open(nil, v.MsgSignature, v.Timestamp, v.Nonce, v.Encrypt)
			require.NoError(t, err)
			assert.Equal(t, v.Plaintext, string(got))
			assert.Len(t, got, v.Bytes)
			for _, body := range []string{
				"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[" + v.Encrypt + "]]></Encrypt></xml>", `{"Encrypt":"` + v.Encrypt + `"}`,
			} {
				e, err := ParseEnvelope([]byte(body))
				require.NoError(t, err)
				assert.Equal(t, v.Encrypt, e.Encrypt)
			}
		})
	}
}

func TestEncryptVectors(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).AES {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, v.Pad, padSize-(prefixSize+v.Bytes+len(v.AppID))%padSize)
			seconds, err := strconv.ParseInt(v.Timestamp, 10, 64)
			require.NoError(t, err)
			sealer := v.crypter(t).Sealer()
			assert.Equal(t, "before<xml><Encrypt><![CDATA["+v.Encrypt+"]]></Encrypt><MsgSignature><![CDATA["+v.MsgSignature+
				"]]></MsgSignature><TimeStamp>"+v.Timestamp+"</TimeStamp><Nonce><![CDATA["+v.Nonce+"]]></Nonce></xml>",
				string(sealer.Seal([]byte("before"), XML, []byte(v.Plaintext), seconds, v.Nonce)))
			assert.Equal(t, `{"Encrypt":"`+v.Encrypt+`","MsgSignature":"`+v.MsgSignature+
				`","TimeStamp":`+v.Timestamp+`,"Nonce":"`+v.Nonce+`"}`,
				string(sealer.Seal(nil, JSON, []byte(v.Plaintext), seconds, v.Nonce)))
		})
	}
}

func TestNegativeVectors(t *testing.T) {
	t.Parallel()
	want := map[string]error{
		"bad-signature":                      ErrSignature,
		"signature-instead-of-msg_signature": ErrSignature,
		"wrong-appid":                        ErrAppID,
		"length-overruns":                    ErrDecrypt,
		"pad-zero":                           ErrDecrypt,
	}
	all := readVectors(t).Negative
	require.Len(t, all, len(want))
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			got, sealer, err := v.crypter(t).Open([]byte("before"), v.MsgSignature, v.Timestamp, v.Nonce, v.Encrypt)
			require.ErrorIs(t, err, want[v.Name], v.Why)
			assert.Equal(t, "before", string(got), "what could not be opened is not handed out")
			assert.Zero(t, sealer)
		})
	}
}

// TestRealKeysNeedALenientDecoder guards the reason for which StdEncoding is not Strict.
func TestRealKeysNeedALenientDecoder(t *testing.T) {
	t.Parallel()
	refused := 0
	for _, v := range readVectors(t).AES {
		if _, err := base64.StdEncoding.Strict().DecodeString(v.AESKey + "="); err != nil {
			refused++
		}
	}
	assert.NotZero(t, refused, "the vectors have a key whose last bits mean nothing")
}

// TestSealVectors seals each plaintext and opens it with a reader that shares no code with ours.
func TestSealVectors(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t).AES {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			c, err := NewCrypter(Account{AppID: v.AppID, Token: v.Token, AESKey: v.AESKey})
			require.NoError(t, err)
			var e struct {
				Encrypt, MsgSignature, Nonce string
				TimeStamp                    int64
			}
			require.NoError(t, xml.Unmarshal(c.Sealer().Seal(nil, XML, []byte(v.Plaintext), 1763913600, "n1"), &e))
			assert.Equal(t, v.Plaintext, openAlone(t, v, e.TimeStamp, e.Nonce, e.MsgSignature, e.Encrypt))
			require.NoError(t, json.Unmarshal(c.Sealer().Seal(nil, JSON, []byte(v.Plaintext), 1763913601, "n2"), &e))
			assert.Equal(t, v.Plaintext, openAlone(t, v, e.TimeStamp, e.Nonce, e.MsgSignature, e.Encrypt))
		})
	}
}

// openAlone verifies and decrypts as reference 6.3 and 6.4 say, with the standard library alone.
func openAlone(t *testing.T, v vector, stamp int64, nonce, signature, encrypt string) string {
	parts := []string{v.Token, strconv.FormatInt(stamp, 10), nonce, encrypt}
	sort.Strings(parts)
	require.Equal(t, fmt.Sprintf("%x", sha1.Sum([]byte(strings.Join(parts, "")))), signature)
	key, err := base64.StdEncoding.DecodeString(v.AESKey + "=")
	require.NoError(t, err)
	text, err := base64.StdEncoding.DecodeString(encrypt)
	require.NoError(t, err)
	require.Zero(t, len(text)%32, "padded to 32")
	block, err := aes.NewCipher(key)
	require.NoError(t, err)
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(text, text)
	pad := int(text[len(text)-1])
	require.True(t, 1 <= pad && pad <= 32)
	require.Equal(t, bytes.Repeat([]byte{byte(pad)}, pad), text[len(text)-pad:])
	text = text[16 : len(text)-pad]
	size := int(binary.BigEndian.Uint32(text))
	require.Equal(t, v.AppID, string(text[4+size:]))
	return string(text[4 : 4+size])
}

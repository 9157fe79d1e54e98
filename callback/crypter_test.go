package callback

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	testToken    = "Mp_Token-2026"
	testOldToken = "Old_Token-2025"
	testKey      = "WK59PFkl0JfI2yyVlbPegBPrUhRZdsvDQuc8dWrdE03"
	testOldKey   = "ttidvRzFRYToraZB3DO7GWIQtUlmOS6ECJSRO5k0A8B"
	testAppID    = "wx8f3a1c0d9b7e2465"
)

func newTestCrypter(t testing.TB, a Account) *Crypter {
	c, err := NewCrypter(a)
	require.NoError(t, err)
	return c
}

// push encrypts message as the platform would and returns the parameters of Open.
func push(t testing.TB, token, key, appID, message string) (sum, timestamp, nonce, encrypt string) {
	c := newTestCrypter(t, Account{AppID: appID, Token: token, AESKey: key})
	e, err := ParseEnvelope(c.Sealer().Seal(nil, XML, []byte(message), 1763913600, "n"))
	require.NoError(t, err)
	return Signature(token, "1763913600", "n", e.Encrypt), "1763913600", "n", e.Encrypt
}

// TestRotation opens pushes with every pair of a new and an old token and key, and checks that
// the answer is made with the very same pair.
func TestRotation(t *testing.T) {
	t.Parallel()
	c := newTestCrypter(t, Account{
		AppID: testAppID, Token: testToken, AESKey: testKey, PreviousToken: testOldToken, PreviousAESKey: testOldKey,
	})
	for _, token := range []string{testToken, testOldToken} {
		for _, key := range []string{testKey, testOldKey} {
			t.Run(token+" "+key, func(t *testing.T) {
				t.Parallel()
				sum, timestamp, nonce, encrypt := push(t, token, key, testAppID, "你好")
				got, sealer, err := c.Open(nil, sum, timestamp, nonce, encrypt)
				require.NoError(t, err)
				assert.Equal(t, "你好", string(got))

				answer, err := ParseEnvelope(sealer.Seal(nil, XML, []byte("answer"), 5, "6"))
				require.NoError(t, err)
				platform := newTestCrypter(t, Account{AppID: testAppID, Token: token, AESKey: key})
				got, _, err = platform.Open(nil, Signature(token, "5", "6", answer.Encrypt), "5", "6", answer.Encrypt)
				require.NoError(t, err)
				assert.Equal(t, "answer", string(got))
			})
		}
	}
	t.Run("neither", func(t *testing.T) {
		t.Parallel()
		sum, timestamp, nonce, encrypt := push(t, "Third_Token", testKey, testAppID, "x")
		_, _, err := c.Open(nil, sum, timestamp, nonce, encrypt)
		require.ErrorIs(t, err, ErrSignature)
		sum, timestamp, nonce, encrypt = push(t, testToken, strings.Repeat("A", 43), testAppID, "x")
		_, _, err = c.Open(nil, sum, timestamp, nonce, encrypt)
		require.ErrorIs(t, err, ErrDecrypt)
	})
	t.Run("another account, old key", func(t *testing.T) {
		t.Parallel()
		sum, timestamp, nonce, encrypt := push(t, testToken, testOldKey, "wx0000000000000000", "x")
		_, _, err := c.Open(nil, sum, timestamp, nonce, encrypt)
		require.ErrorIs(t, err, ErrAppID, "the key that fits tells more than the other")
	})
}

// seal encrypts text, which is a multiple of 32 bytes, as it stands.
func seal(c *Crypter, text []byte) string {
	k := c.keys[0]
	out := bytes.Clone(text)
	for i := 0; i < len(out); i += len(k.iv) {
		before := k.iv
		if i > 0 {
			before = out[i-len(k.iv) : i]
		}
		for j := range k.iv {
			out[i+j] ^= before[j]
		}
		k.block.Encrypt(out[i:i+len(k.iv)], out[i:i+len(k.iv)])
	}
	return base64.StdEncoding.EncodeToString(out)
}

// layout returns what is encrypted: random, a length, a message, an AppID and padding.
func layout(size uint32, message, appID string, pad ...byte) []byte {
	text := append([]byte("0123456789abcdef"), binary.BigEndian.AppendUint32(nil, size)...)
	return append(append(append(text, message...), appID...), pad...)
}

func repeated(c byte, n int) []byte { return bytes.Repeat([]byte{c}, n) }

// TestOpenRefuses has ciphertexts with a signature that fits.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	c := newTestCrypter(t, Account{AppID: testAppID, Token: testToken, AESKey: testKey})
	good := layout(4, "good", testAppID, repeated(22, 22)...)
	require.Zero(t, len(good)%padSize)
	mixed := bytes.Clone(good)
	mixed[len(mixed)-3] = 7
	tests := []struct {
		name, encrypt string
		want          error
	}{
		{"well-formed", seal(c, good), nil},
		{"a whole block of padding", seal(c, layout(26, strings.Repeat("x", 26), testAppID, repeated(32, 32)...)), nil},
		{"an empty message", seal(c, layout(0, "", testAppID, repeated(26, 26)...)), nil},
		{"empty", "", ErrDecrypt},
		{"not base64", "!!!!", ErrDecrypt},
		{"base64 and more", seal(c, good) + "!", ErrDecrypt},
		{"cut base64", seal(c, good)[:50], ErrDecrypt},
		{"half a block", base64.StdEncoding.EncodeToString(good[:16]), ErrDecrypt},
		{"no whole blocks", base64.StdEncoding.EncodeToString(good[:31]), ErrDecrypt},
		{"16 beyond a block", seal(c, layout(4, "good", testAppID, repeated(6, 6)...)), ErrDecrypt},
		{"padding of 0", seal(c, append(layout(4, "good", testAppID), repeated(0, 22)...)), ErrDecrypt},
		{"padding of 33", seal(c, append(layout(4, "good", testAppID), repeated(33, 54)...)), ErrDecrypt},
		{"padding of 255", seal(c, append(layout(4, "good", testAppID), repeated(255, 22)...)), ErrDecrypt},
		{"uneven padding", seal(c, mixed), ErrDecrypt},
		{"only padding", seal(c, repeated(32, 32)), ErrDecrypt},
		{"no room for a length", seal(c, append([]byte("0123456789abcdef"), repeated(16, 16)...)), ErrDecrypt},
		{"a length beyond the end", seal(c, layout(23, "good", testAppID, repeated(22, 22)...)), ErrDecrypt},
		{"a length of 2^32-1", seal(c, layout(1<<32-1, "good", testAppID, repeated(22, 22)...)), ErrDecrypt},
		{"a length of 2^31", seal(c, layout(1<<31, "good", testAppID, repeated(22, 22)...)), ErrDecrypt},
		{"a length that eats the AppID", seal(c, layout(22, "good", testAppID, repeated(22, 22)...)), ErrAppID},
		{"a length that is too short", seal(c, layout(3, "good", testAppID, repeated(22, 22)...)), ErrAppID},
		{"no AppID", seal(c, layout(4, "good", "", repeated(8, 8)...)), ErrAppID},
		{"the AppID in other letters", seal(c, layout(4, "good", strings.ToUpper(testAppID), repeated(22, 22)...)), ErrAppID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sum := Signature(testToken, "1", "2", tt.encrypt)
			got, _, err := c.Open([]byte("before"), sum, "1", "2", tt.encrypt)
			require.ErrorIs(t, err, tt.want)
			if tt.want != nil {
				assert.Equal(t, "before", string(got))
			}
			_, _, err = c.Open(nil, Signature("", "1", "2", tt.encrypt), "1", "2", tt.encrypt)
			require.ErrorIs(t, err, ErrSignature, "the signature is looked at first")
		})
	}
}

func TestOpenAppends(t *testing.T) {
	t.Parallel()
	c := newTestCrypter(t, Account{AppID: testAppID, Token: testToken, AESKey: testKey})
	sum, timestamp, nonce, encrypt := push(t, testToken, testKey, testAppID, "message")
	for _, room := range []int{0, 1, 6, 7, 30, 64, 4096} {
		dst := append(make([]byte, 0, len("before")+room), "before"...)
		got, _, err := c.Open(dst, sum, timestamp, nonce, encrypt)
		require.NoError(t, err)
		assert.Equal(t, "beforemessage", string(got))
	}
	// Line breaks in base64 are passed over, as the platform's own samples do.
	wrapped := encrypt[:40] + "\n" + encrypt[40:]
	got, _, err := c.Open(nil, Signature(testToken, timestamp, nonce, wrapped), timestamp, nonce, wrapped)
	require.NoError(t, err)
	assert.Equal(t, "message", string(got))
}

// TestSealRoundTrip seals messages of every length modulo the padding, into buffers with and
// without room.
func TestSealRoundTrip(t *testing.T) {
	t.Parallel()
	c := newTestCrypter(t, Account{AppID: testAppID, Token: testToken, AESKey: testKey})
	var dst []byte
	for size := range 100 {
		message := strings.Repeat("é", size)
		for _, format := range []Format{XML, JSON} {
			dst = c.Sealer().Seal(dst[:0], format, []byte(message), 1763913600, "n\"]]>&<\r\n\x01")
			e, err := ParseEnvelope(dst)
			require.NoError(t, err)
			assert.Equal(t, format, e.Format)
			var answer struct {
				MsgSignature, Nonce string
				TimeStamp           json.Number
			}
			if format == JSON {
				require.NoError(t, json.Unmarshal(dst, &answer))
			} else {
				require.NoError(t, xml.Unmarshal(dst, &answer))
			}
			got, _, err := c.Open(nil, answer.MsgSignature, answer.TimeStamp.String(), answer.Nonce, e.Encrypt)
			require.NoError(t, err)
			assert.Equal(t, message, string(got))
		}
	}
}

// TestCrypterIsConcurrent opens and seals at once with two keys, whose block modes are reused.
func TestCrypterIsConcurrent(t *testing.T) {
	t.Parallel()
	c := newTestCrypter(t, Account{AppID: testAppID, Token: testToken, AESKey: testKey, PreviousAESKey: testOldKey})
	var all sync.WaitGroup
	for i := range 8 {
		key, message := testKey, strings.Repeat("message", i)
		if i%2 == 1 {
			key = testOldKey
		}
		sum, timestamp, nonce, encrypt := push(t, testToken, key, testAppID, message)
		all.Go(func() {
			for range 200 {
				got, sealer, err := c.Open(nil, sum, timestamp, nonce, encrypt)
				if !assert.NoError(t, err) || !assert.Equal(t, message, string(got)) {
					return
				}
				e, err := ParseEnvelope(sealer.Seal(nil, XML, got, 1, "2"))
				if !assert.NoError(t, err) {
					return
				}
				got, _, err = c.Open(nil, Signature(testToken, "1", "2", e.Encrypt), "1", "2", e.Encrypt)
				if !assert.NoError(t, err) || !assert.Equal(t, message, string(got)) {
					return
				}
			}
		})
	}
	all.Wait()
}

// TestCryptWithoutReuse has a block mode that cannot be used again.
func TestCryptWithoutReuse(t *testing.T) {
	t.Parallel()
	key := newTestCrypter(t, Account{AppID: testAppID, Token: testToken, AESKey: testKey}).keys[0]
	text, want := make([]byte, 64), make([]byte, 64)
	cipher.NewCBCEncrypter(key.block, key.iv).CryptBlocks(want, want)
	var pool sync.Pool
	key.crypt(&pool, func(b cipher.Block, iv []byte) cipher.BlockMode {
		return struct{ cipher.BlockMode }{cipher.NewCBCEncrypter(b, iv)}
	}, text)
	assert.Equal(t, want, text)
	assert.Nil(t, pool.Get())
}

func TestSealsDiffer(t *testing.T) {
	t.Parallel()
	s := newTestCrypter(t, Account{AppID: testAppID, Token: testToken, AESKey: testKey}).Sealer()
	assert.NotEqual(t, s.Seal(nil, XML, []byte("same"), 1, "2"), s.Seal(nil, XML, []byte("same"), 1, "2"),
		"the IV never changes, so what stands before a message has to")
	b := make([]byte, 1000)
	randomText(b)
	assert.Empty(t, strings.Trim(string(b), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"))
}

func TestNewCrypterRefuses(t *testing.T) {
	t.Parallel()
	good := Account{AppID: testAppID, Token: testToken, AESKey: testKey}
	for want, change := range map[string]func(*Account){
		"callback: the account has no AppID":                                                        func(a *Account) { a.AppID = "" },
		"callback: the account has no Token; anybody could sign with an empty one":                  func(a *Account) { a.Token = "" },
		"callback: AESKey has 0 characters; copy the 43 of the console":                             func(a *Account) { a.AESKey = "" },
		"callback: AESKey has 44 characters; copy the 43 of the console":                            func(a *Account) { a.AESKey += "=" },
		"callback: PreviousAESKey has 42 characters; copy the 43 of the console":                    func(a *Account) { a.PreviousAESKey = testKey[1:] },
		"callback: AESKey has a character other than letters and digits; copy it from the console":  func(a *Account) { a.AESKey = testKey[:42] + "!" },
		"callback: AESKey has a character other than letters and digits; copy it from the console ": func(a *Account) { a.AESKey = testKey[:39] + "\n\n\n\n" },
	} {
		a := good
		change(&a)
		_, err := NewCrypter(a)
		require.EqualError(t, err, strings.TrimSpace(want))
		assert.NotContains(t, err.Error(), testKey[:20])
	}
}

// TestSecretsStayInside prints and logs everything that holds a secret, in every way.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	a := Account{AppID: testAppID, Token: testToken, AESKey: testKey, PreviousToken: testOldToken, PreviousAESKey: testOldKey}
	c := newTestCrypter(t, a)
	s := c.Sealer()
	type holder struct {
		c *Crypter
		v Crypter
		s Sealer
		A Account
	}
	for _, v := range []any{a, &a, c, *c, s, &s, holder{c, *c, s, a}, &holder{c, *c, s, a}, []any{a, c, s}, map[string]any{"a": a, "c": c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			assertNoSecret(t, fmt.Sprintf(verb, v))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		assertNoSecret(t, log.String())
	}
	assert.Equal(t, "account("+testAppID+" [redacted])", fmt.Sprint(a))
	assert.Equal(t, "crypter("+testAppID+" [redacted])", fmt.Sprint(c))
	_, err := json.Marshal(map[string]any{"a": a})
	require.Error(t, err)
	assertNoSecret(t, err.Error())
}

func assertNoSecret(t *testing.T, text string) {
	t.Helper()
	key, err := decodeKey(testKey)
	require.NoError(t, err)
	for _, secret := range []string{
		testToken, testOldToken, testKey, testOldKey, string(key), fmt.Sprintf("%x", testToken), fmt.Sprintf("%x", key[:8]),
		strings.Trim(fmt.Sprint(key[:8]), "[]"), strings.Trim(fmt.Sprint([]byte(testToken)), "[]"), fmt.Sprintf("%#v", key[:8])[8:40],
	} {
		assert.NotContains(t, text, secret)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	good := Signature("AAAAA", "1714037059", "486452656", "")
	for name, sum := range map[string]string{
		"empty": "", "short": good[:39], "long": good + "0", "upper case": strings.ToUpper(good), "another digit": "0" + good[1:],
	} {
		assert.False(t, Verify(sum, "AAAAA", "1714037059", "486452656", ""), name)
	}
	assert.False(t, Verify(Signature("", "1", "2", ""), "", "1", "2", ""), "anybody can sign with an empty token")
}

// TestSignatureSorts has each part in each place of the order.
func TestSignatureSorts(t *testing.T) {
	t.Parallel()
	want := Signature("a", "b", "c", "d")
	parts := [4]string{"a", "b", "c", "d"}
	var permute func(n int)
	permute = func(n int) {
		if n == 1 {
			assert.Equal(t, want, Signature(parts[0], parts[1], parts[2], parts[3]), parts)
		}
		for i := range n {
			permute(n - 1)
			if n%2 == 0 {
				parts[i], parts[n-1] = parts[n-1], parts[i]
			} else {
				parts[0], parts[n-1] = parts[n-1], parts[0]
			}
		}
	}
	permute(4)
	long := strings.Repeat("x", 5000)
	assert.Equal(t, Signature("a", long, "c", "b"), Signature("c", "b", "a", long))
	assert.Equal(t, "81fe8bfe87576c3ecb22426f8e57847382917acf", want, "sha1 of abcd")
}

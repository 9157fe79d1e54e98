package callback

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
)

const (
	// padSize is the block of the padding, twice that of AES.
	padSize = 32
	// randomSize is the length of what stands before a message; its length follows in 4 bytes.
	randomSize = 16
	prefixSize = randomSize + 4
)

// Crypter verifies and decrypts pushes, and encrypts replies (消息加解密), for the safe mode
// (安全模式) and the compatible mode (兼容模式). It is safe for concurrent use. Printing or logging
// one shows its AppID and no secret.
type Crypter struct {
	appID  string
	tokens []*string // the current one, and the previous one if there is
	keys   []*aesKey // likewise
	// random fills what stands before a message. Tests replace it.
	random func([]byte)
}

// aesKey is a key that is ready for use. A key stands behind two pointers and a token behind one
// to a string, since fmt follows one pointer to a struct: it asks no Format method of what an
// unexported field holds.
type aesKey struct{ *aesParts }

type aesParts struct {
	block cipher.Block
	iv    []byte
	// decrypters and encrypters hold block modes for another use: a new one copies the whole key
	// schedule, half a kilobyte each time.
	decrypters, encrypters sync.Pool
}

// reusable is what the block modes of crypto/aes are; crypto/tls relies on it too.
type reusable interface {
	cipher.BlockMode
	SetIV(iv []byte)
}

// crypt runs a mode of pool, or a fresh one, over text.
func (k *aesParts) crypt(pool *sync.Pool, fresh func(cipher.Block, []byte) cipher.BlockMode, text []byte) {
	mode, ok := pool.Get().(reusable)
	if !ok {
		other := fresh(k.block, k.iv)
		if mode, ok = other.(reusable); !ok {
			other.CryptBlocks(text, text)
			return
		}
	}
	mode.SetIV(k.iv)
	mode.CryptBlocks(text, text)
	pool.Put(mode)
}

// Sealer encrypts replies with one pair of token and key. Get one from [Crypter.Open] for the
// answer to what was opened, or from [Crypter.Sealer].
type Sealer struct {
	crypter *Crypter
	token   *string
	key     *aesKey
}

// NewCrypter returns a Crypter for a, which must have AppID, Token and AESKey. No error holds a
// secret.
func NewCrypter(a Account) (*Crypter, error) {
	switch {
	case a.AppID == "":
		return nil, errors.New("callback: the account has no AppID")
	case a.Token == "":
		return nil, errors.New("callback: the account has no Token; anybody could sign with an empty one")
	}
	c := &Crypter{appID: a.AppID, tokens: []*string{&a.Token}, random: randomText}
	if a.PreviousToken != "" {
		c.tokens = append(c.tokens, &a.PreviousToken)
	}
	if err := c.addKey("AESKey", a.AESKey); err != nil {
		return nil, err
	}
	if a.PreviousAESKey != "" {
		if err := c.addKey("PreviousAESKey", a.PreviousAESKey); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Crypter) addKey(field, encoded string) error {
	key, err := decodeKey(encoded)
	if err != nil {
		return fmt.Errorf("callback: %s %w", field, err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return fmt.Errorf("callback: %s cannot be used: %w", field, err)
	}
	c.keys = append(c.keys, &aesKey{&aesParts{block: block, iv: key[:aes.BlockSize]}})
	return nil
}

// Sealer returns a Sealer with the current token and key.
func (c *Crypter) Sealer() Sealer { return Sealer{c, c.tokens[0], c.keys[0]} }

// Open verifies and decrypts encrypt, which is the Encrypt of an [Envelope], and appends the
// message to dst, whose spare room may be overwritten in any case. The other parameters are
// msg_signature, timestamp and nonce of the request; the parameter signature proves nothing
// here. The Sealer encrypts the reply with the token and key that fitted.
//
// Nothing is decrypted before the signature fits ([ErrSignature]). Then the padding, the length
// and the AppID have to be right: [ErrDecrypt], [ErrAppID].
func (c *Crypter) Open(dst []byte, msgSignature, timestamp, nonce, encrypt string) ([]byte, Sealer, error) {
	return c.open(dst, msgSignature, timestamp, nonce, []byte(encrypt))
}

// open is Open. Encrypt must not overlap with dst.
func (c *Crypter) open(dst []byte, msgSignature, timestamp, nonce string, encrypt []byte) ([]byte, Sealer, error) {
	token := c.signer(msgSignature, timestamp, nonce, encrypt)
	if token == nil {
		return dst, Sealer{}, ErrSignature
	}
	failure := ErrDecrypt
	for _, key := range c.keys {
		opened, err := c.decrypt(dst, key, encrypt)
		if err == nil {
			return opened, Sealer{c, token, key}, nil
		}
		if err == ErrAppID {
			failure = err
		}
	}
	return dst, Sealer{}, failure
}

// signer returns the token with which a push was signed, or nil.
func (c *Crypter) signer(msgSignature, timestamp, nonce string, encrypt []byte) *string {
	for _, token := range c.tokens {
		if verify(msgSignature, *token, timestamp, nonce, encrypt) {
			return token
		}
	}
	return nil
}

// decrypt appends the message in encrypt to dst.
func (c *Crypter) decrypt(dst []byte, key *aesKey, encrypt []byte) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, base64.StdEncoding.DecodedLen(len(encrypt)))
	text := dst[start:cap(dst)]
	n, err := base64.StdEncoding.Decode(text, encrypt)
	if err != nil || n < padSize || n%padSize != 0 {
		return nil, ErrDecrypt
	}
	text = text[:n]
	key.crypt(&key.decrypters, cipher.NewCBCDecrypter, text)
	if text, err = unpad(text); err != nil || len(text) < prefixSize {
		return nil, ErrDecrypt
	}
	size := uint64(binary.BigEndian.Uint32(text[randomSize:]))
	text = text[prefixSize:]
	if size > uint64(len(text)) {
		return nil, ErrDecrypt
	}
	if subtle.ConstantTimeCompare(text[size:], []byte(c.appID)) != 1 {
		return nil, ErrAppID
	}
	return append(dst[:start], text[:size]...), nil
}

// unpad takes the padding off text, which is a multiple of padSize.
func unpad(text []byte) ([]byte, error) {
	pad := int(text[len(text)-1])
	if pad == 0 || pad > padSize {
		return nil, ErrDecrypt
	}
	var wrong byte
	for _, c := range text[len(text)-pad:] {
		wrong |= c ^ byte(pad)
	}
	if wrong != 0 {
		return nil, ErrDecrypt
	}
	return text[:len(text)-pad], nil
}

// Seal encrypts reply and appends the envelope that the platform wants for an answer to dst.
// Timestamp is in unix seconds; nonce may be the request's. The answer success is never
// encrypted: send it as it is.
func (s Sealer) Seal(dst []byte, format Format, reply []byte, timestamp int64, nonce string) []byte {
	nonce = normalize(nonce)
	plain := prefixSize + len(reply) + len(s.crypter.appID)
	plain += padSize - plain%padSize
	size := base64.StdEncoding.EncodedLen(plain)
	// The base64 comes first, and behind it there is room to encrypt in.
	dst = slices.Grow(dst, len(`<xml><Encrypt><![CDATA[`)+size+max(plain, 256+len(nonce)))
	before, between, after := `<xml><Encrypt><![CDATA[`, `]]></Encrypt><MsgSignature><![CDATA[`, `]]></MsgSignature><TimeStamp>`
	if format == JSON {
		before, between, after = `{"Encrypt":"`, `","MsgSignature":"`, `","TimeStamp":`
	}
	dst = append(dst, before...)
	start := len(dst)
	dst = dst[:start+size]
	base64.StdEncoding.Encode(dst[start:], s.encrypt(dst[len(dst):], reply))
	var stamp [20]byte
	seconds := strconv.AppendInt(stamp[:0], timestamp, 10)
	signature := digest(*s.token, string(seconds), nonce, dst[start:])
	dst = append(append(dst, between...), signature[:]...)
	dst = append(append(dst, after...), seconds...)
	if format == JSON {
		return append(appendJSON(append(dst, `,"Nonce":`...), nonce), '}')
	}
	dst = appendCDATA(append(dst, `</TimeStamp><Nonce>`...), nonce)
	return append(dst, `</Nonce></xml>`...)
}

// encrypt appends the ciphertext of reply to dst.
func (s Sealer) encrypt(dst, reply []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, randomSize)...)
	s.crypter.random(dst[start:])
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(reply)))
	dst = append(append(dst, reply...), s.crypter.appID...)
	pad := padSize - (len(dst)-start)%padSize
	for range pad {
		dst = append(dst, byte(pad))
	}
	s.key.crypt(&s.key.encrypters, cipher.NewCBCEncrypter, dst[start:])
	return dst
}

// randomText fills b with letters and digits, as the platform does.
func randomText(b []byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = alphabet[b[i]&63]
	}
}

// Format prints c without its secrets, whatever the verb. It implements [fmt.Formatter].
func (c Crypter) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue logs c without its secrets. It implements [slog.LogValuer].
func (c Crypter) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

func (c Crypter) redacted() string { return "crypter(" + c.appID + " [redacted])" }

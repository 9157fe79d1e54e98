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
	// randomSize is the number of random bytes before a message. The length of the message follows
	// in 4 bytes.
	randomSize = 16
	prefixSize = randomSize + 4
)

// Crypter verifies and decrypts pushes, and encrypts replies (消息加解密), in safe mode (安全模式) and
// compatible mode (兼容模式). Make one with [NewCrypter]. It is safe for concurrent use. Printing or
// logging a Crypter shows its AppID and no secret.
type Crypter struct {
	appID  string
	tokens []*string // the current one, then the previous one if any
	keys   []*aesKey // likewise
	// random fills the random bytes before a message. Tests replace it.
	random func([]byte)
}

// aesKey is a key in the form that the Crypter uses. It is behind two pointers, and a token behind
// one, to keep them out of print: fmt calls no Format method on an unexported field, and follows
// one pointer to a struct.
type aesKey struct{ *aesParts }

type aesParts struct {
	block cipher.Block
	iv    []byte
	// decrypters and encrypters hold block modes for reuse: a new one copies the whole key schedule,
	// about 500 bytes.
	decrypters, encrypters sync.Pool
}

// reusable is implemented by the block modes of crypto/aes. crypto/tls relies on it too.
type reusable interface {
	cipher.BlockMode
	SetIV(iv []byte)
}

// crypt runs a block mode of pool, or a new one, over text.
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

// Sealer encrypts replies with one pair of token and key. [Crypter.Open] returns the Sealer for the
// reply to an opened push. [Crypter.Sealer] returns one with the current token and key. A Sealer is
// safe for concurrent use. The zero Sealer cannot be used.
type Sealer struct {
	crypter *Crypter
	token   *string
	key     *aesKey
}

// NewCrypter returns a Crypter for a. AppID, Token and AESKey are required. The error names every
// fault of a, and its text holds no secret.
func NewCrypter(a Account) (*Crypter, error) {
	var wrong []error
	if a.AppID == "" {
		wrong = append(wrong, errors.New("callback: the account has no AppID"))
	}
	if a.Token == "" {
		wrong = append(wrong, errNoToken)
	}
	c := &Crypter{appID: a.AppID, tokens: []*string{&a.Token}, random: randomText}
	if a.PreviousToken != "" {
		c.tokens = append(c.tokens, &a.PreviousToken)
	}
	wrong = append(wrong, c.addKey("AESKey", a.AESKey))
	if a.PreviousAESKey != "" {
		wrong = append(wrong, c.addKey("PreviousAESKey", a.PreviousAESKey))
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
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

// Open verifies and decrypts encrypt, the Encrypt of an [Envelope], and appends the message to dst.
// It may overwrite the spare capacity of dst even if it fails. msgSignature, timestamp and nonce
// are the request's parameters msg_signature, timestamp and nonce. Do not pass the parameter
// signature: it does not cover the message. The returned [Sealer] encrypts the reply with the token
// and the key of this push.
//
// Open checks the signature before it decrypts, and returns [ErrSignature] if the signature does
// not match. It returns [ErrDecrypt] if no key fits, and [ErrAppID] if the message is for another
// account.
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

// signer returns the token that a push was signed with, or nil.
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

// unpad removes the padding of text, whose length is a multiple of padSize.
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

// Seal encrypts reply and appends the answer's body, in format, to dst. timestamp is in Unix
// seconds. nonce may be the nonce of the request. Do not encrypt the answer "success": send it in
// plain text.
func (s Sealer) Seal(dst []byte, format Format, reply []byte, timestamp int64, nonce string) []byte {
	nonce = normalize(nonce)
	plain := prefixSize + len(reply) + len(s.crypter.appID)
	plain += padSize - plain%padSize
	size := base64.StdEncoding.EncodedLen(plain)
	// The base64 text comes first. The spare capacity behind it is used for encryption.
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

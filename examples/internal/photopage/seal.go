package photopage

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"
)

// sealer seals what cookies hold, so that it can be neither read nor changed
// nor used for another purpose.
type sealer []cipher.AEAD // the first seals, all open

// sealDomain keeps these keys apart from the links' and from those of later forms.
const sealDomain = "wxhome photo page cookies 1"

func newSealer(key string, previous []string) (sealer, error) {
	var s sealer
	for i, k := range append([]string{key}, previous...) {
		if i > 0 && k == "" {
			continue
		}
		derived, err := hkdf.Key(sha256.New, []byte(k), nil, sealDomain, 32)
		if err != nil {
			return nil, fmt.Errorf("photopage: derive a key: %w", err)
		}
		block, err := aes.NewCipher(derived)
		if err != nil {
			return nil, fmt.Errorf("photopage: derive a key: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("photopage: derive a key: %w", err)
		}
		s = append(s, aead)
	}
	return s, nil
}

// seal seals text for a purpose until expiry.
func (s sealer) seal(purpose, text string, expiry time.Time) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(expiry.Unix()))
	plain = append(plain, text...)
	return base64.RawURLEncoding.EncodeToString(s[0].Seal(nil, nil, plain, []byte(purpose)))
}

// open opens what was sealed for a purpose and has not expired.
func (s sealer) open(purpose, sealed string, now time.Time) (text string, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return "", false
	}
	for _, aead := range s {
		plain, err := aead.Open(nil, nil, raw, []byte(purpose))
		if err != nil || len(plain) < 8 {
			continue
		}
		expiry := int64(binary.BigEndian.Uint64(plain))
		return string(plain[8:]), now.Unix() < expiry
	}
	return "", false
}

// maxCookies bounds how many cookies of a name are tried: a browser sends one.
const maxCookies = 4

// cookie opens the cookie of a name.
func (p *Page) cookie(r *http.Request, name, purpose string) (text string, ok bool) {
	found := r.CookiesNamed(p.cookieName(name))
	for _, c := range found[:min(len(found), maxCookies)] {
		if text, ok = p.seals.open(purpose, c.Value, p.cfg.Now()); ok {
			return text, true
		}
	}
	return "", false
}

// setCookie hands the browser a sealed text for path and below.
func (p *Page) setCookie(w http.ResponseWriter, name, purpose, path, text string, d time.Duration) {
	http.SetCookie(w, p.newCookie(name, path, p.seals.seal(purpose, text, p.cfg.Now().Add(d)), int(d/time.Second)))
}

func (p *Page) dropCookie(w http.ResponseWriter, name, path string) {
	http.SetCookie(w, p.newCookie(name, path, "", -1))
}

// newCookie has Max-Age and no Expires, since phones' clocks are wrong.
func (p *Page) newCookie(name, path, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: p.cookieName(name), Value: value, Path: path, MaxAge: maxAge,
		HttpOnly: true, Secure: p.base.Scheme == "https", SameSite: http.SameSiteLaxMode,
	}
}

func (p *Page) cookieName(name string) string {
	if p.base.Scheme == "https" {
		return "__Secure-" + name
	}
	return name
}

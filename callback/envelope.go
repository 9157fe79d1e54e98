package callback

import "bytes"

// Envelope is the body of a push in safe mode (安全模式) or compatible mode (兼容模式).
type Envelope struct {
	// ToUserName is the original id (原始ID) of the account. It is empty in a third-party platform's
	// own pushes. No signature covers it.
	ToUserName string
	// AppID (AppId) is the AppID of the third-party platform, in that platform's own pushes. No
	// signature covers it.
	AppID string
	// Encrypt is the ciphertext in base64, for [Crypter.Open].
	Encrypt string
	// Format is the format of the body. The answer should have the same format.
	Format Format
}

// ParseEnvelope reads the body of a push in safe mode (安全模式) or compatible mode (兼容模式). It reads
// the first ToUserName and AppId, and the last Encrypt.
//
// In compatible mode, the body has a plain copy of the message before the ciphertext. ParseEnvelope
// ignores the copy: no signature covers it, and it can hold any text that a follower typed. A body
// without a ciphertext is an [ErrMalformed]. ParseEnvelope does not keep body.
func ParseEnvelope(body []byte) (Envelope, error) {
	format, encrypt, err := ciphertext(body)
	if err != nil {
		return Envelope{}, err
	}
	in := dialectOf(format)
	return Envelope{
		ToUserName: copied(in.first(body, "ToUserName")), AppID: copied(in.first(body, "AppId")), Encrypt: copied(encrypt), Format: format,
	}, nil
}

// copied returns a copy of value as a text.
func copied(value []byte) string { return normalize(string(value)) }

// ciphertext returns the last Encrypt of body, as a part of it: anyone can send a body, so it is not
// copied. The Encrypt may stand at any level, because the signature decides whether it is accepted.
func ciphertext(body []byte) (format Format, encrypt []byte, err error) {
	if format, err = FormatOf(body); err != nil {
		return format, nil, err
	}
	if encrypt = dialectOf(format).last(body, "Encrypt"); len(encrypt) == 0 {
		err = malformed("it has no Encrypt; is the console's mode the safe one?")
	}
	return format, encrypt, err
}

func dialectOf(format Format) dialect {
	if format == JSON {
		return dialect{namedJSON, jsonValue}
	}
	return dialect{namedXML, xmlValue}
}

// openBody verifies and decrypts the envelope in body, and appends the message to dst.
func (c *Crypter) openBody(dst, body []byte, q *query) (text []byte, sealer Sealer, format Format, err error) {
	format, encrypt, err := ciphertext(body)
	if err != nil {
		if bytes.Contains(body, []byte("<MsgType>")) || bytes.Contains(body, []byte(`"MsgType"`)) {
			err = ErrMode
		}
		return dst, sealer, format, err
	}
	text, sealer, err = c.open(dst, q.msgSignature, q.timestamp, q.nonce, encrypt)
	return text, sealer, format, err
}

// dialect finds values in a body of one format.
type dialect struct {
	// named reports whether a name that stands between before and after is that of an element or member.
	named func(before, after []byte) bool
	// value returns its value, which is in after.
	value func(after []byte) []byte
}

// first returns the value of the first element or member called name.
func (d dialect) first(body []byte, name string) []byte {
	for at := 0; ; at += len(name) {
		next := bytes.Index(body[at:], []byte(name))
		if next < 0 {
			return nil
		}
		at += next
		if after := body[at+len(name):]; d.named(body[:at], after) {
			return trimLeft(trimRight(d.value(after)))
		}
	}
}

// last returns the value of the last element or member called name.
func (d dialect) last(body []byte, name string) []byte {
	var last []byte // what follows its name
	for at := 0; ; at += len(name) {
		next := bytes.Index(body[at:], []byte(name))
		if next < 0 {
			break
		}
		at += next
		if after := body[at+len(name):]; d.named(body[:at], after) {
			last = after
		}
	}
	return trimLeft(trimRight(d.value(last)))
}

func namedXML(before, after []byte) bool {
	return bytes.HasSuffix(before, []byte("<")) && len(after) > 0 && (after[0] == '>' || blank(after[0]))
}

// xmlValue returns a value that is one CDATA, or text without references: what WeChat encrypts is
// base64.
func xmlValue(after []byte) []byte {
	_, value, _ := bytes.Cut(after, []byte(">"))
	end := "<"
	if inner, isCDATA := bytes.CutPrefix(trimLeft(value), []byte(cdataStart)); isCDATA {
		value, end = inner, cdataEnd
	}
	value, _, ok := bytes.Cut(value, []byte(end))
	if !ok {
		return nil
	}
	return value
}

func namedJSON(before, after []byte) bool {
	after, closed := bytes.CutPrefix(trimLeft(after), []byte(`"`))
	return closed && bytes.HasPrefix(trimLeft(after), []byte(":")) && bytes.HasSuffix(trimRight(before), []byte(`"`))
}

// jsonValue returns a value that is a string.
func jsonValue(after []byte) []byte {
	_, value, _ := bytes.Cut(after, []byte(":"))
	value, quoted := bytes.CutPrefix(trimLeft(value), []byte(`"`))
	if !quoted {
		return nil
	}
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case '"':
			if value = value[:i]; bytes.IndexByte(value, '\\') >= 0 {
				value = []byte(unquote(string(value)))
			}
			return value
		}
	}
	return nil
}

func trimLeft(b []byte) []byte {
	return bytes.TrimLeftFunc(b, func(r rune) bool { return r <= ' ' })
}

func trimRight(b []byte) []byte {
	return bytes.TrimRightFunc(b, func(r rune) bool { return r <= ' ' })
}

// splitEncrypt returns the parts before and after the last Encrypt of a push in plain mode, or body
// and nil if it has no Encrypt. In compatible mode WeChat may encrypt a repeat anew; both parts
// stay the same.
func splitEncrypt(body []byte) (before, after []byte) {
	if !bytes.Contains(body, []byte("Encrypt")) {
		return body, nil // nearly always
	}
	var r reader
	_ = r.read(string(body)) // what follows an error is no element
	if r.encrypt[1] == 0 {
		return body, nil
	}
	return body[:r.encrypt[0]], body[r.encrypt[1]:]
}

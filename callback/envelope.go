package callback

import "strings"

// Envelope is the body of a push in the safe or compatible mode.
type Envelope struct {
	// ToUserName is the account's original id (原始ID). Empty in a third-party platform's own
	// pushes.
	ToUserName string
	// AppID (AppId) is the platform's, in a third-party platform's own pushes.
	AppID string
	// Encrypt is the ciphertext in base64, for [Crypter.Open].
	Encrypt string
	// Format is how the body was written, and the answer should be.
	Format Format
}

// ParseEnvelope reads the body of a push in the safe mode (安全模式) or compatible mode (兼容模式).
// What the latter has beside the ciphertext is left alone, since no signature covers it. A body
// that has no ciphertext, or that [Parse] would not read, is an [ErrMalformed]. As there, body is
// not kept.
func ParseEnvelope(body []byte) (Envelope, error) {
	var d reader
	if err := d.read(body); err != nil {
		return Envelope{}, err
	}
	e := Envelope{ToUserName: d.head.ToUserName}
	for i := range d.count {
		switch n := d.node(i); {
		case n.depth > 1:
		case n.name == "Encrypt":
			e.Encrypt = strings.TrimSpace(n.text)
		case n.name == "AppId":
			e.AppID = n.text
		}
	}
	if e.Encrypt == "" {
		return Envelope{}, malformed("it has no Encrypt; is the console's mode the safe one?")
	}
	e.Format, _ = FormatOf(body)
	return e, nil
}

package template

import (
	"fmt"
	"slices"
)

const (
	// clientMsgIDLimit is that of the mass-send sibling; for this call none is documented.
	clientMsgIDLimit = 64
	// urlLimit is generous: the platform answers 40039 to a long URL and names no number.
	urlLimit = 2048
)

// Validate checks m against what the platform is known to refuse, before anything is sent. The
// error is an [ErrInvalidMessage], for a value a [*ValueError]; of several the first by
// keyword. Only the platform knows which keywords the template has and what an enumeration
// allows: a valid message may still be refused (47003).
func (m Message) Validate() error {
	switch {
	case m.To == "":
		return &refusal{ErrInvalidMessage, "the message has no recipient (To is empty)"}
	case m.TemplateID == "":
		return &refusal{ErrInvalidMessage, "the message names no template (TemplateID is empty)"}
	case len(m.ClientMsgID) > clientMsgIDLimit:
		return &refusal{ErrInvalidMessage, fmt.Sprintf("ClientMsgID has %d bytes, at most %d", len(m.ClientMsgID), clientMsgIDLimit)}
	case len(m.URL) > urlLimit:
		return &refusal{ErrInvalidMessage, fmt.Sprintf("URL has %d bytes, at most %d", len(m.URL), urlLimit)}
	case m.MiniProgram != nil && m.MiniProgram.AppID == "" && *m.MiniProgram != (MiniProgram{}):
		return &refusal{ErrInvalidMessage, "MiniProgram has a page and no AppID"}
	case len(m.Data) == 0:
		return &refusal{ErrInvalidMessage, "the message has no values (Data is empty)"}
	}
	keys := make([]string, 0, len(m.Data))
	for key := range m.Data {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := CheckValue(key, m.Data[key].Value); err != nil {
			return err
		}
	}
	return nil
}

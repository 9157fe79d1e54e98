package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// clientMsgIDLimit is that of the mass-send sibling; for this call none is documented.
	clientMsgIDLimit = 64
	// urlLimit is generous: the platform answers 40039 to a long URL and names no number.
	urlLimit = 2048
)

// Validate checks m against what the platform is known to refuse, so that a mistake shows before
// anything is sent: To, TemplateID, the lengths of URL (2,048 bytes, which is a guess: the
// platform names no number) and ClientMsgID, a MiniProgram without AppID, texts that cannot be sent
// to WeChat (invalid UTF-8, control characters), and every value by [CheckValue]. The error is an [ErrInvalidMessage], for a value a [*ValueError]; of several it
// is the first by keyword.
//
// Only the platform knows which keywords the template has and what an enumeration allows: a
// valid message may still be refused (47003). A test account (测试号) takes values that another
// account refuses, so that only Validate tells there.
func (m Message) Validate() error {
	if err := m.address(); err != nil {
		return err
	}
	if err := m.writable(); err != nil {
		return err
	}
	reason := ""
	switch {
	case len(m.ClientMsgID) > clientMsgIDLimit:
		reason = fmt.Sprintf("ClientMsgID has %d bytes, at most %d", len(m.ClientMsgID), clientMsgIDLimit)
	case len(m.URL) > urlLimit:
		reason = fmt.Sprintf("URL has %d bytes, at most %d", len(m.URL), urlLimit)
	case !m.MiniProgram.IsZero() && m.MiniProgram.AppID == "":
		reason = "MiniProgram has a page and no AppID"
	case len(m.Data) == 0:
		reason = "the message has no values (Data is empty)"
	}
	if reason != "" {
		return badMessage(reason)
	}
	for _, key := range slices.Sorted(maps.Keys(m.Data)) {
		switch {
		case key == "":
			return badMessage("a value has no keyword (Data has an empty key)")
		case strings.HasSuffix(key, ".DATA"):
			return &ValueError{Key: key, Reason: "the keyword must be written without .DATA"}
		}
		if err := badEntry(key, m.Data[key]); err != nil {
			return err
		}
		if err := CheckValue(key, m.Data[key].Value); err != nil {
			return err
		}
	}
	return nil
}

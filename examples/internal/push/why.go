package push

import (
	"fmt"
	"strings"
)

// why is a reason that the ledger gives for a row's state, with a %s for what differs.
type why string

// The reasons that are not WeChat's.
const (
	whyHeld       why = "held back: campaign %s may have sent this photo"
	whySent       why = "campaign %s has sent this photo"
	whySuperseded why = "superseded by %s"
	whySentAgain  why = "sent again by campaign %s, as a person has decided"
	whyCancelled  why = "cancelled by %s"
	whyUnbound    why = "the binding is gone"
	whyLeft       why = "the parent has left"
	whyLeftDoubt  why = "the parent has left before it was known whether the message arrived"
)

var whys = []why{whyHeld, whySent, whySuperseded, whySentAgain, whyCancelled, whyUnbound, whyLeft, whyLeftDoubt}

// of is the reason with what differs.
func (w why) of(what string) string { return fmt.Sprintf(string(w), what) }

// Why takes a row's reason apart, so that a program can tell it in another language: into a format
// of [Whys] and its values. A reason in WeChat's words, or of a value, comes as it is, with %s as
// its format.
func Why(reason string) (format string, values []any) {
	for _, w := range whys {
		before, after, differs := strings.Cut(string(w), "%s")
		if !differs && reason == before {
			return before, nil
		}
		what, begins := strings.CutPrefix(reason, before)
		if what, ends := strings.CutSuffix(what, after); differs && begins && ends {
			return string(w), []any{what}
		}
	}
	return "%s", []any{reason}
}

// Whys returns the formats that [Why] may return, but for %s.
func Whys() (formats []string) {
	for _, w := range whys {
		formats = append(formats, string(w))
	}
	return formats
}

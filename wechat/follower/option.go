package follower

import (
	"fmt"
	"slices"
	"strings"
)

// Option configures [Client.Info] and [Client.InfoAll]. An option that is nil, invalid or given
// twice makes the call fail.
type Option func(*settings) error

// settings is what the options fill in.
type settings struct{ language string } // empty: not given

// languages are those that the platform takes.
var languages = []string{"zh_CN", "zh_TW", "en"}

// WithLanguage sets the language of texts in the answer: zh_CN, zh_TW or en. Default: the platform's,
// zh_CN.
func WithLanguage(language string) Option {
	return func(s *settings) error {
		switch {
		case !slices.Contains(languages, language):
			return badArgument(fmt.Sprintf("WithLanguage: the language %.20q is none of %s", language, strings.Join(languages, ", ")))
		case s.language != "":
			return badArgument("WithLanguage is given twice")
		}
		s.language = language
		return nil
	}
}

func configure(opts []Option) (settings, error) {
	var s settings
	for i, opt := range opts {
		if opt == nil {
			return s, badArgument(fmt.Sprintf("option %d is nil", i+1))
		}
		if err := opt(&s); err != nil {
			return s, err
		}
	}
	return s, nil
}

package push

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhy(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{
		whyHeld.of("春 天%s"):                           "held back: campaign %s may have sent this photo",
		whySent.of("photos-1"):                        "campaign %s has sent this photo",
		whySuperseded.of(""):                          "superseded by %s",
		whySentAgain.of("a, as a person has decided"): "sent again by campaign %s, as a person has decided",
		whyCancelled.of("li@host"):                    "cancelled by %s",
		string(whyUnbound):                            "the binding is gone",
		string(whyLeft):                               "the parent has left",
		string(whyLeftDoubt):                          "the parent has left before it was known whether the message arrived",
		"wechat: 100%s of it":                         "%s",
		"the parent has left us":                      "%s",
		"held back: campaign x":                       "%s",
		"":                                            "%s",
	} {
		format, values := Why(reason)
		assert.Equal(t, want, format, reason)
		assert.Equal(t, reason, fmt.Sprintf(format, values...))
	}
	assert.Len(t, Whys(), 8)
}

package callback

import (
	"bytes"
	"regexp"
)

// probe is what WeChat Cloud Run (微信云托管) posts when an address for pushes is saved, as JSON, as
// XML, and as one project saw it.
var probe = regexp.MustCompile(`^\s*(\{\s*"action"\s*:\s*"CheckContainerPath"\s*\}` +
	`|<xml>\s*<action>\s*(<!\[CDATA\[)?\s*CheckContainerPath\s*(\]\]>)?\s*</action>\s*</xml>|CheckContainerPath)\s*$`)

// isProbe reports whether body is that probe and nothing else.
func isProbe(body []byte) bool { return probe.Match(bytes.TrimPrefix(body, []byte(bom))) }

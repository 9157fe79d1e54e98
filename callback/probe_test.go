package callback

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIsProbe(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"action":"CheckContainerPath"}`, " {\n \"action\" : \"CheckContainerPath\"\r\n}\n", "<xml><action>CheckContainerPath</action></xml>",
		"<xml>\n <action><![CDATA[CheckContainerPath]]></action>\n</xml>\n", "CheckContainerPath", "\tCheckContainerPath\n", bom + `{"action":"CheckContainerPath"}`,
	} {
		assert.True(t, isProbe([]byte(body)), body)
	}
	for _, body := range []string{
		"", " ", "{}", `{"action":"checkcontainerpath"}`, `{"action":"CheckContainerPath","a":1}`, `{"action":"CheckContainerPath"}{}`, `{"actions":"CheckContainerPath"}`,
		`{"a":{"action":"CheckContainerPath"}}`, "<xml><action>CheckContainerPath</action><a/></xml>", "<xml><a><action>CheckContainerPath</action></a></xml>",
		"<action>CheckContainerPath</action>", "<xml>x<action>CheckContainerPath</action></xml>", "CheckContainerPath CheckContainerPath", "Check ContainerPath", "xCheckContainerPath",
		typing("CheckContainerPath"), strings.Repeat(" ", 1<<20),
	} {
		assert.False(t, isProbe([]byte(body)), body)
	}
}

package photopage

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestViewPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]struct {
		id   int64
		part string
	}{
		"view/7": {7, partPage}, "view/7/picture": {7, partPicture}, "view/0": {0, partPage}, "view/9223372036854775807": {1<<63 - 1, partPage},
		"view/07": {}, "view/+7": {}, "view/7x": {}, "view/": {}, "view": {}, "view/7/": {}, "view/7/picture/": {}, "view/7/picture/picture": {}, "view//picture": {},
		"view/9223372036854775808": {}, "view/７": {}, "views/7": {}, "x/view/7": {},
	} {
		id, part := viewPath(path)
		assert.Equal(t, want.id, id, path)
		assert.Equal(t, want.part, part, path)
	}
}

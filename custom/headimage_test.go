package custom_test

import (
	"errors"
	"io"
	"mime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

const jpeg = "\xFF\xD8\xFF\xE0 picture"

func TestSetHeadImageToTheLetter(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	require.NoError(t, custom.NewClient(f).SetHeadImage(t.Context(), "test1@test", iotest.OneByteReader(strings.NewReader(jpeg))))
	assert.Equal(t, "POST", f.sent.Method)
	assert.Equal(t, "/customservice/kfaccount/uploadheadimg?kf_account=test1%40test", f.sent.URL.String())
	kind, params, err := mime.ParseMediaType(f.sent.Header.Get("Content-Type"))
	require.NoError(t, err)
	assert.Equal(t, "multipart/form-data", kind)
	edge := params["boundary"]
	assert.NotContains(t, f.sent.Header.Get("Content-Type"), `"`, "some of the platform's stacks cannot read a quoted boundary")
	want := "--" + edge + "\r\nContent-Disposition: form-data; name=\"media\"; filename=\"head.jpg\"\r\n" +
		"Content-Type: image/jpeg\r\n\r\n" + jpeg + "\r\n--" + edge + "--\r\n"
	assert.Equal(t, want, string(f.upload))
	assert.EqualValues(t, len(want), f.sent.ContentLength)
	again, err := f.sent.GetBody()
	require.NoError(t, err)
	replay, err := io.ReadAll(again)
	require.NoError(t, err)
	assert.Equal(t, want, string(replay), "for a repetition with another token")
}

func TestSetHeadImageRefusals(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	for name, tt := range map[string]struct {
		image io.Reader
		want  string
	}{
		"nil":      {nil, "custom: the head image is nil"},
		"empty":    {strings.NewReader(""), "custom: the head image is no JPEG"},
		"PNG":      {strings.NewReader("\x89PNG\r\n"), "custom: the head image is no JPEG"},
		"too long": {io.MultiReader(strings.NewReader(jpeg), strings.NewReader(strings.Repeat("x", 10<<20))), "custom: the head image has more than 10 MB"},
		"broken":   {iotest.ErrReader(broken), "custom: read head image: disk on fire"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: fine}
			err := custom.NewClient(f).SetHeadImage(t.Context(), "a@b", tt.image)
			require.EqualError(t, err, tt.want)
			assert.Equal(t, name != "broken", errors.Is(err, custom.ErrInvalidArgument))
			assert.Equal(t, name == "broken", errors.Is(err, broken))
			assert.Nil(t, f.sent)
		})
	}
}

func TestSetHeadImageAnswers(t *testing.T) {
	t.Parallel()
	err := custom.NewClient(&fake{err: coded(65401)}).SetHeadImage(t.Context(), "a@b", strings.NewReader(jpeg))
	assert.Equal(t, coded(65401), err)
	err = custom.NewClient(&fake{answer: "<html>"}).SetHeadImage(t.Context(), "a@b", strings.NewReader(jpeg))
	require.ErrorContains(t, err, "the answer is not JSON")
}

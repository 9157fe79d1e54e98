package custom_test

import (
	"errors"
	"io"
	"mime"
	"os"
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
	require.NoError(t, newClient(f).SetHeadImage(t.Context(), "test1@test", iotest.OneByteReader(strings.NewReader(jpeg))))
	assert.Equal(t, "POST", f.sent.Method)
	assert.Equal(t, "/customservice/kfaccount/uploadheadimg?kf_account=test1@test", f.sent.URL.String())
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
		"no file":  {(*os.File)(nil), "custom: the head image is nil"},
		"empty":    {strings.NewReader(""), "custom: the head image is no JPEG"},
		"PNG":      {strings.NewReader("\x89PNG\r\n"), "custom: the head image is no JPEG"},
		"too long": {io.MultiReader(strings.NewReader(jpeg), strings.NewReader(strings.Repeat("x", 10<<20))), "custom: the head image has more than 10 MB"},
		"broken":   {iotest.ErrReader(broken), "custom: read head image: disk on fire"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: fine}
			err := newClient(f).SetHeadImage(t.Context(), "a@b", tt.image)
			require.EqualError(t, err, tt.want)
			assert.Equal(t, name != "broken", errors.Is(err, custom.ErrInvalidArgument))
			assert.Equal(t, name == "broken", errors.Is(err, broken))
			assert.Nil(t, f.sent)
		})
	}
}

func TestSetHeadImageAnswers(t *testing.T) {
	t.Parallel()
	err := newClient(&fake{err: coded(65401)}).SetHeadImage(t.Context(), "a@b", strings.NewReader(jpeg))
	assert.Equal(t, coded(65401), err)
	err = newClient(&fake{answer: "<html>"}).SetHeadImage(t.Context(), "a@b", strings.NewReader(jpeg))
	require.ErrorContains(t, err, "the answer is not the JSON")
	assert.Equal(t, "lost", kindName(t, err))
	for _, answer := range []string{`{}`, `{"code":500}`, `{"errmsg":"ok"}`, `{"errcode":1.5}`, `{"errcode":"x"}`, `{"errcode":null}`, `[]`, ``, `{"errcode":0`} {
		err := newClient(&fake{answer: answer}).SetHeadImage(t.Context(), "a@b", strings.NewReader(jpeg))
		require.Error(t, err, answer)
		assert.Equal(t, "lost", kindName(t, err), answer)
		assert.Equal(t, 1, strings.Count(err.Error(), "custom: "), err)
	}
	for _, answer := range []string{fine, `{"errcode":"0"}`, `{"errcode":0.0,"errmsg":"in a normal state"}`, " {\"errcode\":0}\n"} {
		require.NoError(t, newClient(&fake{answer: answer}).SetHeadImage(t.Context(), "a@b", strings.NewReader(jpeg)), answer)
	}
}

// onlyCalls is a Caller that has no Do, as one that a test or a gate of one's own is.
type onlyCalls struct{ custom.Caller }

func TestAllButTheHeadImageNeedsCallAlone(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	c := newClient(onlyCalls{f})
	require.NoError(t, c.Send(t.Context(), "O", custom.Text{Content: "hi"}))
	err := c.SetHeadImage(t.Context(), "a@b", strings.NewReader(jpeg))
	require.ErrorIs(t, err, custom.ErrInvalidArgument)
	require.ErrorContains(t, err, "no method Do")
}

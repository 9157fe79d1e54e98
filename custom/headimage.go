package custom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
)

// maxHeadImage bounds what is read of a head image. The platform names no limit: this is that
// of its images.
const maxHeadImage = 10 << 20

// maxAnswer bounds an answer of nothing but errcode and errmsg.
const maxAnswer = 64 << 10

// SetHeadImage gives an agent another picture (客服头像), a JPEG of 640 x 640 pixels at best. It
// is read whole, 10 MB at most, and not closed. The Caller must be a [Doer] too, as a wechat.Client
// is; otherwise the error is an [ErrInvalidArgument].
//
// POST /customservice/kfaccount/uploadheadimg
func (c *Client) SetHeadImage(ctx context.Context, account string, jpeg io.Reader) error {
	doer, ok := c.caller.(Doer)
	if !ok {
		return badArgument("the Caller cannot upload a head image: it has no method Do")
	}
	if err := checkAccount(account); err != nil {
		return err
	}
	image, err := readImage(jpeg)
	if err != nil {
		return err
	}
	body, contentType, err := form(image)
	if err != nil {
		return err
	}
	target := "/customservice/kfaccount/uploadheadimg?kf_account=" + inQuery(account)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return badArgument(err.Error())
	}
	req.Header.Set("Content-Type", contentType)
	answer, err := doer.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return taken(answer.Body)
}

func readImage(jpeg io.Reader) ([]byte, error) {
	if isNil(jpeg) {
		return nil, badArgument("the head image is nil")
	}
	image, err := io.ReadAll(io.LimitReader(jpeg, maxHeadImage+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("custom: read head image: %w", err)
	case len(image) > maxHeadImage:
		return nil, badArgument("the head image has more than 10 MB")
	case !bytes.HasPrefix(image, []byte("\xFF\xD8\xFF")):
		return nil, badArgument("the head image is no JPEG")
	}
	return image, nil
}

// taken reads the answer, which says errcode 0 in so many words where the image was taken.
func taken(answer io.Reader) error {
	var done struct {
		Code *number `json:"errcode"`
	}
	if err := json.NewDecoder(io.LimitReader(answer, maxAnswer)).Decode(&done); err != nil {
		return oddAnswer("the head image was sent, and the answer is not the JSON that is documented: "+err.Error(), err)
	}
	if done.Code == nil || *done.Code != 0 {
		return oddAnswer("the head image was sent, and the answer does not say that it was taken", nil)
	}
	return nil
}

// form returns a multipart body with one file, and its Content-Type. The platform wants the
// file's name.
func form(image []byte) (body []byte, contentType string, err error) {
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="media"; filename="head.jpg"`},
		"Content-Type":        {"image/jpeg"},
	})
	if err == nil {
		_, err = part.Write(image)
	}
	err = errors.Join(err, w.Close())
	return buf.Bytes(), w.FormDataContentType(), err
}

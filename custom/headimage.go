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
	"net/url"
)

// maxHeadImage bounds what is read of a head image. The platform names no limit: this is that
// of its images.
const maxHeadImage = 10 << 20

// maxAnswer bounds an answer of nothing but errcode and errmsg.
const maxAnswer = 64 << 10

// SetHeadImage gives an agent another picture (客服头像), a JPEG of 640 x 640 pixels at best. It
// is read whole, 10 MB at most, and not closed.
//
// POST /customservice/kfaccount/uploadheadimg
func (c *Client) SetHeadImage(ctx context.Context, account string, jpeg io.Reader) error {
	if err := checkAccount(account); err != nil {
		return err
	}
	if jpeg == nil {
		return badArgument("the head image is nil")
	}
	image, err := io.ReadAll(io.LimitReader(jpeg, maxHeadImage+1))
	switch {
	case err != nil:
		return fmt.Errorf("custom: read head image: %w", err)
	case len(image) > maxHeadImage:
		return badArgument("the head image has more than 10 MB")
	case !bytes.HasPrefix(image, []byte("\xFF\xD8\xFF")):
		return badArgument("the head image is no JPEG")
	}
	body, contentType, err := form(image)
	if err != nil {
		return err
	}
	target := "/customservice/kfaccount/uploadheadimg?kf_account=" + url.QueryEscape(account)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("custom: %w", err)
	}
	req.Header.Set("Content-Type", contentType)
	answer, err := c.caller.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var done struct{}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&done); err != nil {
		return fmt.Errorf("custom: the head image was sent, and the answer is not JSON: %w", err)
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

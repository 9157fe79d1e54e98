package media

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// Upload is a temporary media (临时素材) as the platform has taken it.
type Upload struct {
	Kind Kind // as it was asked for
	// MediaID is what messages name; for a Thumb it is the thumb_media_id.
	MediaID string
	// Created is by the platform's clock, and by ours if it did not say.
	Created time.Time
	// Expires is when the platform forgets it, three days after Created.
	Expires time.Time
}

// Upload uploads a file for three days (新增临时素材) and returns its media_id, which may be used
// any number of times. filename may be anything, also empty or Chinese: it is sent in plain
// ASCII and with the extension of the format that the first bytes tell. What the platform would
// refuse, by size or format, is refused before it is sent; see [Kind] for the limits.
//
// r is read from where it stands, and not closed; where it stands afterwards is not specified.
// What is an io.Seeker, or tells its length by Len or Stat, is streamed. Anything else is
// spooled first: to memory, beyond half a megabyte to a temporary file, which is removed. A
// streamed file is sent again after a refused token or a lost answer; only what has a Len or
// Stat but cannot seek is sent once, and its error returned.
//
// Upload returns when nothing reads from r any more. It looks at ctx before each read, and
// waits for a Read that blocks: close a pipe when ctx ends, with context.AfterFunc for instance.
//
// POST /cgi-bin/media/upload
func (c *Client) Upload(ctx context.Context, kind Kind, filename string, r io.Reader, opts ...Option) (Upload, error) {
	limits, ok := temporaryRule(kind)
	if !ok {
		return Upload{}, kindError(kind)
	}
	var answer struct {
		MediaID string `json:"media_id"`
		ThumbID string `json:"thumb_media_id"`
		Created number `json:"created_at"`
	}
	err := c.send(ctx, form{
		path: "/cgi-bin/media/upload?type=" + string(kind), kind: kind, filename: filename, limits: limits,
		repeatable: true, // a second copy is forgotten in three days
	}, r, opts, &answer)
	if err != nil {
		return Upload{}, err
	}
	id := firstOf(answer.MediaID, answer.ThumbID)
	if id == "" {
		return Upload{}, badAnswer("the upload was answered without a media_id")
	}
	created := answer.Created.time()
	if created.IsZero() {
		created = time.Now().Round(0)
	}
	return Upload{Kind: kind, MediaID: id, Created: created, Expires: created.Add(Lifetime)}, nil
}

// UploadArticleImage uploads an image for the text of articles (上传图文消息内的图片) and returns its
// URL: JPEG or PNG, less than 1 MB. It does not count against the library. Otherwise as
// [Client.Upload].
//
// POST /cgi-bin/media/uploadimg
func (c *Client) UploadArticleImage(ctx context.Context, filename string, r io.Reader, opts ...Option) (url string, err error) {
	var answer struct {
		URL string `json:"url"`
	}
	err = c.send(ctx, form{
		path: "/cgi-bin/media/uploadimg", kind: Image, filename: filename, limits: articleRule(), repeatable: true,
	}, r, opts, &answer)
	if err == nil && answer.URL == "" {
		err = badAnswer("the upload was answered without a url")
	}
	return answer.URL, err
}

// form is a file on its way, and where it goes.
type form struct {
	path        string // with a query
	kind        Kind
	filename    string
	limits      rule
	description []byte // JSON, for a permanent video
	repeatable  bool   // may be sent again when the answer was lost
}

// send uploads r and decodes the answer into out.
func (c *Client) send(ctx context.Context, f form, r io.Reader, opts []Option, out any) error {
	if isNil(r) {
		return argument("the reader is nil")
	}
	s, err := configure(opts)
	if err != nil {
		return err
	}
	file, err := newContent(ctx, r, f.limits)
	if file != nil {
		defer file.remove()
	}
	if err != nil {
		return err
	}
	sendCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	boundary := newBoundary()
	parts := &sending{content: file, progress: s.progress, giveUp: cancel}
	parts.before, parts.after = f.around(boundary, file.format)
	answer, err := c.do(sendCtx, f, parts, boundary)
	if broken := parts.stop(); broken != nil {
		closeAnswer(answer)
		return readError(ctx, broken)
	}
	if err != nil {
		return err
	}
	return decodeAnswer(answer, out)
}

// do sends the form. Until stop is called, the parts may be read.
func (c *Client) do(ctx context.Context, f form, parts *sending, boundary string) (*http.Response, error) {
	first, err := parts.open()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.path, first)
	if err != nil {
		return nil, argument(err.Error())
	}
	req.ContentLength = parts.length()
	if parts.content.again {
		req.GetBody = parts.open
		if f.repeatable {
			req.Header["Idempotency-Key"] = nil
		}
	}
	req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	return c.doer.Do(req)
}

// answerLimit bounds the answer to an upload, which has some hundred bytes.
const answerLimit = 64 << 10

// decodeAnswer reads a JSON object whole and closes the answer. An errcode was seen by Do.
func decodeAnswer(answer *http.Response, out any) error {
	defer closeAnswer(answer)
	text, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit+1))
	if err != nil {
		return answerError(err)
	}
	if len(text) > answerLimit {
		return badAnswer("the answer is too long for one to an upload")
	}
	return decodeJSON(text, out)
}

func closeAnswer(answer *http.Response) {
	if answer != nil {
		_ = answer.Body.Close()
	}
}

// decodeJSON decodes a JSON object as the platform writes it.
func decodeJSON(text []byte, out any) error {
	text = trimMark(text)
	err := json.Unmarshal(text, out)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		err = json.Unmarshal(escapeControls(text), out)
	}
	if err != nil {
		return badAnswer("the answer is not the JSON object that is documented")
	}
	return nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

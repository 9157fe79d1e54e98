package media

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// File is a media as it comes down.
type File struct {
	// Body is the file, to be read to its end and closed by the caller. It is never nil, and
	// empty for what the platform tells by a URL. The context of the call ends it.
	Body io.ReadCloser
	// ContentType is such as image/jpeg: the platform's word, or what the first bytes tell where
	// that says nothing (text/plain, application/octet-stream).
	ContentType string
	// Filename is the platform's name for the file, such as MEDIA_ID.jpg, without folders; empty
	// if it gave none.
	Filename string
	// Size is the number of bytes of Body, -1 if it is not known.
	Size int64
	// URL is where a video is to be fetched, with a GET of one's own and without a token.
	URL string
}

// Get fetches a temporary media (获取临时素材): one that was uploaded, or that a follower has sent.
// The caller must close the Body of the File. For a video there is a URL in place of a body.
//
// An error is an error whatever the Content-Type of its answer says: what is JSON without a
// video's URL, or a web page, is [ErrAnswer].
//
// GET /cgi-bin/media/get
func (c *Client) Get(ctx context.Context, mediaID string) (*File, error) {
	return c.get(ctx, "/cgi-bin/media/get", mediaID)
}

// GetHDVoice fetches a voice that the JSSDK has recorded (高清语音) as speex of 16 kHz; [Client.Get]
// gives AMR of 8 kHz. Otherwise as Get.
//
// GET /cgi-bin/media/get/jssdk
func (c *Client) GetHDVoice(ctx context.Context, mediaID string) (*File, error) {
	return c.get(ctx, "/cgi-bin/media/get/jssdk", mediaID)
}

// urlLimit bounds the answer that tells a video's URL.
const urlLimit = 1 << 20

func (c *Client) get(ctx context.Context, path, mediaID string) (*File, error) {
	if mediaID == "" {
		return nil, argument("the media_id is empty")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, path+"?media_id="+url.QueryEscape(mediaID), nil)
	if err != nil {
		return nil, argument(err.Error())
	}
	resp, err := c.doer.Do(req)
	if err != nil {
		return nil, err
	}
	file, text, err := openFile(resp, urlLimit)
	if err != nil || text == nil {
		return file, err
	}
	var answer struct {
		URL string `json:"video_url"`
	}
	if err := decodeJSON(text, &answer); err != nil {
		return nil, err
	}
	if answer.URL == "" {
		return nil, badAnswer("the answer is JSON without a video_url, and no file")
	}
	return urlFile(resp, answer.URL), nil
}

func urlFile(resp *http.Response, address string) *File {
	return &File{Body: http.NoBody, ContentType: resp.Header.Get("Content-Type"), URL: address}
}

// openFile tells a file from JSON by what came, since the platform sends either as text/plain.
// JSON is read whole, limit bytes at most, and returned as text; of a file nothing is lost by
// the look at its first bytes. The answer is closed unless it is a file.
func openFile(resp *http.Response, limit int64) (file *File, text []byte, err error) {
	defer func() {
		if file == nil {
			_ = resp.Body.Close()
		}
	}()
	filename, attached := disposition(resp.Header.Get("Content-Disposition"))
	head, err := io.ReadAll(io.LimitReader(resp.Body, sniffLength))
	switch {
	case err != nil:
		return nil, nil, answerError(err)
	case len(head) == 0:
		return nil, nil, badAnswer("the answer is empty")
	}
	if !attached {
		if looksLikeJSON(head) {
			text, err = readJSON(head, resp.Body, limit)
			return nil, text, err
		}
		if declared := mediaType(resp); textual(declared) || head[0] == '<' {
			return nil, nil, badAnswer("the answer is neither a file nor a JSON object, but " + sniffFormat(head).name)
		}
	}
	return &File{
		Body:        replayed{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body},
		ContentType: contentType(resp, head), Filename: filename, Size: resp.ContentLength,
	}, nil, nil
}

// readJSON returns the answer that begins with head, if it ends within limit.
func readJSON(head []byte, rest io.Reader, limit int64) ([]byte, error) {
	more, err := io.ReadAll(io.LimitReader(rest, limit+1-int64(len(head))))
	if err != nil {
		return nil, answerError(err)
	}
	text := append(head, more...)
	if int64(len(text)) > limit {
		return nil, badAnswer("the answer looks like JSON and is too long to be what was asked for")
	}
	return text, nil
}

// mediaType returns the Content-Type without its parameters, in lower case.
func mediaType(resp *http.Response) string {
	value, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(value))
}

// textual reports a type that no media has. text/plain is not among them: files come as that.
func textual(mediaType string) bool {
	return mediaType == "text/html" || mediaType == "application/json" || mediaType == "text/json"
}

// contentType returns the platform's word, unless it says nothing and the bytes say more.
func contentType(resp *http.Response, head []byte) string {
	switch mediaType(resp) {
	case "", "text/plain", "application/octet-stream":
		if f := sniffFormat(head); f.mime != "" {
			return f.mime
		}
	}
	return resp.Header.Get("Content-Type")
}

// replayed hands out what was read ahead, then the rest.
type replayed struct {
	io.Reader
	io.Closer
}

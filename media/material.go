package media

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Added is a file that has become part of the library.
type Added struct {
	// MediaID has no end. It is not for [Client.Get], but for [Client.GetMaterial].
	MediaID string
	// URL is an image's address, for use inside WeChat only; empty for other kinds.
	URL string
}

// AddMaterial adds an image, a voice or a thumb to the account's library (新增其他类型永久素材). It
// takes BMP images, WMA and WAV voices beside what [Client.Upload] takes, and is otherwise as
// that, except that nothing is sent again after a lost answer: look at [Client.Materials] before
// you repeat it. An account may have 100,000 images and articles, and 1,000 of each other kind.
//
// POST /cgi-bin/material/add_material
func (c *Client) AddMaterial(ctx context.Context, kind Kind, filename string, r io.Reader, opts ...Option) (Added, error) {
	if kind == Video {
		return Added{}, argument("a permanent video needs a title: use AddVideo")
	}
	return c.addMaterial(ctx, form{kind: kind, filename: filename}, r, opts)
}

// VideoInfo is what a permanent video is shown with.
type VideoInfo struct {
	Title        string `json:"title"`        // 标题, must not be empty
	Introduction string `json:"introduction"` // 描述
}

// AddVideo adds a video to the account's library. Otherwise as [Client.AddMaterial].
//
// POST /cgi-bin/material/add_material
func (c *Client) AddVideo(ctx context.Context, info VideoInfo, filename string, r io.Reader, opts ...Option) (Added, error) {
	if info.Title == "" {
		return Added{}, argument("the video's title is empty")
	}
	for _, text := range []string{info.Title, info.Introduction} {
		if reason := unwritable(text); reason != "" {
			return Added{}, argument("the video's title or introduction " + reason)
		}
	}
	description := []byte(`{"title":` + quote(info.Title) + `,"introduction":` + quote(info.Introduction) + `}`)
	return c.addMaterial(ctx, form{kind: Video, filename: filename, description: description}, r, opts)
}

func (c *Client) addMaterial(ctx context.Context, f form, r io.Reader, opts []Option) (Added, error) {
	var ok bool
	if f.limits, ok = permanentRule(f.kind); !ok {
		return Added{}, kindError(f.kind)
	}
	f.path = "/cgi-bin/material/add_material?type=" + string(f.kind)
	var answer struct {
		MediaID string `json:"media_id"`
		ThumbID string `json:"thumb_media_id"`
		URL     string `json:"url"`
	}
	if err := c.send(ctx, f, r, opts, &answer); err != nil {
		return Added{}, err
	}
	added := Added{firstOf(answer.MediaID, answer.ThumbID), answer.URL}
	if added.MediaID == "" {
		return Added{}, badAnswer("the upload was answered without a media_id")
	}
	return added, nil
}

// Material is one of the library: a File for an image, a voice and a thumb, for a video its URL
// with Title and Description, for articles (图文) only Articles.
type Material struct {
	File
	Title, Description string    // a video's
	Articles           []Article // of news
}

// Article is an article of the library (图文消息).
type Article struct {
	Title            string `json:"title"`              // the headline
	Author           string `json:"author"`             // empty: none
	Digest           string `json:"digest"`             // the summary
	Content          string `json:"content"`            // HTML
	ThumbMediaID     string `json:"thumb_media_id"`     // of its cover
	URL              string `json:"url"`                // of its page
	ContentSourceURL string `json:"content_source_url"` // 阅读原文
	ShowCover        bool   `json:"-"`                  // show_cover_pic
}

// UnmarshalJSON reads an article, whose flags are numbers.
func (a *Article) UnmarshalJSON(b []byte) error {
	type plain Article // without this method
	wire := struct {
		*plain
		ShowCover flag `json:"show_cover_pic"`
	}{plain: (*plain)(a)}
	err := json.Unmarshal(b, &wire)
	a.ShowCover = bool(wire.ShowCover)
	return err
}

// materialLimit bounds the JSON of a material: eight articles of a megabyte, and some room.
const materialLimit = 16 << 20

// GetMaterial fetches one of the library (获取永久素材). The caller must close the Body, which is
// empty for videos and articles. Errors are as for [Client.Get].
//
// POST /cgi-bin/material/get_material
func (c *Client) GetMaterial(ctx context.Context, mediaID string) (*Material, error) {
	if err := checkID(mediaID); err != nil {
		return nil, err
	}
	body := strings.NewReader(`{"media_id":` + quote(mediaID) + `}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "/cgi-bin/material/get_material", body)
	if err != nil {
		return nil, argument(err.Error())
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header["Idempotency-Key"] = nil // it only reads
	resp, err := c.doer.Do(req)
	if err != nil {
		return nil, err
	}
	file, text, err := openFile(resp, materialLimit)
	switch {
	case err != nil:
		return nil, err
	case text == nil:
		return &Material{File: *file}, nil
	}
	return decodeMaterial(resp, text)
}

func decodeMaterial(resp *http.Response, text []byte) (*Material, error) {
	var answer struct {
		Title       string     `json:"title"`
		Description string     `json:"description"`
		URL         string     `json:"down_url"`
		Articles    *[]Article `json:"news_item"`
	}
	if err := decodeJSON(text, &answer); err != nil {
		return nil, err
	}
	if answer.URL == "" && answer.Articles == nil {
		return nil, badAnswer("the answer is JSON with neither a video nor articles, and no file")
	}
	m := &Material{File: *urlFile(resp, answer.URL), Title: answer.Title, Description: answer.Description}
	if answer.Articles != nil {
		m.Articles = *answer.Articles
	}
	return m, nil
}

type mediaRef struct {
	MediaID string `json:"media_id"`
}

// DeleteMaterial removes one from the library (删除永久素材). What a menu or an automatic reply
// uses cannot be removed (48005). Temporary media cannot, they end by themselves.
//
// POST /cgi-bin/material/del_material
func (c *Client) DeleteMaterial(ctx context.Context, mediaID string) error {
	if err := checkID(mediaID); err != nil {
		return err
	}
	return c.caller.Call(ctx, http.MethodPost, "/cgi-bin/material/del_material", mediaRef{mediaID}, nil)
}

// Count is how many of each kind the library has.
type Count struct {
	Images int `json:"image_count"` // pictures (图片)
	Voices int `json:"voice_count"` // recordings (语音)
	Videos int `json:"video_count"` // videos (视频)
	News   int `json:"news_count"`  // articles (图文)
}

// CountMaterial returns how many the library has (获取永久素材总数), those that were added in the
// console included.
//
// GET /cgi-bin/material/get_materialcount
func (c *Client) CountMaterial(ctx context.Context) (Count, error) {
	var answer struct {
		Images number `json:"image_count"`
		Voices number `json:"voice_count"`
		Videos number `json:"video_count"`
		News   number `json:"news_count"`
	}
	err := c.caller.Call(ctx, http.MethodGet, "/cgi-bin/material/get_materialcount", nil, &answer)
	return Count{int(answer.Images), int(answer.Voices), int(answer.Videos), int(answer.News)}, err
}

package wechattest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/org/wxhome/callback"
)

const (
	maxReplyText = 2048 // bytes of UTF-8
	maxReplyNews = 8    // articles in reply to an event
)

// readReply reads what a push was answered with as strictly as WeChat, which shows the follower
// a notice of failure for what it cannot read. A nil Reply is success or nothing.
func (d *delivery) readReply(body []byte) (callback.Reply, error) {
	l := d.line
	if len(body) == 0 || string(body) == success {
		return nil, nil
	}
	a, err := decodeAnswer(l.Format, body)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Encrypt == "" && l.Mode == Safe:
		return nil, errors.New("it is not encrypted, and the mode is safe")
	case a.Encrypt != "" && !l.Mode.encrypts():
		return nil, errors.New("it is encrypted, and the mode is plain or that of Cloud Run")
	case a.Encrypt != "":
		plain, _, err := l.crypter.Open(nil, a.MsgSignature, string(a.TimeStamp), a.Nonce, a.Encrypt)
		if err != nil {
			return nil, fmt.Errorf("it cannot be decrypted: %w", err)
		}
		if a, err = decodeAnswer(l.Format, plain); err != nil {
			return nil, fmt.Errorf("decrypted: %w", err)
		}
	}
	if err := d.checkHead(a); err != nil {
		return nil, err
	}
	return a.reply(d.push)
}

// decodeAnswer reads one document and nothing behind it.
func decodeAnswer(format callback.Format, body []byte) (a answer, err error) {
	if !utf8.Valid(body) {
		return a, errors.New("it is not UTF-8")
	}
	if format == callback.JSON {
		if err := json.Unmarshal(body, &a); err != nil {
			return a, errors.New("it is no JSON object of the right types")
		}
		return a, nil
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&a); err != nil {
		return a, errors.New("it is no XML with the root xml")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return a, errors.New("something stands behind the XML")
	}
	return a, nil
}

func (d *delivery) checkHead(a answer) error {
	p := d.push
	seconds, err := strconv.ParseInt(string(a.CreateTime), 10, 64)
	switch {
	case p.Body != nil && p.From == "":
		return errors.New("nobody can be answered, since the push's Body does not say who wrote; name Push.From")
	case a.ToUserName != p.From:
		return errors.New("ToUserName is not the follower who wrote")
	case a.FromUserName != d.line.OriginalID && (d.account == "" || a.FromUserName != d.account):
		return errors.New("FromUserName is not the account")
	case err != nil || seconds <= 0 || seconds > 1e11:
		return errors.New("CreateTime is not in unix seconds")
	}
	return nil
}

// reply returns the reply of its MsgType, whose elements must be there.
func (a answer) reply(p Push) (callback.Reply, error) {
	switch a.MsgType {
	case "text":
		return a.text()
	case "image":
		if a.Image != nil && a.Image.MediaID != "" {
			return callback.Image{MediaID: a.Image.MediaID}, nil
		}
	case "voice":
		if a.Voice != nil && a.Voice.MediaID != "" {
			return callback.Voice{MediaID: a.Voice.MediaID}, nil
		}
	case "video":
		if v := a.Video; v != nil && v.MediaID != "" {
			return callback.Video{MediaID: v.MediaID, Title: v.Title, Description: v.Description}, nil
		}
	case "music":
		if m := a.Music; m != nil && m.ThumbMediaID != "" {
			return callback.Music{Title: m.Title, Description: m.Description, URL: m.URL, HQURL: m.HQURL, ThumbMediaID: m.ThumbMediaID}, nil
		}
	case "news":
		return a.news(p)
	case "transfer_customer_service":
		if a.TransInfo == nil {
			return callback.Transfer{}, nil
		}
		return callback.Transfer{KfAccount: a.TransInfo.KfAccount}, nil
	default:
		return nil, fmt.Errorf("there is no reply of MsgType %q", a.MsgType)
	}
	return nil, fmt.Errorf("a reply of MsgType %s without its media id", a.MsgType)
}

func (a answer) text() (callback.Reply, error) {
	switch {
	case a.Content == nil || *a.Content == "":
		return nil, errors.New("a text without Content")
	case len(*a.Content) > maxReplyText:
		return nil, fmt.Errorf("a text of %d bytes, more than %d", len(*a.Content), maxReplyText)
	}
	return callback.Text{Content: *a.Content}, nil
}

func (a answer) news(p Push) (callback.Reply, error) {
	if a.Articles == nil || a.ArticleCount == nil || *a.ArticleCount != len(a.Articles.Item) || len(a.Articles.Item) == 0 {
		return nil, errors.New("a news whose ArticleCount is not the number of its articles")
	}
	most := maxReplyNews
	if !p.isEvent() && p.Type != "link" && p.Type != "shortvideo" {
		most = 1
	}
	if n := len(a.Articles.Item); n > most {
		return nil, fmt.Errorf("a news of %d articles, where WeChat shows %d", n, most)
	}
	var news callback.News
	for _, item := range a.Articles.Item {
		if item.Title == "" {
			return nil, errors.New("an article without Title")
		}
		news.Articles = append(news.Articles, callback.Article{
			Title: item.Title, Description: item.Description, PicURL: item.PicURL, URL: item.URL,
		})
	}
	return news, nil
}

package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/examples/internal/bind"
	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat"
)

// shown is a child with a photo.
type shown struct {
	child bind.Child
	photo school.Photo
}

// photos answers at once and has the photos sent: from the from-th child on,
// as many as the parent's window allows. from is 0 or 1 for the first.
func (b *Bot) photos(ctx context.Context, openid string, from int) (callback.Reply, error) {
	children, err := b.cfg.Bindings.Children(ctx, openid)
	if err != nil {
		return nil, err
	}
	if len(children) == 0 {
		return say(notBoundText), nil
	}
	var have []shown
	var without []bind.Child
	for _, c := range children {
		p, err := school.NewestPhoto(ctx, b.cfg.School.DB, c.StudentID)
		switch {
		case err != nil:
			return nil, err
		case p.URL == "":
			without = append(without, c)
		default:
			have = append(have, shown{c, p})
		}
	}
	if len(have) == 0 {
		return say(namesOf(without) + "还没有照片。学校上传后，您可以再发送“照片”查看。"), nil
	}
	if from > len(have) {
		return say(fmt.Sprintf("您的孩子共有 %d 张最新照片，没有第 %d 张。发送“照片”从头查看。", len(have), from)), nil
	}
	return b.sendSome(openid, have, without, max(from, 1)-1)
}

// sendSome takes the messages out of the window before it says how many photos
// will come, so that whoever asks twice at a time is not promised too many.
func (b *Bot) sendSome(openid string, have []shown, without []bind.Child, from int) (callback.Reply, error) {
	n, until := b.windows.take(openid, len(have)-from)
	now, rest := have[from:from+n], have[from+n:]
	var text strings.Builder
	switch {
	case n == 0:
		return say("微信限制了连续发送的条数，请直接发送文字“" + command(from) + "”继续查看。"), nil
	case !b.errands.start(func(ctx context.Context) { b.send(ctx, openid, now, until) }):
		return say("现在查询照片的家长较多，请过几分钟再发送“照片”。"), nil
	}
	text.WriteString("正在发送")
	for i, s := range now[:min(len(now), maxNames)] {
		if i > 0 {
			text.WriteString("、")
		}
		text.WriteString(nameOf(s.child))
		if day := dayOf(s.photo.Updated); day != "" {
			text.WriteString("（" + day + "）")
		}
	}
	text.WriteString("的照片，请稍候。")
	if len(without) > 0 {
		text.WriteString("\n" + namesOf(without) + "还没有照片。")
	}
	if len(rest) > 0 {
		fmt.Fprintf(&text, "\n微信限制每次最多发送 %d 张，还有 %d 张：请发送“%s”继续查看。", n, len(rest), command(from+n))
	}
	return say(text.String()), nil
}

// command is what a parent sends to go on after the first from photos.
func command(from int) string {
	if from == 0 {
		return "照片"
	}
	return "照片 " + strconv.Itoa(from+1)
}

// send sends one message for each photo: the photo, or words in its place.
func (b *Bot) send(ctx context.Context, openid string, photos []shown, until time.Time) {
	for _, s := range photos {
		bound, err := b.cfg.Bindings.Bound(ctx, openid, s.child.StudentID)
		if err != nil {
			b.cfg.Log.Error("a photo was not sent: the binding could not be looked up", "error", err)
			return
		}
		if !bound {
			continue // the parent has left meanwhile
		}
		if !b.cfg.Now().Before(until) {
			b.cfg.Log.Warn("photos were not sent: the window has closed before they were ready")
			return
		}
		if !b.sendOne(ctx, openid, s) {
			return
		}
	}
}

// sendOne sends one photo, or says why not. false: nothing more can be sent.
func (b *Bot) sendOne(ctx context.Context, openid string, s shown) bool {
	sending := false // what fails from then on is WeChat's answer to the message
	err := b.cfg.Uploads.Use(ctx, b.source(s.photo), func(ctx context.Context, mediaID string) error {
		sending = true
		return b.cfg.Sender.Send(ctx, openid, custom.Image{MediaID: mediaID})
	})
	if err == nil {
		return true
	}
	b.cfg.Log.Warn("a photo was not sent", "student", s.child.StudentID, "error", err)
	if ctx.Err() != nil {
		return false
	}
	if sending && !errors.Is(err, wechat.ErrInvalidMediaID) {
		// Words would meet the same refusal, and a lost message may have arrived.
		return wechat.KindOf(err) == wechat.KindLost
	}
	if err := b.cfg.Sender.Send(ctx, openid, custom.Text{Content: b.apology(ctx, openid, s, err)}); err != nil {
		b.cfg.Log.Warn("a text was not sent", "error", err)
		return wechat.KindOf(err) == wechat.KindLost
	}
	return true
}

// source is a photo as an upload. The key has its time, so that a new photo at
// an old address is uploaded anew.
func (b *Bot) source(p school.Photo) media.Source {
	return media.Source{
		Key:  p.URL + " " + strconv.FormatInt(p.Updated.Unix(), 10),
		Kind: media.Image,
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			f, err := b.cfg.Photos.Open(ctx, p.URL)
			if err != nil {
				return nil, err
			}
			if f.Size < 0 {
				return f, nil
			}
			return &sized{f, f.Size}, nil
		},
	}
}

// sized is a photo of known length, which is then streamed and not spooled.
type sized struct {
	io.ReadCloser
	left int64
}

// Len returns how many bytes are left.
func (s *sized) Len() int { return int(s.left) }

func (s *sized) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.left -= int64(n)
	return n, err
}

// apology says why there is no photo, with the link where it helps: a browser
// shows what the chat cannot.
func (b *Bot) apology(ctx context.Context, openid string, s shown, err error) string {
	name := nameOf(s.child)
	text, helps := name+"的照片暂时无法发送，请稍后再试。", true
	switch {
	case errors.Is(err, media.ErrFormat):
		text = name + "的照片格式（" + formatOf(err) + "）微信聊天中不能显示，请老师换成 JPG 后重新上传。"
	case errors.Is(err, media.ErrTooLarge):
		text = name + "的照片超过 10 MB，微信聊天中不能发送，请老师缩小后重新上传。"
	case errors.Is(err, photofile.ErrTooLarge):
		text, helps = name+"的照片太大，无法发送，请老师缩小后重新上传。", false
	case errors.Is(err, photofile.ErrNotFound):
		text, helps = name+"的照片文件不存在，可能已被删除，请联系老师重新上传。", false
	case errors.Is(err, photofile.ErrUnavailable):
		text, helps = name+"的照片暂时无法取得，请过几分钟再发送“照片”。", false
	case errors.Is(err, photofile.ErrAddress), errors.Is(err, photofile.ErrHost), errors.Is(err, photofile.ErrPrivate),
		errors.Is(err, photofile.ErrRedirect), errors.Is(err, photofile.ErrNotPhoto):
		text, helps = name+"的照片设置有误，暂时无法显示，请联系老师。", false
	}
	if !helps || b.cfg.Links == nil {
		return text
	}
	if address, ok := b.cfg.Links.Link(ctx, openid, s.child.StudentID, s.photo.URL); ok {
		text += "\n" + linked(address, "点击这里在网页中查看")
	}
	return text
}

// formatOf is the format's name where the error has one.
func formatOf(err error) string {
	for _, name := range []string{"HEIC", "WebP", "AVIF", "BMP", "TIFF"} {
		if strings.Contains(strings.ToLower(err.Error()), strings.ToLower(name)) {
			return name
		}
	}
	return "不是 JPG 或 PNG"
}

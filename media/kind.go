package media

import (
	"strconv"
	"strings"
	"time"
)

// Kind is what a file is to the platform (媒体文件类型).
type Kind string

// The kinds of media. The limits are those of [Client.Upload]; the library takes more formats,
// see [Client.AddMaterial].
const (
	Image Kind = "image" // 图片: JPEG, PNG or GIF, 10 MB
	Voice Kind = "voice" // 语音: AMR or MP3, 2 MB; the platform takes 60 s at most
	Video Kind = "video" // 视频: MP4, 10 MB
	Thumb Kind = "thumb" // 缩略图, the cover of a video or a music message: JPEG, 64 KB
	News  Kind = "news"  // 图文: listed in the library, but never uploaded
)

// Lifetime is how long the platform keeps a temporary upload, and what a follower has sent.
const Lifetime = 3 * 24 * time.Hour

// The platform's limits, in bytes. It writes MB and KB; that these are powers of two is what
// testers report.
const (
	maxImage        = 10 << 20
	maxVoice        = 2 << 20
	maxVideo        = 10 << 20
	maxThumb        = 64 << 10
	maxArticleImage = 1<<20 - 1 // the page says: under 1 MB
)

// rule is what the platform takes.
type rule struct {
	what    string // with its article, for errors
	max     int64
	formats []format
}

// temporaryRule returns what may be uploaded for three days; false for what is no such kind.
func temporaryRule(k Kind) (rule, bool) {
	switch k {
	case Image:
		return rule{"an image", maxImage, []format{formatJPEG, formatPNG, formatGIF}}, true
	case Voice:
		return rule{"a voice", maxVoice, []format{formatAMR, formatMP3}}, true
	case Video:
		return rule{"a video", maxVideo, []format{formatMP4}}, true
	case Thumb:
		return rule{"a thumb", maxThumb, []format{formatJPEG}}, true
	}
	return rule{}, false
}

// permanentRule returns what the library takes.
func permanentRule(k Kind) (rule, bool) {
	r, ok := temporaryRule(k)
	switch k {
	case Image:
		r.formats = append(r.formats, formatBMP)
	case Voice:
		r.formats = append(r.formats, formatWMA, formatWAV)
	}
	return r, ok
}

func articleRule() rule {
	return rule{"an article's image", maxArticleImage, []format{formatJPEG, formatPNG}}
}

// kindError tells why k cannot be uploaded.
func kindError(k Kind) error {
	if k == News {
		return argument("articles (图文) are not uploaded as a file: call /cgi-bin/draft/add")
	}
	return argument(strconv.Quote(string(k)) + " is no kind that can be uploaded: use media.Image, Voice, Video or Thumb")
}

// checkFormat tells whether f may be what r takes.
func (r rule) checkFormat(f format) error {
	names := make([]string, len(r.formats))
	for i, ok := range r.formats {
		if ok.name == f.name {
			return nil
		}
		names[i] = ok.name
	}
	last := len(names) - 1
	list := names[last]
	if last > 0 {
		list = strings.Join(names[:last], ", ") + " or " + list
	}
	reason := r.what + " must be " + list + ", and this is " + f.name
	if f.hint != "" {
		reason += ": " + f.hint
	}
	return &refusal{ErrFormat, reason}
}

// checkSize tells whether r takes that many bytes; more means at least so many.
func (r rule) checkSize(size int64, more bool) error {
	if size <= r.max {
		return nil
	}
	has := strconv.FormatInt(size, 10)
	if more {
		has = "at least " + has
	}
	return &refusal{ErrTooLarge, r.what + " may have " + strconv.FormatInt(r.max, 10) + " bytes at most, and this has " + has}
}

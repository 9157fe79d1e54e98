package callback

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// encoder writes a reply in one of the formats.
type encoder struct {
	dst   []byte
	json  bool
	inner bool // JSON: something was written since the last {
}

// reply writes what distinguishes r.
func (e *encoder) reply(r Reply) {
	switch r := r.(type) {
	case Text:
		e.kind("text")
		e.text("Content", r.Content)
	case Image:
		e.kind("image")
		e.media("Image", r.MediaID)
	case Voice:
		e.kind("voice")
		e.media("Voice", r.MediaID)
	case Video:
		e.video(r)
	case Music:
		e.music(r)
	case News:
		e.news(r.Articles)
	case Transfer:
		e.kind("transfer_customer_service")
		if r.KfAccount != "" {
			e.begin("TransInfo")
			e.text("KfAccount", r.KfAccount)
			e.end("TransInfo")
		}
	}
}

func (e *encoder) media(name, id string) {
	e.begin(name)
	e.text("MediaId", id)
	e.end(name)
}

func (e *encoder) video(r Video) {
	e.kind("video")
	e.begin("Video")
	e.text("MediaId", r.MediaID)
	e.optional("Title", r.Title)
	e.optional("Description", r.Description)
	e.end("Video")
}

func (e *encoder) music(r Music) {
	e.kind("music")
	e.begin("Music")
	e.optional("Title", r.Title)
	e.optional("Description", r.Description)
	e.optional("MusicUrl", r.URL)
	e.optional("HQMusicUrl", r.HQURL)
	e.text("ThumbMediaId", r.ThumbMediaID)
	e.end("Music")
}

func (e *encoder) news(articles []Article) {
	e.kind("news")
	e.number("ArticleCount", int64(len(articles)))
	e.begin("Articles")
	if e.json {
		e.name("item")
		e.dst = append(e.dst, '[')
	}
	for i, a := range articles {
		if e.json {
			if i > 0 {
				e.dst = append(e.dst, ',')
			}
			e.open()
		} else {
			e.begin("item")
		}
		e.text("Title", a.Title)
		e.text("Description", a.Description)
		e.text("PicUrl", a.PicURL)
		e.text("Url", a.URL)
		e.end("item")
	}
	if e.json {
		e.dst = append(e.dst, ']')
	}
	e.end("Articles")
}

// open begins the reply itself, or an object of a list.
func (e *encoder) open() {
	if e.json {
		e.dst, e.inner = append(e.dst, '{'), false
		return
	}
	e.dst = append(e.dst, "<xml>"...)
}

func (e *encoder) close() { e.end("xml") }

// head writes what all replies have but the MsgType. It comes with each of them, so for XML it is
// written in few pieces.
func (e *encoder) head(to, from string, seconds int64) {
	if e.json {
		e.text("ToUserName", to)
		e.text("FromUserName", from)
		e.number("CreateTime", seconds)
		return
	}
	e.dst = appendCDATA(append(e.dst, "<ToUserName>"...), to)
	e.dst = appendCDATA(append(e.dst, "</ToUserName><FromUserName>"...), from)
	e.dst = strconv.AppendInt(append(e.dst, "</FromUserName><CreateTime>"...), seconds, 10)
	e.dst = append(e.dst, "</CreateTime>"...)
}

// name begins an element.
func (e *encoder) name(name string) {
	if !e.json {
		e.dst = append(append(append(e.dst, '<'), name...), '>')
		return
	}
	if e.inner {
		e.dst = append(e.dst, ',')
	}
	e.inner = true
	e.dst = append(append(append(e.dst, '"'), name...), `":`...)
}

// begin begins an element that has others in it, and end ends it.
func (e *encoder) begin(name string) {
	e.name(name)
	if e.json {
		e.dst, e.inner = append(e.dst, '{'), false
	}
}

func (e *encoder) end(name string) {
	if e.json {
		e.dst, e.inner = append(e.dst, '}'), true
		return
	}
	e.dst = append(append(append(e.dst, "</"...), name...), '>')
}

func (e *encoder) optional(name, value string) {
	if value != "" {
		e.text(name, value)
	}
}

func (e *encoder) text(name, value string) {
	e.name(name)
	if e.json {
		e.dst = appendJSON(e.dst, normalize(value))
		return
	}
	e.dst = appendCDATA(e.dst, value)
	e.end(name)
}

// kind writes the MsgType, which is a word of our own and needs no look.
func (e *encoder) kind(value string) {
	before, after := "<MsgType><![CDATA[", "]]></MsgType>"
	if e.json {
		e.name("MsgType")
		before, after = `"`, `"`
	}
	e.dst = append(append(append(e.dst, before...), value...), after...)
}

func (e *encoder) number(name string, n int64) {
	e.name(name)
	e.dst = strconv.AppendInt(e.dst, n, 10)
	if !e.json {
		e.end(name)
	}
}

// appendCDATA appends text as a CDATA section, or as two where it has the end of one in it.
func appendCDATA(dst []byte, text string) []byte {
	dst = append(dst, cdataStart...)
	text = normalize(text)
	for i := strings.Index(text, cdataEnd); i >= 0; i = strings.Index(text, cdataEnd) {
		dst = append(append(append(dst, text[:i+2]...), cdataEnd...), cdataStart...)
		text = text[i+2:]
	}
	return append(append(dst, text...), cdataEnd...)
}

// appendJSON appends text as a JSON string, with the escapes that JSON cannot do without.
func appendJSON(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

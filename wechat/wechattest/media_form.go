package wechattest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"unicode/utf8"
)

// A part is the file of a form.
type part struct {
	filename, contentType string
	data                  []byte
	description           []byte // the field of that name; nil: there is none
}

// readForm reads multipart/form-data as WeChat does: one part named media with a file name, and
// a boundary without quotes that is closed.
func (c *call) readForm() (p part, ok bool) {
	header := c.request.Header.Get("Content-Type")
	kind, params, err := mime.ParseMediaType(header)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" || strings.Contains(header, `"`) {
		return p, false
	}
	if !bytes.HasSuffix(bytes.TrimRight(c.raw, "\r\n"), []byte("\r\n--"+params["boundary"]+"--")) {
		return p, false
	}
	found := false
	for r := multipart.NewReader(bytes.NewReader(c.raw), params["boundary"]); ; {
		next, err := r.NextRawPart()
		if err == io.EOF {
			return p, found
		}
		if err != nil {
			return p, false
		}
		data, err := io.ReadAll(next)
		if err != nil {
			return p, false
		}
		switch next.FormName() {
		case "media":
			p.filename, p.contentType, p.data = next.FileName(), next.Header.Get("Content-Type"), data
			found = p.filename != "" && isPlainASCII(p.filename) && p.contentType != ""
		case "description":
			p.description = data
		}
	}
}

func isPlainASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// videoInfo reads the description of a permanent video.
func videoInfo(p part) (title, introduction string, code int) {
	text := string(p.description)
	switch {
	case !utf8.Valid(p.description):
		return "", "", 40033
	case !json.Valid(p.description) || text[space(text, 0)] != '{':
		return "", "", 47001
	case unicodeEscape(p.description):
		return "", "", 47002
	}
	for key, raw := range members(text) {
		value, ok := unquote(raw)
		switch {
		case key != "title" && key != "introduction":
			continue
		case !ok:
			return "", "", 47001
		case key == "title":
			title = value
		default:
			introduction = value
		}
	}
	if title == "" {
		return "", "", 40062
	}
	return title, introduction, 0
}

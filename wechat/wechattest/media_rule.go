package wechattest

import (
	"path"
	"slices"
	"strings"

	"github.com/org/wxhome/media"
)

// A mediaFormat is a file format, by its first bytes. This is the server's own list, so that
// package media is not judged by itself.
type mediaFormat struct {
	at          int
	magic       string
	contentType string
	extensions  string // separated by blanks; the first names the format
}

func mediaFormats() []mediaFormat {
	return []mediaFormat{
		{0, "\xff\xd8\xff", "image/jpeg", "jpg jpeg"},
		{0, "\x89PNG\r\n\x1a\n", "image/png", "png"},
		{0, "GIF8", "image/gif", "gif"},
		{0, "BM", "image/bmp", "bmp"},
		{0, "#!AMR", "audio/amr", "amr"},
		{0, "ID3", "audio/mpeg", "mp3"},
		{0, "\xff\xfb", "audio/mpeg", "mp3"},
		{0, "\xff\xf3", "audio/mpeg", "mp3"},
		{0, "\xff\xf2", "audio/mpeg", "mp3"},
		{0, "\xff\xfa", "audio/mpeg", "mp3"},
		{0, "\x30\x26\xb2\x75", "audio/x-ms-wma", "wma"},
		{8, "WAVE", "audio/wav", "wav"},
		{4, "ftyp", "video/mp4", "mp4"},
	}
}

// formatOf tells a file's format; false: none that WeChat takes for anything.
func formatOf(data []byte) (mediaFormat, bool) {
	for _, f := range mediaFormats() {
		if len(data) >= f.at+len(f.magic) && string(data[f.at:f.at+len(f.magic)]) == f.magic {
			return f, f.at != 4 || mp4Brand(data)
		}
	}
	return mediaFormat{}, false
}

// mp4Brand tells an MP4 from its relatives of the same build: HEIC, AVIF, QuickTime, M4A.
func mp4Brand(data []byte) bool {
	brand := string(data[8:min(len(data), 12)])
	for _, prefix := range []string{"iso", "mp4", "avc", "M4V", "dash", "MSNV", "mmp4"} {
		if strings.HasPrefix(brand, prefix) {
			return true
		}
	}
	return false
}

func (f mediaFormat) name() string {
	name, _, _ := strings.Cut(f.extensions, " ")
	return name
}

func contentTypeOf(data []byte) string {
	if f, ok := formatOf(data); ok {
		return f.contentType
	}
	return "application/octet-stream"
}

// A mediaRule is what WeChat takes of a kind.
type mediaRule struct {
	max      int
	tooLarge int // the errcode
	formats  string
}

// mediaRuleOf returns the rule of a path and a kind; false: no such kind.
func mediaRuleOf(path string, kind media.Kind) (mediaRule, bool) {
	if path == pathArticleImage {
		return mediaRule{1<<20 - 1, 40009, "jpg png"}, true
	}
	permanent := path == pathAddMaterial
	switch kind {
	case media.Image:
		if permanent {
			return mediaRule{10 << 20, 40009, "jpg png gif bmp"}, true
		}
		return mediaRule{10 << 20, 40009, "jpg png gif"}, true
	case media.Voice:
		if permanent {
			return mediaRule{2 << 20, 40010, "amr mp3 wma wav"}, true
		}
		return mediaRule{2 << 20, 40010, "amr mp3"}, true
	case media.Video:
		return mediaRule{10 << 20, 40011, "mp4"}, true
	case media.Thumb:
		return mediaRule{64 << 10, 40012, "jpg"}, true
	}
	return mediaRule{}, false
}

// check returns the errcode for a file that the rule refuses.
func (r mediaRule) check(p part) int {
	format, known := formatOf(p.data)
	extension := strings.ToLower(strings.TrimPrefix(path.Ext(p.filename), "."))
	switch {
	case len(p.data) == 0:
		return 44001
	case len(p.data) > r.max:
		return r.tooLarge
	case !known, !slices.Contains(strings.Fields(r.formats), format.name()):
		return 40005
	case !slices.Contains(strings.Fields(format.extensions), extension):
		return 40113
	case format.name() == "amr" && amrFrames(p.data) > 60*50: // 50 frames are a second
		return 45007
	}
	return 0
}

// amrFrames counts the frames of an AMR voice, each of which is 20 ms.
func amrFrames(data []byte) (n int) {
	const header = "#!AMR\n"
	if !strings.HasPrefix(string(data[:min(len(data), len(header))]), header) {
		return 0 // wide band, whose length is not asked
	}
	sizes := [16]int{13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1}
	for i := len(header); i < len(data); n++ {
		i += sizes[data[i]>>3&15]
	}
	return n
}

// full reports whether the library takes no more of a kind. Articles count as images. The caller
// holds m.mu.
func (m *mediaStore) full(a *Account, kind media.Kind) bool {
	library := m.libraries[a]
	if kind == media.Image {
		return len(library[media.Image])+len(library[media.News]) >= 100_000
	}
	return len(library[kind]) >= 1000
}

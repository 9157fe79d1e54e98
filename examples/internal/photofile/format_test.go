package photofile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSniff(t *testing.T) {
	t.Parallel()
	box := func(brands string) string { return "\x00\x00\x00\x1cftyp" + brands }
	for head, want := range map[string]Format{
		"\xff\xd8\xff\xe1....": JPEG, "\x89PNG\r\n\x1a\n....": PNG, "GIF89a..": GIF, "GIF87a..": GIF, "RIFF\x00\x00\x00\x00WEBPVP8 ": WebP,
		box("heic\x00\x00\x00\x00mif1heic"): HEIC, box("mif1\x00\x00\x00\x00mif1miafheic"): HEIC, box("mif1\x00\x00\x00\x00mif1"): HEIC, box("heix"): HEIC, box("msf1\x00\x00\x00\x00hevc"): HEIC,
		box("avif\x00\x00\x00\x00mif1"): AVIF, box("mif1\x00\x00\x00\x00avifmif1"): AVIF,
		"BM\x10\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00": BMP, "II*\x00....": TIFF, "MM\x00*....": TIFF,
		"": "", "\xff\xd8": "", "GIF88a": "", "RIFF\x00\x00\x00\x00WAVEfmt ": "", "RIFF": "", box("mp42\x00\x00\x00\x00isom"): "", box(""): "", "BM": "",
		"<svg xmlns=": "", "<!DOCTYPE html>": "", "%PDF-1.7": "", " \xff\xd8\xff": "", box("isom\x00heicmp42"): "",
	} {
		assert.Equal(t, want, Sniff([]byte(head)), "%q", head)
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for format, want := range map[Format][2]string{
		JPEG: {".jpg", "image/jpeg"}, PNG: {".png", "image/png"}, HEIC: {".heic", "image/heic"}, WebP: {".webp", "image/webp"}, "": {"", ""},
	} {
		assert.Equal(t, want, [2]string{format.Extension(), format.ContentType()})
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"2026/S1.jpeg": "S1.jpg", "S1": "S1.jpg", "张三.png": "photo.jpg", "a\"b;\r\n.png": "ab.jpg", ".hidden": "photo.jpg", "..": "photo.jpg", "a.b.c": "a.b.jpg",
		strings.Repeat("x", 300) + ".png": strings.Repeat("x", 64) + ".jpg",
	} {
		assert.Equal(t, want, name(place{path: path}, JPEG), path)
	}
}

func FuzzSniff(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x1cftypheic"))
	f.Add([]byte("RIFF"))
	f.Fuzz(func(t *testing.T, head []byte) {
		if format := Sniff(head); format != "" && !strings.HasPrefix(format.ContentType(), "image/") {
			t.Fatalf("%q is %q", head, format)
		}
	})
}

package media_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/org/wxhome/media"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	box := func(brand string) string { return "\x00\x00\x00\x20ftyp" + brand + "\x00\x00\x00\x00isommp42" }
	for head, want := range map[string]string{
		jpeg: "JPEG", "\xff\xd8\xff\xe1Exif": "JPEG", png: "PNG", gif: "GIF", "GIF87a": "GIF", bmp: "BMP",
		amr: "AMR", "#!AMR-WB\n": "AMR", id3: "MP3", wma: "WMA", wav: "WAV", mp4: "MP4",
		// bare frames of layer III: MPEG 1, 2 and 2.5, with and without a checksum
		mp3: "MP3", "\xff\xfa\x90\x00": "MP3", "\xff\xf3\x48\xc4": "MP3", "\xff\xe3\x18\xc4": "MP3",
		"\xff\xeb\x90\x00": "none that is known (first bytes ffeb9000)", // a reserved version
		"\xff\xfb\xf0\x00": "none that is known (first bytes fffbf000)", // a bad bit rate
		"\xff\xfb\x9c\x00": "none that is known (first bytes fffb9c00)", // a reserved sampling rate
		"\xff\xfd\x90\x00": "none that is known (first bytes fffd9000)", // layer II
		"\xff\xfb":         "none that is known (first bytes fffb)",
		"\xff\xf1\x50\x80": "AAC",
		heic:               "HEIC", box("heix"): "HEIC", box("hevc"): "HEIC", box("mif1"): "HEIC",
		box("avif"): "AVIF", "\x00\x00\x00\x20ftypmif1\x00\x00\x00\x00mif1avif": "AVIF",
		box("mp42"): "MP4", box("M4V "): "MP4", box("dash"): "MP4", box("avc1"): "MP4",
		box("qt  "): "QuickTime (MOV)", "\x00\x00\x00\x08wide": "QuickTime (MOV)", "\x00\x00\x07\xabmoov": "QuickTime (MOV)",
		box("M4A "): "M4A", box("3gp4"): "3GP", box("3g2a"): "3GP", box("crx "): "Canon raw (CR3)",
		webp: "WebP", "RIFF\x00\x00\x00\x00AVI LIST": "AVI", "RIFF\x00\x00\x00\x00ABCD": "an unknown RIFF format",
		"II*\x00\x08": "TIFF", "MM\x00*\x00": "TIFF", "\xff\x0a\xfa": "JPEG XL", "\x00\x00\x00\x0cJXL \r\n\x87\n": "JPEG XL",
		"\x00\x00\x00\x0cjP  \r\n": "JPEG 2000", "8BPS\x00": "Photoshop (PSD)", "\x00\x00\x01\x00\x01": "ICO",
		"%PDF-1.7": "PDF", "PK\x03\x04": "ZIP", "\x1a\x45\xdf\xa3": "Matroska or WebM", "FLV\x01": "FLV",
		"OggS\x00": "Ogg", "fLaC\x00": "FLAC", "#!SILK_V3": "SILK", "\x02#!SILK_V3": "SILK",
		"<svg xmlns": "SVG", "\n<!DOCTYPE html>": "HTML", "<html>": "HTML", "\xef\xbb\xbf<?xml version": "XML",
		`{"errcode":40007}`: "text that looks like JSON", " [1]": "text that looks like JSON",
		"BM it looks like text": "none that is known (first bytes 424d206974206c6f)",
		"BM":                    "none that is known (first bytes 424d)",
		"":                      "none that is known (first bytes )",
		"\xff\xd8":              "none that is known (first bytes ffd8)",
		"ftypheic":              "none that is known (first bytes 6674797068656963)",
	} {
		assert.Equal(t, want, media.FormatName([]byte(head)), "%q", head)
	}
}

func FuzzFormat(f *testing.F) {
	for _, s := range []string{jpeg, png, gif, bmp, amr, mp3, id3, wma, wav, mp4, heic, webp, "", "{", "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		name := media.FormatName(head)
		assert.NotEmpty(t, name)
		assert.True(t, utf8.ValidString(name))
		assert.Less(t, len(name), 64)
	})
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"photo.jpg", "张三.jpg", "../../etc/passwd", `C:\x`, "a\r\nb", "attachment; filename=\"M.jpg\"", "\xff", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := media.ASCIIName(s, []byte(jpeg))
		assert.Regexp(t, `^[A-Za-z0-9-][A-Za-z0-9_-]{0,63}\.jpg$`, name)
		got, _ := media.Disposition(s)
		assert.True(t, utf8.ValidString(got))
		assert.False(t, strings.ContainsAny(got, "/\\\r\n\x00"), "%q", got)
		assert.NotContains(t, []string{".", ".."}, got)
	})
}

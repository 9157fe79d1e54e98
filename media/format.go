package media

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// sniffLength is how many of a file's first bytes are looked at.
const sniffLength = 512

// format is a file format as its first bytes tell it.
type format struct {
	name string // as people write it
	ext  string // of a file name, with its dot; set for what can be uploaded
	mime string
	hint string // what to do about one that cannot be uploaded
}

// The formats that the platform takes for some kind.
var (
	formatJPEG = format{name: "JPEG", ext: ".jpg", mime: "image/jpeg"}
	formatPNG  = format{name: "PNG", ext: ".png", mime: "image/png"}
	formatGIF  = format{name: "GIF", ext: ".gif", mime: "image/gif"}
	formatBMP  = format{name: "BMP", ext: ".bmp", mime: "image/bmp"}
	formatAMR  = format{name: "AMR", ext: ".amr", mime: "audio/amr"}
	formatMP3  = format{name: "MP3", ext: ".mp3", mime: "audio/mpeg"}
	formatWMA  = format{name: "WMA", ext: ".wma", mime: "audio/x-ms-wma"}
	formatWAV  = format{name: "WAV", ext: ".wav", mime: "audio/wav"}
	formatMP4  = format{name: "MP4", ext: ".mp4", mime: "video/mp4"}
)

const toJPEG = "convert it to JPEG"

// signatures are the first bytes that tell a format by themselves.
var signatures = []struct {
	at    int
	magic string
	format
}{
	{0, "\xff\xd8\xff", formatJPEG},
	{0, "\x89PNG\r\n\x1a\n", formatPNG},
	{0, "GIF87a", formatGIF},
	{0, "GIF89a", formatGIF},
	{0, "#!AMR\n", formatAMR},
	{0, "#!AMR-WB\n", formatAMR},
	{0, "ID3", formatMP3},
	{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", formatWMA},
	{0, "#!SILK", format{name: "SILK", hint: "convert it to AMR or MP3"}},
	{0, "\x02#!SILK", format{name: "SILK", hint: "convert it to AMR or MP3"}},
	{0, "OggS", format{name: "Ogg", mime: "audio/ogg", hint: "convert it to MP3"}},
	{0, "fLaC", format{name: "FLAC", mime: "audio/flac", hint: "convert it to MP3"}},
	{0, "\x1a\x45\xdf\xa3", format{name: "Matroska or WebM", mime: "video/webm", hint: "convert it to MP4"}},
	{0, "FLV\x01", format{name: "FLV", mime: "video/x-flv", hint: "convert it to MP4"}},
	{0, "II*\x00", format{name: "TIFF", mime: "image/tiff", hint: toJPEG}},
	{0, "MM\x00*", format{name: "TIFF", mime: "image/tiff", hint: toJPEG}},
	{0, "\xff\x0a", format{name: "JPEG XL", mime: "image/jxl", hint: toJPEG}},
	{0, "\x00\x00\x00\x0cJXL ", format{name: "JPEG XL", mime: "image/jxl", hint: toJPEG}},
	{0, "\x00\x00\x00\x0cjP  ", format{name: "JPEG 2000", mime: "image/jp2", hint: toJPEG}},
	{0, "8BPS", format{name: "Photoshop (PSD)", hint: toJPEG}},
	{0, "\x00\x00\x01\x00", format{name: "ICO", mime: "image/x-icon", hint: "convert it to PNG"}},
	{0, "%PDF-", format{name: "PDF", mime: "application/pdf"}},
	{0, "PK\x03\x04", format{name: "ZIP", mime: "application/zip"}},
	{4, "moov", formatMOV},
	{4, "mdat", formatMOV},
	{4, "wide", formatMOV},
}

var (
	formatMOV  = format{name: "QuickTime (MOV)", mime: "video/quicktime", hint: "convert it to MP4"}
	formatAVIF = format{name: "AVIF", mime: "image/avif", hint: toJPEG}
	formatHEIC = format{name: "HEIC", mime: "image/heic", hint: "iPhones write it; " + toJPEG}
)

// sniffFormat tells a file's format from its first bytes, whatever its name says. For an unknown
// one the name shows the bytes.
func sniffFormat(head []byte) format {
	for _, s := range signatures {
		if len(head) > s.at && bytes.HasPrefix(head[s.at:], []byte(s.magic)) {
			return s.format
		}
	}
	switch {
	case len(head) >= 12 && string(head[:4]) == "RIFF":
		return riffFormat(string(head[8:12]))
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return boxFormat(head)
	case len(head) >= 14 && string(head[:2]) == "BM" && string(head[6:10]) == "\x00\x00\x00\x00":
		return formatBMP
	case frameOfMP3(head):
		return formatMP3
	case len(head) >= 2 && head[0] == 0xff && head[1]&0xf6 == 0xf0:
		return format{name: "AAC", mime: "audio/aac", hint: "convert it to MP3"}
	}
	return textFormat(head)
}

// riffFormat tells what a RIFF container holds.
func riffFormat(tag string) format {
	switch tag {
	case "WAVE":
		return formatWAV
	case "WEBP":
		return format{name: "WebP", mime: "image/webp", hint: toJPEG}
	case "AVI ":
		return format{name: "AVI", mime: "video/x-msvideo", hint: "convert it to MP4"}
	}
	return format{name: "an unknown RIFF format"}
}

// boxFormat tells the relatives of MP4 apart, by the brands at their head: the major one, and
// for the ambiguous mif1 and msf1 the compatible ones.
func boxFormat(head []byte) format {
	switch major := string(head[8:12]); major {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs":
		return formatHEIC
	case "avif", "avis":
		return formatAVIF
	case "mif1", "msf1":
		if bytes.Contains(head[12:min(len(head), 64)], []byte("avif")) {
			return formatAVIF
		}
		return formatHEIC
	case "qt  ":
		return formatMOV
	case "M4A ", "M4B ", "M4P ":
		return format{name: "M4A", mime: "audio/mp4", hint: "convert it to MP3"}
	case "crx ":
		return format{name: "Canon raw (CR3)", hint: toJPEG}
	default:
		if strings.HasPrefix(major, "3g") {
			return format{name: "3GP", mime: "video/3gpp", hint: "convert it to MP4"}
		}
		return formatMP4
	}
}

// frameOfMP3 reports a bare frame of MPEG layer III: sync, a version and a sampling rate that
// are not reserved, and a bit rate that is given. One without an ID3 tag begins so.
func frameOfMP3(head []byte) bool {
	if len(head) < 4 || head[0] != 0xff || head[1]&0xe0 != 0xe0 {
		return false
	}
	version, layer := head[1]>>3&3, head[1]>>1&3
	bitrate, sampling := head[2]>>4, head[2]>>2&3
	return version != 1 && layer == 1 && bitrate != 0 && bitrate != 15 && sampling != 3
}

// textFormat names what is text, such as an error page that was saved as a photo.
func textFormat(head []byte) format {
	text := bytes.TrimSpace(bytes.TrimPrefix(head, byteOrderMark))
	lower := bytes.ToLower(text[:min(len(text), 16)])
	switch {
	case bytes.HasPrefix(lower, []byte("<svg")):
		return format{name: "SVG", mime: "image/svg+xml", hint: "convert it to PNG"}
	case bytes.HasPrefix(lower, []byte("<!doctype html")), bytes.HasPrefix(lower, []byte("<html")):
		return format{name: "HTML", mime: "text/html", hint: "is it an error page in place of the file?"}
	case bytes.HasPrefix(lower, []byte("<?xml")):
		return format{name: "XML", mime: "text/xml"}
	case len(text) > 0 && (text[0] == '{' || text[0] == '['):
		return format{name: "text that looks like JSON", hint: "is it an error in place of the file?"}
	}
	return format{name: "none that is known (first bytes " + hex.EncodeToString(head[:min(len(head), 8)]) + ")"}
}

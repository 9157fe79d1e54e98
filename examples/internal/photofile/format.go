package photofile

import "bytes"

// Format is a kind of picture, told by the first bytes of the file.
type Format string

// The formats that are known. WeChat takes JPEG, PNG and GIF as image
// messages; browsers show WebP too, and HEIC and AVIF on some phones alone.
const (
	JPEG Format = "image/jpeg"
	PNG  Format = "image/png"
	GIF  Format = "image/gif"
	WebP Format = "image/webp"
	HEIC Format = "image/heic"
	AVIF Format = "image/avif"
	BMP  Format = "image/bmp"
	TIFF Format = "image/tiff"
)

// ContentType returns the media type, such as image/jpeg.
func (f Format) ContentType() string { return string(f) }

// Extension returns the usual end of such a file's name with its dot.
func (f Format) Extension() string {
	switch f {
	case JPEG:
		return ".jpg"
	case "":
		return ""
	}
	return "." + string(f[len("image/"):])
}

// headSize is how many bytes Sniff wants to see: those of a HEIC file's first
// box with a few compatible brands.
const headSize = 64

// Sniff tells the format from a file's first bytes, 64 are enough. It returns
// "" for what is no picture, an SVG among it, which may hold scripts.
func Sniff(head []byte) Format {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return PNG
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return GIF
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return WebP
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return sniffBrand(head)
	case len(head) >= 14 && string(head[:2]) == "BM" && string(head[6:10]) == "\x00\x00\x00\x00":
		return BMP
	case bytes.HasPrefix(head, []byte("II*\x00")), bytes.HasPrefix(head, []byte("MM\x00*")):
		return TIFF
	}
	return ""
}

// sniffBrand reads the brands of an ISO media file: the major one, and the
// compatible ones, as iPhones write mif1 first and heic among the others.
func sniffBrand(head []byte) Format {
	for i := 8; i+4 <= len(head); i += 4 {
		if i == 12 {
			continue // the minor version
		}
		switch string(head[i : i+4]) {
		case "heic", "heix", "heim", "heis", "hevc", "hevx":
			return HEIC
		case "avif", "avis":
			return AVIF
		}
	}
	if major := string(head[8:12]); major == "mif1" || major == "msf1" {
		return HEIC
	}
	return ""
}

package media

import "strings"

// maxFilename bounds a file name that is sent, without its extension.
const maxFilename = 64

// asciiName makes the name that is sent out of the caller's: without folders, in plain ASCII,
// since others were refused, and with the extension of the format that the file has. Nothing
// left of it becomes the kind.
func asciiName(filename string, k Kind, f format) string {
	filename = filename[strings.LastIndexAny(filename, `/\`)+1:]
	if dot := strings.LastIndexByte(filename, '.'); dot >= 0 {
		filename = filename[:dot]
	}
	var b strings.Builder
	gap := false
	for _, r := range filename {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-':
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(r)
		default:
			gap = true
		}
		if b.Len() >= maxFilename {
			break
		}
	}
	if b.Len() == 0 {
		return string(k) + f.ext
	}
	return b.String()[:min(b.Len(), maxFilename)] + f.ext
}

package media

import (
	"mime"
	"strings"
	"unicode"
)

// disposition reads a Content-Disposition: whether it says attachment, and the file's name, of
// which filename* counts more than filename.
func disposition(header string) (filename string, attached bool) {
	kind, params, err := mime.ParseMediaType(header)
	if err != nil {
		var rest string
		kind, rest, _ = strings.Cut(header, ";")
		kind, params = strings.ToLower(strings.TrimSpace(kind)), map[string]string{"filename": looseName(rest)}
	}
	return cleanName(params["filename"]), kind == "attachment"
}

// looseName finds the name in parameters that are not as they should be: Chinese without quotes,
// a quote that is missing.
func looseName(params string) string {
	const key = "filename="
	i := strings.Index(strings.ToLower(params), key)
	if i < 0 || i+len(key) > len(params) {
		return ""
	}
	value := strings.TrimSpace(params[i+len(key):])
	if quoted, ok := strings.CutPrefix(value, `"`); ok {
		value, _, _ = strings.Cut(quoted, `"`)
		return value
	}
	value, _, _ = strings.Cut(value, ";")
	return strings.TrimSpace(value)
}

// cleanName returns a name that is safe to join to a folder: without folders of its own, without
// control characters, and in UTF-8.
func cleanName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if name = strings.TrimSpace(name); name == "." || name == ".." {
		return ""
	}
	return name
}

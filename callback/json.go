package callback

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// readJSON reads a body in JSON into the same elements that one in XML has: an object is an
// element with others in it, an array is an element that is repeated.
func (d *document) readJSON(body []byte) error {
	err := d.decodeJSON(body)
	if errors.Is(err, ErrMalformed) || err == nil {
		return err
	}
	repaired, changed := escapeControls(body)
	if !changed {
		return malformed("it is not JSON, or ends early")
	}
	*d = document{everything: d.everything, nodes: d.nodes[:0]}
	if err = d.decodeJSON(repaired); err != nil && !errors.Is(err, ErrMalformed) {
		return malformed("it is not JSON, or ends early")
	}
	return err
}

// decodeJSON returns ErrMalformed, or an error of package json that may quote the body.
func (d *document) decodeJSON(body []byte) error {
	r := jsonReader{d: d, dec: json.NewDecoder(bytes.NewReader(skipBOM(body)))}
	r.dec.UseNumber()
	if _, err := r.dec.Token(); err != nil { // the {, as FormatOf has seen
		return err
	}
	if err := r.object(1); err != nil {
		return err
	}
	if _, err := r.dec.Token(); err != io.EOF {
		return malformed("something follows its end")
	}
	return nil
}

type jsonReader struct {
	d     *document
	dec   *json.Decoder
	level int // of objects and arrays
}

// object reads members at depth, up to the end of their object.
func (r *jsonReader) object(depth int) error {
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		if err = r.value(depth, name); err != nil {
			return err
		}
	}
	_, err := r.dec.Token()
	return err
}

// value reads one value of the member called name.
func (r *jsonReader) value(depth int, name string) error {
	token, err := r.dec.Token()
	if err != nil {
		return err
	}
	if strings.Contains(name, ">") { // no element is called so, and a path must not look like another
		name = ""
	}
	if open, ok := token.(json.Delim); ok {
		if r.level++; r.level >= maxDepth {
			return malformed("it has more than 16 levels")
		}
		err = r.inner(open, depth, name)
		r.level--
		return err
	}
	switch v := token.(type) {
	case string:
		return r.d.add(depth, name, clean(v))
	case json.Number:
		return r.d.add(depth, name, v.String())
	case bool:
		if v {
			return r.d.add(depth, name, "true")
		}
		return r.d.add(depth, name, "false")
	}
	return nil // null is as good as missing
}

// inner reads an object or array.
func (r *jsonReader) inner(open json.Delim, depth int, name string) error {
	if open == '[' {
		for r.dec.More() {
			if err := r.value(depth, name); err != nil {
				return err
			}
		}
		_, err := r.dec.Token()
		return err
	}
	if depth == 1 && name == "xml" {
		return r.object(depth) // a whole message in a wrapper
	}
	if err := r.d.reserve(depth, name); err != nil {
		return err
	}
	return r.object(depth + 1)
}

// escapeControls returns body with the control characters in its strings escaped, which the
// platform forgets at times, and reports whether there were any.
func escapeControls(body []byte) (repaired []byte, changed bool) {
	const hex = "0123456789abcdef"
	quoted, escaped := false, false
	for _, c := range body {
		if quoted && c < ' ' {
			repaired = append(repaired, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			changed, escaped = true, false
			continue
		}
		repaired = append(repaired, c)
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		}
	}
	return repaired, changed
}

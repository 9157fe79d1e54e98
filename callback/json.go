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
func readJSON(body []byte, everything bool) (document, error) {
	d, err := decodeJSON(body, everything)
	if err == nil || errors.Is(err, ErrMalformed) {
		return d, err
	}
	if repaired, changed := escapeControls(body); changed {
		d, err = decodeJSON(repaired, everything)
	}
	if err != nil && !errors.Is(err, ErrMalformed) {
		err = malformed("it is not JSON, or ends early")
	}
	return d, err
}

// decodeJSON returns ErrMalformed, or an error of package json that may quote the body.
func decodeJSON(body []byte, everything bool) (document, error) {
	r := jsonReader{dec: json.NewDecoder(bytes.NewReader(skipBOM(body)))}
	r.d.everything = everything
	r.dec.UseNumber()
	if _, err := r.dec.Token(); err != nil { // the {, as FormatOf has seen
		return r.d, err
	}
	if err := r.object(1); err != nil {
		return r.d, err
	}
	if _, err := r.dec.Token(); err != io.EOF {
		return r.d, malformed("something follows its end")
	}
	return r.d, nil
}

type jsonReader struct {
	d     document
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
	if _, err := r.d.append(node{name: name, depth: depth}); err != nil {
		return err
	}
	return r.object(depth + 1)
}

// escapeControls returns body with the control characters in its strings escaped or, where text
// cannot have them, left out, and reports whether there were any. The platform forgets it at times.
func escapeControls(body []byte) (repaired []byte, changed bool) {
	escapes := map[byte]byte{'\t': 't', '\n': 'n', '\r': 'r'}
	repaired = make([]byte, 0, len(body)+len(body)/8)
	quoted, escaped := false, false
	for _, c := range body {
		if quoted && c < ' ' {
			changed = true
			if letter, ok := escapes[c]; ok && !escaped {
				repaired = append(repaired, '\\', letter)
			}
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

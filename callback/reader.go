package callback

import "strings"

// reader reads a document in either format. It stays off the heap unless a struct points to it, and
// has room for the nodes of nearly every push.
type reader struct {
	document
	doc      string
	pos      int
	searched uint8 // bit set of the typed texts that were already searched for
}

// read splits doc into Header and nodes. Their texts are parts of doc unless they need cleaning. If
// read returns an error, the part before the error has been read.
func (r *reader) read(doc string) error {
	format, err := formatOf(doc)
	if err != nil {
		return err
	}
	r.doc = doc
	if strings.HasPrefix(doc, bom) {
		r.pos = len(bom)
	}
	if format == XML {
		return r.readXML()
	}
	return r.readJSON()
}

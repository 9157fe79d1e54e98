package media

import "net/http"

// For the tests of what has no surface of its own.
var (
	ASCIIName   = func(filename string, head []byte) string { return asciiName(filename, Image, sniffFormat(head)) }
	FormatName  = func(head []byte) string { return sniffFormat(head).name }
	Disposition = disposition
	OpenFile    = func(resp *http.Response, limit int64) (*File, []byte, error) { return openFile(resp, limit) }
)

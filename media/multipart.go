package media

import "crypto/rand"

// newBoundary returns a boundary that no file contains. It needs no quotes, which the platform
// was seen not to understand.
func newBoundary() string { return "wxhome" + rand.Text() }

// around returns the parts of the multipart body before and after the file. The platform wants
// the file name, and the closing boundary with its line end.
func (f *form) around(boundary string, format format) (before, after []byte) {
	before = []byte("--" + boundary + "\r\n" +
		`Content-Disposition: form-data; name="media"; filename="` + asciiName(f.filename, f.kind, format) + "\"\r\n" +
		"Content-Type: " + format.mime + "\r\n\r\n")
	after = []byte("\r\n--" + boundary)
	if f.description != nil {
		after = append(after, "\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\n"...)
		after = append(after, f.description...)
		after = append(after, "\r\n--"+boundary...)
	}
	return before, append(after, "--\r\n"...)
}

package wechattest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxBody and maxForm are the largest bodies that a simulated path reads, the latter where a
// file is uploaded: well beyond WeChat's limit, so that it is refused by that.
const (
	maxBody = 1 << 20
	maxForm = 32 << 20
)

// A call is one request to a simulated path.
type call struct {
	server  *Server
	request *http.Request
	route   *route
	now     time.Time
	account *Account // nil until the token or the secret has told
	raw     []byte   // the body as it came
	body    string   // the body once it is known to be JSON
}

// ServeHTTP answers a request as WeChat would. It makes the Server usable
// behind a listener of one's own, httptest.NewTLSServer(s) for instance.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt := (*s.routes.Load())[r.URL.Path]
	if rt == nil {
		s.unknown.add(r.URL.Path)
		rt = &route{path: r.URL.Path, handler: http.HandlerFunc(notSimulated)}
	} else {
		rt.requests.Add(1)
	}
	if lacksLength(r) {
		w.Header().Set("Connection", "close") // the body may still be under way
		s.write(w, reply{status: http.StatusPreconditionFailed})
		return
	}
	fault := s.faults.next(r)
	if rt.handler != nil {
		s.serveHandler(w, r, rt.handler, fault)
		return
	}
	c := &call{server: s, request: r, route: rt}
	if err := c.readBody(w); err != nil {
		w.Header().Set("Connection", "close")
		s.write(w, reply{status: http.StatusRequestEntityTooLarge})
		return
	}
	if fault != nil {
		s.serveFault(w, r, fault, c.refuse, c.answer)
		return
	}
	s.write(w, c.answer())
}

// lacksLength reports whether WeChat's front door turns a request away with
// 412: a chunked body, or a POST that does not say how long its body is.
func lacksLength(r *http.Request) bool {
	if r.ContentLength < 0 || len(r.TransferEncoding) > 0 {
		return true
	}
	return r.Method == http.MethodPost && r.ContentLength == 0 && r.Header.Get("Content-Length") == "" && r.ProtoMajor == 1
}

func (c *call) readBody(w http.ResponseWriter) error {
	n := c.request.ContentLength
	if n == 0 {
		return nil
	}
	limit := int64(maxBody)
	if c.route.form {
		limit = maxForm
	}
	if n > limit {
		return &http.MaxBytesError{Limit: limit}
	}
	c.raw = make([]byte, n)
	_, err := io.ReadFull(c.request.Body, c.raw)
	return err
}

// answer checks what every call is checked for, and serves it.
func (c *call) answer() reply {
	c.now = c.server.Now()
	if c.request.Method != c.route.method {
		if c.route.method == http.MethodGet {
			return c.refuse(43001)
		}
		return c.refuse(43002)
	}
	if !c.route.open {
		if code := c.authenticate(); code != 0 {
			return c.refuse(code)
		}
		if code := c.count(); code != 0 {
			return c.refuse(code)
		}
	}
	if c.route.method == http.MethodPost && !c.route.form {
		if code := c.decode(); code != 0 {
			return c.refuse(code)
		}
	}
	return c.route.serve(c)
}

// decode accepts the body when it is a JSON object in plain UTF-8.
func (c *call) decode() (code int) {
	switch {
	case len(c.raw) == 0 && c.route.path == pathClearQuota2:
		return 0 // its parameters may be in the query
	case !utf8.Valid(c.raw):
		return 40033
	case !json.Valid(c.raw):
		return 47001
	case unicodeEscape(c.raw):
		return 47002
	}
	c.body = string(c.raw)
	if i := space(c.body, 0); c.body[i] != '{' {
		return 47001
	}
	return 0
}

// field returns a string of the body's object. Without such a key it is empty;
// false says that there is one and it is no string.
func (c *call) field(name string) (value string, ok bool) {
	ok = true
	for key, raw := range members(c.body) {
		if key == name {
			value, ok = unquote(raw)
		}
	}
	return value, ok
}

// query returns a parameter of the request's query; of several the first.
func (c *call) query(name string) string {
	rest := c.request.URL.RawQuery
	for rest != "" {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		key, value, _ := strings.Cut(pair, "=")
		if key != name {
			continue
		}
		plain, err := url.QueryUnescape(value)
		if err != nil {
			return ""
		}
		return plain
	}
	return ""
}

// A reply is an answer before it is on the wire.
type reply struct {
	status int // 0: 200
	text   bool
	body   []byte
	// location is where a redirect leads
	location string

	contentType string // in place of JSON's
	disposition string // the header Content-Disposition
}

// success answers with v, which says itself whether it has an errcode.
func (c *call) success(v any) reply {
	return reply{text: c.route.text, body: encode(v)}
}

// done answers with nothing but errcode 0.
func (c *call) done() reply {
	return reply{text: c.route.text, body: []byte(`{"errcode":0,"errmsg":"ok"}`)}
}

func (s *Server) write(w http.ResponseWriter, r reply) {
	s.writeHeader(w, r)
	_, _ = w.Write(r.body) // a client that is gone is its own affair
}

func (s *Server) writeHeader(w http.ResponseWriter, r reply) {
	h := w.Header()
	h["Date"] = s.dateOf(s.Now())
	if r.location != "" {
		h.Set("Location", r.location)
	}
	switch {
	case r.contentType != "":
		h.Set("Content-Type", r.contentType)
	case len(r.body) == 0:
	case r.body[0] == '<':
		h.Set("Content-Type", "text/html")
	case r.text:
		h.Set("Content-Type", "text/plain")
	default:
		h.Set("Content-Type", "application/json; encoding=utf-8") // WeChat's word for charset
	}
	if r.disposition != "" {
		h.Set("Content-Disposition", r.disposition)
	}
	if h["Content-Length"] == nil {
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
}

// A dateHeader is the Date header of one second.
type dateHeader struct {
	second int64
	value  []string
}

func (s *Server) dateOf(now time.Time) []string {
	second := now.Unix()
	d := s.date.Load()
	if d == nil || d.second != second {
		d = &dateHeader{second, []string{now.UTC().Format(http.TimeFormat)}}
		s.date.Store(d)
	}
	return d.value
}

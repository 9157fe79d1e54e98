package wechattest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A Fault is what goes wrong with one request. The zero value does nothing:
// the request is served as usual. Fields work together; Delay comes first.
type Fault struct {
	// Code answers with this errcode in place of serving the request. Its
	// errmsg is Message, or the usual one when Message is empty, with a rid.
	Code    int
	Message string

	// Status answers with this HTTP status in place of serving the request:
	// with the error of Code if there is one, otherwise with a gateway's
	// HTML page (also for 200, as a captive portal does).
	Status int

	// After has the request carried out before Code or Status answers it:
	// the message is accepted and the client told that it was not.
	After bool

	// Reset breaks the connection in place of any answer.
	Reset Reset

	// Truncate cuts the answer's JSON in half, with a Content-Length to
	// match: the client reads all that it is promised, and it is no JSON.
	Truncate bool

	// Cut sends half of the answer under its full Content-Length and closes
	// the connection: the client sees an unexpected EOF.
	Cut bool

	// Delay holds the request for so long before anything else happens, by
	// real time (in a synctest bubble, by the bubble's). The request is then
	// served even if the client has gone away meanwhile, as WeChat would.
	Delay time.Duration
}

// Reset says whether and when the connection of a request is broken.
type Reset int

// When a connection is broken.
const (
	NoReset     Reset = iota // not at all
	ResetBefore              // with a TCP reset, once the request is read; it is not carried out
	ResetAfter               // once the request is carried out; the client gets no answer
)

// Fail has the next n requests to a path go wrong; with a negative n all
// until [Server.Heal]. An empty path means every path that has no faults of
// its own waiting. Several calls for a path queue up. A request with a chunked
// body is refused before it takes a fault; any other one takes it, whatever it
// would have been answered.
//
// net/http repeats a GET by itself when its connection breaks before an
// answer and was used before, so n resets of a GET may be seen as fewer.
func (s *Server) Fail(path string, n int, f Fault) { s.faults.add(path, n, f) }

// FaultFunc sets a hook that is asked about every request for which Fail has
// nothing waiting. It returns what goes wrong with this one, nil for nothing.
// It is called from several goroutines and must not read the body. A nil hook
// removes it.
func (s *Server) FaultFunc(hook func(r *http.Request) *Fault) {
	if hook == nil {
		s.faults.hook.Store(nil)
		return
	}
	s.faults.hook.Store(&hook)
}

// Heal drops all faults that are waiting, and the hook of [Server.FaultFunc].
func (s *Server) Heal() {
	s.faults.hook.Store(nil)
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.queues = nil
	s.faults.waiting.Store(0)
}

// script holds what Fail and FaultFunc were told.
type script struct {
	hook    atomic.Pointer[func(*http.Request) *Fault]
	waiting atomic.Int64 // how many entries queues has; 0 spares the lock
	mu      sync.Mutex   // guards queues
	queues  map[string][]repeated
}

// repeated is a fault for the next n requests; n < 0: for all.
type repeated struct {
	n     int
	fault Fault
}

func (q *script) add(path string, n int, f Fault) {
	if n == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.queues == nil {
		q.queues = make(map[string][]repeated)
	}
	q.queues[path] = append(q.queues[path], repeated{n, f})
	q.waiting.Add(1)
}

// next takes the fault of a request; nil: there is none.
func (q *script) next(r *http.Request) *Fault {
	if q.waiting.Load() > 0 {
		if f := q.take(r.URL.Path); f != nil {
			return f
		}
	}
	if hook := q.hook.Load(); hook != nil {
		return (*hook)(r)
	}
	return nil
}

func (q *script) take(path string) *Fault {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queues[path]) == 0 {
		path = ""
	}
	queue := q.queues[path]
	if len(queue) == 0 {
		return nil
	}
	fault := queue[0].fault
	if queue[0].n > 0 {
		if queue[0].n--; queue[0].n == 0 {
			q.queues[path] = queue[1:]
			q.waiting.Add(-1)
		}
	}
	return &fault
}

// serveFault serves a request of which f is wrong. answer carries it out.
func (s *Server) serveFault(w http.ResponseWriter, r *http.Request, f *Fault,
	refuse func(code int, detail ...string) reply, answer func() reply) {
	if !s.wait(f.Delay) || f.Reset == ResetBefore {
		drain(r)
		breakOff(w, true)
		return
	}
	var rep reply
	if f.Reset == ResetAfter || f.After || f.Code == 0 && f.Status == 0 {
		rep = answer()
	}
	if f.Reset == ResetAfter {
		breakOff(w, false)
		return
	}
	if f.Code != 0 {
		detail := []string{f.Message}
		if f.Message == "" {
			detail = nil
		}
		rep = refuse(f.Code, detail...)
	}
	if f.Status != 0 {
		if f.Code == 0 {
			rep.body = gatewayPage(f.Status)
		}
		rep.status = f.Status
	}
	s.writeFaulty(w, rep, f)
}

func (s *Server) writeFaulty(w http.ResponseWriter, rep reply, f *Fault) {
	full := len(rep.body)
	if f.Truncate || f.Cut {
		rep.body = rep.body[:full/2]
	}
	if !f.Cut {
		s.write(w, rep)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(full))
	s.write(w, rep)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler) // closes the connection, and net/http keeps quiet about it
}

// serveHandler serves a path of Handle.
func (s *Server) serveHandler(w http.ResponseWriter, r *http.Request, h http.Handler, f *Fault) {
	if f == nil {
		w.Header()["Date"] = s.dateOf(s.Now())
		h.ServeHTTP(w, r)
		return
	}
	c := &call{server: s, request: r, route: &route{open: true}}
	s.serveFault(w, r, f, c.refuse, func() reply {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		for key, values := range rec.Header() {
			w.Header()[key] = values
		}
		w.Header().Del("Content-Length")
		return reply{status: rec.Code, body: rec.Body.Bytes()}
	})
}

// wait sleeps; false says that the server is closing.
func (s *Server) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.closing:
		return false
	}
}

// breakOff closes the connection of a request without an answer, with a TCP
// reset or in good order.
func breakOff(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 has no connection to give away
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// gatewayPage is what stands before WeChat answers when WeChat does not.
func gatewayPage(status int) []byte {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	return []byte("<html>\r\n<head><title>" + title + "</title></head>\r\n<body><center><h1>" + title + "</h1></center></body>\r\n</html>\r\n")
}

// drain reads what is left of a body, so that the client has written it all.
func drain(r *http.Request) { _, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxBody)) }

package callback

import (
	"net/http"
)

// Header values, and the answer without a reply. They are constant.
var (
	plainText = []string{"text/plain; charset=utf-8"}
	inXML     = []string{"application/xml; charset=utf-8"}
	inJSON    = []string{"application/json; charset=utf-8"}
	success   = []byte("success")
)

// answer answers a request that is accepted.
func (d *delivery) answer(outcome Outcome, status int, contentType []string, body []byte) {
	d.write(status, contentType, body)
	d.observe(Delivery{Outcome: outcome, Status: status})
}

// write writes the response. Its headers prevent a browser from showing an echostr or an error text
// as a page.
func (d *delivery) write(status int, contentType []string, body []byte) {
	h := d.w.Header()
	h["Content-Type"] = contentType
	if status != http.StatusOK || d.r.Method == http.MethodGet {
		h.Set("X-Content-Type-Options", "nosniff")
	}
	if status != http.StatusOK {
		d.w.WriteHeader(status)
	}
	_, _ = d.w.Write(body)
}

// leaveBody lets the response go out without waiting for a body that has not been read. It leaves an
// HTTP/2 connection open, since other requests use it at the same time.
func (d *delivery) leaveBody() {
	if d.whole || d.r.ContentLength == 0 {
		return
	}
	if d.r.ProtoMajor < 2 {
		d.w.Header().Set("Connection", "close")
	}
	d.limitReading()
}

// refuse answers a refused request.
func (d *delivery) refuse(err error) {
	d.leaveBody()
	status := statusOf(err)
	d.write(status, plainText, []byte(http.StatusText(status)))
	d.observe(Delivery{Outcome: OutcomeRefused, Status: status, Err: err})
}

// echo answers the console's check of the URL (接入验证).
func (d *delivery) echo() {
	q, err := d.query()
	switch {
	case err != nil:
	case q.echostr == "":
		err = errQuery
	case !d.signed:
		err = ErrSignature
	default:
		err = d.fresh(&q)
	}
	if err != nil {
		d.refuse(err)
		return
	}
	d.answer(OutcomeEchoed, http.StatusOK, plainText, []byte(q.echostr))
}

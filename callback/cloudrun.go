package callback

import (
	"errors"
	"io"
	"net/http"
)

// maxProbe is the number of bytes that are read of a request that Config.Trust refuses, because it
// may be the probe.
const maxProbe = 256

// errProbe: the body is the probe of WeChat Cloud Run (微信云托管).
var errProbe = errors.New("callback: a probe")

// stranger answers a request that Config.Trust refuses.
func (d *delivery) stranger() {
	if d.r.Body == nil {
		d.refuse(ErrUntrusted)
		return
	}
	d.limitReading()
	body, err := io.ReadAll(io.LimitReader(d.r.Body, maxProbe))
	if err == nil && len(body) < maxProbe && isProbe(body) {
		d.answerProbe()
		return
	}
	d.refuse(ErrUntrusted)
}

func (d *delivery) answerProbe() {
	d.answer(OutcomeEchoed, http.StatusOK, plainText, success)
}

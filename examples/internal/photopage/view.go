package photopage

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/photofile"
)

// The parts below BASE/view.
const (
	partPage    = "page"
	partPicture = "picture"
)

// viewPath reads view/ID and view/ID/picture; the part is "" for other paths.
func viewPath(rest string) (id int64, part string) {
	number, ok := strings.CutPrefix(rest, "view/")
	if !ok {
		return 0, ""
	}
	part = partPage
	if n, ok := strings.CutSuffix(number, "/picture"); ok {
		number, part = n, partPicture
	}
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || strconv.FormatInt(id, 10) != number {
		return 0, ""
	}
	return id, part
}

func (p *Page) viewPath(id int64) string { return p.path + "/view/" + strconv.FormatInt(id, 10) }

// view shows the page of a row.
func (p *Page) view(w http.ResponseWriter, r *http.Request, id int64) {
	row, refusal := p.admit(r, id)
	if refusal != "" {
		p.say(w, r, refusal)
		return
	}
	p.show(w, r, row, p.viewPath(id)+"/picture")
}

// admit returns the row if this visitor may see its photo now.
func (p *Page) admit(r *http.Request, id int64) (Row, notice) {
	openid, ok := p.cookie(r, cookieSession, p.sessionPurpose(id))
	if !ok {
		return Row{}, noticeNoSession
	}
	row, err := p.cfg.Store.Row(r.Context(), id)
	switch {
	case errors.Is(err, ErrNoRow):
		return Row{}, noticeGone
	case err != nil:
		p.trouble(r, "the ledger cannot be read", id, err)
		return Row{}, noticeBusy
	}
	if p.cfg.LinkOnly {
		openid = row.OpenID
	}
	bound := row.Guest && openid != "" && openid == row.OpenID
	if !bound && openid != "" && row.StudentID != "" {
		bound, err = p.cfg.Store.Bound(r.Context(), openid, row.StudentID)
	}
	switch {
	case err != nil:
		p.trouble(r, "the bindings cannot be read", id, err)
		return Row{}, noticeBusy
	case !bound && p.cfg.LinkOnly:
		return Row{}, noticeUnbound
	case !bound:
		return Row{}, noticeNotBound
	case row.PhotoURL == "":
		return Row{}, noticeGone
	}
	return row, ""
}

const (
	// slotWait is how long a picture waits for others to finish.
	slotWait = 15 * time.Second
	// sendLimit is how long a picture may take to be read.
	sendLimit = 3 * time.Minute
)

// picture streams the photo of a row.
func (p *Page) picture(w http.ResponseWriter, r *http.Request, id int64) {
	row, refusal := p.admit(r, id)
	if refusal != "" {
		p.refusePicture(w, refusal.status(), "这张照片不能查看，请从公众号消息里重新打开。")
		return
	}
	if !p.takeSlot(r.Context()) {
		w.Header().Set("Retry-After", "5")
		p.refusePicture(w, http.StatusServiceUnavailable, "正在查看照片的家长较多，请稍后再试。")
		return
	}
	defer func() { <-p.slots }()
	f, err := p.cfg.Photos.Open(r.Context(), row.PhotoURL)
	if err != nil {
		p.trouble(r, "the photo cannot be opened", id, err)
		p.refusePicture(w, pictureStatus(err), "照片暂时打不开，请稍后再试。")
		return
	}
	defer f.Close()
	p.send(w, r, id, f)
}

func (p *Page) takeSlot(ctx context.Context) bool {
	t := time.NewTimer(slotWait)
	defer t.Stop()
	select {
	case p.slots <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-t.C:
	}
	return false
}

func pictureStatus(err error) int {
	switch {
	case errors.Is(err, photofile.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, photofile.ErrUnavailable):
		return http.StatusServiceUnavailable
	}
	return http.StatusBadGateway
}

func (p *Page) refusePicture(w http.ResponseWriter, status int, says string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, says+"\n")
}

// send writes the bytes. A picture that breaks off must not look whole.
func (p *Page) send(w http.ResponseWriter, r *http.Request, id int64, f *photofile.File) {
	h := w.Header()
	h.Set("Content-Type", f.Format.ContentType())
	h.Set("Content-Disposition", "inline; filename=photo"+f.Format.Extension())
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	if f.Size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	}
	if r.Method == http.MethodHead {
		return
	}
	deadline := http.NewResponseController(w)
	if deadline.SetWriteDeadline(time.Now().Add(sendLimit)) == nil {
		defer func() { _ = deadline.SetWriteDeadline(time.Time{}) }() // the connection may serve more
	}
	n, err := io.Copy(w, f)
	if err == nil && f.Size >= 0 && n != f.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		p.trouble(r, "the photo broke off", id, err)
		panic(http.ErrAbortHandler) // net/http's way to break the connection
	}
}

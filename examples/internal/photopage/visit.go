package photopage

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/org/wxhome/examples/internal/photolink"
	"github.com/org/wxhome/wechat"
)

// The cookies. A visit has one each, named by its state; a session is for one
// row, by its path; a word about what went wrong is for one link.
const (
	cookieVisit   = "photo_visit_"
	cookieSession = "photo_session"
	cookieWord    = "photo_word"
)

// open begins with a link: it sends the visitor to WeChat, or with LinkOnly on
// to the page.
func (p *Page) open(w http.ResponseWriter, r *http.Request, token string) {
	id, err := p.links.Verify(token, p.cfg.Now().Add(-skew))
	switch {
	case errors.Is(err, photolink.ErrExpired):
		p.say(w, r, noticeExpired)
		return
	case err != nil:
		p.say(w, r, noticeForged)
		return
	case p.cfg.LinkOnly:
		p.begin(w, id, "")
		return
	case !inWeChat(r):
		p.say(w, r, noticeOutside)
		return
	}
	if word, ok := p.cookie(r, cookieWord, "word "+token); ok {
		p.dropCookie(w, cookieWord, p.path+"/"+token)
		p.sayAgain(w, r, notice(word), token)
		return
	}
	p.authorize(w, r, visit{token: token, id: id})
}

// inWeChat reports whether a browser is WeChat's own. That of WeCom (企业微信)
// calls itself one and has no web authorization.
func inWeChat(r *http.Request) bool {
	agent := strings.ToLower(r.UserAgent())
	return strings.Contains(agent, "micromessenger") && !strings.Contains(agent, "wxwork")
}

// visit is a visitor on the way to WeChat and back.
type visit struct {
	token string
	id    int64
	again bool // the second try
}

func (v visit) String() string {
	return v.token + " " + strconv.FormatInt(v.id, 10) + " " + strconv.FormatBool(v.again)
}

func parseVisit(text string) (v visit, ok bool) {
	parts := strings.Split(text, " ")
	if len(parts) != 3 {
		return v, false
	}
	id, err := strconv.ParseInt(parts[1], 10, 64)
	return visit{parts[0], id, parts[2] == "true"}, err == nil
}

// authorize sends a visitor to WeChat. The state is 128 random bits; the
// cookie that goes with it ties it to this browser.
func (p *Page) authorize(w http.ResponseWriter, r *http.Request, v visit) {
	state := rand.Text()
	address, err := p.cfg.Authorizer.WebAuthURL(p.base.String()+"/back", state)
	if err != nil {
		p.trouble(r, "web authorization cannot begin", v.id, err)
		p.say(w, r, noticeBroken)
		return
	}
	p.setCookie(w, cookieVisit+state, "visit "+state, p.path+"/back", v.String(), visitTime)
	p.redirect(w, address)
}

// back takes the visitor whom WeChat sends back. It always ends in a redirect
// when the visit is a known one, so that a reload neither spends a code twice
// nor leads nowhere.
func (p *Page) back(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	state := q.Get("state")
	text, ok := "", plainState(state)
	if ok {
		text, ok = p.cookie(r, cookieVisit+state, "visit "+state)
	}
	v, known := parseVisit(text)
	if !ok || !known {
		p.say(w, r, noticeLost)
		return
	}
	p.dropCookie(w, cookieVisit+state, p.path+"/back")
	auth, err := p.cfg.Authorizer.WebAuthOpenID(r.Context(), q.Get("code"))
	switch {
	case err == nil && auth.Snapshot:
		p.sendBack(w, v, noticeSnapshot)
	case err == nil && auth.OpenID != "":
		p.begin(w, v.id, auth.OpenID)
	case spent(err) && !v.again:
		v.again = true
		p.authorize(w, r, v)
	case errors.Is(err, wechat.ErrMissingOAuthCode):
		p.sendBack(w, v, noticeDenied)
	default:
		p.trouble(r, "web authorization failed", v.id, err)
		p.sendBack(w, v, noticeBusy)
	}
}

// maxState is more than any state of ours.
const maxState = 64

func plainState(state string) bool {
	for _, b := range []byte(state) {
		if (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') {
			return false
		}
	}
	return state != "" && len(state) <= maxState
}

// spent reports that a code is of no use and another one may be.
func spent(err error) bool {
	return errors.Is(err, wechat.ErrOAuthCodeUsed) || errors.Is(err, wechat.ErrInvalidOAuthCode) || wechat.KindOf(err) == wechat.KindLost
}

// begin gives the visitor a session for one row and leads to its page, whose
// address holds no link.
func (p *Page) begin(w http.ResponseWriter, id int64, openid string) {
	path := p.viewPath(id)
	p.setCookie(w, cookieSession, p.sessionPurpose(id), path, openid, p.cfg.Session)
	p.redirect(w, path)
}

// sessionPurpose ties a session to its row, and to the mode: one that a link
// alone gave is worth nothing once openids are asked for.
func (p *Page) sessionPurpose(id int64) string {
	if p.cfg.LinkOnly {
		return "link session " + strconv.FormatInt(id, 10)
	}
	return "session " + strconv.FormatInt(id, 10)
}

// sendBack leads back to the link, which says n once and at the next load, by
// 使用完整服务 or a reload, begins anew.
func (p *Page) sendBack(w http.ResponseWriter, v visit, n notice) {
	path := p.path + "/" + v.token
	p.setCookie(w, cookieWord, "word "+v.token, path, string(n), visitTime)
	p.redirect(w, path)
}

// redirect leads to an address that is ours or WeChat's, never to one out of a request.
func (p *Page) redirect(w http.ResponseWriter, address string) {
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusFound)
}

// trouble tells the log. err holds no openid and no address of a photo.
func (p *Page) trouble(r *http.Request, what string, id int64, err error) {
	if r.Context().Err() != nil {
		return // the visitor left
	}
	p.cfg.Log.WarnContext(r.Context(), "photo page: "+what, "row", id, "error", err)
}

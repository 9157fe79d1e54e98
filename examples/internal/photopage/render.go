package photopage

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// templates parses the page once.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"css": func() template.CSS { return template.CSS(pageCSS) }, //nolint:gosec // our own file
	}).Parse(pageHTML))
})

// htmlPolicy allows the picture, and of styles the one that the page has.
var htmlPolicy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; img-src 'self'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

// content is what page.html fills in.
type content struct {
	Title, Account string

	// The photo page.
	Picture, Name, Updated string

	// A notice.
	Icon, Says string
	Steps      []string
	Again      string // where to try again; empty: nowhere
}

// show answers with the photo page.
func (p *Page) show(w http.ResponseWriter, r *http.Request, row Row, picture string) {
	title := "孩子的照片"
	if row.StudentName != "" {
		title = row.StudentName + "的照片"
	}
	p.html(w, r, http.StatusOK, content{
		Title: title, Account: p.cfg.Account, Picture: picture, Name: row.StudentName, Updated: row.Updated,
	})
}

// say answers with a notice.
func (p *Page) say(w http.ResponseWriter, r *http.Request, n notice) { p.notice(w, r, n, "") }

// sayAgain is say with a way to begin anew with a link.
func (p *Page) sayAgain(w http.ResponseWriter, r *http.Request, n notice, token string) {
	p.notice(w, r, n, p.path+"/"+token)
}

func (p *Page) notice(w http.ResponseWriter, r *http.Request, n notice, again string) {
	t := n.text()
	c := content{Title: t.title, Account: p.cfg.Account, Icon: t.icon, Says: p.named(t.says), Again: again}
	for _, s := range t.steps {
		c.Steps = append(c.Steps, p.named(s))
	}
	if t.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	p.html(w, r, t.status, c)
}

func (p *Page) named(s string) string { return strings.ReplaceAll(s, "%s", "「"+p.cfg.Account+"」") }

func (p *Page) html(w http.ResponseWriter, r *http.Request, status int, c content) {
	var b bytes.Buffer
	if err := templates().Execute(&b, c); err != nil {
		p.trouble(r, "the page cannot be made", 0, err)
		http.Error(w, "500 internal server error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", htmlPolicy())
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes())
	}
}

package wechattest

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"github.com/org/wxhome/media"
)

// The paths that take and give media.
const (
	pathUpload       = "/cgi-bin/media/upload"
	pathAddMaterial  = "/cgi-bin/material/add_material"
	pathArticleImage = "/cgi-bin/media/uploadimg"
	pathDownload     = "/wechattest/media" // where the answers' URLs lead
)

// addMediaRoutes adds the paths of media and of the library. Which of them answer as text/plain
// is known for errors of the downloads, and a guess for the others.
func addMediaRoutes(routes map[string]*route) {
	for _, r := range []*route{
		{path: pathUpload, method: http.MethodPost, form: true, text: true, serve: (*call).uploadMedia},
		{path: "/cgi-bin/media/get", method: http.MethodGet, text: true, serve: (*call).getMedia},
		{path: "/cgi-bin/media/get/jssdk", method: http.MethodGet, text: true, serve: (*call).getHDVoice},
		{path: pathArticleImage, method: http.MethodPost, form: true, text: true, serve: (*call).uploadArticleImage},
		{path: pathAddMaterial, method: http.MethodPost, form: true, text: true, serve: (*call).addMaterial},
		{path: "/cgi-bin/material/get_material", method: http.MethodPost, text: true, serve: (*call).getMaterial},
		{path: "/cgi-bin/material/del_material", method: http.MethodPost, text: true, serve: (*call).deleteMaterial},
		{path: "/cgi-bin/material/get_materialcount", method: http.MethodGet, text: true, serve: (*call).countMaterial},
		{path: "/cgi-bin/material/batchget_material", method: http.MethodPost, text: true, serve: (*call).listMaterial},
		{path: pathDownload, method: http.MethodGet, open: true, serve: (*call).download},
	} {
		routes[r.path] = r
	}
}

// Uploaded is a file that the server has accepted.
type Uploaded struct {
	AppID string // the account that sent it
	// Path is /cgi-bin/media/upload, /cgi-bin/material/add_material or /cgi-bin/media/uploadimg.
	Path    string
	Kind    media.Kind // as the form says
	MediaID string     // empty for uploadimg
	URL     string     // of an image of the library, or of an article; GET it for the bytes
	// Filename and ContentType are those of the form's part.
	Filename, ContentType string
	Data                  []byte    // the file; shared with the server, so it must not be changed
	Title, Introduction   string    // of a video of the library
	Time                  time.Time // by the server's clock
}

// Uploads returns the accepted uploads, oldest first: the last 1,000, or as many as
// [WithHistory] says.
func (s *Server) Uploads() []Uploaded {
	s.media.mu.Lock()
	defer s.media.mu.Unlock()
	return append([]Uploaded{}, s.media.uploads...)
}

// Media is a file, or articles, that a test gives an account.
type Media struct {
	ID       string     // the media_id; empty: a new one. One that is taken is replaced.
	Kind     media.Kind // image, voice, video, thumb or news
	Filename string     // the name in the library's list; empty: none
	Data     []byte     // shared with the server, so it must not be changed
	// HD is a voice as media/get/jssdk gives it, speex of 16 kHz; nil: there is none.
	HD                 []byte
	Title, Description string          // of a video of the library
	Articles           []media.Article // of Kind media.News
}

// AddMedia gives the account a temporary media, such as one that a follower has sent, and
// returns its media_id, which is good for three days. The content is not checked.
func (a *Account) AddMedia(m Media) (mediaID string) {
	now := a.server.Now()
	f := &stored{Media: m, account: a, updated: now, expires: now.Add(mediaLifetime)}
	a.server.media.add(f)
	return f.id
}

// AddMaterial puts a file or articles into the account's library (永久素材) and returns the
// media_id, as a person in the console would. Neither content nor caps are checked.
func (a *Account) AddMaterial(m Media) (mediaID string) {
	f := &stored{Media: m, account: a, updated: a.server.Now()}
	a.server.media.add(f)
	return f.id
}

// mediaLifetime is how long a temporary media lives.
const mediaLifetime = 3 * 24 * time.Hour

// stored is a media that the server has. It does not change.
type stored struct {
	Media
	id      string
	account *Account
	updated time.Time
	expires time.Time // zero: of the library
	loose   bool      // an article's image, which has a URL and no media_id
}

func (f *stored) permanent() bool { return f.expires.IsZero() }

// mediaStore is the media of all accounts.
type mediaStore struct {
	history int // how many uploads are told

	mu        sync.Mutex // guards the fields below
	items     map[string]*stored
	passing   []*stored // the temporary ones, oldest first
	libraries map[*Account]map[media.Kind][]*stored
	uploads   []Uploaded
}

// add stores f under a new id, and forgets what has expired.
func (m *mediaStore) add(f *stored) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(f)
}

// put is add for callers who hold m.mu.
func (m *mediaStore) put(f *stored) {
	if f.id = f.ID; f.id == "" {
		f.id = newMediaID()
	}
	if m.items == nil {
		m.items = make(map[string]*stored)
		m.libraries = make(map[*Account]map[media.Kind][]*stored)
	}
	m.items[f.id] = f
	switch {
	case f.loose:
	case f.permanent():
		if m.libraries[f.account] == nil {
			m.libraries[f.account] = make(map[media.Kind][]*stored)
		}
		m.libraries[f.account][f.Kind] = append(m.libraries[f.account][f.Kind], f)
	default:
		for len(m.passing) > 0 && !f.updated.Before(m.passing[0].expires) {
			delete(m.items, m.passing[0].id)
			m.passing = m.passing[1:]
		}
		m.passing = append(m.passing, f)
	}
}

// find returns the account's media of an id; nil: there is none, or none any more.
func (m *mediaStore) find(a *Account, id string, now time.Time) *stored {
	f := m.any(id, now)
	if f == nil || f.account != a || f.loose {
		return nil
	}
	return f
}

// any is find for whoever has the id.
func (m *mediaStore) any(id string, now time.Time) *stored {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.items[id]
	if f == nil || !f.permanent() && !now.Before(f.expires) {
		return nil
	}
	return f
}

// accept stores an upload and tells it, unless the library is full.
func (m *mediaStore) accept(f *stored, u Uploaded) (id string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.permanent() && !f.loose && m.full(f.account, f.Kind) {
		return "", false
	}
	m.put(f)
	if !f.loose {
		u.MediaID = f.id
	}
	if f.permanent() && f.Kind == media.Image {
		u.URL = f.account.server.urlOf(f)
	}
	if m.uploads = append(m.uploads, u); len(m.uploads) > m.history {
		m.uploads = m.uploads[len(m.uploads)-m.history:]
	}
	return f.id, true
}

// urlOf returns where a file can be fetched without a token.
func (s *Server) urlOf(f *stored) string { return s.URL + pathDownload + "?id=" + f.id }

// download serves the URLs of the answers.
func (c *call) download() reply {
	f := c.server.media.any(c.query("id"), c.now)
	if f == nil {
		return reply{status: http.StatusNotFound}
	}
	return reply{body: f.Data, contentType: contentTypeOf(f.Data)}
}

// newMediaID returns an id of the length and the alphabet of real ones.
func newMediaID() string {
	var b [48]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

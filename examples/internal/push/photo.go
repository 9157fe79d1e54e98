package push

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"

	"github.com/org/wxhome/examples/internal/db"
)

// photoID tells two photos of a pupil apart: by the address and the moment, not by the text of the
// time, which depends on the column's type, the driver and the version that has written it.
type photoID struct {
	hash  string // of both
	url   string // empty: only the hash is left
	at    int64  // unix seconds
	timed bool   // at is known
}

// timeColumn is the column of a photo's moment, hashColumn what is left of a row whose photo has
// been purged.
const (
	timeColumn = "photo_update_time"
	hashColumn = "photo_hash"
)

// photo reads which photo a row shows. A time that cannot be read counts by its text.
func (c content) photo() photoID {
	if hash := c[hashColumn]; hash != "" && c["photo_url"] == "" {
		return photoID{hash: hash}
	}
	id := photoID{url: c["photo_url"]}
	when := c[timeColumn]
	if t, ok := db.Moment(when); ok {
		id.at, id.timed = t.Unix(), true
		when = "@" + strconv.FormatInt(id.at, 10)
	}
	sum := sha256.Sum256([]byte(id.url + "\x00" + when))
	id.hash = base64.RawURLEncoding.EncodeToString(sum[:])
	return id
}

// decodePhoto reads which photo a row of the ledger shows; the zero photoID is no photo.
func decodePhoto(text string) photoID {
	c, err := decodeContent(text)
	if err != nil {
		return photoID{}
	}
	return c.photo()
}

// same reports whether both are one photo.
func (p photoID) same(q photoID) bool { return p.hash == q.hash }

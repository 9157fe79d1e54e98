package push

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/org/wxhome/examples/internal/db"
)

// A parent who leaves is forgotten: a keyed hash takes the place of the openid in the ledger, so
// that the figures stay and the person is gone. Whoever comes back with the openid is known again,
// so that no photo is sent twice. The key is made at random once and kept in the ledger, for all
// programs; rows of older versions were hashed with a key of the environment.

// secretPart has the key.
var secretPart = part{
	"SELECT name, secret, made_at FROM push_secret WHERE 1 = 0",
	[]string{`CREATE TABLE IF NOT EXISTS push_secret (
  name TEXT NOT NULL PRIMARY KEY, secret TEXT NOT NULL, made_at INTEGER NOT NULL
)`},
	[]string{`CREATE TABLE IF NOT EXISTS push_secret (
  name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  secret VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, made_at BIGINT NOT NULL
) ENGINE=InnoDB`},
}

// secretName is the key's row.
const secretName = "forgotten openids"

// PrivacyKeys returns the keys of the environment that rows of older versions were hashed with:
// photobot took the first that was set.
func PrivacyKeys(getenv func(string) string) (keys []string) {
	for _, name := range []string{"WXHOME_PRIVACY_KEY", "WXHOME_PRIVACY_KEY_PREVIOUS", "WXHOME_LINK_KEY", "WXHOME_LINK_KEY_PREVIOUS"} {
		if key := strings.TrimSpace(getenv(name)); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// readSecret returns the ledger's key; empty: nobody has left yet.
func readSecret(ctx context.Context, q db.Querier) (string, error) {
	var secret string
	err := q.QueryRowContext(ctx, "SELECT secret FROM push_secret WHERE name = ?", secretName).Scan(&secret)
	if errors.Is(err, sql.ErrNoRows) || absent(err) {
		return "", nil
	}
	return secret, err
}

// makeSecret returns the ledger's key, and makes it if there is none. Of two processes that make
// it at once the first one's stands.
func makeSecret(ctx context.Context, d *db.DB, now time.Time) (string, error) {
	if secret, err := readSecret(ctx, d); err != nil || secret != "" {
		return secret, err
	}
	if err := secretPart.ensure(ctx, d); err != nil {
		return "", err
	}
	insert, end := "INSERT OR IGNORE", ""
	if d.Dialect == db.MySQL {
		insert, end = "INSERT", " ON DUPLICATE KEY UPDATE name = name"
	}
	_, err := d.ExecContext(ctx, insert+" INTO push_secret (name, secret, made_at) VALUES (?, ?, ?)"+end, secretName, rand.Text()+rand.Text(), now.Unix())
	if err != nil {
		return "", err
	}
	secret, err := readSecret(ctx, d)
	if err == nil && secret == "" {
		err = errors.New("the key of forgotten openids is not there after it was written")
	}
	return secret, err
}

const (
	// hashDomain keeps the hashes apart from whatever else a key signs.
	hashDomain = "wxhome forgotten openid 1\x00"
	// formerPrefix begins them. No openid of WeChat begins so.
	formerPrefix = "gone-"
)

// formerName is what takes an openid's place. Without the key nobody can tell whether an openid is
// the one.
func formerName(key, openid string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(hashDomain))
	h.Write([]byte(openid))
	return formerPrefix + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))[:32]
}

// isFormer reports whether openid is what stands in the place of one.
func isFormer(openid string) bool { return strings.HasPrefix(openid, formerPrefix) }

// FormerNames returns what may stand in the place of an openid in the ledger, the newest first.
func FormerNames(ctx context.Context, ledger *db.DB, openid string, oldKeys ...string) ([]string, error) {
	secret, err := readSecret(ctx, ledger)
	if err != nil {
		return nil, fmt.Errorf("read the ledger in %s: %w", ledger.Name, err)
	}
	return formerNames(secret, oldKeys, openid), nil
}

func formerNames(secret string, oldKeys []string, openid string) (names []string) {
	if secret != "" {
		names = append(names, formerName(secret, openid))
	}
	for _, key := range oldKeys {
		names = append(names, formerName(key, openid))
	}
	return names
}

// names are the further names under which the ledger may have some people, each with the openid that
// it stands for. It is nil where nobody has ever left.
type names map[string]string

// former returns the further names of openids.
func (l *ledger) former(ctx context.Context, q db.Querier, openids map[string]bool) (names, error) {
	if left, err := l.anybodyLeft(ctx, q); err != nil || !left {
		return nil, err
	}
	secret, err := readSecret(ctx, q)
	if err != nil {
		return nil, err
	}
	found := make(names, len(openids))
	for openid := range openids {
		for _, name := range formerNames(secret, l.oldKeys, openid) {
			found[name] = openid
		}
	}
	return found, nil
}

// add adds the names to what is looked for.
func (n names) add(openids []any, wanted map[person]bool) ([]any, map[person]bool) {
	if n == nil {
		return openids, wanted
	}
	students := make(map[string][]string, len(wanted)) // by openid
	all := make(map[person]bool, 2*len(wanted))
	for p := range wanted {
		all[p] = true
		students[p.openid] = append(students[p.openid], p.studentID)
	}
	for name, openid := range n {
		openids = append(openids, name)
		for _, student := range students[openid] {
			all[person{name, student}] = true
		}
	}
	return openids, all
}

// join gives what was found under a name to the person whom it stands for.
func (n names) join(found map[person][]foreign) {
	for p, rows := range found {
		if openid, former := n[p.openid]; former {
			who := person{openid, p.studentID}
			found[who] = append(found[who], rows...)
			delete(found, p)
		}
	}
}

// anybodyLeft reports whether a hash stands in the place of any openid.
func (l *ledger) anybodyLeft(ctx context.Context, q db.Querier) (bool, error) {
	var one int
	err := q.QueryRowContext(ctx, "SELECT 1 FROM push_message WHERE appid = ? AND openid >= ? AND openid < ? LIMIT 1",
		l.appID, formerPrefix, "gone.").Scan(&one) // a full stop comes after the hyphen
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// alone reports whether only the campaign's own rows can tell of its recipients.
func (l *ledger) alone(ctx context.Context, q db.Querier, all rivals) (bool, error) {
	if len(all.others) > 0 {
		return false, nil
	}
	left, err := l.anybodyLeft(ctx, q)
	return !left, err
}

// returned counts what the campaign itself had accepted for a parent who has left and come back as
// the campaign's row: the same campaign never sends twice.
func (k known) returned() {
	for p, rows := range k.foreign {
		for _, f := range rows {
			if f.campaign.name == k.choice.own.name && f.state == stateAccepted && k.held[p] == nil {
				k.held[p] = &held{id: f.id, state: f.state, sendingAt: f.sendingAt, attempts: f.attempts}
			}
		}
	}
}

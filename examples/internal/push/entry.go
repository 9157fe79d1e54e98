package push

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// idLimit is the length of the ledger's identifiers, in characters.
	idLimit = 64
	// contentLimit keeps a row's content within MySQL's TEXT.
	contentLimit = 60000
)

// entry is a recipient as the ledger keeps it.
type entry struct {
	person         // the row's key
	content string // encoded
	photo   photoID
	values  content
	fault   error // why it cannot be sent; nil: it can
	binding int64
	given   string // the openid as the school has it
}

// entry checks a recipient by all rules that are known before anything is sent. What the
// ledger's columns cannot hold unchanged gets a key of its own, so that no database cuts it
// and takes it for somebody else.
func (c *Config) entry(r recipient) (entry, error) {
	x := entry{person: person{r.openid, r.studentID}, photo: r.content.photo(), values: r.content, binding: r.binding, given: r.openid}
	if !isOpenID(r.openid) {
		x.fault = fmt.Errorf("%q is not an openid", clip(r.openid, idLimit))
		x.openid = replaced(r.openid)
	}
	if !isIdentifier(r.studentID) {
		x.fault = fmt.Errorf("student_id %q has more than %d characters, characters that cannot be seen, or spaces around it", clip(r.studentID, idLimit), idLimit)
		x.studentID = replaced(r.studentID)
	}
	if x.fault == nil {
		x.fault = c.made(x.openid, r.content)
	}
	var err error
	if x.content, err = r.content.encode(); err == nil && len(x.content) > contentLimit {
		x.fault = fmt.Errorf("the columns of the row have more than %d bytes", contentLimit)
		x.content, err = content{"student_id": clip(r.studentID, idLimit), "student_name": clip(r.content["student_name"], idLimit)}.encode()
	}
	return x, err
}

// made tells why a message cannot be made, whatever row it is of.
func (c *Config) made(openid string, values content) error {
	// The address of a row's page depends on its id; this one is the longest.
	_, err := c.compose(&row{id: math.MaxInt64, openid: openid}, values)
	return err
}

// isOpenID is as strict as an ASCII column is, in which MySQL ignores spaces at the end: whether
// WeChat knows the openid, it tells itself.
func isOpenID(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= idLimit && strings.TrimSpace(s) == s
}

// isIdentifier accepts what is kept as it is by both databases; MySQL ignores spaces at the end.
func isIdentifier(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= idLimit &&
		strings.TrimSpace(s) == s && !strings.ContainsFunc(s, unicode.IsControl)
}

// replaced is a key for an identifier that the ledger cannot hold.
func replaced(s string) string {
	sum := sha256.Sum256([]byte(s))
	var readable strings.Builder
	for _, r := range s {
		if r > ' ' && r <= '~' && readable.Len() < 20 {
			readable.WriteRune(r)
		}
	}
	return readable.String() + "~" + hex.EncodeToString(sum[:16])
}

// clip shortens text for an error or a column.
func clip(s string, limit int) string {
	r := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	return string(r[:min(len(r), limit)])
}

// CheckCampaign tells what is wrong with the name of a campaign.
func CheckCampaign(name string) error {
	if !isIdentifier(name) || strings.ContainsFunc(name, isFormat) {
		return fmt.Errorf("a campaign's name has 1 to %d characters, none of them invisible, and no spaces around it", idLimit)
	}
	return nil
}

// isFormat reports whether a character is invisible and only changes how others are shown, such as a
// blank without width or a change of direction. The one that joins emoji is none.
func isFormat(r rune) bool { return unicode.Is(unicode.Cf, r) && r != '\u200d' }

// check tells what is wrong with a Config before anything is read.
func (c *Config) check() error {
	switch {
	case c.AppID == "" || c.Caller == nil || c.School == nil || c.Ledger == nil || c.Campaign == "" || c.TemplateID == "":
		return errors.New("push: AppID, Caller, School, Ledger, Campaign and TemplateID are required")
	case !isOpenID(c.AppID):
		return fmt.Errorf("push: an AppID has at most %d characters, all of them ASCII", idLimit)
	case c.Batch < 0 || c.Interval < 0 || c.Rate < 0 || c.Workers < 0 || c.Limit < 0 || math.IsNaN(c.Rate) || math.IsInf(c.Rate, 0):
		return errors.New("push: Batch, Interval, Rate, Workers and Limit must not be negative")
	case c.ResendUnknown && c.UnknownReceived:
		return errors.New("push: ResendUnknown and UnknownReceived do not go together: send the unknown ones again, or count them as accepted")
	}
	return CheckCampaign(c.Campaign)
}

package follower

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// All yields the openids of the account's followers, oldest first. It begins behind the openid after;
// an empty after means the first follower. All fetches pages of up to 10,000 openids as the loop goes
// on, and stops when the loop ends. An error is yielded once, after the openids that were read before
// it, and ends the loop. To go on later, pass the last openid that you got.
//
// The platform allows 500 of these calls a day, which is 5 million followers.
//
// The list may change while it is read. A follower who leaves and follows again moves to the end of the
// list and may be yielded twice. If this follower was the last one of a page, the platform may skip
// some of those behind. A page that was read before and leads back to an earlier one is an error, and its
// openids are not yielded again.
//
// GET /cgi-bin/user/get
func (c *Client) All(ctx context.Context, after string) iter.Seq2[string, error] {
	return pages(after, badOptional("the openid to begin behind", after), func(after string, p *page) error {
		return c.caller.Call(ctx, http.MethodGet, "/cgi-bin/user/get?next_openid="+url.QueryEscape(after), nil, p)
	})
}

// page is a page of a list of openids.
type page struct {
	Count *number `json:"count"`
	Data  members `json:"data"`
	Next  string  `json:"next_openid"`
}

// members are the openids of a page. An empty page may have none, or something else in place of the
// object.
type members struct {
	told    bool // the object is there
	openids []string
}

// UnmarshalJSON reads the object.
func (m *members) UnmarshalJSON(raw []byte) error {
	*m = members{}
	if !bytes.HasPrefix(raw, []byte("{")) {
		switch string(raw) {
		case "null", "[]", `""`:
			return nil
		}
	}
	var object struct {
		OpenIDs []string `json:"openid"`
	}
	err := json.Unmarshal(raw, &object)
	m.told, m.openids = true, object.OpenIDs
	return err
}

var errBack = oddAnswer("the platform gave a page that leads back to one that was read before")

// pages yields the openids of all pages behind after. refused says why they cannot be asked for.
func pages(after, refused string, ask func(after string, p *page) error) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := badArguments(refused); err != nil {
			yield("", err)
			return
		}
		// The cursor may come back to any page that was read before, not only to the last one. It does where
		// the last follower of that page has left and followed again, who is the last of all then.
		asked, given := map[string]int{}, map[uint64]bool{}
		seed := maphash.MakeSeed()
		for next := after; ; {
			var p page
			if err := ask(next, &p); err != nil {
				yield("", err)
				return
			}
			asked[next]++
			page := maphash.Comparable(seed, strings.Join(p.Data.openids, "\n"))
			back := p.Next != "" && asked[p.Next] > 0
			switch openids := p.Data.openids; {
			case p.Count == nil && !p.Data.told:
				// Taken for the end, it would be a list that is too short.
				yield("", oddAnswer("the answer is no page: it has neither a count nor openids"))
				return
			case len(openids) == 0 && p.Count != nil && *p.Count > 0:
				yield("", oddAnswer(fmt.Sprintf("the platform counted %d openids on a page and gave none", *p.Count)))
				return
			case len(openids) == 0:
				return
			case back && given[page]:
				yield("", errBack)
				return
			}
			given[page] = true
			for _, id := range p.Data.openids {
				// Samples of the platform's own pages have empty ones. They are nobody.
				if id != "" && !yield(id, nil) {
					return
				}
			}
			switch {
			case p.Next == "":
				return
			case asked[p.Next] > 1:
				yield("", errBack)
				return
			}
			next = p.Next
		}
	}
}

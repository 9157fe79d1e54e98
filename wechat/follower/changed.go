package follower

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
)

// changedGroup is how many openids one call of changeopenid takes.
const changedGroup = 100

// ChangedResult is the result for one openid of an account that was moved to this one.
type ChangedResult struct {
	OldOpenID string // in the old account, as it was given
	NewOpenID string // in this account, when Err is nil
	Err       error  // why there is no NewOpenID
}

// Changed yields the openids that people have in this account after another account was moved to it
// (账号迁移). fromAppID is the AppID of the old account, and openids are those of its followers. Read them
// before the move, since the old account cannot be queried after it. Older pages of the platform say
// that it answers for 15 days after the move.
//
// A call takes a hundred openids. Results come in the order of openids. An openid that the platform
// does not know gets an error of the kind KindRecipient. All other errors, and when Changed ends, are as
// for [Client.InfoAll].
//
// POST /cgi-bin/changeopenid
func (c *Client) Changed(ctx context.Context, fromAppID string, openids iter.Seq2[string, error]) iter.Seq[ChangedResult] {
	return func(yield func(ChangedResult) bool) {
		if err := badArguments(badText("the old account's AppID", fromAppID)); err != nil {
			yield(ChangedResult{Err: err})
			return
		}
		ask := func(group []string) (map[string]entry[changed], error) { return c.changedGroup(ctx, fromAppID, group) }
		lookUp(openids, changedGroup, ask, func(openID string, found entry[changed], err error) bool {
			r := ChangedResult{OldOpenID: openID, Err: cmp.Or(err, found.err)}
			if r.Err == nil {
				r.NewOpenID, r.Err = found.is.openID()
			}
			return yield(r)
		})
	}
}

// changed is what the platform says of one openid.
type changed struct {
	Old   word `json:"ori_openid"`
	New   word `json:"new_openid"`
	State word `json:"err_msg"`
}

func (c changed) openID() (string, error) {
	if c.New != "" && (c.State == "ok" || c.State == "") {
		return string(c.New), nil
	}
	state := string(c.State)
	for _, id := range []word{c.Old, c.New} {
		if id != "" {
			state = strings.ReplaceAll(state, string(id), "[openid]")
		}
	}
	return "", &answerError{"recipient", fmt.Sprintf("the platform tells no new openid: %.80q", state)}
}

// changedGroup asks for up to a hundred openids.
func (c *Client) changedGroup(ctx context.Context, fromAppID string, group []string) (map[string]entry[changed], error) {
	in := struct {
		reading
		From    string   `json:"from_appid"`
		OpenIDs []string `json:"openid_list"`
	}{From: fromAppID, OpenIDs: group}
	var answer struct {
		List []entry[changed] `json:"result_list"`
	}
	if err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/changeopenid", in, &answer); err != nil {
		return nil, err
	}
	return byOpenID(answer.List), nil
}

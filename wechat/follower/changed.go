package follower

import (
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
		ask := func(group []string) (map[string]changed, error) { return c.changedGroup(ctx, fromAppID, group) }
		lookUp(openids, changedGroup, ask, func(openID string, found changed, err error) bool {
			r := ChangedResult{OldOpenID: openID, Err: err}
			if err == nil {
				r.NewOpenID, r.Err = found.openID()
			}
			return yield(r)
		})
	}
}

// changed is what the platform says of one openid.
type changed struct {
	Old   string `json:"ori_openid"`
	New   string `json:"new_openid"`
	State string `json:"err_msg"`
}

func (c changed) openID() (string, error) {
	if c.New != "" && (c.State == "ok" || c.State == "") {
		return c.New, nil
	}
	state := c.State
	for _, id := range []string{c.Old, c.New} {
		if id != "" {
			state = strings.ReplaceAll(state, id, "[openid]")
		}
	}
	return "", &answerError{"recipient", fmt.Sprintf("the platform tells no new openid: %.80q", state)}
}

// changedGroup asks for up to a hundred openids.
func (c *Client) changedGroup(ctx context.Context, fromAppID string, group []string) (map[string]changed, error) {
	in := struct {
		reading
		From    string   `json:"from_appid"`
		OpenIDs []string `json:"openid_list"`
	}{From: fromAppID, OpenIDs: group}
	var answer struct {
		List []changed `json:"result_list"`
	}
	if err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/changeopenid", in, &answer); err != nil {
		return nil, err
	}
	found := make(map[string]changed, len(answer.List))
	for _, a := range answer.List {
		found[a.Old] = a
	}
	return found, nil
}

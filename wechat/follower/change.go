package follower

import (
	"context"
	"encoding/json"
	"net/http"
)

// How many openids one call takes (40032).
const (
	tagGroup   = 50
	blockGroup = 20
)

// Tag gives a tag to any number of followers (打标签), 50 in a call, one call after the other. An openid that
// is given twice is sent once. Without openids nothing is sent. A follower has at most 20 tags (45059).
// It does no harm to give a follower the same tag again.
//
// A nil error means that all of them have the tag. If some failed, the error is a [*BatchError], which lists
// them. If the platform refuses fifty because of one openid, Tag halves them until it has found that openid,
// and the others get the tag. An error that is not about an openid, such as a used-up quota or an ended
// context, ends the call. If an openid is empty or cannot be sent, the error is [ErrInvalidArgument] and
// nothing is sent.
//
// Do not change the tags of one follower from two places at the same time: the platform refuses that with
// 45169, of the kind KindBusy.
//
// POST /cgi-bin/tags/members/batchtagging
func (c *Client) Tag(ctx context.Context, id int, openids ...string) error {
	return c.change(ctx, "/cgi-bin/tags/members/batchtagging", badTag(id), id, tagGroup, openids)
}

// Untag takes a tag off any number of followers (取消标签). Calls and errors are as for [Client.Tag]. It does no
// harm to followers who do not have the tag.
//
// POST /cgi-bin/tags/members/batchuntagging
func (c *Client) Untag(ctx context.Context, id int, openids ...string) error {
	return c.change(ctx, "/cgi-bin/tags/members/batchuntagging", badTag(id), id, tagGroup, openids)
}

// change makes calls about openids, most of them in one. A tagID of 0 is not sent.
func (c *Client) change(ctx context.Context, path, refused string, tagID, most int, openids []string) error {
	list, reason := distinct(openids)
	if err := badArguments(refused, reason); err != nil {
		return err
	}
	run := changeRun{list: list, failed: &BatchError{openids: len(list)}, send: func(group []string) (told, error) {
		in := struct {
			OpenIDs []string `json:"openid_list"`
			TagID   int      `json:"tagid,omitempty"`
		}{group, tagID}
		var out told
		err := c.caller.Call(ctx, http.MethodPost, path, in, &out)
		return out, err
	}}
	for from := 0; from < len(list) && run.failed.Ended == nil; from += most {
		run.group(from, min(from+most, len(list)))
	}
	if len(run.failed.Failed) == 0 {
		return nil
	}
	return run.failed
}

// told is the answer of a change. It is a map, and no struct, since a struct's fields are what an
// answer without errcode may have in its place: none may here.
type told map[string]json.RawMessage

// Refused reads an answer whose errcode is not 0. Only that of 45171 says which openids failed, and with
// it that the others did not. After any other code the group is halved.
func (t *told) Refused(answer []byte) {
	const someFailed = 45171
	*t = nil
	var code number
	if json.Unmarshal(answer, t) != nil || json.Unmarshal((*t)["errcode"], &code) != nil || code != someFailed {
		*t = nil
	}
}

// failed returns the openids that the answer says have failed.
func (t told) failed() (openids map[string]bool, readable bool) {
	raw, ok := t["fail_openid_list"]
	if !ok || string(raw) == `""` {
		return nil, true
	}
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	openids = make(map[string]bool, len(list))
	for _, id := range list {
		openids[id] = true
	}
	return openids, true
}

var (
	errNamed      = &answerError{"recipient", "the platform accepted the call and named this openid as failed"}
	errUnreadable = oddAnswer("the platform accepted the call and named openids that failed, in a form that cannot be read")
)

// changeRun is one run of change.
type changeRun struct {
	list   []string
	send   func(group []string) (told, error)
	failed *BatchError
}

// group sends list[from:to], in halves where one of it may be at fault. After an error that is not
// about an openid failed.Ended is set, and all that were left have failed.
func (r *changeRun) group(from, to int) {
	answer, err := r.send(r.list[from:to])
	named, readable := answer.failed()
	switch {
	case err == nil && !readable:
		r.fail(from, to, errUnreadable, nil)
	case err == nil && len(named) == 0:
	case err == nil:
		r.fail(from, to, errNamed, named)
	case !aboutOne(err):
		r.failed.Ended = err
		r.fail(from, len(r.list), err, nil)
	case to-from > 1 && r.has(from, to, named):
		r.fail(from, to, err, named)
	case to-from > 1:
		half := from + (to-from)/2
		r.group(from, half)
		if r.failed.Ended == nil {
			r.group(half, to)
		}
	default:
		r.fail(from, to, err, nil)
	}
}

// has reports whether one of list[from:to] is among named.
func (r *changeRun) has(from, to int, named map[string]bool) bool {
	for _, id := range r.list[from:to] {
		if named[id] {
			return true
		}
	}
	return false
}

// fail notes list[from:to] as failed, or those of it that are named.
func (r *changeRun) fail(from, to int, err error, named map[string]bool) {
	noted := false
	for _, id := range r.list[from:to] {
		if named != nil && !named[id] {
			continue
		}
		r.failed.Failed = append(r.failed.Failed, Failure{id, err})
		if !noted {
			noted = true
			r.failed.causes = append(r.failed.causes, err)
		}
	}
}

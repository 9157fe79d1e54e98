package follower

import (
	"cmp"
	"encoding/json"
	"iter"
)

// OpenIDs is a sequence of openids, for methods that take one, such as [Client.InfoAll].
func OpenIDs(openids ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, id := range openids {
			if !yield(id, nil) {
				return
			}
		}
	}
}

// outcome is what was found of one openid, or why nothing was.
type outcome[T any] struct {
	found T
	err   error
}

// slot is an openid that was pulled.
type slot struct {
	openID string
	err    error // why it is not asked for
}

var errNotTold = oddAnswer("the answer says nothing of this openid")

// lookUp asks for each openid that openids yields, size at a time, and gives yield what was found, in
// the same order.
func lookUp[T any](
	openids iter.Seq2[string, error], size int, ask func(group []string) (map[string]T, error), yield func(string, T, error) bool,
) {
	if openids == nil {
		return
	}
	var slots []slot
	// flush returns false when nothing more is to be pulled.
	flush := func() bool {
		var group []string
		results := make(map[string]outcome[T], len(slots))
		for _, s := range slots {
			if _, again := results[s.openID]; s.err == nil && !again {
				group = append(group, s.openID)
				results[s.openID] = outcome[T]{err: errNotTold}
			}
		}
		ended := askGroup(group, ask, results)
		for _, s := range slots {
			r := results[s.openID]
			if s.err != nil {
				r = outcome[T]{err: s.err}
			}
			if !yield(s.openID, r.found, r.err) {
				return false
			}
		}
		slots = slots[:0]
		return !ended
	}
	for id, err := range openids {
		if err == nil {
			err = badArguments(badOpenID(id))
		}
		slots = append(slots, slot{id, err})
		if len(slots) == size && !flush() {
			return
		}
	}
	flush()
}

// askGroup asks for a group, in halves where one of it may be at fault, and notes in results what was
// found. It returns true after an error that is not about an openid, which all that were left have.
func askGroup[T any](group []string, ask func([]string) (map[string]T, error), results map[string]outcome[T]) (ended bool) {
	if len(group) == 0 {
		return false
	}
	found, err := ask(group)
	switch {
	case err == nil:
		for _, id := range group {
			if f, ok := found[id]; ok {
				results[id] = outcome[T]{found: f}
			}
		}
		return false
	case len(group) == 1 || !aboutOne(err):
		for _, id := range group {
			results[id] = outcome[T]{err: err}
		}
		return !aboutOne(err)
	}
	half := len(group) / 2
	if !askGroup(group[:half], ask, results) {
		return askGroup(group[half:], ask, results)
	}
	for _, id := range group[half:] {
		results[id] = results[group[half-1]] // its error, since it was the last that was asked for
	}
	return true
}

// entry is what an answer says of one person, or why that cannot be read: an odd entry must cost nobody
// else's.
type entry[T any] struct {
	openID string // empty: the answer does not tell
	is     T
	err    error
}

var errEntry = oddAnswer("what the answer says of this openid cannot be read")

// UnmarshalJSON never fails.
func (e *entry[T]) UnmarshalJSON(b []byte) error {
	var of struct {
		OpenID word `json:"openid"`
		Old    word `json:"ori_openid"`
	}
	*e = entry[T]{}
	if json.Unmarshal(b, &of) == nil {
		e.openID = string(cmp.Or(of.OpenID, of.Old))
	}
	if json.Unmarshal(b, &e.is) != nil {
		e.err = errEntry
	}
	return nil
}

func byOpenID[T any](list []entry[T]) map[string]entry[T] {
	found := make(map[string]entry[T], len(list))
	for _, e := range list {
		found[e.openID] = e
	}
	return found
}

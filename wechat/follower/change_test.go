package follower_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/follower"
)

// account takes changes as WeChat does: an openid that begins with x is another account's and fails its
// whole call, one that begins with l has left and fails alone.
type account struct {
	fake
	groups []int // how many were sent, by call
	done   []string
	mute   bool // 45171 does not say which
	dead   int  // calls after which the quota is used up; 0: never
}

func newAccount() *account {
	a := &account{}
	a.serve = func(c call) (string, error) {
		var in struct {
			OpenIDs []string `json:"openid_list"`
		}
		if err := json.Unmarshal([]byte(c.body), &in); err != nil {
			return "", err
		}
		a.groups = append(a.groups, len(in.OpenIDs))
		if a.dead > 0 && len(a.groups) > a.dead {
			return "", coded(45009)
		}
		begins := func(letter string) func(string) bool {
			return func(id string) bool { return strings.HasPrefix(id, letter) }
		}
		if slices.ContainsFunc(in.OpenIDs, begins("x")) {
			return `{"errcode":49003}`, coded(49003)
		}
		var left []string
		for _, id := range in.OpenIDs {
			if begins("l")(id) {
				left = append(left, id)
			} else if !slices.Contains(a.done, id) {
				a.done = append(a.done, id)
			}
		}
		switch {
		case len(left) == 0:
			return fine, nil
		case a.mute:
			return `{"errcode":45171}`, coded(45171)
		}
		return fmt.Sprintf(`{"errcode":45171,"errmsg":"some openid fail","fail_openid_list":%s}`, quoted(left)), coded(45171)
	}
	return a
}

func tag(t *testing.T, c follower.Caller, list []string) error {
	t.Helper()
	return newClient(c).Tag(t.Context(), 134, list...)
}

// failed returns what failed of a call, by openid.
func failed(t *testing.T, err error) (of *follower.BatchError, errs map[string]error) {
	t.Helper()
	require.ErrorAs(t, err, &of)
	errs = map[string]error{}
	for _, f := range of.Failed {
		require.Error(t, f.Err)
		require.NotContains(t, errs, f.OpenID)
		errs[f.OpenID] = f.Err
	}
	return of, errs
}

func TestChangesComeInGroups(t *testing.T) {
	t.Parallel()
	for n, groups := range map[int][]int{1: {1}, 50: {50}, 51: {50, 1}, 120: {50, 50, 20}} {
		a := newAccount()
		require.NoError(t, tag(t, a, openids(n)))
		assert.Equal(t, groups, a.groups)
		assert.Equal(t, openids(n), a.done)
	}
	for n, groups := range map[int][]int{20: {20}, 45: {20, 20, 5}} {
		for name, call := range map[string]func(c *follower.Client) error{
			"block":   func(c *follower.Client) error { return c.Block(t.Context(), openids(n)...) },
			"unblock": func(c *follower.Client) error { return c.Unblock(t.Context(), openids(n)...) },
		} {
			a := newAccount()
			require.NoError(t, call(newClient(a)))
			assert.Equal(t, groups, a.groups, name)
		}
	}
}

func TestChangesTellWhichFailed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		odd   map[int]string // what stands in place of an openid
		mute  bool
		calls int // at most
	}{
		"one of another account": {map[int]string{70: "x"}, false, 3 + 12},
		"the first and the last": {map[int]string{0: "x", 119: "x"}, false, 3 + 22},
		"some have left":         {map[int]string{3: "l", 4: "l", 70: "l"}, false, 3},
		"both":                   {map[int]string{3: "l", 4: "x", 70: "l", 119: "x"}, false, 3 + 24},
		"left, and not told":     {map[int]string{3: "l", 119: "l"}, true, 3 + 24},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, want, done := openids(120), []string{}, []string{}
			for i := range list {
				if letter, odd := tt.odd[i]; odd {
					list[i] = letter + list[i]
					want = append(want, list[i])
				} else {
					done = append(done, list[i])
				}
			}
			a := newAccount()
			a.mute = tt.mute
			of, errs := failed(t, tag(t, a, list))
			require.Len(t, of.Failed, len(want))
			for i, id := range want {
				assert.Equal(t, id, of.Failed[i].OpenID, "in their order")
				if strings.HasPrefix(id, "x") {
					assert.Equal(t, coded(49003), errs[id])
				} else {
					assert.Equal(t, coded(45171), errs[id])
				}
			}
			require.NoError(t, of.Ended)
			assert.Equal(t, done, a.done, "all others are done")
			assert.LessOrEqual(t, len(a.groups), tt.calls)
			assert.Equal(t, "recipient", kindName(t, of))
			assert.NotContains(t, of.Error(), want[0])
		})
	}
}

func TestChangesThatEnd(t *testing.T) {
	t.Parallel()
	list := openids(120)
	list[10], list[20] = "x10", "l20"
	a := newAccount()
	a.dead = 2 // the first fifty, and its first half
	of, errs := failed(t, tag(t, a, list))
	assert.Equal(t, coded(45009), of.Ended)
	assert.Len(t, of.Failed, 120, "nothing was done before")
	assert.Equal(t, coded(45009), errs["o119"])
	assert.Len(t, a.groups, 3, "nothing more is sent")
	assert.Equal(t, "daily quota", kindName(t, of), "what ended it says what to do")
	require.ErrorIs(t, of, coded(45009))
	require.EqualError(t, of, "follower: 120 of 120 openids failed: errcode 45009")

	list[10] = "o10"
	a = newAccount()
	a.dead = 2
	of, errs = failed(t, tag(t, a, list))
	assert.Len(t, of.Failed, 21, "one who has left, and the last twenty")
	assert.Equal(t, coded(45171), errs["l20"])
	assert.Equal(t, coded(45009), errs["o100"])
	assert.Len(t, a.done, 99)
	require.ErrorIs(t, of, coded(45009))
	require.ErrorIs(t, of, coded(45171))

	_, errs = failed(t, tag(t, &fake{err: errors.New("down")}, openids(60)))
	assert.Len(t, errs, 60)
}

// What an answer says has failed is no success, whatever its errcode.
func TestChangesAcceptedWithFailures(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"errcode":0,"errmsg":"ok","fail_openid_list":["o1"]}`: "follower: 1 of 3 openids failed: the platform accepted the call and named this openid as failed",
		`{"errcode":0,"fail_openid_list":{"o1":1}}`:             "follower: 3 of 3 openids failed: the platform accepted the call and named openids that failed, in a form that cannot be read",
		`{"errcode":0,"fail_openid_list":[]}`:                   "",
		`{"errcode":0,"fail_openid_list":null}`:                 "",
		`{"errcode":0,"fail_openid_list":""}`:                   "",
	} {
		err := tag(t, &fake{answer: answer}, openids(3))
		if want == "" {
			require.NoError(t, err, answer)
			continue
		}
		require.EqualError(t, err, want)
	}
	of, _ := failed(t, tag(t, &fake{answer: `{"errcode":0,"fail_openid_list":["o1"]}`}, openids(3)))
	assert.Equal(t, "o1", of.Failed[0].OpenID)
}

// A list of failed openids that is of other people, or cannot be read, does not hide who failed.
func TestChangesWithAnOddListOfFailures(t *testing.T) {
	t.Parallel()
	for _, list := range []string{`["o9"]`, `{}`, `[1]`, `null`, `"o1"`} {
		f := &fake{}
		f.serve = func(c call) (string, error) {
			if strings.Contains(c.body, `"o1"`) {
				return `{"errcode":45171,"fail_openid_list":` + list + `}`, coded(45171)
			}
			return fine, nil
		}
		_, errs := failed(t, tag(t, f, openids(3)))
		assert.Equal(t, map[string]error{"o1": coded(45171)}, errs, list)
	}
}

func TestBatchErrorByItself(t *testing.T) {
	t.Parallel()
	of := &follower.BatchError{Failed: []follower.Failure{{OpenID: "SECRET", Err: coded(40003)}}}
	require.EqualError(t, of, "follower: 1 of 1 openids failed: errcode 40003")
	assert.Equal(t, "recipient", of.KindName())
	require.EqualError(t, new(follower.BatchError), "follower: 0 of 0 openids failed")
	assert.Empty(t, new(follower.BatchError).KindName())
}

// FuzzChange: whatever the platform answers, each openid is done or has failed once, never a panic.
func FuzzChange(f *testing.F) {
	f.Add(`{"errcode":45171,"fail_openid_list":["o1","o1","o9"]}`, 45171)
	f.Add(`{"errcode":0,"fail_openid_list":["o0",null]}`, 0)
	f.Add(`[]`, 40003)
	f.Fuzz(func(t *testing.T, answer string, code int) {
		c := &fake{answer: answer}
		if code != 0 {
			c.err = coded(code)
		}
		err := newClient(c).Untag(t.Context(), 134, openids(3)...)
		if err == nil {
			assert.Zero(t, code)
			return
		}
		_, errs := failed(t, err)
		assert.NotEmpty(t, errs)
		assert.LessOrEqual(t, len(c.calls), 5)
	})
}

// Only 45171 says that those which the answer does not name have not failed.
func TestOnlySomeFailedSaysWhich(t *testing.T) {
	t.Parallel()
	for _, code := range []int{40003, 45059, 50005} {
		p := &fake{}
		p.serve = func(c call) (string, error) {
			return fmt.Sprintf(`{"errcode":%d,"fail_openid_list":["o0"]}`, code), coded(code)
		}
		err := newClient(p).Tag(t.Context(), 134, openids(3)...)
		var of *follower.BatchError
		require.ErrorAs(t, err, &of)
		assert.Len(t, of.Failed, 3, "none of them has the tag")
		assert.Len(t, p.calls, 5)
	}
	for _, code := range []string{`45171`, `"45171"`} {
		p := &fake{answer: `{"errcode":` + code + `,"fail_openid_list":["o0"]}`, err: coded(45171)}
		err := newClient(p).Tag(t.Context(), 134, openids(3)...)
		var of *follower.BatchError
		require.ErrorAs(t, err, &of)
		assert.Len(t, of.Failed, 1)
		assert.Len(t, p.calls, 1)
	}
}

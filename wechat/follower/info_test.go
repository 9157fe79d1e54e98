package follower_test

import (
	"context"
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

// platform answers batchget and changeopenid as WeChat does, in another order than it was asked: an
// openid that begins with x is another account's, and fails its whole call.
type platform struct {
	fake
	groups []int // how many were asked for, by call
	dead   int   // calls after which the quota is used up; 0: never
}

func newPlatform() *platform {
	p := &platform{}
	p.serve = func(c call) (string, error) {
		var in struct {
			Users []struct {
				OpenID string `json:"openid"`
			} `json:"user_list"`
			OpenIDs []string `json:"openid_list"`
		}
		if err := json.Unmarshal([]byte(c.body), &in); err != nil {
			return "", err
		}
		for _, u := range in.Users {
			in.OpenIDs = append(in.OpenIDs, u.OpenID)
		}
		p.groups = append(p.groups, len(in.OpenIDs))
		if p.dead > 0 && len(p.groups) > p.dead {
			return "", coded(45009)
		}
		var infos, changes []string
		for _, id := range slices.Backward(in.OpenIDs) {
			if strings.HasPrefix(id, "x") {
				return "", coded(40003)
			}
			infos = append(infos, fmt.Sprintf(`{"subscribe":1,"openid":%q,"remark":%q}`, id, "of "+id))
			changes = append(changes, fmt.Sprintf(`{"ori_openid":%q,"new_openid":%q,"err_msg":"ok"}`, id, "new "+id))
		}
		return fmt.Sprintf(`{"user_info_list":[%s],"result_list":[%s]}`, strings.Join(infos, ","), strings.Join(changes, ",")), nil
	}
	return p
}

func infos(ctx context.Context, c follower.Caller, list []string, opts ...follower.Option) (results []follower.InfoResult) {
	for r := range newClient(c).InfoAll(ctx, follower.OpenIDs(list...), opts...) {
		results = append(results, r)
	}
	return results
}

func TestInfoAllToTheLetter(t *testing.T) {
	t.Parallel()
	f := &fake{answer: `{"user_info_list":[{"subscribe":0,"openid":"O2"},{"subscribe":1,"openid":"O1","qr_scene":7,"tagid_list":[2]}]}`}
	assert.Equal(t, []follower.InfoResult{
		{OpenID: "O1", Info: follower.Info{OpenID: "O1", Following: true, Scene: "7", Tags: []int{2}}},
		{OpenID: "O2", Info: follower.Info{OpenID: "O2"}},
	}, infos(t.Context(), f, []string{"O1", "O2"}))
	assert.Equal(t, []call{{"POST", "/cgi-bin/user/info/batchget", `{"user_list":[{"openid":"O1"},{"openid":"O2"}]}`, true}}, f.calls)
	infos(t.Context(), f, []string{"O1"}, follower.WithLanguage("zh_TW"))
	assert.Equal(t, `{"user_list":[{"openid":"O1","lang":"zh_TW"}]}`, f.calls[1].body)
}

func TestInfoAllInHundreds(t *testing.T) {
	t.Parallel()
	for n, groups := range map[int][]int{0: nil, 1: {1}, 100: {100}, 101: {100, 1}, 250: {100, 100, 50}} {
		p := newPlatform()
		results := infos(t.Context(), p, openids(n))
		require.Len(t, results, n)
		for i, r := range results {
			require.NoError(t, r.Err)
			assert.Equal(t, fmt.Sprintf("o%d", i), r.OpenID)
			assert.Equal(t, "of "+r.OpenID, r.Info.Remark, "matched by the openid")
		}
		assert.Equal(t, groups, p.groups)
	}
	for range newClient(newPlatform()).InfoAll(t.Context(), nil) {
		t.Error("nil is an empty sequence")
	}
}

func TestInfoAllFindsTheForeignOnes(t *testing.T) {
	t.Parallel()
	for name, foreign := range map[string][]int{
		"none": {}, "first": {0}, "last": {99}, "middle": {50}, "of the next hundred": {149}, "some": {3, 4, 77, 120}, "one by one": {0, 2, 4, 6, 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := openids(150)
			for _, i := range foreign {
				list[i] = fmt.Sprintf("x%d", i)
			}
			p := newPlatform()
			results := infos(t.Context(), p, list)
			require.Len(t, results, 150)
			for i, r := range results {
				assert.Equal(t, list[i], r.OpenID)
				if slices.Contains(foreign, i) {
					assert.Equal(t, coded(40003), r.Err, "the Caller's error, untouched")
					assert.Zero(t, r.Info)
				} else {
					require.NoError(t, r.Err)
					assert.Equal(t, "of "+r.OpenID, r.Info.Remark)
				}
			}
			assert.LessOrEqual(t, len(p.groups), 2+14*len(foreign))
		})
	}
	list := openids(100)
	for i := range list {
		list[i] = "x" + list[i]
	}
	p := newPlatform()
	for _, r := range infos(t.Context(), p, list) {
		assert.Equal(t, coded(40003), r.Err)
	}
	assert.Len(t, p.groups, 199, "all of them are another account's")
}

func TestInfoAllOfOddOpenIDs(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	list := []string{"o1", "", "o2", "o1", "o\x00", "o2"}
	results := infos(t.Context(), p, list)
	require.Len(t, results, len(list))
	for i, r := range results {
		assert.Equal(t, list[i], r.OpenID)
		switch i {
		case 1:
			require.EqualError(t, r.Err, "follower: the openid is empty")
		case 4:
			require.EqualError(t, r.Err, "follower: the openid has a control character")
		default:
			require.NoError(t, r.Err)
			assert.Equal(t, list[i], r.Info.OpenID)
		}
	}
	assert.Equal(t, []int{2}, p.groups, "each once")

	p = newPlatform()
	for _, r := range infos(t.Context(), p, make([]string, 250)) {
		require.ErrorIs(t, r.Err, follower.ErrInvalidArgument)
	}
	assert.Empty(t, p.groups)
}

func TestInfoAllWithoutAnEntry(t *testing.T) {
	t.Parallel()
	f := &fake{answer: `{"user_info_list":[{"subscribe":1,"openid":"O3"},{"openid":"O2"},{"subscribe":1,"openid":"foreign"}]}`}
	results := infos(t.Context(), f, []string{"O1", "O2", "O3"})
	require.Len(t, results, 3)
	require.EqualError(t, results[0].Err, "follower: the answer says nothing of this openid")
	assert.Equal(t, "lost", kindName(t, results[0].Err))
	require.EqualError(t, results[1].Err, "follower: the answer does not say whether the person follows the account")
	require.NoError(t, results[2].Err)
	for _, r := range infos(t.Context(), &fake{answer: `{"user_info_list":null}`}, openids(2)) {
		require.Error(t, r.Err)
	}
	for _, r := range infos(t.Context(), &fake{answer: `{"user_info_list":[{"subscribe":"x"}]}`}, openids(2)) {
		require.Error(t, r.Err)
	}
}

// What was read is given, then the error, and nothing more is asked for.
func TestInfoAllEnds(t *testing.T) {
	t.Parallel()
	list := openids(1000)
	list[130] = "x130"
	// The third call, of the second hundred's first half, finds the foreign one too; the fourth is of a quarter.
	for calls, read := range map[int]int{1: 100, 2: 100, 3: 100, 4: 125, 5: 125} {
		p := newPlatform()
		p.dead = calls
		pulled := 0
		fed := func(yield func(string, error) bool) {
			for _, id := range list {
				if pulled++; !yield(id, nil) {
					return
				}
			}
		}
		var results []follower.InfoResult
		for r := range newClient(p).InfoAll(t.Context(), fed) {
			results = append(results, r)
		}
		require.Len(t, results, 200, "the second hundred has its results")
		assert.Equal(t, 200, pulled, "no more are pulled")
		assert.Len(t, p.groups, calls+1)
		for i, r := range results {
			assert.Equal(t, list[i], r.OpenID)
			if i < read {
				require.NoError(t, r.Err)
			} else {
				assert.Equal(t, coded(45009), r.Err)
			}
		}
	}
	p := newPlatform()
	for range newClient(p).InfoAll(t.Context(), follower.OpenIDs(list...)) {
		break
	}
	assert.Equal(t, []int{100}, p.groups, "a loop that is left asks no more")
}

func TestInfoAllOfASequenceWithErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("the database is gone")
	fed := func(yield func(string, error) bool) {
		_ = yield("o1", nil) && yield("", broken) && yield("o2", broken) && yield("o3", nil)
	}
	p := newPlatform()
	var got []string
	for r := range newClient(p).InfoAll(t.Context(), fed) {
		got = append(got, fmt.Sprint(r.OpenID, " ", r.Info.Remark, " ", r.Err))
	}
	assert.Equal(t, []string{"o1 of o1 <nil>", "  the database is gone", "o2  the database is gone", "o3 of o3 <nil>"}, got)
	assert.Equal(t, []int{2}, p.groups)
}

func changes(ctx context.Context, c follower.Caller, from string, list []string) (results []follower.ChangedResult) {
	for r := range newClient(c).Changed(ctx, from, follower.OpenIDs(list...)) {
		results = append(results, r)
	}
	return results
}

func TestChangedToTheLetter(t *testing.T) {
	t.Parallel()
	f := &fake{answer: `{"errcode":0,"errmsg":"ok","result_list":[{"ori_openid":"O2","new_openid":"N2"},` +
		`{"ori_openid":"O3","err_msg":"ori_openid O3 error"},{"ori_openid":"O1","new_openid":"N1","err_msg":"ok"},` +
		`{"ori_openid":"O4","new_openid":"N4","err_msg":"N4 is gone"},{"ori_openid":"O5","err_msg":"ok"}]}`}
	results := changes(t.Context(), f, "wxold", []string{"O1", "O2", "O3", "O4", "O5", "O6"})
	require.Len(t, results, 6)
	assert.Equal(t, follower.ChangedResult{OldOpenID: "O1", NewOpenID: "N1"}, results[0])
	assert.Equal(t, follower.ChangedResult{OldOpenID: "O2", NewOpenID: "N2"}, results[1])
	for i, want := range map[int]string{
		2: `follower: the platform tells no new openid: "ori_openid [openid] error"`,
		3: `follower: the platform tells no new openid: "[openid] is gone"`, 4: `follower: the platform tells no new openid: "ok"`,
	} {
		require.EqualError(t, results[i].Err, want)
		assert.Equal(t, "recipient", kindName(t, results[i].Err))
		assert.Empty(t, results[i].NewOpenID)
	}
	require.EqualError(t, results[5].Err, "follower: the answer says nothing of this openid")
	assert.Equal(t, []call{{"POST", "/cgi-bin/changeopenid", `{"from_appid":"wxold","openid_list":["O1","O2","O3","O4","O5","O6"]}`, true}}, f.calls)
}

func TestChangedInHundreds(t *testing.T) {
	t.Parallel()
	p := newPlatform()
	list := openids(150)
	list[120] = "x120"
	for i, r := range changes(t.Context(), p, "wxold", list) {
		assert.Equal(t, list[i], r.OldOpenID)
		if i == 120 {
			assert.Equal(t, coded(40003), r.Err)
			continue
		}
		assert.Equal(t, "new "+list[i], r.NewOpenID)
	}
	p = newPlatform()
	for range newClient(p).Changed(t.Context(), "wxold", follower.OpenIDs(openids(300)...)) {
		break
	}
	assert.Equal(t, []int{100}, p.groups)
	p.dead = 2
	results := changes(t.Context(), p, "wxold", openids(300))
	require.Len(t, results, 200)
	assert.Equal(t, coded(45009), results[100].Err)

	p = newPlatform()
	for from, want := range map[string]string{"": "follower: the old account's AppID is empty", "wx\x00": "follower: the old account's AppID has a control character"} {
		results := changes(t.Context(), p, from, openids(3))
		require.Len(t, results, 1)
		require.ErrorIs(t, results[0].Err, follower.ErrInvalidArgument)
		require.EqualError(t, results[0].Err, want)
	}
	assert.Empty(t, p.groups)
}

// FuzzInfoAll: whatever the platform answers, each openid has its own result, never a panic.
func FuzzInfoAll(f *testing.F) {
	f.Add(`{"user_info_list":[{"subscribe":1,"openid":"o1"},{"subscribe":0,"openid":"o0"}],"result_list":[{"ori_openid":"o1","new_openid":"n"}]}`)
	f.Add(`{"user_info_list":[{"subscribe":null,"openid":"o1"},null],"result_list":[null,{"ori_openid":"o1","err_msg":"o1"}]}`)
	f.Fuzz(func(t *testing.T, answer string) {
		c := &fake{answer: answer}
		results := infos(t.Context(), c, openids(2))
		require.Len(t, results, 2)
		for i, r := range results {
			assert.Equal(t, fmt.Sprint("o", i), r.OpenID)
			assert.Equal(t, r.Err == nil, r.Info.OpenID == r.OpenID)
		}
		moved := changes(t.Context(), c, "wxold", openids(2))
		require.Len(t, moved, 2)
		for _, r := range moved {
			assert.Equal(t, r.Err == nil, r.NewOpenID != "")
		}
	})
}

// One odd entry costs its own person the info, and nobody else.
func TestOddEntriesFailAlone(t *testing.T) {
	t.Parallel()
	const unreadable = "follower: what the answer says of this openid cannot be read"
	for entry, want := range map[string]string{
		`{"subscribe":1,"openid":"o1","remark":7}`:                  "",
		`{"subscribe":1,"openid":"o1","tagid_list":""}`:             "",
		`{"subscribe":1,"openid":"o1","unionid":8,"language":null}`: "",
		`{"subscribe":1,"openid":"o1","remark":{}}`:                 unreadable,
		`{"remark":[7],"subscribe":1,"openid":"o1"}`:                unreadable,
		`{"subscribe":1,"openid":"o1","tagid_list":{}}`:             unreadable,
		`{"subscribe":"","openid":"o1"}`:                            "follower: the answer does not say whether the person follows the account",
		`{"subscribe":1,"openid":{}}`:                               "follower: the answer says nothing of this openid",
		`7`:                                                         "follower: the answer says nothing of this openid",
	} {
		p := newPlatform()
		serve := p.serve
		p.serve = func(c call) (string, error) {
			answer, err := serve(c)
			return strings.Replace(answer, `{"subscribe":1,"openid":"o1","remark":"of o1"}`, entry, 1), err
		}
		results := infos(t.Context(), p, openids(300))
		require.Len(t, results, 300, entry)
		for i, r := range results {
			switch {
			case i != 1 || want == "":
				require.NoError(t, r.Err, entry)
				assert.True(t, r.Info.Following)
			default:
				require.EqualError(t, r.Err, want, entry)
				assert.Equal(t, "lost", kindName(t, r.Err))
				assert.Zero(t, r.Info)
			}
		}
	}
	f := &fake{answer: `{"result_list":[{"ori_openid":"A","new_openid":7},{"ori_openid":"B","new_openid":{}},{"ori_openid":"C","new_openid":"c"}]}`}
	var got []string
	for r := range newClient(f).Changed(t.Context(), "wxold", follower.OpenIDs("A", "B", "C")) {
		got = append(got, fmt.Sprintf("%s %v", r.NewOpenID, r.Err))
	}
	assert.Equal(t, []string{"7 <nil>", " " + unreadable, "c <nil>"}, got)
}

package follower_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/follower"
)

// lists are the lists of openids, all read in one way, with the request for what is behind an openid.
var lists = map[string]struct {
	list func(ctx context.Context, c *follower.Client, after string) iter.Seq2[string, error]
	want func(after string) call
}{
	"followers": {
		func(ctx context.Context, c *follower.Client, after string) iter.Seq2[string, error] {
			return c.All(ctx, after)
		},
		func(after string) call { return call{"GET", "/cgi-bin/user/get?next_openid=" + after, "", false} },
	},
	"members": {
		func(ctx context.Context, c *follower.Client, after string) iter.Seq2[string, error] {
			return c.TagMembers(ctx, 134, after)
		},
		func(after string) call {
			return call{"POST", "/cgi-bin/user/tag/get", `{"tagid":134,"next_openid":"` + after + `"}`, true}
		},
	},
	"blacklist": {
		func(ctx context.Context, c *follower.Client, after string) iter.Seq2[string, error] {
			return c.Blacklist(ctx, after)
		},
		func(after string) call {
			return call{"POST", "/cgi-bin/tags/members/getblacklist", `{"begin_openid":"` + after + `"}`, true}
		},
	},
}

// collect ranges over a list: nothing may come behind an error.
func collect(t *testing.T, list iter.Seq2[string, error]) (openids []string, last error) {
	t.Helper()
	for id, err := range list {
		require.NoError(t, last, "nothing comes after an error")
		if last = err; err == nil {
			openids = append(openids, id)
		} else {
			assert.Empty(t, id)
		}
	}
	return openids, last
}

func page(next string, openids ...string) string {
	return fmt.Sprintf(`{"total":99,"count":%d,"data":{"openid":%s},"next_openid":%q}`, len(openids), quoted(openids), next)
}

const end = `{"total":99,"count":0,"next_openid":""}`

func TestListsToTheLetter(t *testing.T) {
	t.Parallel()
	for name, l := range lists {
		for what, tt := range map[string]struct {
			after   string
			answers []string
			want    []string
			asked   []string // behind which openids
		}{
			"two pages and the end":        {"", []string{page("B", "A", "B"), page("C", "C"), end}, []string{"A", "B", "C"}, []string{"", "B", "C"}},
			"begins behind one":            {"B", []string{page("C", "C"), end}, []string{"C"}, []string{"B", "C"}},
			"no next one":                  {"", []string{page("", "A")}, []string{"A"}, []string{""}},
			"next is null":                 {"", []string{`{"count":1,"data":{"openid":["A"]},"next_openid":null}`}, []string{"A"}, []string{""}},
			"nobody":                       {"", []string{end}, nil, []string{""}},
			"count alone":                  {"", []string{`{"count":0}`}, nil, []string{""}},
			"empty data":                   {"", []string{`{"count":0,"data":{"openid":[]},"next_openid":"A"}`}, nil, []string{""}},
			"data is null":                 {"", []string{`{"count":0,"data":null}`}, nil, []string{""}},
			"data is an empty array":       {"", []string{`{"count":0,"data":[]}`}, nil, []string{""}},
			"data is an empty text":        {"", []string{`{"count":"0","data":""}`}, nil, []string{""}},
			"openids are null":             {"", []string{`{"count":"","data":{"openid":null}}`}, nil, []string{""}},
			"quoted count":                 {"", []string{`{"count":"1","data":{"openid":["A"]},"next_openid":""}`}, []string{"A"}, []string{""}},
			"count is wrong":               {"", []string{`{"count":7,"data":{"openid":["A"]},"next_openid":""}`}, []string{"A"}, []string{""}},
			"an empty openid":              {"", []string{page("B", "", "A", "B"), end}, []string{"A", "B"}, []string{"", "B"}},
			"an empty page that goes on":   {"", []string{page("B", "B"), page("C")}, []string{"B"}, []string{"", "B"}},
			"who leaves while it is read":  {"", []string{page("B", "A", "B"), page("D", "D"), end}, []string{"A", "B", "D"}, []string{"", "B", "D"}},
			"who comes while it is read":   {"", []string{page("A", "A"), page("Z", "Z"), end}, []string{"A", "Z"}, []string{"", "A", "Z"}},
			"the last one comes again":     {"", []string{page("B", "A", "B"), page("C", "C"), page("B", "D", "B"), end}, []string{"A", "B", "C", "D", "B"}, []string{"", "B", "C", "B"}},
			"and others behind":            {"", []string{page("B", "A", "B"), page("B", "C", "B"), page("E", "E"), end}, []string{"A", "B", "C", "B", "E"}, []string{"", "B", "B", "E"}},
			"who comes again is there two": {"", []string{page("B", "A", "B"), page("A2", "A", "A2"), end}, []string{"A", "B", "A", "A2"}, []string{"", "B", "A2"}},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				f := &fake{answers: tt.answers}
				got, err := collect(t, l.list(t.Context(), newClient(f), tt.after))
				require.NoError(t, err)
				assert.Equal(t, tt.want, got)
				var want []call
				for _, after := range tt.asked {
					want = append(want, l.want(after))
				}
				assert.Equal(t, want, f.calls)
			})
		}
	}
}

func TestListsThatDoNotMoveOn(t *testing.T) {
	t.Parallel()
	const (
		back   = "follower: the platform gave a page that leads back to one that was read before"
		noPage = "follower: the answer is no page: it has neither a count nor openids"
	)
	for name, l := range lists {
		for what, tt := range map[string]struct {
			after   string
			answers []string
			given   int
			want    string
		}{
			"the same page over and over": {"", []string{page("B", "A", "B"), page("B", "A", "B")}, 2, back},
			"the first page again":        {"B", []string{page("B", "A", "B"), page("B", "A", "B")}, 2, back},
			"back a third time":           {"", []string{page("B", "B"), page("B", "C"), page("B", "D")}, 3, back},
			"a circle of three":           {"", []string{page("B", "A", "B"), page("C", "C"), page("D", "D"), page("B", "A", "B")}, 4, back},
			"nothing but success":         {"", []string{page("B", "A", "B"), fine}, 2, noPage},
			"success at once":             {"", []string{fine}, 0, noPage},
			"data is null":                {"", []string{`{"data":null,"total":2}`}, 0, noPage},
			"a total alone":               {"", []string{page("B", "A", "B"), `{"total":99,"next_openid":""}`}, 2, noPage},
			"counted and not given":       {"", []string{page("B", "A", "B"), `{"count":3,"next_openid":"C"}`}, 2, "follower: the platform counted 3 openids on a page and gave none"},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				f := &fake{answers: tt.answers, answer: tt.answers[len(tt.answers)-1]}
				got, err := collect(t, l.list(t.Context(), newClient(f), tt.after))
				require.EqualError(t, err, tt.want)
				assert.Equal(t, "lost", kindName(t, err))
				assert.Len(t, got, tt.given, "an openid is not given again")
				assert.Len(t, f.calls, len(tt.answers))
			})
		}
	}
}

func TestListsEnd(t *testing.T) {
	t.Parallel()
	for name, l := range lists {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: page("B", "A", "B")}
			for range l.list(t.Context(), newClient(f), "") {
				break
			}
			assert.Len(t, f.calls, 1, "a loop that is left asks no more")

			f = &fake{serve: func(c call) (string, error) {
				if c == l.want("") {
					return page("B", "A", "B"), nil
				}
				return "", coded(45009)
			}}
			list := l.list(t.Context(), newClient(f), "")
			for range 2 { // each range begins anew
				got, err := collect(t, list)
				assert.Equal(t, coded(45009), err, "the Caller's error, untouched")
				assert.Equal(t, []string{"A", "B"}, got, "what was read has been given")
			}
			assert.Len(t, f.calls, 4)

			f = &fake{answer: `{"count":"x"}`}
			_, err := collect(t, l.list(t.Context(), newClient(f), ""))
			require.Error(t, err)
			f = &fake{answer: `{"count":1,"data":{"openid":[1]}}`}
			_, err = collect(t, l.list(t.Context(), newClient(f), ""))
			require.Error(t, err)
		})
	}
}

func TestListsOfNonsense(t *testing.T) {
	t.Parallel()
	f := &fake{answer: end}
	for name, l := range lists {
		_, err := collect(t, l.list(t.Context(), newClient(f), "o\x00"))
		require.ErrorIs(t, err, follower.ErrInvalidArgument, name)
		require.EqualError(t, err, "follower: the openid to begin behind has a control character")
	}
	_, err := collect(t, newClient(f).TagMembers(t.Context(), 0, "\xff"))
	require.EqualError(t, err, "follower: the tag id is 0, it must be 1 or more: AddTag and Tags tell it; the openid to begin behind is not valid UTF-8")
	assert.Empty(t, f.calls)

	_, err = collect(t, newClient(f).All(t.Context(), "a b&c=d"))
	require.NoError(t, err)
	assert.Equal(t, "/cgi-bin/user/get?next_openid=a+b%26c%3Dd", f.calls[0].path)
}

// FuzzLists: whatever the platform answers is an error or openids, never a panic or a loop
// without end.
func FuzzLists(f *testing.F) {
	f.Add(page("B", "A", "B"), end)
	f.Add(page("B", "A", "B"), page("B", "A", "B"))
	f.Add(`{"count":"2","data":{"openid":["",null]},"next_openid":"x"}`, `{"data":[],"count":1e2}`)
	f.Fuzz(func(t *testing.T, first, second string) {
		c := &fake{answers: []string{first}, answer: second}
		for id, err := range newClient(c).All(t.Context(), "") {
			assert.True(t, err == nil || id == "")
			assert.True(t, err != nil || id != "")
		}
		assert.LessOrEqual(t, len(c.calls), 3, "%s", strings.Join([]string{first, second}, "\n"))
	})
}

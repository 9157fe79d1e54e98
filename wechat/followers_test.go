package wechat_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/follower"
	"github.com/org/wxhome/wechat/scene"
	"github.com/org/wxhome/wechat/wechattest"
)

// people returns n openids.
func people(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("o%05d", i)
	}
	return list
}

func read(t *testing.T, list iter.Seq2[string, error]) (openids []string) {
	t.Helper()
	for id, err := range list {
		require.NoError(t, err)
		openids = append(openids, id)
	}
	return openids
}

func TestFollowersAreRead(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	list := people(20_001)
	s.Follow(list...)
	followers, ctx := s.Client().Followers, t.Context()
	assert.Equal(t, list, read(t, followers.All(ctx, "")))
	assert.Equal(t, list[7:], read(t, followers.All(ctx, list[6])))

	// The list changes while it is read: the last of a page leaves, and somebody who was given leaves
	// and comes back.
	var got []string
	for id, err := range followers.All(ctx, "") {
		require.NoError(t, err)
		if got = append(got, id); id == list[9_999] {
			s.Unfollow(list[9_999], list[5], list[10_005])
			s.Follow(list[5])
		}
	}
	assert.Len(t, got, 20_001, "one has left before they were read, one is given again")
	assert.NotContains(t, got, list[10_005])
	assert.Equal(t, list[5], got[len(got)-1])

	s.SetDailyQuota("/cgi-bin/user/get", s.Requests("/cgi-bin/user/get")+1)
	read := 0
	for id, err := range followers.All(ctx, "") {
		if err != nil {
			require.ErrorIs(t, err, wechat.ErrDailyQuota)
			assert.Empty(t, id)
			break
		}
		read++
	}
	assert.Equal(t, 10_000, read, "what was read has been given")

	_, err := followers.Info(ctx, "oNobody")
	require.ErrorIs(t, err, wechat.ErrInvalidOpenID)
	assert.NotContains(t, err.Error(), "oNobody")
}

func TestFollowersAreMarked(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	list := people(130)
	s.Follow(list...)
	followers, ctx := s.Client().Followers, t.Context()
	id, err := followers.AddTag(ctx, "三年级")
	require.NoError(t, err)
	assert.Empty(t, read(t, followers.TagMembers(ctx, id, "")), "an empty tag's answer has neither errcode nor members")
	require.NoError(t, followers.Tag(ctx, id, list...))
	assert.Equal(t, list, read(t, followers.TagMembers(ctx, id, "")))
	require.NoError(t, followers.Untag(ctx, id, list[:100]...))
	assert.Equal(t, list[100:], read(t, followers.TagMembers(ctx, id, "")))
	require.NoError(t, followers.RenameTag(ctx, id, "四年级"))
	tags, err := followers.Tags(ctx)
	require.NoError(t, err)
	assert.Equal(t, []follower.Tag{{ID: 2, Name: "星标组"}, {ID: id, Name: "四年级", Followers: 30}}, tags)

	require.NoError(t, followers.SetRemark(ctx, list[100], "张三妈"))
	info, err := followers.Info(ctx, list[100])
	require.NoError(t, err)
	assert.Equal(t, []any{"张三妈", []int{id}, true}, []any{info.Remark, info.Tags, info.Following})
	assert.WithinDuration(t, s.Now(), info.Since, time.Minute)
	ids, err := followers.TagsOf(ctx, list[100])
	require.NoError(t, err)
	assert.Equal(t, []int{id}, ids)

	require.NoError(t, followers.Block(ctx, list[:50]...))
	assert.Equal(t, list[:50], read(t, followers.Blacklist(ctx, "")))
	require.NoError(t, followers.Unblock(ctx, list[:49]...))
	assert.Equal(t, list[49:50], read(t, followers.Blacklist(ctx, "")))

	require.NoError(t, followers.DeleteTag(ctx, id))
	require.ErrorIs(t, followers.DeleteTag(ctx, id), wechat.ErrInvalidTagID)
}

// Somebody of another account, and somebody who has left, are told one by one.
func TestFollowersOfOthersAreFound(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	list := people(130)
	s.Follow(list...)
	list[7], list[70], list[129] = "oForeign", "oLeft", "oForeign2"
	s.Unfollow("oLeft")
	followers, ctx := s.Client().Followers, t.Context()
	id := s.AddTag("三年级")

	err := followers.Tag(ctx, id, list...)
	var of *follower.BatchError
	require.ErrorAs(t, err, &of)
	require.Len(t, of.Failed, 3)
	for i, want := range []struct {
		openid string
		code   wechat.Code
	}{{"oForeign", wechat.ErrInvalidOpenID}, {"oLeft", wechat.ErrSomeOpenIDsFailed}, {"oForeign2", wechat.ErrInvalidOpenID}} {
		assert.Equal(t, want.openid, of.Failed[i].OpenID)
		require.ErrorIs(t, of.Failed[i].Err, want.code)
	}
	assert.Equal(t, wechat.KindRecipient, wechat.KindOf(fmt.Errorf("tag: %w", err)))
	require.ErrorIs(t, err, wechat.ErrSomeOpenIDsFailed)
	assert.Len(t, read(t, followers.TagMembers(ctx, id, "")), 127)

	failed := 0
	for r := range followers.InfoAll(ctx, follower.OpenIDs(list...)) {
		switch r.OpenID {
		case "oForeign", "oForeign2":
			require.ErrorIs(t, r.Err, wechat.ErrInvalidOpenID)
			failed++
		case "oLeft":
			require.NoError(t, r.Err)
			assert.Equal(t, follower.Info{OpenID: "oLeft"}, r.Info)
		default:
			require.NoError(t, r.Err)
			assert.Equal(t, []int{id}, r.Info.Tags)
		}
	}
	assert.Equal(t, 2, failed)
	for r := range followers.InfoAll(ctx, followers.TagMembers(ctx, id, "")) {
		require.NoError(t, r.Err)
	}

	s.MoveFrom("wxold", map[string]string{"old": "new"})
	for r := range followers.Changed(ctx, "wxold", follower.OpenIDs("old", "other")) {
		assert.Equal(t, r.OldOpenID == "old", r.Err == nil)
		assert.Equal(t, r.Err == nil, r.NewOpenID == "new")
	}
	for r := range followers.Changed(ctx, "wxother", follower.OpenIDs("old")) {
		require.ErrorIs(t, r.Err, wechat.ErrInvalidAppID)
	}
}

// A context that has ended ends a batch: nobody is asked for any more.
func TestFollowersEndWithTheContext(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	s.Follow(people(150)...)
	followers := s.Client().Followers
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	given := 0
	for r := range followers.InfoAll(ctx, follower.OpenIDs(people(150)...)) {
		given++
		cancel()
		if given > 100 {
			require.ErrorIs(t, r.Err, context.Canceled)
			assert.Equal(t, wechat.KindNetwork, wechat.KindOf(r.Err), "it surely was not asked")
		}
	}
	assert.Equal(t, 150, given)
	err := followers.Tag(ctx, s.AddTag("a"), people(150)...)
	var of *follower.BatchError
	require.ErrorAs(t, err, &of)
	assert.Len(t, of.Failed, 150)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, wechat.KindOf(of.Ended), wechat.KindOf(err))
	assert.Zero(t, s.Requests("/cgi-bin/tags/members/batchtagging"))
}

// A code that is made is scanned, and its scene is read back: by both events and in the info.
func TestScenesAreReadBack(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	var scenes []string
	mux := new(callback.Mux)
	note := func(m interface{ Scene() (string, bool) }) {
		scene, ok := m.Scene()
		scenes = append(scenes, fmt.Sprintf("%T %s %v", m, scene, ok))
	}
	callback.On(mux, func(_ context.Context, m *callback.SubscribeEvent) (callback.Reply, error) {
		note(m)
		return nil, nil
	})
	callback.On(mux, func(_ context.Context, m *callback.ScanEvent) (callback.Reply, error) {
		note(m)
		return nil, nil
	})
	account := callback.Account{AppID: s.AppID, Token: "token123", AESKey: strings.Repeat("a", 43)}
	server, err := callback.NewServer(callback.Config{Account: account}, mux)
	require.NoError(t, err)
	s.SetCallback(wechattest.Callback{Handler: server, Token: account.Token, AESKey: account.AESKey, Mode: wechattest.Safe})
	client, ctx := s.Client(), t.Context()
	for _, what := range []scene.Scene{scene.Text("parcel-17"), scene.Number(98765), scene.Text("三年级 <2>")} {
		for _, permanent := range []bool{false, true} {
			code, err := client.Scenes.Add(ctx, what, time.Hour)
			if permanent {
				code, err = client.Scenes.AddPermanent(ctx, what)
			}
			require.NoError(t, err)
			assert.Equal(t, permanent, code.Lifetime == 0)
			scenes = nil
			for range 2 {
				_, err := s.Scan(ctx, "oA", code.Ticket)
				require.NoError(t, err)
			}
			assert.Equal(t, []string{"*callback.SubscribeEvent " + what.String() + " true", "*callback.ScanEvent " + what.String() + " true"}, scenes)
			info, err := client.Followers.Info(ctx, "oA")
			require.NoError(t, err)
			assert.Equal(t, []string{what.String(), follower.SourceQRCode}, []string{info.Scene, info.Source})
			s.Unfollow("oA")

			address, err := scene.ImageURL(code.Ticket)
			require.NoError(t, err)
			browser := http.Client{Transport: s.Transport()}
			page, err := browser.Get(address)
			require.NoError(t, err)
			require.NoError(t, page.Body.Close())
			assert.Equal(t, http.StatusOK, page.StatusCode)
		}
	}

	key, err := client.Scenes.Shorten(ctx, "D", time.Hour)
	require.NoError(t, err)
	kept, err := client.Scenes.Expand(ctx, key)
	require.NoError(t, err)
	assert.Equal(t, "D", kept.Data)
	assert.InDelta(t, time.Hour, kept.Lifetime, float64(time.Minute))
	_, err = client.Scenes.Expand(ctx, "unknown")
	require.ErrorIs(t, err, wechat.ErrShortKeyUnknown)
	assert.Equal(t, wechat.KindValue, wechat.KindOf(err))
}

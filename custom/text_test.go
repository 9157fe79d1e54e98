package custom_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

// unwritable are texts that WeChat cannot be sent.
var unwritable = []string{"a\x00b", "\x01", "\x0b", "a\x1f", "\x1b[31m", "\xff", "a\xc3", "\xed\xa0\x80"}

func TestTextsThatCannotBeSentAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range unwritable {
		f := &fake{answer: fine}
		c := newClient(f)
		for _, m := range []custom.Message{
			custom.Text{Content: s}, &custom.Text{Content: s}, custom.Image{MediaID: s}, custom.Voice{MediaID: s},
			custom.Video{MediaID: s, ThumbMediaID: "t"}, custom.Video{MediaID: "m", ThumbMediaID: "t", Title: s},
			custom.Music{URL: "u", ThumbMediaID: s}, custom.Music{URL: "u", ThumbMediaID: "t", Description: s},
			custom.News{Title: s}, custom.News{Title: "t", PicURL: s}, custom.MPNews{MediaID: s}, custom.MPNewsArticle{ArticleID: s},
			custom.Menu{Head: s, Items: []custom.MenuItem{{ID: "1", Content: "a"}}},
			custom.Menu{Items: []custom.MenuItem{{ID: "1", Content: "a"}, {ID: "2", Content: s}}},
			custom.Card{CardID: s}, custom.MiniProgram{AppID: "a", PagePath: "p", ThumbMediaID: "t", Title: s},
		} {
			err := c.Send(t.Context(), "OPENID", m)
			require.ErrorIs(t, err, custom.ErrInvalidMessage, "%T %q", m, s)
			assert.Equal(t, "value", kindName(t, err))
			assert.NotContains(t, err.Error(), s)
		}
		require.ErrorIs(t, c.Send(t.Context(), s, custom.Text{Content: "hi"}), custom.ErrInvalidMessage)
		_, session := c.Session(t.Context(), s)
		_, sessions := c.Sessions(t.Context(), "a@"+s)
		for i, err := range []error{
			session, sessions, c.Typing(t.Context(), s), c.CancelTyping(t.Context(), s), c.CreateSession(t.Context(), "a@b", s),
			c.CloseSession(t.Context(), "a@"+s, "O"), c.AddAgent(t.Context(), "a@b", s), c.UpdateAgent(t.Context(), "a@"+s, "n"),
			c.DeleteAgent(t.Context(), "a@"+s), c.InviteAgent(t.Context(), "a@b", s),
			c.SetHeadImage(t.Context(), "a@"+s, strings.NewReader(jpeg)),
		} {
			require.ErrorIs(t, err, custom.ErrInvalidArgument, "%d %q", i, s)
			assert.Equal(t, "request", kindName(t, err))
		}
		assert.Empty(t, f.calls)
		assert.Nil(t, f.sent)
	}
}

func TestTextsWithTabsAndLineBreaks(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	require.NoError(t, newClient(f).Send(t.Context(), "O", custom.Text{Content: "a\tb\r\nc\x7f\b\f\ufffd"}))
	assert.Contains(t, f.calls[0].body, `"content":"a\tb\r\nc`+"\x7f"+`\b\f`+"\ufffd"+`"`)
}

// Numbers come quoted, and as decimals, from gateways.
func TestNumbersOfAllKindsAreRead(t *testing.T) {
	t.Parallel()
	at := time.Unix(7200, 0)
	for _, n := range []string{`7200`, `"7200"`, `7200.0`, `" 7200 "`, `7.2e3`, `"7200.00"`} {
		answer := func(text string) *custom.Client { return newClient(&fake{answer: strings.ReplaceAll(text, "N", n)}) }
		queue, err := answer(`{"count":N,"waitcaselist":[{"latest_time":N,"openid":"O"}]}`).Queue(t.Context())
		require.NoError(t, err, n)
		assert.Equal(t, custom.Queue{Count: 7200, Waiting: []custom.Waiting{{OpenID: "O", Since: at}}}, queue, n)
		for r, err := range answer(`{"recordlist":[{"openid":"O","opercode":N,"time":N,"worker":"a@b"}],"number":N,"msgid":N}`).Records(t.Context(), at, at) {
			require.NoError(t, err, n)
			assert.Equal(t, custom.Record{OpenID: "O", Agent: "a@b", Operation: 7200, Time: at}, r, n)
		}
		online, err := answer(`{"kf_online_list":[{"kf_account":"a@b","status":N,"kf_id":"1","accepted_case":N}]}`).OnlineAgents(t.Context())
		require.NoError(t, err, n)
		assert.Equal(t, []custom.OnlineAgent{{Account: "a@b", ID: "1", Status: 7200, Sessions: 7200}}, online, n)
		agents, err := answer(`{"kf_list":[{"kf_account":"a@b","invite_expire_time":N}]}`).Agents(t.Context())
		require.NoError(t, err, n)
		assert.Equal(t, at, agents[0].InviteExpires, n)
		session, err := answer(`{"kf_account":"a@b","createtime":N}`).Session(t.Context(), "O")
		require.NoError(t, err, n)
		assert.Equal(t, at, session.Created, n)
		sessions, err := answer(`{"sessionlist":[{"openid":"O","createtime":N}]}`).Sessions(t.Context(), "a@b")
		require.NoError(t, err, n)
		assert.Equal(t, at, sessions[0].Created, n)
	}
	for _, n := range []string{`1.5`, `"x"`, `{}`, `[]`, `true`, `9223372036854775808`, `1e300`} {
		_, err := newClient(&fake{answer: `{"count":` + n + `}`}).Queue(t.Context())
		require.Error(t, err, n)
		assert.NotContains(t, err.Error(), "PANIC", n)
	}
}

// The @ of an account stays as it is in a query, and nothing else does that means something there.
func TestAccountsInQueries(t *testing.T) {
	t.Parallel()
	for account, want := range map[string]string{
		"test1@test": "test1@test", "a@b@c": "a@b@c", "a@b&c=d": "a@b%26c%3Dd", "a@%40": "a@%2540", "a@微信": "a@%E5%BE%AE%E4%BF%A1", "a@b c": "a@b+c",
	} {
		f := &fake{answer: `{"sessionlist":[]}`}
		_, err := newClient(f).Sessions(t.Context(), account)
		require.NoError(t, err, account)
		assert.Equal(t, "/customservice/kfsession/getsessionlist?kf_account="+want, f.calls[0].path)
	}
}

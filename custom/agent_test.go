package custom_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

// wireCase is one call of the Client, what it sends, and what it makes of the answer.
type wireCase struct {
	call   func(context.Context, *custom.Client) (any, error)
	answer string
	want   call
	result any
}

func runWireCases(t *testing.T, cases map[string]wireCase) {
	t.Helper()
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: tt.answer}
			got, err := tt.call(t.Context(), newClient(f))
			require.NoError(t, err)
			assert.Equal(t, tt.result, got)
			assert.Equal(t, []call{tt.want}, f.calls)
			got, err = tt.call(t.Context(), newClient(&fake{err: coded(65400)}))
			assert.Equal(t, coded(65400), err, "the Caller's error, untouched")
			assert.Empty(t, got)
		})
	}
}

func TestAgentsToTheLetter(t *testing.T) {
	t.Parallel()
	type client = *custom.Client
	list := func(ctx context.Context, c client) (any, error) { return c.Agents(ctx) }
	online := func(ctx context.Context, c client) (any, error) { return c.OnlineAgents(ctx) }
	listCall := call{"GET", "/cgi-bin/customservice/getkflist", "", false}
	onlineCall := call{"GET", "/cgi-bin/customservice/getonlinekflist", "", false}
	runWireCases(t, map[string]wireCase{
		"list": {list, `{"kf_list":[{"kf_account":"test1@test","kf_headimgurl":"http://h","kf_id":"1001","kf_nick":"ntest1","kf_wx":"kfwx1",` +
			`"invite_wx":"w","invite_expire_time":123456789,"invite_status":"waiting"},{"kf_account":"test2@test","kf_id":1002}]}`, listCall,
			[]custom.Agent{{
				Account: "test1@test", ID: "1001", Nickname: "ntest1", HeadImageURL: "http://h", WeChatID: "kfwx1",
				Invited: "w", InviteStatus: "waiting", InviteExpires: time.Unix(123456789, 0),
			}, {Account: "test2@test", ID: "1002"}}},
		"empty list":  {list, `{"kf_list":[]}`, listCall, []custom.Agent{}},
		"quoted time": {list, `{"kf_list":[{"invite_expire_time":"123456789","kf_id":null},{"invite_expire_time":""}]}`, listCall, []custom.Agent{{InviteExpires: time.Unix(123456789, 0)}, {}}},
		"online": {online, `{"kf_online_list":[{"kf_account":"test1@test","status":1,"kf_id":"1001","accepted_case":1},{"kf_id":1002,"status":3}]}`, onlineCall,
			[]custom.OnlineAgent{{Account: "test1@test", ID: "1001", Status: 1, Sessions: 1}, {ID: "1002", Status: 3}}},
		"nobody online": {online, `{"kf_online_list":[]}`, onlineCall, []custom.OnlineAgent{}},
		"add": {func(ctx context.Context, c client) (any, error) { return nil, c.AddAgent(ctx, "test1@test", "客服1") }, fine,
			call{"POST", "/customservice/kfaccount/add", `{"kf_account":"test1@test","nickname":"客服1"}`, false}, nil},
		"update": {func(ctx context.Context, c client) (any, error) {
			return nil, c.UpdateAgent(ctx, "test1@test", "客服2")
		}, fine,
			call{"POST", "/customservice/kfaccount/update", `{"kf_account":"test1@test","nickname":"客服2"}`, false}, nil},
		"delete": {func(ctx context.Context, c client) (any, error) { return nil, c.DeleteAgent(ctx, "test1@test") }, fine,
			call{"POST", "/customservice/kfaccount/del", `{"kf_account":"test1@test"}`, false}, nil},
		"invite": {func(ctx context.Context, c client) (any, error) {
			return nil, c.InviteAgent(ctx, "test1@test", "test_kfwx")
		}, fine,
			call{"POST", "/customservice/kfaccount/inviteworker", `{"kf_account":"test1@test","invite_wx":"test_kfwx"}`, false}, nil},
	})
}

func TestAgentAnswersThatAreNonsense(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{"kf_list":[{"kf_id":{}}]}`, `{"kf_list":[{"invite_expire_time":"soon"}]}`} {
		_, err := newClient(&fake{answer: answer}).Agents(t.Context())
		require.Error(t, err, answer)
	}
}

func TestAgentRefusals(t *testing.T) {
	t.Parallel()
	const shape = "custom: the agent's account must be prefix@id, with the WeChat id of the Official Account after the @"
	const prefix = "custom: an agent's account has up to 10 letters, digits and underscores before the @"
	f := &fake{answer: fine}
	c, ctx := newClient(f), t.Context()
	for account, want := range map[string]string{
		"": shape, "test1": shape, "@test": shape, "test1@": shape,
		"elevenchars@t": prefix, "客服@t": prefix, "a-b@t": prefix,
		"a@" + strings.Repeat("b", 29): "custom: the agent's account has more than 30 characters",
	} {
		for _, err := range []error{
			c.AddAgent(ctx, account, "n"), c.UpdateAgent(ctx, account, "n"), c.DeleteAgent(ctx, account), c.InviteAgent(ctx, account, "w"),
			c.SetHeadImage(ctx, account, strings.NewReader(jpeg)), c.CreateSession(ctx, account, "o"), c.CloseSession(ctx, account, "o"),
		} {
			require.ErrorIs(t, err, custom.ErrInvalidArgument, account)
			require.EqualError(t, err, want)
		}
		_, err := c.Sessions(ctx, account)
		require.ErrorIs(t, err, custom.ErrInvalidArgument)
	}
	require.EqualError(t, c.AddAgent(ctx, "a@b", ""), "custom: the nickname has 0 characters, it must have 1 to 16")
	require.EqualError(t, c.UpdateAgent(ctx, "a@b", strings.Repeat("客", 17)), "custom: the nickname has 17 characters, it must have 1 to 16")
	require.ErrorIs(t, c.InviteAgent(ctx, "a@b", ""), custom.ErrInvalidArgument)
	assert.Empty(t, f.calls)

	require.NoError(t, c.AddAgent(ctx, "Test_12345@"+strings.Repeat("b", 19), strings.Repeat("客", 16)), "at the limits")
	assert.Len(t, f.calls, 1)
}

// FuzzAgents: whatever the platform answers is an error or agents, never a panic.
func FuzzAgents(f *testing.F) {
	f.Add(`{"kf_list":[{"kf_id":1001,"invite_expire_time":"123456789"},{"kf_id":"1002"}]}`)
	f.Add(`{"kf_list":[{"kf_id":null,"invite_expire_time":""},{"kf_id":1e400,"invite_expire_time":-1}]}`)
	f.Fuzz(func(t *testing.T, answer string) {
		agents, err := newClient(&fake{answer: answer}).Agents(t.Context())
		assert.True(t, err == nil || agents == nil)
	})
}

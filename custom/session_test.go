package custom_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

func TestSessionsToTheLetter(t *testing.T) {
	t.Parallel()
	type client = *custom.Client
	session := func(ctx context.Context, c client) (any, error) { return c.Session(ctx, "o P&1") }
	sessions := func(ctx context.Context, c client) (any, error) { return c.Sessions(ctx, "test1@test") }
	queue := func(ctx context.Context, c client) (any, error) { return c.Queue(ctx) }
	sessionCall := call{"GET", "/customservice/kfsession/getsession?openid=o+P%261", "", false}
	sessionsCall := call{"GET", "/customservice/kfsession/getsessionlist?kf_account=test1@test", "", false}
	queueCall := call{"GET", "/customservice/kfsession/getwaitcase", "", false}
	at := time.Unix(123456789, 0)
	runWireCases(t, map[string]wireCase{
		"create": {func(ctx context.Context, c client) (any, error) {
			return nil, c.CreateSession(ctx, "test1@test", "OPENID")
		}, fine,
			call{"POST", "/customservice/kfsession/create", `{"kf_account":"test1@test","openid":"OPENID"}`, false}, nil},
		"close": {func(ctx context.Context, c client) (any, error) {
			return nil, c.CloseSession(ctx, "test1@test", "OPENID")
		}, fine,
			call{"POST", "/customservice/kfsession/close", `{"kf_account":"test1@test","openid":"OPENID"}`, false}, nil},
		"session": {session, `{"kf_account":"test1@test","createtime":123456789}`, sessionCall,
			custom.Session{Agent: "test1@test", OpenID: "o P&1", Created: at}},
		"no session": {session, `{"errcode":0,"errmsg":"ok","kf_account":"","createtime":0}`, sessionCall, custom.Session{OpenID: "o P&1"}},
		"sessions": {sessions, `{"sessionlist":[{"openid":"OPENID","createtime":123456789},{"openid":"O2","createtime":0}]}`, sessionsCall,
			[]custom.Session{{Agent: "test1@test", OpenID: "OPENID", Created: at}, {Agent: "test1@test", OpenID: "O2"}}},
		"no sessions": {sessions, `{"sessionlist":[]}`, sessionsCall, []custom.Session{}},
		"queue": {queue, `{"count":150,"waitcaselist":[{"latest_time":123456789,"openid":"OPENID"}]}`, queueCall,
			custom.Queue{Count: 150, Waiting: []custom.Waiting{{OpenID: "OPENID", Since: at}}}},
		"older queue": {queue, `{"count":1,"waitcaselist":[{"createtime":123456789,"kf_account":"test1@test","openid":"OPENID"}]}`, queueCall,
			custom.Queue{Count: 1, Waiting: []custom.Waiting{{OpenID: "OPENID", Agent: "test1@test", Since: at}}}},
		"nobody waits": {queue, `{"count":0,"waitcaselist":[]}`, queueCall, custom.Queue{Waiting: []custom.Waiting{}}},
	})
}

func TestSessionRefusals(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	c, ctx := newClient(f), t.Context()
	require.ErrorIs(t, c.CreateSession(ctx, "a@b", ""), custom.ErrInvalidArgument)
	require.ErrorIs(t, c.CloseSession(ctx, "a@b", ""), custom.ErrInvalidArgument)
	_, err := c.Session(ctx, "")
	require.ErrorIs(t, err, custom.ErrInvalidArgument)
	assert.Empty(t, f.calls)
}

// An answer without the list is not one of an empty list.
func TestAnswersWithoutTheirList(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*custom.Client) error{
		"agents":   func(c *custom.Client) error { _, err := c.Agents(t.Context()); return err },
		"online":   func(c *custom.Client) error { _, err := c.OnlineAgents(t.Context()); return err },
		"sessions": func(c *custom.Client) error { _, err := c.Sessions(t.Context(), "a@b"); return err },
		"queue":    func(c *custom.Client) error { _, err := c.Queue(t.Context()); return err },
		"records": func(c *custom.Client) error {
			for _, err := range c.Records(t.Context(), time.Now(), time.Now()) {
				return err
			}
			return nil
		},
	} {
		err := read(newClient(&fake{answer: fine}))
		require.ErrorContains(t, err, "custom: the answer ", name)
		assert.Equal(t, "lost", kindName(t, err))
		require.NoError(t, read(newClient(&fake{answer: `{"kf_list":[],"kf_online_list":null,"sessionlist":"","count":0,"number":0}`})), name)
	}
}

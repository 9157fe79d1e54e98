package wechattest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pathAgent      = "/customservice/kfaccount/"
	pathAgents     = "/cgi-bin/customservice/getkflist"
	pathOnline     = "/cgi-bin/customservice/getonlinekflist"
	pathSession    = "/customservice/kfsession/"
	pathRecords    = "/customservice/msgrecord/getmsglist"
	agentBody      = `{"kf_account":"test1@test","nickname":"客服1"}`
	oneAgent       = `{"kf_list":[{"kf_account":"test1@test","kf_headimgurl":"","kf_id":"1001","kf_nick":"客服1"}]}`
	inviteBody     = `{"kf_account":"test1@test","invite_wx":"person"}`
	sessionBody    = `{"kf_account":"test1@test","openid":"oFollower"}`
	accountBody    = `{"kf_account":"test1@test"}`
	longNickname   = "一二三四五六七八九十一二三四五六七"
	headImageStart = "\xFF\xD8\xFF\xE0"
)

func TestAgentAccounts(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	assert.Equal(t, `{"kf_list":[]}`, w.get(w.authorized(pathAgents)).Body)
	requireCode(t, 0, w.call(pathAgent+"add", agentBody))
	assert.Equal(t, oneAgent, w.get(w.authorized(pathAgents)).Body)
	requireCode(t, 65406, w.call(pathAgent+"add", agentBody))
	for body, code := range map[string]int{
		`{"kf_account":1,"nickname":"a"}`: 47001, `{"kf_account":"a@b","nickname":1}`: 47001,
		`{"nickname":"a"}`: 65404, `{"kf_account":"test","nickname":"a"}`: 65404, `{"kf_account":"@b","nickname":"a"}`: 65404,
		`{"kf_account":"a@","nickname":"a"}`: 65404, `{"kf_account":"a-b@c","nickname":"a"}`: 65404,
		`{"kf_account":"elevenchars@b","nickname":"a"}`:                     65404,
		`{"kf_account":"a@` + strings.Repeat("b", 29) + `","nickname":"a"}`: 65404,
		`{"kf_account":"a@b"}`: 65403,
		`{"kf_account":"a@b","nickname":"` + longNickname + `"}`:                                             65403,
		`{"kf_account":"Test_12345@` + strings.Repeat("b", 19) + `","nickname":"` + longNickname[:48] + `"}`: 0,
	} {
		requireCode(t, code, w.call(pathAgent+"add", body))
	}
	requireCode(t, 0, w.call(pathAgent+"update", strings.Replace(agentBody, "客服1", "客服2", 1)))
	assert.Contains(t, w.get(w.authorized(pathAgents)).Body, `"kf_nick":"客服2"`)
	requireCode(t, 65401, w.call(pathAgent+"update", `{"kf_account":"x@y","nickname":"a"}`))
	requireCode(t, 65403, w.call(pathAgent+"update", `{"kf_account":"test1@test","nickname":""}`))
	requireCode(t, 47001, w.call(pathAgent+"update", `{"kf_account":"test1@test","nickname":1}`))
	requireCode(t, 47001, w.call(pathAgent+"update", `{"kf_account":1,"nickname":"a"}`))

	requireCode(t, 0, w.call(pathAgent+"del", accountBody))
	requireCode(t, 65401, w.call(pathAgent+"del", accountBody))
	for i := range 99 {
		w.s.AddAgent(custom.Agent{Account: fmt.Sprintf("a%d@b", i)})
	}
	requireCode(t, 65405, w.call(pathAgent+"add", agentBody))
	assert.Panics(t, func() { w.s.AddAgent(custom.Agent{Account: "a1@b"}) })
	assert.Panics(t, func() { w.s.SetAgentOnline("x@y", true) })
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	now := time.Unix(1790000000, 0)
	w := newWire(t, wechattest.WithClock(func() time.Time { return now }), wechattest.WithTokenLifetime(100*time.Hour))
	invite := pathAgent + "inviteworker"
	w.s.AddAgent(custom.Agent{Account: "test1@test"})
	w.s.AddAgent(custom.Agent{Account: "test2@test"})
	w.s.AddAgent(custom.Agent{Account: "test3@test", WeChatID: "worker"})
	requireCode(t, 65401, w.call(invite, `{"kf_account":"x@y","invite_wx":"person"}`))
	requireCode(t, 65409, w.call(invite, accountBody))
	requireCode(t, 47001, w.call(invite, `{"kf_account":"test1@test","invite_wx":1}`))
	requireCode(t, 65412, w.call(invite, `{"kf_account":"test3@test","invite_wx":"person"}`))
	requireCode(t, 65407, w.call(invite, `{"kf_account":"test1@test","invite_wx":"worker"}`))
	requireCode(t, 0, w.call(invite, inviteBody))
	assert.Contains(t, w.get(w.authorized(pathAgents)).Body, `"invite_wx":"person","invite_expire_time":1790086400,"invite_status":"waiting"`)
	requireCode(t, 65408, w.call(invite, inviteBody))
	requireCode(t, 65411, w.call(invite, strings.Replace(inviteBody, "person", "other", 1)))

	w.s.AnswerInvite("test1@test", false)
	assert.Contains(t, w.get(w.authorized(pathAgents)).Body, `"invite_status":"rejected"`)
	requireCode(t, 0, w.call(invite, inviteBody))
	w.s.Advance(24 * time.Hour)
	assert.Contains(t, w.get(w.authorized(pathAgents)).Body, `"invite_status":"expired"`)
	assert.Panics(t, func() { w.s.AnswerInvite("test1@test", true) })
	requireCode(t, 0, w.call(invite, inviteBody))
	w.s.AnswerInvite("test1@test", true)
	assert.Contains(t, w.get(w.authorized(pathAgents)).Body, `{"kf_account":"test1@test","kf_headimgurl":"","kf_id":"1001","kf_nick":"","kf_wx":"person"}`)
	requireCode(t, 65412, w.call(invite, inviteBody))
}

// uploadHead posts a form with one part.
func (w *wire) uploadHead(path, query, contentType, body string) answer {
	w.t.Helper()
	req := w.request(http.MethodPost, w.authorized(path)+query, strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	a, err := w.do(req)
	require.NoError(w.t, err)
	return a
}

func TestHeadImage(t *testing.T) {
	t.Parallel()
	const path, query, kind = pathAgent + "uploadheadimg", "&kf_account=test1%40test", "multipart/form-data; boundary=X"
	part := func(header, data string) string {
		return "--X\r\nContent-Disposition: form-data; " + header + "\r\n\r\n" + data + "\r\n--X--\r\n"
	}
	good := part(`name="media"; filename="a.jpg"`, headImageStart)
	w := newWire(t)
	w.s.AddAgent(custom.Agent{Account: "test1@test"})
	for name, tt := range map[string]struct {
		query, kind, body string
		code              int
	}{
		"unknown agent":       {"&kf_account=x%40y", kind, good, 65401},
		"no agent":            {"", kind, good, 65401},
		"no form":             {query, "application/json", "{}", 41005},
		"no filename":         {query, kind, part(`name="media"`, headImageStart), 41005},
		"another field":       {query, kind, part(`name="file"; filename="a.jpg"`, headImageStart), 41005},
		"another boundary":    {query, kind + "Y", good, 41005},
		"no closing boundary": {query, kind, strings.TrimSuffix(good, "--X--\r\n"), 41005},
		"PNG":                 {query, kind, part(`name="media"; filename="a.jpg"`, "\x89PNG"), 40005},
	} {
		requireCode(t, tt.code, w.uploadHead(path, tt.query, tt.kind, tt.body), name)
	}
	assert.Nil(t, w.s.HeadImage("test1@test"))
	requireCode(t, 0, w.uploadHead(path, query, kind, good))
	assert.Equal(t, headImageStart, string(w.s.HeadImage("test1@test")))
	assert.Contains(t, w.get(w.authorized(pathAgents)).Body, `"kf_headimgurl":"http://mmbiz.qpic.cn/1001"`)
}

func TestSessions(t *testing.T) {
	t.Parallel()
	now := time.Unix(1790000000, 0)
	w := newWire(t, wechattest.WithClock(func() time.Time { return now }))
	session := func() string { return w.get(w.authorized(pathSession+"getsession") + "&openid=oFollower").Body }
	sessions := func(agent string) answer {
		return w.get(w.authorized(pathSession+"getsessionlist") + "&kf_account=" + agent)
	}
	w.s.Follow(follower, "oB")
	w.s.Unfollow("oLeft")
	w.s.AddAgent(custom.Agent{Account: "test1@test", WeChatID: "person"})
	w.s.AddAgent(custom.Agent{Account: "test2@test", WeChatID: "other"})
	w.s.AddAgent(custom.Agent{Account: "test3@test"})
	create, end := pathSession+"create", pathSession+"close"
	assert.Equal(t, `{"kf_account":"","createtime":0}`, session())
	requireCode(t, 61459, w.call(create, sessionBody))
	w.s.SetAgentOnline("test1@test", true)
	w.s.SetAgentOnline("test2@test", true)
	for replace, code := range map[string]int{"test9@test": 65401, "test3@test": 65402} {
		requireCode(t, code, w.call(create, strings.Replace(sessionBody, "test1@test", replace, 1)))
	}
	for replace, code := range map[string]int{"oNobody": 40003, "oLeft": 43004} {
		requireCode(t, code, w.call(create, strings.Replace(sessionBody, follower, replace, 1)))
	}
	requireCode(t, 47001, w.call(create, `{"kf_account":"test1@test","openid":1}`))

	w.s.Await("oB", follower)
	assert.Equal(t, `{"count":2,"waitcaselist":[{"latest_time":1790000000,"openid":"oB"},{"latest_time":1790000000,"openid":"oFollower"}]}`,
		w.get(w.authorized(pathSession+"getwaitcase")).Body)
	requireCode(t, 0, w.call(create, sessionBody))
	requireCode(t, 0, w.call(create, sessionBody), "again with the same agent")
	requireCode(t, 65414, w.call(create, strings.Replace(sessionBody, "test1", "test2", 1)))
	assert.Equal(t, `{"kf_account":"test1@test","createtime":1790000000}`, session())
	assert.Equal(t, custom.Session{Agent: "test1@test", OpenID: follower, Created: now}, w.s.Session(follower))
	assert.Equal(t, `{"count":1,"waitcaselist":[{"latest_time":1790000000,"openid":"oB"}]}`, w.get(w.authorized(pathSession+"getwaitcase")).Body)
	assert.Equal(t, `{"kf_online_list":[{"kf_account":"test1@test","status":1,"kf_id":"1001","accepted_case":1},`+
		`{"kf_account":"test2@test","status":1,"kf_id":"1002","accepted_case":0}]}`, w.get(w.authorized(pathOnline)).Body)
	requireCode(t, 0, w.call(create, strings.Replace(sessionBody, follower, "oB", 1)))
	assert.Equal(t, `{"sessionlist":[{"openid":"oB","createtime":1790000000},{"openid":"oFollower","createtime":1790000000}]}`, sessions("test1@test").Body)
	assert.Equal(t, `{"sessionlist":[]}`, sessions("test2@test").Body)
	requireCode(t, 65401, sessions("x@y"))
	requireCode(t, 40003, w.get(w.authorized(pathSession+"getsession")+"&openid=oNobody"))

	requireCode(t, 65414, w.call(end, strings.Replace(sessionBody, "test1", "test2", 1)))
	requireCode(t, 65401, w.call(end, strings.Replace(sessionBody, "test1", "test9", 1)))
	requireCode(t, 47001, w.call(end, `{"kf_account":1}`))
	requireCode(t, 0, w.call(end, sessionBody))
	requireCode(t, 65413, w.call(end, sessionBody))
	requireCode(t, 0, w.call(pathAgent+"del", accountBody))
	assert.Empty(t, w.s.Session("oB").Agent, "the agent's sessions end with the agent")
}

func TestWaitingListIsCut(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for i := range 150 {
		w.s.Await(fmt.Sprint("o", i))
	}
	body := w.get(w.authorized(pathSession + "getwaitcase")).Body
	assert.Contains(t, body, `"count":150,`)
	assert.Equal(t, 100, strings.Count(body, "openid"))
}

func TestRecords(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	for i := range 5 {
		w.s.AddRecords(custom.Record{OpenID: "o", Agent: "a@b", Operation: custom.AgentSent, Text: "<照片>", Time: time.Unix(1000+int64(i), 0)})
	}
	ask := func(from, to, id, number string) answer {
		return w.call(pathRecords, fmt.Sprintf(`{"starttime":%s,"endtime":%s,"msgid":%s,"number":%s}`, from, to, id, number))
	}
	const one = `{"openid":"o","opercode":2002,"text":"<照片>","time":%d,"worker":"a@b"}`
	assert.Equal(t, fmt.Sprintf(`{"recordlist":[`+one+`,`+one+`],"number":2,"msgid":4}`, 1001, 1002), ask("1001", "1003", "1", "2").Body)
	assert.Equal(t, fmt.Sprintf(`{"recordlist":[`+one+`],"number":1,"msgid":6}`, 1003), ask("1001", "1003", "4", "2").Body)
	assert.Equal(t, `{"recordlist":[],"number":0,"msgid":6}`, ask("2000", "2000", "1", "10000").Body)
	requireCode(t, 0, ask("1000", "87400", "1", "1"))
	requireCode(t, 65417, ask("1000", "87401", "1", "1"))
	for _, bad := range [][4]string{{"0", "1", "1", "1"}, {"2", "1", "1", "1"}, {"1", "2", "0", "1"}, {"1", "2", "1", "0"}, {"1", "2", "1", "10001"}} {
		requireCode(t, 65416, ask(bad[0], bad[1], bad[2], bad[3]))
	}
	requireCode(t, 47001, ask(`"1"`, "2", "1", "1"))
}

// The calls of package custom, through the real client.
func TestClientManagesAgents(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	s.Interact(wechattest.Wrote, follower)
	c, ctx := s.Client().Custom, t.Context()
	require.NoError(t, c.AddAgent(ctx, "test1@test", "客服1"))
	require.NoError(t, c.UpdateAgent(ctx, "test1@test", "客服2"))
	require.NoError(t, c.SetHeadImage(ctx, "test1@test", strings.NewReader(headImageStart+"x")))
	assert.Equal(t, headImageStart+"x", string(s.HeadImage("test1@test")))
	require.NoError(t, c.InviteAgent(ctx, "test1@test", "person"))
	s.AnswerInvite("test1@test", true)
	s.SetAgentOnline("test1@test", true)
	agents, err := c.Agents(ctx)
	require.NoError(t, err)
	assert.Equal(t, []custom.Agent{{Account: "test1@test", ID: "1001", Nickname: "客服2", HeadImageURL: "http://mmbiz.qpic.cn/1001", WeChatID: "person"}}, agents)
	s.Await(follower)
	queue, err := c.Queue(ctx)
	require.NoError(t, err)
	assert.Equal(t, 1, queue.Count)
	require.NoError(t, c.Typing(ctx, follower))
	require.NoError(t, c.Typing(ctx, follower), "45081 is no failure")
	require.NoError(t, c.CreateSession(ctx, "test1@test", follower))
	online, err := c.OnlineAgents(ctx)
	require.NoError(t, err)
	assert.Equal(t, []custom.OnlineAgent{{Account: "test1@test", ID: "1001", Status: 1, Sessions: 1}}, online)
	got, err := c.Session(ctx, follower)
	require.NoError(t, err)
	assert.Equal(t, "test1@test", got.Agent)
	list, err := c.Sessions(ctx, "test1@test")
	require.NoError(t, err)
	assert.Equal(t, []custom.Session{got}, list)
	require.NoError(t, c.Send(ctx, follower, custom.Text{Content: "hi"}, custom.WithAgent("test1@test")))
	require.NoError(t, c.CloseSession(ctx, "test1@test", follower))
	require.NoError(t, c.DeleteAgent(ctx, "test1@test"))

	day := time.Unix(1790000000, 0)
	for i := range 2500 {
		s.AddRecords(custom.Record{OpenID: follower, Text: fmt.Sprint(i), Time: day.Add(time.Duration(i) * time.Second)})
	}
	n := 0
	for r, err := range c.Records(ctx, day, day.Add(24*time.Hour)) {
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(n), r.Text)
		n++
	}
	assert.Equal(t, 2500, n)
	assert.Equal(t, 3, s.Requests(pathRecords))
}

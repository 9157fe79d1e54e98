package callback

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// event is the body of one, with more elements.
func event(name, more string) string {
	return "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>100</CreateTime>" +
		"<MsgType>event</MsgType><Event>" + name + "</Event>" + more + "</xml>"
}

func TestDedupeKeys(t *testing.T) {
	t.Parallel()
	text := textPush(1)
	for name, tt := range map[string]struct {
		a, b string
		same bool
	}{
		"the same message":           {text, text, true},
		"a message in another order": {text, "<xml><MsgId>1</MsgId>" + strings.TrimPrefix(strings.Replace(text, "<MsgId>1</MsgId>", "", 1), "<xml>"), true},
		"an event in another order":  {event("CLICK", "<EventKey>a</EventKey>"), event("CLICK", "<x/><EventKey><![CDATA[a]]></EventKey>"), false},
		"an event":                   {event("CLICK", "<EventKey>a</EventKey>"), event("CLICK", "<EventKey>a</EventKey>"), true},
		"cards of one second":        {event("user_get_card", "<UserCardCode>1</UserCardCode>"), event("user_get_card", "<UserCardCode>2</UserCardCode>"), false},
		"scans of one second":        {event("scancode_waitmsg", "<ScanCodeInfo><ScanResult>1</ScanResult></ScanCodeInfo>"), event("scancode_waitmsg", "<ScanCodeInfo><ScanResult>2</ScanResult></ScanCodeInfo>"), false},
		"mass jobs, same id":         {event("MASSSENDJOBFINISH", "<MsgID>1</MsgID><Status>sendsuccess</Status>"), event("MASSSENDJOBFINISH", "<MsgID>1</MsgID><Status>err(10001)</Status>"), false},
		"receipt, in another order":  {event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID><Status>success</Status>"), event("TEMPLATESENDJOBFINISH", "<Status>success</Status><MsgID>1</MsgID>"), true},
		"another time of it":         {text, strings.Replace(text, "1348831860", "1348831865", 1), true},
		"another id":                 {text, strings.Replace(text, "<MsgId>1<", "<MsgId>2<", 1), false},
		"another sender":             {text, strings.Replace(text, "o9AgO5", "o9AgO6", 1), false},
		"another account":            {text, strings.Replace(text, "gh_974", "gh_975", 1), false},
		"sender and account swapped": {text, strings.NewReplacer("gh_97417a04a28d", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", "gh_97417a04a28d").Replace(text), false},
		"event, another second":      {event("CLICK", ""), strings.Replace(event("CLICK", ""), "100", "101", 1), false},
		"event, another name":        {event("CLICK", ""), event("VIEW", ""), false},
		"event, another key":         {event("CLICK", "<EventKey>a</EventKey>"), event("CLICK", "<EventKey>b</EventKey>"), false},
		"unknown event's key":        {event("card", "<EventKey>a</EventKey>"), event("card", "<EventKey>b</EventKey>"), false},
		"receipt, another id":        {event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID><Status>success</Status>"), event("TEMPLATESENDJOBFINISH", "<MsgID>2</MsgID><Status>success</Status>"), false},
		"receipt, another status":    {event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID><Status>success</Status>"), event("TEMPLATESENDJOBFINISH", "<MsgID>1</MsgID><Status>failed:user block</Status>"), false},
		"withdrawals of two users":   {event("user_info_modified", "<OpenID>a</OpenID>"), event("user_info_modified", "<OpenID>b</OpenID>"), false},
		"no id, another second":      {"<xml><MsgType>text</MsgType><CreateTime>1</CreateTime></xml>", "<xml><MsgType>text</MsgType><CreateTime>2</CreateTime></xml>", false},
		"no id, another type":        {"<xml><MsgType>text</MsgType></xml>", "<xml><MsgType>image</MsgType></xml>", false},
		"names that run together": {"<xml><ToUserName>ab</ToUserName><FromUserName>c</FromUserName><MsgType>text</MsgType><MsgId>1</MsgId></xml>",
			"<xml><ToUserName>a</ToUserName><FromUserName>bc</FromUserName><MsgType>text</MsgType><MsgId>1</MsgId></xml>", false},
		"a platform's own pushes": {"<xml><AppId>c</AppId><CreateTime>1</CreateTime><InfoType>authorized</InfoType><AuthorizerAppid>a</AuthorizerAppid></xml>",
			"<xml><AppId>c</AppId><CreateTime>1</CreateTime><InfoType>authorized</InfoType><AuthorizerAppid>b</AuthorizerAppid></xml>", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := NewServer(Config{Account: testAccount(false), Claim: &claims{}}, texter("x"))
			require.NoError(t, err)
			a, b := identified(t, s, tt.a), identified(t, s, tt.b)
			assert.Equal(t, tt.same, a.key == b.key, "key")
			assert.Equal(t, tt.same, a.in.claimKey == b.in.claimKey, "claim")
			assert.Len(t, a.in.claimKey, 64)
		})
	}
}

// identified returns a run of the message in body.
func identified(t *testing.T, s *Server, body string) *run {
	t.Helper()
	m, err := Parse([]byte(body))
	require.NoError(t, err)
	r := &run{server: s, in: &incoming{account: s.accounts.one, message: m, head: *m.Head()}}
	r.identify([]byte(body))
	return r
}

// The claim is shared by versions of this package: it must stay what it is.
func TestClaimKeyIsFixed(t *testing.T) {
	t.Parallel()
	s, err := NewServer(Config{Account: testAccount(false), Claim: &claims{}}, texter("x"))
	require.NoError(t, err)
	for body, want := range map[string]string{
		textPush(1):                              "b53b4aa08877096408a34b4e46e0b855ee7d92d0aa3862554d16a4b958c49f26",
		event("CLICK", "<EventKey>a</EventKey>"): "3753e0d33aae70338d3cd0fa4588a1908bc57b610406932a71e3ad1f2382c900",
		event("TEMPLATESENDJOBFINISH", "<MsgID>7</MsgID><Status>success</Status>"):                   "f285167a243081d9ab3756524637e64c078eaca8cf7c57c3df0355f241a3b57d",
		event("subscribe_msg_sent_event", "<List><TemplateId>T</TemplateId><MsgID>7</MsgID></List>"): "3296fb2d17e9826553c5babbb8e859fb39f932aaccd7200acc720eb7b3f19bbf",
	} {
		assert.Equal(t, want, identified(t, s, body).in.claimKey, body)
	}
}

// Receipts without an id cannot be told from one another, and each is handled.
func TestReceiptsWithoutAnID(t *testing.T) {
	t.Parallel()
	for id, want := range map[int]int32{0: 3, 7: 1} {
		t.Run(fmt.Sprint(id), func(t *testing.T) {
			t.Parallel()
			var runs atomic.Int32
			c := &claims{}
			s, err := NewServer(Config{Account: testAccount(true), Claim: c, Logger: quiet()},
				HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
					assert.Equal(t, StatusDelivered, m.(*TemplateSendJobFinishEvent).Status)
					runs.Add(1)
					return nil, nil
				}))
			require.NoError(t, err)
			body := event("TEMPLATESENDJOBFINISH", fmt.Sprintf("<MsgID>%d</MsgID><Status>success</Status>", id))
			for range 3 {
				w := serve(s, pushed{account: testAccount(true), body: body, safe: true}.request(t.Context(), ""))
				assert.Equal(t, "success", w.body.String())
			}
			assert.Equal(t, want, runs.Load())
			assert.Len(t, c.taken, int(1-max(0, want-1)/2))
			require.NoError(t, s.Shutdown(t.Context()))
			assert.True(t, idle(s))
		})
	}
}

// Messages are forgotten in the order in which they came, and no sooner than was agreed.
func TestRemembers(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	s, err := NewServer(Config{Account: testAccount(false), Remember: 10, Logger: quiet()},
		HandlerFunc(func(context.Context, Message) (Reply, error) { runs.Add(1); return nil, nil }))
	require.NoError(t, err)
	for id := range int64(11) {
		serve(s, genuine(false, id+1))
	}
	require.EqualValues(t, 11, runs.Load())
	for id := range int64(10) {
		serve(s, genuine(false, id+2))
	}
	assert.EqualValues(t, 11, runs.Load(), "ten are remembered")
	serve(s, genuine(false, 1))
	assert.EqualValues(t, 12, runs.Load(), "the eleventh is not")
}

// The newest are remembered, as many as was agreed, and nothing else.
func TestMemory(t *testing.T) {
	t.Parallel()
	for _, most := range []int{1, 2, 7, 100} {
		m := newMemory[int, string](most)
		for i := range 1000 {
			m.add(i, strconv.Itoa(i))
			m.age(i)
			for _, k := range []int{i - most, i - most + 1, i, i + 1} {
				v, ok := m.find(k)
				require.Equal(t, max(0, i-most+1) <= k && k <= i, ok, "%d of %d, %d remembered", k, i, most)
				if ok {
					require.Equal(t, strconv.Itoa(k), v)
				}
			}
		}
		assert.Len(t, m.values, most)
	}
}

// However many messages there have been, memory is what the configuration says.
func TestDedupeMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("50,000 messages")
	}
	s, err := NewServer(Config{Account: testAccount(false), Remember: 1000, Logger: quiet()}, texter("您好"))
	require.NoError(t, err)
	id := int64(0)
	flood := func(n int) {
		for range n {
			id++
			if w := serve(s, genuine(false, id)); w.status != 200 {
				t.Fatal(w.status)
			}
		}
	}
	flood(5000)
	before := liveHeap()
	flood(45_000)
	assert.Less(t, liveHeap(), before+1<<20)
	assert.True(t, idle(s))
	assert.Len(t, s.messages.runs.values, 1000)
	assert.Len(t, s.messages.signatures.values, 1000)
}

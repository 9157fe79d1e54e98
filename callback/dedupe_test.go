package callback

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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
		"in another order":           {event("CLICK", "<EventKey>a</EventKey>"), event("CLICK", "<x/><EventKey><![CDATA[a]]></EventKey>"), true},
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
			s, err := NewServer(Config{Account: testAccount(false)}, texter("x"))
			require.NoError(t, err)
			a, err := Parse([]byte(tt.a))
			require.NoError(t, err)
			b, err := Parse([]byte(tt.b))
			require.NoError(t, err)
			assert.Equal(t, tt.same, s.keyOf(a) == s.keyOf(b), "key")
			assert.Equal(t, tt.same, claimKey(appendIdentity(nil, a)) == claimKey(appendIdentity(nil, b)), "claim")
		})
	}
}

// A field that tells one event from another must be in the key: for every struct that has one.
func TestEveryEventKeyCounts(t *testing.T) {
	t.Parallel()
	s, err := NewServer(Config{Account: testAccount(false)}, texter("x"))
	require.NoError(t, err)
	seen := 0
	for kind, empty := range kinds {
		for _, field := range []string{"EventKey", "Status", "KfAccount", "OpenID", "PublishID"} {
			a, b := empty(), empty()
			f := reflect.ValueOf(b).Elem().FieldByName(field)
			if !f.IsValid() || f.Kind() != reflect.String || kind == "event/masssendjobfinish" {
				continue // that one has an id
			}
			f.SetString("other")
			a.Head().Event, b.Head().Event = kind, kind
			assert.NotEqual(t, s.keyOf(a), s.keyOf(b), "%s: %s", kind, field)
			seen++
		}
	}
	assert.Greater(t, seen, 10)
}

// The claim is shared by versions of this package: it must stay what it is.
func TestClaimKeyIsFixed(t *testing.T) {
	t.Parallel()
	m, err := Parse([]byte(textPush(1)))
	require.NoError(t, err)
	assert.Equal(t, "044ca1df3df3dc6e4da256d9910b98ef61f006f470246ba778ef301cdda6415b", claimKey(appendIdentity(nil, m)))
	m, err = Parse([]byte(event("CLICK", "<EventKey>a</EventKey>")))
	require.NoError(t, err)
	assert.Equal(t, "7e95b280186fca9d9e4990987ebe9c9a5dd04111cb8a1d4f67afc759e75e8d2d", claimKey(appendIdentity(nil, m)))
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
		serveHere(s, genuine(false, id+1))
	}
	require.EqualValues(t, 11, runs.Load())
	for id := range int64(10) {
		serveHere(s, genuine(false, id+2))
	}
	assert.EqualValues(t, 11, runs.Load(), "ten are remembered")
	serveHere(s, genuine(false, 1))
	assert.EqualValues(t, 12, runs.Load(), "the eleventh is not")
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	const remembered = 1024
	table := newSignatures(remembered)
	rnd := rand.New(rand.NewPCG(1, 2))
	var seen []uint64
	forgotten := 0
	for i := range 20 * remembered {
		seen = append(seen, rnd.Uint64())
		require.True(t, table.claim(seen[i], key(i)), "new")
		require.True(t, table.claim(seen[i], key(i)), "the same again")
		require.False(t, table.claim(seen[i], key(i+1)), "another")
		if old := i - remembered; old >= 0 && i%7 == 0 {
			if table.claim(seen[old], key(old+1)) {
				forgotten++
			}
		}
	}
	assert.Less(t, forgotten, remembered*20/7/25, "of a hundred, 96 are remembered as long as was agreed")
	assert.True(t, table.claim(seen[0], 99), "forgotten at last")
	for remembered, want := range map[int]int{1: 1, 2: 2, 3: 4, DefaultRemember: DefaultRemember, 1 << 30: 1 << 18} {
		assert.Len(t, newSignatures(remembered).buckets, want)
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
			if w := serveHere(s, genuine(false, id)); w.status != 200 {
				t.Fatal(w.status)
			}
		}
	}
	flood(5000)
	before := liveHeap()
	flood(45_000)
	assert.Less(t, liveHeap(), before+1<<20)
	assert.True(t, idle(s))
	assert.Len(t, s.ledger.past.entries, 1000)
}

// An answer that is handed out again is not what the ledger will write over.
func TestReplayedAnswersStay(t *testing.T) {
	t.Parallel()
	l := newLedger(10, 1)
	answer := bytes.Repeat([]byte("a"), 300)
	l.land(&flight{key: 1}, answer)
	got := l.board(&flight{key: 1}, 0)
	require.True(t, got.replayed)
	for i := range key(2 * blockSize / 300) {
		l.land(&flight{key: 2 + i}, bytes.Repeat([]byte("b"), 300))
	}
	assert.Equal(t, answer, got.answer)
}

// A message is settled without its lock only where nobody else can know of it.
func TestFinishAlone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(s *Server, f *flight, d *delivery)
		after time.Duration
		want  bool
	}{
		"nobody":   {func(*Server, *flight, *delivery) {}, 0, true},
		"repeated": {func(s *Server, f *flight, _ *delivery) { s.ledger.board(&flight{key: f.key}, 0) }, 0, false},
		"shutdown": {func(s *Server, _ *flight, _ *delivery) { s.ledger.close() }, 0, false},
		"expired":  {func(_ *Server, _ *flight, d *delivery) { d.expired.Store(true) }, 0, false},
		"too late": {func(*Server, *flight, *delivery) {}, countsFor, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := NewServer(Config{Account: testAccount(false)}, texter("x"))
			require.NoError(t, err)
			d := newDelivery()
			d.begin(nil, nil)
			s.watch.add(d)
			f := &flight{server: s, key: 1, arrival: d.arrival}
			require.Same(t, f, s.ledger.board(f, 0).flight)
			tt.spoil(s, f, d)
			assert.Equal(t, tt.want, f.finishAlone(d, []byte("<xml>"), d.arrival.Add(tt.after)))
			assert.Equal(t, tt.want, idle(s))
			assert.Equal(t, tt.want, f.alone)
			s.watch.remove(d)
			s.watch.timer.Stop()
		})
	}
}

// A flight that is used again knows nothing of the message before, and keeps small buffers only.
func TestFlightIsUsedAgain(t *testing.T) {
	t.Parallel()
	for size, kept := range map[int]int{keepSize: keepSize, keepSize + 1: 0} {
		d := newDelivery()
		f := &flight{key: 1, single: true, nonce: "n", shared: true, alone: true, state: late, waits: 3, waiting: d}
		f.buf, f.plain = make([]byte, size), make([]byte, 9)
		d.spare = f
		d.end()
		assert.Same(t, f, d.spare)
		assert.Empty(t, f.buf)
		assert.Equal(t, kept, cap(f.buf))
		f.buf, f.plain = nil, nil
		assert.Equal(t, &flight{}, f)
	}
}

// A delivery that is used again is watched again, and no longer than it takes.
func TestWatchLetsGo(t *testing.T) {
	t.Parallel()
	s, err := NewServer(Config{Account: testAccount(false)}, texter("x"))
	require.NoError(t, err)
	for range 10 { // the first is alone, the others are repeats
		serveHere(s, genuine(false, 1))
		assert.Nil(t, s.watch.oldest)
	}
}

// The watch lets go of what has been, in whatever order that ends.
func TestWatchList(t *testing.T) {
	t.Parallel()
	var w watch
	d := make([]*delivery, 5)
	for i := range d {
		d[i] = newDelivery()
		d[i].begin(nil, nil)
		w.add(d[i])
	}
	for _, i := range []int{2, 0, 4, 2, 1} {
		w.remove(d[i])
	}
	assert.Same(t, d[3], w.oldest)
	assert.Same(t, d[3], w.newest)
	w.remove(d[3])
	assert.Nil(t, w.oldest)
	assert.Nil(t, w.newest)
	w.timer.Stop()
}

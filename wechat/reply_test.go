package wechat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pathReply    = "/cgi-bin/message/custom/send"
	pathTransfer = "/customservice/kfsession/create"
	pathToken    = "/cgi-bin/stable_token"
)

// parts are texts of which each is a part of its own; join makes a reply of them.
func parts(n int) []string {
	var all []string
	for i := range n {
		all = append(all, strings.Repeat(fmt.Sprintf("第%d页", i), 180)+"。")
	}
	return all
}

func join(parts []string) string { return strings.Join(parts, "\n") }

// desk is an account to which oParent has just written.
func desk(t *testing.T) *wechattest.Server {
	t.Helper()
	s := wechattest.New(t, wechattest.InMemory(), wechattest.WithWindow(wechattest.Paid, -1, time.Hour))
	s.Interact(wechattest.Wrote, "oParent")
	return s
}

// arrived are the texts that the follower has got, in their order.
func arrived(s *wechattest.Server) []string {
	var all []string
	for _, a := range s.Accepted() {
		all = append(all, a.Custom.(custom.Text).Content)
	}
	return all
}

// undelivered returns what the error of a SendReply holds.
func undelivered(t *testing.T, err error) callback.Reply {
	t.Helper()
	var u *callback.UndeliveredError
	require.ErrorAs(t, err, &u)
	assert.Equal(t, u.Err.Error(), err.Error())
	return u.Reply
}

// refusedDials lets the first n connections be refused.
type refusedDials struct {
	next  http.RoundTripper
	n     int64
	tries atomic.Int64
}

func (d *refusedDials) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.tries.Add(1) <= d.n {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return d.next.RoundTrip(r)
}

func TestSendReplySplitsALongText(t *testing.T) {
	t.Parallel()
	const family = "👨‍👩‍👧‍👦" // 25 bytes that are one sign
	a := func(n int) string { return strings.Repeat("a", n) }
	for _, tt := range []struct {
		name, text string
		sent       []string
	}{
		{"at the limit", a(2048), []string{a(2048)}},
		{"over the limit", a(2049), []string{a(2048), "a"}},
		{"at the limit, in Chinese", strings.Repeat("字", 682) + "ab", []string{strings.Repeat("字", 682) + "ab"}},
		{"over the limit, in Chinese", strings.Repeat("字", 683), []string{strings.Repeat("字", 682), "字"}},
		{"an emoji across the limit", strings.Repeat("字", 681) + family, []string{strings.Repeat("字", 681), family}},
		{"five parts, as many as a window has", join(parts(5)), parts(5)},
		{"a line break at the cut", "一\n" + a(2048), []string{"一", a(2048)}},
		{"leading white space", "  " + strings.Repeat("字", 683), []string{"  " + strings.Repeat("字", 682), "字"}},
		{"more white space than a part holds", strings.Repeat(" ", 3000) + "a", []string{"a"}},
		{"bytes that are no UTF-8", "a\xff", []string{"a\uFFFD"}},
		{"bytes that are no UTF-8, over the limit once replaced", a(2046) + "\xff", []string{a(2046), "\uFFFD"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, start := desk(t), time.Now()
				require.NoError(t, s.Client().SendReply(t.Context(), "oParent", callback.Text{Content: tt.text}))
				assert.Equal(t, tt.sent, arrived(s))
				assert.Equal(t, len(tt.sent), s.Requests(pathReply))
				assert.Zero(t, time.Since(start), "parts follow one another without a pause")
			})
		})
	}
}

// TestSendReplyOfAVideosTitle splits the text that stands for a video as any other.
func TestSendReplyOfAVideosTitle(t *testing.T) {
	t.Parallel()
	s := desk(t)
	s.Fail(pathReply, 1, wechattest.Fault{})
	s.Fail(pathReply, 1, wechattest.Fault{Code: 45047})
	err := s.Client().SendReply(t.Context(), "oParent", callback.Video{MediaID: "M", Title: join(parts(3))})
	require.ErrorIs(t, err, wechat.ErrWindowUsedUp)
	assert.Equal(t, parts(1), arrived(s))
	assert.Equal(t, callback.Text{Content: join(parts(3)[1:])}, undelivered(t, err), "of a video whose title is being sent the rest is text")

	s.Fail(pathReply, 1, wechattest.Fault{Code: 45047})
	video := callback.Video{MediaID: "M", Title: join(parts(3)), Description: "d"}
	assert.Equal(t, video, undelivered(t, s.Client().SendReply(t.Context(), "oParent", video)), "nothing of it was sent")
}

// TestSendReplyRefused tells what each failure leaves, and that none of these is repeated.
func TestSendReplyRefused(t *testing.T) {
	t.Parallel()
	ok := wechattest.Fault{}
	all := parts(6)
	long := callback.Text{Content: join(all)}
	rest := func(from int) callback.Text { return callback.Text{Content: join(all[from:])} }
	for _, tt := range []struct {
		name   string
		faults []wechattest.Fault // of one request each
		sent   int                // parts that arrived
		tried  int                // requests
		left   callback.Text
		code   wechat.Code
		kind   wechat.Kind
	}{
		{"more parts than the window has", nil, 5, 6, rest(5), 45047, wechat.KindWindow},
		{"a window with two left", []wechattest.Fault{ok, ok, {Code: 45047}}, 2, 3, rest(2), 45047, wechat.KindWindow},
		{"no window", []wechattest.Fault{{Code: 45015}}, 0, 1, long, 45015, wechat.KindWindow},
		{"no right", []wechattest.Fault{{Code: 48001}}, 0, 1, long, 48001, wechat.KindAccount},
		{"the person has left meanwhile", []wechattest.Fault{ok, {Code: 43004}}, 1, 2, rest(1), 43004, wechat.KindRecipient},
		{"quota of the day", []wechattest.Fault{ok, {Code: 45009}}, 1, 2, rest(1), 45009, wechat.KindDailyQuota},
		{"an answer lost after the message arrived", []wechattest.Fault{ok, {Reset: wechattest.ResetAfter}}, 2, 2, rest(1), 0, wechat.KindLost},
		{"an answer lost before the message arrived", []wechattest.Fault{ok, {Reset: wechattest.ResetBefore}}, 1, 2, rest(1), 0, wechat.KindLost},
		{"the first answer lost", []wechattest.Fault{{Reset: wechattest.ResetAfter}}, 1, 1, long, 0, wechat.KindLost},
		{"half an answer", []wechattest.Fault{ok, {Cut: true}}, 2, 2, rest(1), 0, wechat.KindLost},
		{"busy, and carried out", []wechattest.Fault{ok, {Code: -1, After: true}}, 2, 2, rest(1), -1, wechat.KindBusy},
		{"busy", []wechattest.Fault{ok, {Code: -1}}, 1, 2, rest(1), -1, wechat.KindBusy},
		{"a gateway's page, and carried out", []wechattest.Fault{ok, {Status: 502, After: true}}, 2, 2, rest(1), 0, wechat.KindBusy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, start := desk(t), time.Now()
				for _, f := range tt.faults {
					s.Fail(pathReply, 1, f)
				}
				err := s.Client().SendReply(t.Context(), "oParent", long)
				assert.Equal(t, tt.left, undelivered(t, err))
				assert.Equal(t, all[:tt.sent], append([]string{}, arrived(s)...))
				assert.Equal(t, tt.tried, s.Requests(pathReply), "nothing is sent twice")
				assert.Equal(t, tt.kind, wechat.KindOf(err))
				var e *wechat.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, tt.code, e.Code)
				require.ErrorContains(t, err, fmt.Sprintf("part %d of 6: wechat: POST ", tt.tried))
				assert.NotContains(t, err.Error(), "页", "an error quotes no text")
				assert.NotContains(t, err.Error(), "oParent")
				assert.Zero(t, time.Since(start))
			})
		})
	}
}

// TestSendReplyOfTheRest goes on where the first one failed, and tells which part is in doubt.
func TestSendReplyOfTheRest(t *testing.T) {
	t.Parallel()
	pieces := []string{"字", "a", " ", "\n", "。", ", ", "👨‍👩‍👧‍👦", "\xff", "<a href=\"https://x.example\">标签</a>", "\r\n\r\n", "word"}
	s := desk(t)
	s.Interact(wechattest.Paid, "oParent")
	client := s.Client()
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 0))
		var b strings.Builder
		for b.Len() < 1000+random.IntN(9000) {
			b.WriteString(strings.Repeat(pieces[random.IntN(len(pieces))], 1+random.IntN(1+int(seed)*10)))
		}
		want, done := custom.SplitText(b.String()), len(arrived(s))
		if len(want) < 2 {
			continue
		}
		failing := random.IntN(len(want))
		s.Fail(pathReply, failing, wechattest.Fault{})
		s.Fail(pathReply, 1, wechattest.Fault{Code: -1})
		left := undelivered(t, client.SendReply(t.Context(), "oParent", callback.Text{Content: b.String()}))
		require.Equal(t, want[failing], custom.SplitText(left.(callback.Text).Content)[0], "the part in doubt")
		require.NoError(t, client.SendReply(t.Context(), "oParent", left))
		require.Equal(t, want, arrived(s)[done:], "seed %d", seed)
	}
}

// TestSendReplyWaitsForTheNextMinute sends again what 45011 has put off.
func TestSendReplyWaitsForTheNextMinute(t *testing.T) {
	t.Parallel()
	ok, limit := wechattest.Fault{}, wechattest.Fault{Code: 45011}
	for _, tt := range []struct {
		name    string
		faults  []wechattest.Fault
		minutes []int // in which each part arrives
	}{
		{"the first part", []wechattest.Fault{limit}, []int{1, 1, 1}},
		{"in the middle", []wechattest.Fault{ok, limit}, []int{0, 1, 1}},
		{"twice", []wechattest.Fault{ok, limit, limit, ok}, []int{0, 2, 2}},
		{"two parts", []wechattest.Fault{ok, limit, ok, limit}, []int{0, 1, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(17 * time.Second)
				minute := time.Now().Truncate(time.Minute)
				s := desk(t)
				for _, f := range tt.faults {
					s.Fail(pathReply, 1, f)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				require.NoError(t, s.Client().SendReply(ctx, "oParent", callback.Text{Content: join(parts(3))}))
				require.Equal(t, parts(3), arrived(s))
				for i, a := range s.Accepted() {
					into := a.Time.Sub(minute) - time.Duration(tt.minutes[i])*time.Minute
					if tt.minutes[i] == 0 {
						assert.Equal(t, 17*time.Second, into)
						continue
					}
					assert.GreaterOrEqual(t, into, 200*time.Millisecond, "part %d", i)
					assert.LessOrEqual(t, into, 2*time.Second, "part %d", i)
				}
			})
		})
	}
}

// TestSendReplySendsAgainWhatNeverLeft has the network or the token fail for a while.
func TestSendReplySendsAgainWhatNeverLeft(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		refused  int64 // dials
		attempts int
		fail     func(s *wechattest.Server)
		most     time.Duration
	}{
		{"connection refused twice", 2, 1, nil, 4 * time.Second},
		{"connection refused twice, within one call", 2, 3, nil, time.Second},
		{"connection refused 24 times", 24, 3, nil, 90 * time.Second},
		{"busy with tokens", 0, 1, func(s *wechattest.Server) { s.Fail(pathToken, 2, wechattest.Fault{Code: -1}) }, 8 * time.Second},
		{"a token's answer lost", 0, 1, func(s *wechattest.Server) { s.Fail(pathToken, 2, wechattest.Fault{Reset: wechattest.ResetAfter}) }, 4 * time.Second},
		{"too many tokens in this minute", 0, 1, func(s *wechattest.Server) { s.Fail(pathToken, 1, wechattest.Fault{Code: 45011}) }, 62 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, start := desk(t), time.Now()
				if tt.fail != nil {
					tt.fail(s)
				}
				dials := &refusedDials{next: s.Transport(), n: tt.refused}
				client := s.Client(wechat.WithHTTPClient(&http.Client{Transport: dials}), wechat.WithMaxAttempts(tt.attempts))
				require.NoError(t, client.SendReply(t.Context(), "oParent", callback.Text{Content: join(parts(2))}))
				assert.Equal(t, parts(2), arrived(s))
				assert.Equal(t, 2, s.Requests(pathReply))
				assert.LessOrEqual(t, time.Since(start), tt.most)
			})
		})
	}
}

// brokenStore is a token.Store that is out of reach for its first n loads.
type brokenStore struct {
	*token.MemoryStore
	n     int64
	loads atomic.Int64
}

var errStoreDown = errors.New("the store is down")

func (b *brokenStore) Load(ctx context.Context, key string) (token.Token, error) {
	if b.loads.Add(1) <= b.n {
		return token.Token{}, errStoreDown
	}
	return b.MemoryStore.Load(ctx, key)
}

// lackingSource has no token for its first n calls.
type lackingSource struct {
	client *wechat.Client
	n      atomic.Int64
}

func (l *lackingSource) Token(ctx context.Context) (token.Token, error) {
	if l.n.Add(-1) >= 0 {
		return token.Token{}, errStoreDown
	}
	value, err := l.client.Token.Get(ctx)
	return token.Token{Value: value, Expiry: time.Now().Add(time.Hour)}, err
}

func TestSendReplyWithoutATokenIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]func(s *wechattest.Server) wechat.Option{
		"a store that fails": func(*wechattest.Server) wechat.Option {
			return wechat.WithTokenStore(&brokenStore{MemoryStore: token.NewMemoryStore(), n: 2})
		},
		"a source that fails": func(s *wechattest.Server) wechat.Option {
			source := &lackingSource{client: s.Client()}
			source.n.Store(2)
			return wechat.WithTokenSource(source)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := desk(t)
				client := s.Client(opt(s), wechat.WithLogger(slog.New(slog.DiscardHandler)))
				require.NoError(t, client.SendReply(t.Context(), "oParent", callback.Text{Content: "x"}))
				assert.Equal(t, []string{"x"}, arrived(s))
				assert.Equal(t, 1, s.Requests(pathReply))
			})
		})
	}
}

// TestSendReplyWhoseTokenIsRefused leaves it to the Client, which has fetched another: a program
// that fetches tokens for the same account would only be disturbed by more of them.
func TestSendReplyWhoseTokenIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, start := desk(t), time.Now()
		s.Fail(pathReply, -1, wechattest.Fault{Code: 40001})
		err := s.Client().SendReply(t.Context(), "oParent", callback.Text{Content: "x"})
		require.ErrorIs(t, err, wechat.ErrInvalidCredential)
		assert.Equal(t, wechat.KindToken, wechat.KindOf(err))
		assert.Equal(t, callback.Text{Content: "x"}, undelivered(t, err))
		assert.Equal(t, 2, s.Requests(pathReply))
		assert.Zero(t, time.Since(start))
	})
}

// TestSendReplyPausesGrow counts the tries that two minutes leave, and what they are apart.
func TestSendReplyPausesGrow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, start := desk(t), time.Now()
		var at []time.Duration
		dials := roundTrip(func(*http.Request) (*http.Response, error) {
			at = append(at, time.Since(start))
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		})
		client := s.Client(wechat.WithHTTPClient(&http.Client{Transport: dials}), wechat.WithMaxAttempts(1))
		err := client.SendReply(t.Context(), "oParent", callback.Text{Content: "x"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, syscall.ECONNREFUSED, "the last failure is in the error too")
		require.ErrorContains(t, err, "SendReply gives up after 2m0s")
		assert.Equal(t, wechat.KindNetwork, wechat.KindOf(err))
		assert.Equal(t, callback.Text{Content: "x"}, undelivered(t, err))
		assert.Equal(t, 2*time.Minute, time.Since(start))
		require.Greater(t, len(at), 8)
		for i, longest := 1, time.Second; i < len(at); i++ {
			pause := at[i] - at[i-1]
			assert.GreaterOrEqual(t, pause, longest/2, "pause %d", i)
			assert.LessOrEqual(t, pause, longest, "pause %d", i)
			longest = min(2*longest, 16*time.Second)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestSendReplyEndsWithItsContext returns at once, with the reason, the last refusal and the rest.
func TestSendReplyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	why := errors.New("closing time")
	long := callback.Text{Content: join(parts(3))}
	for _, tt := range []struct {
		name  string
		fault func(s *wechattest.Server, end func()) // nil: it ends with the answer to the first part
		sent  int
		after time.Duration // when it ends
		left  callback.Reply
		code  error // that the error holds beside the context's
	}{
		{"before the first part", func(_ *wechattest.Server, end func()) { end() }, 0, 0, long, nil},
		{"between two parts", nil, 1, 0, callback.Text{Content: join(parts(3)[1:])}, nil},
		{"waiting for the next minute", func(s *wechattest.Server, end func()) {
			s.Fail(pathReply, 1, wechattest.Fault{})
			s.Fail(pathReply, -1, wechattest.Fault{Code: 45011})
			time.AfterFunc(5*time.Second, end)
		}, 1, 5 * time.Second, callback.Text{Content: join(parts(3)[1:])}, wechat.ErrMinuteLimit},
		{"waiting for minutes", func(s *wechattest.Server, end func()) {
			s.Fail(pathReply, -1, wechattest.Fault{Code: 45011})
			time.AfterFunc(100*time.Second, end)
		}, 0, 100 * time.Second, long, wechat.ErrMinuteLimit},
		{"waiting for a token", func(s *wechattest.Server, end func()) {
			s.Fail(pathToken, -1, wechattest.Fault{Code: -1})
			time.AfterFunc(20*time.Second, end)
		}, 0, 20 * time.Second, long, wechat.ErrSystemBusy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := desk(t)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				start := time.Now()
				opts := []wechat.Option{wechat.WithMaxAttempts(1)}
				if tt.fault != nil {
					tt.fault(s, func() { cancel(why) })
				} else { // once the answer to the first is there
					opts = append(opts, wechat.WithHook(func(_ context.Context, e wechat.Event) {
						if e.Path == pathReply {
							cancel(why)
						}
					}))
				}
				err := s.Client(opts...).SendReply(ctx, "oParent", long)
				assert.Equal(t, tt.after, time.Since(start))
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, why)
				if tt.code != nil {
					require.ErrorIs(t, err, tt.code)
				}
				assert.Equal(t, tt.code != nil, strings.Contains(err.Error(), "while waiting to send again"))
				assert.Equal(t, tt.left, undelivered(t, err))
				assert.Equal(t, parts(tt.sent), arrived(s))
				time.Sleep(10 * time.Minute)
				assert.Equal(t, parts(tt.sent), arrived(s), "nothing is sent later")
			})
		})
	}
}

// TestSendReplyCutOffInFlight leaves a part in doubt, which WeChat carries out here.
func TestSendReplyCutOffInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := desk(t)
		s.Fail(pathReply, 1, wechattest.Fault{})
		s.Fail(pathReply, 1, wechattest.Fault{Delay: 10 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := s.Client().SendReply(ctx, "oParent", callback.Text{Content: join(parts(3))})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, wechat.KindLost, wechat.KindOf(err))
		assert.Equal(t, callback.Text{Content: join(parts(3)[1:])}, undelivered(t, err))
		time.Sleep(time.Minute)
		assert.Equal(t, parts(2), arrived(s))
	})
}

func TestSendReplyGivesUpOnALimitThatStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(17 * time.Second)
		s, start := desk(t), time.Now()
		s.Fail(pathReply, -1, wechattest.Fault{Code: 45011})
		err := s.Client().SendReply(t.Context(), "oParent", callback.Text{Content: "x"})
		require.ErrorIs(t, err, wechat.ErrMinuteLimit)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "2m0s")
		assert.Equal(t, callback.Text{Content: "x"}, undelivered(t, err))
		assert.Equal(t, 2*time.Minute, time.Since(start))
		assert.Equal(t, 3, s.Requests(pathReply), "once at the start and once in each new minute")
	})
}

// TestSendReplyObeysALongDeadline: a deadline of the caller's may be longer than the default.
func TestSendReplyObeysALongDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := desk(t)
		s.Fail(pathReply, 5, wechattest.Fault{Code: 45011})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.NoError(t, s.Client().SendReply(ctx, "oParent", callback.Text{Content: "x"}))
		assert.Equal(t, []string{"x"}, arrived(s))
		assert.Equal(t, 6, s.Requests(pathReply))
	})
}

// TestSendReplyOfWhatCannotBeSent reaches no wire and gives the whole reply back.
func TestSendReplyOfWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, to string
		reply    callback.Reply
		is       error
	}{
		{"several articles", "o", callback.News{Articles: make([]callback.Article, 2)}, wechat.ErrNoCustomForm},
		{"eight articles", "o", callback.News{Articles: make([]callback.Article, 8)}, wechat.ErrNoCustomForm},
		{"no article", "o", callback.News{}, wechat.ErrNoCustomForm},
		{"an article of nothing", "o", callback.News{Articles: make([]callback.Article, 1)}, custom.ErrInvalidMessage},
		{"a transfer to anybody", "o", callback.Transfer{}, wechat.ErrNoCustomForm},
		{"a video of nothing", "o", callback.Video{MediaID: "M"}, wechat.ErrNoCustomForm},
		{"a pointer", "o", &callback.Text{Content: "x"}, wechat.ErrNoCustomForm},
		{"a nil pointer", "o", (*callback.Text)(nil), wechat.ErrNoCustomForm},
		{"an empty text", "o", callback.Text{}, custom.ErrInvalidMessage},
		{"a long text of white space", "o", callback.Text{Content: strings.Repeat(" ", 2049)}, custom.ErrInvalidMessage},
		{"an image of nothing", "o", callback.Image{}, custom.ErrInvalidMessage},
		{"a text to nobody", "", callback.Text{Content: "x"}, custom.ErrInvalidMessage},
		{"a long text to nobody", "", callback.Text{Content: join(parts(3))}, custom.ErrInvalidMessage},
		{"a transfer of nobody", "", callback.Transfer{KfAccount: "teacher@school"}, custom.ErrInvalidArgument},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := desk(t)
			err := s.Client().SendReply(t.Context(), tt.to, tt.reply)
			require.ErrorIs(t, err, tt.is)
			assert.Equal(t, tt.reply, undelivered(t, err))
			assert.NotContains(t, err.Error(), "callback.News{")
			assert.False(t, errors.Is(err, context.Canceled))
			assert.Zero(t, s.Requests(pathReply)+s.Requests(pathTransfer)+s.TokenFetches())
		})
	}
}

func TestSendReplyOfNothing(t *testing.T) {
	t.Parallel()
	s := desk(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, s.Client().SendReply(t.Context(), "oParent", nil))
	require.NoError(t, s.Client().SendReply(ended, "", nil))
	assert.Zero(t, s.Requests(pathReply))
}

func TestSendReplyWithoutAContext(t *testing.T) {
	t.Parallel()
	var none context.Context
	err := desk(t).Client().SendReply(none, "oParent", callback.Text{Content: "x"})
	require.ErrorContains(t, err, "context is nil")
	assert.Equal(t, callback.Text{Content: "x"}, undelivered(t, err))
}

// TestSendReplyOfATransfer treats a session as it treats a message.
func TestSendReplyOfATransfer(t *testing.T) {
	t.Parallel()
	transfer := callback.Transfer{KfAccount: "teacher@school"}
	for _, tt := range []struct {
		name  string
		fault wechattest.Fault
		tried int
		kind  wechat.Kind // KindUnknown: it succeeds
	}{
		{"the limit of this minute", wechattest.Fault{Code: 45011}, 2, wechat.KindUnknown},
		{"an answer lost", wechattest.Fault{Reset: wechattest.ResetAfter}, 1, wechat.KindLost},
		{"busy", wechattest.Fault{Code: 61450}, 1, wechat.KindBusy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := desk(t)
				s.AddAgent(custom.Agent{Account: transfer.KfAccount, WeChatID: "person"})
				s.SetAgentOnline(transfer.KfAccount, true)
				s.Fail(pathTransfer, 1, tt.fault)
				err := s.Client().SendReply(t.Context(), "oParent", transfer)
				assert.Equal(t, tt.tried, s.Requests(pathTransfer))
				assert.Equal(t, tt.kind, wechat.KindOf(err))
				if tt.kind == wechat.KindUnknown {
					require.NoError(t, err)
					assert.Equal(t, transfer.KfAccount, s.Session("oParent").Agent)
					return
				}
				assert.Equal(t, transfer, undelivered(t, err))
			})
		})
	}
}

// TestSendReplyLogsItsPauses without saying to whom or what.
func TestSendReplyLogsItsPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := desk(t)
		s.Fail(pathReply, 1, wechattest.Fault{Code: 45011})
		client := s.Client(wechat.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		require.NoError(t, client.SendReply(t.Context(), "oParent", callback.Text{Content: "secret"}))
		assert.Equal(t, 1, strings.Count(log.String(), "\n"))
		assert.Contains(t, log.String(), `level=WARN msg="wechat reply waits to be sent again" appid=`+s.AppID+" pause=")
		assert.Contains(t, log.String(), "45011")
		assert.NotContains(t, log.String(), "oParent")
		assert.NotContains(t, log.String(), "secret")
	})
}

package callback

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logged returns a logger of all levels, and where it writes.
func logged() (*slog.Logger, *bytes.Buffer) {
	var log bytes.Buffer
	return slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), &log
}

// readBefore is a request whose body a middleware has read.
func readBefore(safe bool) *http.Request {
	r := genuine(safe, 1)
	_, _ = io.ReadAll(r.Body)
	return r
}

// What WeChat has signed and the server refuses is a warning with its likely cause. What anybody can
// send is one line a minute, or a line for debugging.
func TestRefusalsInTheLog(t *testing.T) {
	t.Parallel()
	otherKey := Account{AppID: pushAppID, Token: pushToken, AESKey: pushOldKey}
	otherApp := Account{AppID: "wxother", Token: pushToken, AESKey: pushKey}
	for name, tt := range map[string]struct {
		safe  bool
		r     func() *http.Request
		level string
		cause string
		lines int // of 25 requests in one minute
	}{
		"wrong AESKey": {true, func() *http.Request { return encrypted(encryptPush(otherKey, textPush(1)), time.Now()) },
			"WARN", "the AESKey is wrong", 10},
		"wrong AppID": {true, func() *http.Request { return encrypted(encryptPush(otherApp, textPush(1)), time.Now()) },
			"WARN", "the AppID is wrong", 10},
		"body read, plain": {false, func() *http.Request { return readBefore(false) }, "WARN", "a middleware has read the body", 10},
		"body read, safe":  {true, func() *http.Request { return readBefore(true) }, "WARN", "a middleware has read the body", 10},
		"body closed": {true, func() *http.Request {
			r := genuine(true, 1)
			r.Body = io.NopCloser(closedBody{})
			return r
		}, "WARN", "a middleware has read the body", 10},
		"body changed": {true, func() *http.Request {
			r := genuine(true, 1)
			body, _ := io.ReadAll(r.Body)
			changed := strings.Replace(string(body), "<Encrypt><![CDATA[", "<Encrypt><![CDATA[A", 1)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), -1
			return r
		}, "WARN", "a middleware or proxy changes the body", 10},
		"malformed, plain": {false, func() *http.Request { return post(signed(pushToken, time.Now(), ""), "<xml><a>") },
			"WARN", "the plaintext is malformed", 10},
		"malformed, safe": {true, func() *http.Request { return encrypted(encryptPush(testAccount(true), "<xml><a>"), time.Now()) },
			"WARN", "the plaintext is malformed", 10},
		"no AESKey": {false, func() *http.Request { return encrypted(encryptPush(testAccount(true), textPush(1)), time.Now()) },
			"WARN", "the console is in safe mode, and no AESKey is set", 10},
		"the console's mode": {true, func() *http.Request { return genuine(false, 1) }, "WARN", "the console is in plain mode, and an AESKey is set", 10},
		"the clock":          {false, func() *http.Request { return post(signed(pushToken, time.Now().Add(-time.Hour), ""), textPush(1)) }, "WARN", "this machine's clock is wrong, or the request is replayed", 10},
		"the clock, safe": {true, func() *http.Request {
			return encrypted(encryptPush(testAccount(true), textPush(1)), time.Now().Add(-time.Hour))
		}, "WARN", "this machine's clock is wrong, or the request is replayed", 10},
		"too large": {false, func() *http.Request {
			return post(signed(pushToken, time.Now(), ""), strings.Repeat("a", DefaultBodyLimit+1))
		}, "WARN", "the body is over BodyLimit", 10},
		"forged":       {false, func() *http.Request { return post(signed("other", time.Now(), ""), textPush(1)) }, "WARN", "the Token is wrong, or the request is forged", 1},
		"forged, safe": {true, func() *http.Request { return post(signed("other", time.Now(), "&msg_signature=a"), textPush(1)) }, "WARN", "the Token is wrong, or the request is forged", 1},
		"forged msg_signature": {true, func() *http.Request {
			return post(without("signature")(signed("other", time.Now(), "&msg_signature=a")), envelopePush("AAAA"))
		}, "WARN", "the Token is wrong, or the request is forged", 1},
		"no query":  {false, func() *http.Request { return post("", textPush(1)) }, "DEBUG", "", 25},
		"no method": {false, func() *http.Request { r := genuine(false, 1); r.Method = "PUT"; return r }, "DEBUG", "", 25},
		"unsigned nonsense": {true, func() *http.Request {
			return post(without("signature")(signed("other", time.Now(), "&msg_signature=a")), "hello")
		}, "DEBUG", "", 25},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				logger, log := logged()
				s, err := NewServer(Config{Account: testAccount(tt.safe), Logger: logger}, texter("x"))
				require.NoError(t, err)
				for range 25 {
					assert.GreaterOrEqual(t, serve(s, tt.r()).status, 400)
				}
				lines := strings.Split(strings.TrimSpace(log.String()), "\n")
				require.Len(t, lines, tt.lines)
				for _, line := range lines {
					assert.Contains(t, line, "level="+tt.level+` msg="callback: refused"`)
					if tt.cause != "" {
						assert.Contains(t, line, fmt.Sprintf("cause=%q", tt.cause))
					}
				}
				if tt.level == "DEBUG" {
					return
				}
				log.Reset()
				time.Sleep(time.Minute)
				serve(s, tt.r())
				assert.Contains(t, log.String(), fmt.Sprintf("left_out=%d", 25-tt.lines), "the next minute says how many")
				log.Reset()
				for range 11 {
					serve(s, tt.r())
				}
				log.Reset()
				require.NoError(t, s.Shutdown(t.Context()))
				assert.Contains(t, log.String(), "left out of the log")
				assert.Contains(t, log.String(), fmt.Sprintf("cause=%q left_out=%d", tt.cause, 12-tt.lines), "Shutdown tells the rest")
			})
		})
	}
}

// closedBody is a body that was closed.
type closedBody struct{}

func (closedBody) Read([]byte) (int, error) { return 0, http.ErrBodyReadAfterClose }

// Each cause has lines of its own.
func TestCausesAreCountedApart(t *testing.T) {
	t.Parallel()
	var s sampler
	now := time.Now()
	for i := range 30 {
		for _, cause := range []string{"a", "b"} {
			ok, untold := s.take(cause, 10, now.Add(time.Duration(i)*time.Second))
			assert.Equal(t, i < 10, ok)
			assert.Zero(t, untold)
		}
	}
	ok, untold := s.take("a", 10, now.Add(time.Minute))
	assert.True(t, ok)
	assert.Equal(t, 20, untold)
	assert.Equal(t, map[string]int{"b": 20}, s.rest())
	assert.Empty(t, s.rest())
}

// Every refusal has a likely cause that is known.
func TestLikelyCauses(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		ErrSignature, ErrDecrypt, ErrAppID, ErrMalformed, ErrMode, ErrStale, ErrReplayed, ErrUntrusted, ErrUnknownAccount, ErrTooLarge,
		ErrBodyMemory, ErrFull, ErrShutdown, errQuery, errSelect, errSlow, errBody, errEmpty, errChanged,
	} {
		assert.NotEqual(t, "unknown", likelyCause(fmt.Errorf("x: %w", err)), err)
	}
}

// The query's openid is not covered by any signature. Where it is another than the message's, the
// log and the hook say so, and the message is handled all the same.
func TestSenderDiffers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body, openid string
		differs      bool
	}{
		"the same":          {textPush(1), "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", false},
		"another":           {textPush(1), "oVICTIM", true},
		"none":              {textPush(1), "", false},
		"escaped":           {textPush(1), "o9AgO5Kd5ggOC%2DbXrbNODIiE3bGY", false},
		"broken":            {textPush(1), "%zz", false},
		"a withdrawal":      {event("user_info_modified", "<OpenID>oUSER</OpenID>"), "oUSER", false},
		"another's":         {event("user_info_modified", "<OpenID>oUSER</OpenID>"), "oVICTIM", true},
		"of an event":       {event("CLICK", ""), "oVICTIM", true},
		"an unknown event":  {event("user_get_card", ""), "o1", false},
		"a different case":  {textPush(1), "O9AgO5Kd5ggOC-bXrbNODIiE3bGY", true},
		"with more at hand": {textPush(1), "o9AgO5Kd5ggOC-bXrbNODIiE3bGY&openid=oVICTIM", false},
	} {
		for _, safe := range []bool{false, true} {
			t.Run(fmt.Sprint(name, safe), func(t *testing.T) {
				t.Parallel()
				logger, log := logged()
				var seen Delivery
				s, err := NewServer(Config{
					Account: testAccount(safe), Logger: logger, Hook: func(_ context.Context, d Delivery) { seen = d },
				}, HandlerFunc(func(context.Context, Message) (Reply, error) { return nil, nil }))
				require.NoError(t, err)
				r := pushed{account: testAccount(safe), body: tt.body, safe: safe}.request(t.Context(), "")
				r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "openid=o9AgO5Kd5ggOC-bXrbNODIiE3bGY", "openid="+tt.openid, 1)
				w := serve(s, r)
				assert.Equal(t, "success", w.body.String())
				assert.Equal(t, OutcomeRan, seen.Outcome)
				assert.Equal(t, tt.differs, seen.SenderDiffers)
				assert.Equal(t, tt.differs, strings.Contains(log.String(), "level=WARN"))
				assert.NotContains(t, log.String(), "oVICTIM")
			})
		}
	}
}

// A message that is malformed after its header is handled, and the log says so.
func TestBrokenMessagesInTheLog(t *testing.T) {
	t.Parallel()
	for _, safe := range []bool{false, true} {
		logger, log := logged()
		s, err := NewServer(Config{Account: testAccount(safe), Logger: logger}, HandlerFunc(func(_ context.Context, m Message) (Reply, error) {
			assert.Error(t, m.(*Unknown).Err)
			return nil, nil
		}))
		require.NoError(t, err)
		for id := range int64(25) {
			body := strings.Replace(textPush(id+1), "<Content>", "<Content><a>", 1)
			body = strings.Replace(body, "<MsgType><![CDATA[text]]>", "<MsgType><![CDATA[hologram]]>", 1)
			w := serve(s, pushed{account: testAccount(safe), body: body, safe: safe}.request(t.Context(), ""))
			assert.Equal(t, "success", w.body.String())
		}
		assert.Equal(t, 10, strings.Count(log.String(), `level=WARN msg="callback: a message is malformed after its header"`))
		assert.NotContains(t, log.String(), "照片")
	}
}

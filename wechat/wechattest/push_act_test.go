package wechattest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// TestActsOpenWindows has each push open the window that WeChat opens, with and without a callback.
func TestActsOpenWindows(t *testing.T) {
	t.Parallel()
	tap := wechattest.Text("o", "满意")
	tap.Elements = append(tap.Elements, wechattest.Element{Name: "bizmsgmenuid", Value: 101})
	for name, tt := range map[string]struct {
		push     wechattest.Push
		messages int           // that may be sent
		lasts    time.Duration // the window
	}{
		"text":                 {wechattest.Text("o", "x"), 5, 48 * time.Hour},
		"place":                {wechattest.Location("o", 1, 2, "x"), 5, 48 * time.Hour},
		"an item of a message": {tap, 3, time.Minute},
		"click":                {wechattest.Click("o", "k"), 3, time.Minute},
		"scan in the menu":     {wechattest.Event("o", "scancode_waitmsg"), 3, time.Minute},
		"scan":                 {wechattest.Event("o", "SCAN"), 3, time.Minute},
		"follow":               {wechattest.Subscribe("o", ""), 3, time.Minute},
		"view":                 {wechattest.Event("o", "VIEW"), 0, 0},
		"receipt":              {wechattest.Receipt("o", 1, "success"), 0, 0},
	} {
		for _, callback := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := wechattest.New(t)
				if callback {
					s.SetCallback(wechattest.Callback{Handler: &asked{answer: "success"}, Token: pushToken})
				}
				s.Follow("o")
				push := func() {
					_, err := s.Push(t.Context(), tt.push)
					assert.Equal(t, callback, err == nil)
				}
				send := func() error {
					return s.Client().Custom.Send(t.Context(), "o", custom.Text{Content: "x"})
				}
				push()
				for range tt.messages {
					require.NoError(t, send())
				}
				require.Error(t, send())
				if tt.messages > 0 {
					push()
					s.Advance(tt.lasts - time.Second)
					require.NoError(t, send())
					s.Advance(time.Second)
					require.ErrorIs(t, send(), wechat.ErrOutOfWindow)
				}
			})
		}
	}
}

// TestWhoHasLeftCannotWrite before following again.
func TestWhoHasLeftCannotWrite(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	h := &asked{answer: "success"}
	s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken})
	push := func(p wechattest.Push) error {
		_, err := s.Push(t.Context(), p)
		return err
	}
	writes := []wechattest.Push{wechattest.Text("o", "x"), wechattest.Image("o", "u", "M"), wechattest.Click("o", "k"), wechattest.Event("o", "SCAN")}
	for _, p := range writes {
		require.NoError(t, push(p), "who never followed follows by it")
		require.NoError(t, push(wechattest.Unsubscribe("o")))
		before := len(h.requests)
		require.ErrorContains(t, push(p), "o has left the account")
		assert.Len(t, h.requests, before, "nothing is pushed")
		require.NoError(t, push(wechattest.Receipt("o", 1, "failed:user block")), "which is not the follower's doing")
		require.NoError(t, push(wechattest.Push{From: "o", Type: "text", Body: []byte("<xml></xml>")}), "a Body is pushed whatever it is")
		require.ErrorContains(t, push(p), "o has left the account", "none of these is a return")
		require.NoError(t, push(wechattest.Subscribe("o", "")))
		require.NoError(t, push(p))
	}
}

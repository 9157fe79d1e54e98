package wechat_test

import (
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	customPath = "/cgi-bin/message/custom/send"
	notifyPath = "/cgi-bin/message/subscribe/bizsend"
)

// letters yields n texts to each follower, one after the other.
func letters(n int, followers ...string) iter.Seq2[custom.Item, error] {
	return func(yield func(custom.Item, error) bool) {
		for _, who := range followers {
			for i := range n {
				if !yield(custom.Item{To: who, Message: custom.Text{Content: fmt.Sprint(i)}}, nil) {
					return
				}
			}
		}
	}
}

// sendLetters counts the results by follower and by kind; those that surely were not sent have a
// word for it in front.
func sendLetters(t *testing.T, c *wechat.Client, of iter.Seq2[custom.Item, error]) map[string]int {
	t.Helper()
	tally := map[string]int{}
	for r := range c.Custom.SendAll(t.Context(), of) {
		what := r.Item.To + " accepted"
		if r.Err != nil {
			what = r.Item.To + " " + wechat.KindOf(r.Err).String()
		}
		tally[what]++
	}
	return tally
}

// A window holds five messages; the sixth is told so, and the rest is not tried.
func TestCustomSendAllEndsWithTheWindow(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *wechattest.Server) {
		s.Interact(wechattest.Wrote, "oA", "oB")
		tally := sendLetters(t, s.Client(), letters(8, "oA", "oShut", "oB"))
		assert.Equal(t, map[string]int{"oA accepted": 5, "oA window": 3, "oB accepted": 5, "oB window": 3, "oShut window": 8}, tally)
		assert.Equal(t, 5+1+1+5+1, s.Requests(customPath), "one call for each refusal")
		sent := map[string]string{}
		for _, a := range s.Accepted() {
			sent[a.To] += a.Custom.(custom.Text).Content
		}
		assert.Equal(t, map[string]string{"oA": "01234", "oB": "01234"}, sent)
	})
}

// A lost answer is never followed by a second request for the same message, nor by the next one.
func TestCustomSendAllReportsALostAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]wechattest.Fault{"reset": {Reset: wechattest.ResetAfter}, "busy": {Code: -1}, "502": {Status: 502}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(t *testing.T, s *wechattest.Server) {
				s.Interact(wechattest.Wrote, "oA")
				s.Fail(customPath, 1, fault)
				tally := sendLetters(t, s.Client(), letters(3, "oA"))
				assert.Equal(t, 2, tally["oA network"], "those behind it surely were not sent")
				assert.Equal(t, 1, tally["oA lost"]+tally["oA busy"])
				assert.Equal(t, 1, s.Requests(customPath))
			})
		})
	}
}

func TestCustomSendAllWaitsForTheMinute(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *wechattest.Server) {
		s.Interact(wechattest.Wrote, "oA", "oB", "oC")
		s.SetMinuteLimit(customPath, 4)
		tally := sendLetters(t, s.Client(), letters(4, "oA", "oB", "oC"))
		assert.Equal(t, map[string]int{"oA accepted": 4, "oB accepted": 4, "oC accepted": 4}, tally)
	})
}

// A notification uses up a consent, so that one which may have arrived is not sent again.
func TestNotifyAllAgainstTheSimulation(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *wechattest.Server) {
		id := s.AddSubscribeTemplate(template.SubscribeTemplate{Content: "内容{{thing1.DATA}}", Type: template.OneTime})
		for i := range 20 {
			s.Subscribe(fmt.Sprint("o", i), id, 1)
		}
		notifications := func(yield func(template.Notification, error) bool) {
			for i := range 22 { // two have not agreed
				if !yield(template.Notification{To: fmt.Sprint("o", i), TemplateID: id, Data: template.Data{"thing1": {Value: "已发货"}}}, nil) {
					return
				}
			}
		}
		s.SetMinuteLimit(notifyPath, 12)
		s.Fail(notifyPath, 1, wechattest.Fault{Reset: wechattest.ResetAfter})
		tally, ids := map[string]int{}, map[int64]bool{}
		for r := range s.Client().Template.NotifyAll(t.Context(), notifications, template.WithWorkers(3)) {
			if r.Err == nil {
				require.NotZero(t, r.MsgID)
				ids[r.MsgID] = true
			}
			tally[wechat.KindOf(r.Err).String()]++
		}
		assert.Equal(t, map[string]int{"unknown": 19, "lost": 1, "recipient": 2}, tally)
		assert.Len(t, ids, 19)
	})
}

// The daily quota ends SendAll although each message's first attempt was answered with -1 and may have
// been carried out.
func TestSendAllSeesTheQuotaBehindADoubt(t *testing.T) {
	t.Parallel()
	simulate(t, func(t *testing.T, s *wechattest.Server) {
		const path = "/cgi-bin/message/template/send"
		for range 100 {
			s.Fail(path, 1, wechattest.Fault{Code: -1})
			s.Fail(path, 1, wechattest.Fault{Code: 45009})
		}
		pulled, tally := 0, map[string]int{}
		messages := func(yield func(template.Message, error) bool) {
			for ; pulled < 100; pulled++ {
				m := note(fmt.Sprint("o", pulled))
				m.ClientMsgID = fmt.Sprint("id", pulled)
				if !yield(m, nil) {
					return
				}
			}
		}
		for r := range s.Client().Template.SendAll(t.Context(), messages, template.WithWorkers(1)) {
			tally[wechat.KindOf(r.Err).String()]++
			require.ErrorIs(t, r.Err, wechat.ErrDailyQuota)
		}
		assert.Equal(t, map[string]int{"lost": 1, "daily quota": 1}, tally)
		assert.Equal(t, 1, pulled)
	})
}

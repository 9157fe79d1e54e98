package wechat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"
	"unicode"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
)

const (
	// replyTimeout bounds a SendReply whose ctx has no deadline. 45011 may hold a reply back for
	// 62 s, so two minutes let it wait for a new minute at least once.
	replyTimeout = 2 * time.Minute
	// firstPause and lastPause bound the pause before a reply that did not leave is sent again. It
	// doubles each time. A random half is taken off, so that many replies do not return together.
	firstPause, lastPause = time.Second, 16 * time.Second
	// afterMinute and afterMinuteMost bound how long a wait for the next minute lasts into that
	// minute: the platform's clock differs from ours, and replies that waited must not all return
	// at once.
	afterMinute, afterMinuteMost = 200 * time.Millisecond, 2 * time.Second
)

// errReplyTimeout is the cause of a context that replyTimeout has ended.
var errReplyTimeout = fmt.Errorf("SendReply gives up after %v where its context has no deadline", replyTimeout)

// SendReply sends r to the follower openID as a customer-service message (客服消息). A server made by
// [Client.CallbackServer] sends its late replies with SendReply.
//
//   - A Text of more than [custom.MaxText] bytes is split with [custom.SplitText]. The parts are
//     sent one after the other, in their order.
//   - An Image, a Voice, a Music, and a News of one article are sent as they are.
//   - A Video is sent if it has a ThumbMediaID. Without one, its Title is sent as text, because the
//     platform requires a thumb.
//   - A Transfer to a named agent opens a session with that agent.
//   - A nil r sends nothing and returns nil.
//
// After 45011 (too many calls in this minute), SendReply waits until the next minute and sends
// again. If a message was certainly not sent, SendReply pauses and sends it again, regardless of
// [WithMaxAttempts]. The pause is 1 s at first, and doubles up to 16 s. A message that may have
// arrived is not sent again ([KindLost], and [KindBusy] such as -1), because the platform cannot
// detect duplicates of customer-service messages.
//
// SendReply returns when ctx ends, at the latest. If ctx has no deadline, it returns after 2
// minutes. In Late of a [callback.Config], ctx ends after LateTimeout. Waiting after 45011 takes up
// to 62 s, so set LateTimeout to at least 70 s.
//
// Each error is a [*callback.UndeliveredError]. Its Reply is what was not sent: r, or, if some
// parts of a text were sent, a [callback.Text] of the rest. Call SendReply with that Reply to send
// the rest. If ctx ended, the error wraps ctx's error, its cause, and the last failure before it.
//
// If [KindOf] of the error is KindLost or KindBusy, the follower may have received the failed
// message. Reply contains it nevertheless, so that no text is lost. Sending Reply again may then
// show a text twice. Of a split text, only the first part of custom.SplitText(Reply.Content) can be
// a duplicate.
//
// [ErrNoCustomForm] means that r cannot be sent as a customer-service message: a News of several
// articles, a Transfer without an agent, a Video with neither thumb nor title. [ErrOutOfWindow]
// (45015), [ErrWindowUsedUp] (45047) and [ErrUnauthorizedAPI] (48001) mean that the account may not
// write to this follower now, or at all. A message from a follower allows at most five
// customer-service messages, so the last parts of a long text can fail with 45047.
//
// POST /cgi-bin/message/custom/send, POST /customservice/kfsession/create
func (c *Client) SendReply(ctx context.Context, openID string, r callback.Reply) error {
	if r == nil {
		return nil
	}
	if ctx == nil {
		return &callback.UndeliveredError{Reply: r, Err: errors.New("wechat: SendReply: the context is nil")}
	}
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, replyTimeout, errReplyTimeout)
		defer cancel()
	}
	if left, err := c.sendReply(ctx, openID, r); err != nil {
		return &callback.UndeliveredError{Reply: left, Err: err}
	}
	return nil
}

// sendReply returns with an error what of r was not sent.
func (c *Client) sendReply(ctx context.Context, openID string, r callback.Reply) (left callback.Reply, err error) {
	if t, ok := r.(callback.Transfer); ok {
		if t.KfAccount == "" {
			return r, fmt.Errorf("%w: a transfer names no agent", ErrNoCustomForm)
		}
		return r, c.insist(ctx, func() error { return c.Custom.CreateSession(ctx, t.KfAccount, openID) })
	}
	m, err := customForm(r)
	if err != nil {
		return r, err
	}
	if text, ok := m.(custom.Text); ok {
		return c.sendParts(ctx, openID, r, text.Content)
	}
	return r, c.insist(ctx, func() error { return c.Custom.Send(ctx, openID, m) })
}

// sendParts sends the text that stands for r.
func (c *Client) sendParts(ctx context.Context, openID string, r callback.Reply, text string) (left callback.Reply, err error) {
	parts := custom.SplitText(text)
	if len(parts) == 0 {
		parts = []string{""} // which Send refuses
	}
	left, rest := r, strings.ToValidUTF8(text, "\uFFFD")
	for i, part := range parts {
		err := c.insist(ctx, func() error { return c.Custom.Send(ctx, openID, custom.Text{Content: part}) })
		if err != nil && len(parts) > 1 {
			err = fmt.Errorf("part %d of %d: %w", i+1, len(parts), err)
		}
		if err != nil {
			return left, err
		}
		// A part is a piece of the text; only white space before it was dropped.
		_, rest, _ = strings.Cut(rest, part)
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		left = callback.Text{Content: rest}
	}
	return nil, nil
}

// insist calls send until it succeeds, until it fails in a way that must not or cannot be
// repeated, or until ctx ends.
func (c *Client) insist(ctx context.Context, send func() error) error {
	for tries := 0; ; {
		err := send()
		var pause time.Duration
		switch {
		case err == nil, errors.Is(err, ctx.Err()): // false before ctx ends
			return err
		case KindOf(err) == KindMinuteLimit:
			pause = untilNextMinute()
		case neverLeft(err):
			pause = min(firstPause<<min(tries, 10), lastPause)
			pause -= rand.N(pause / 2)
			tries++
		default:
			return err
		}
		c.logger.WarnContext(ctx, "wechat reply waits to be sent again", slog.String("appid", c.appID),
			slog.Duration("pause", pause), slog.String("error", err.Error()))
		if sleep(ctx, pause) != nil {
			return fmt.Errorf("%w, while waiting to send again after: %w", redactError(ended(ctx), c.secret()), err)
		}
	}
}

// untilNextMinute returns how long to wait for a new minute of the platform's.
func untilNextMinute() time.Duration {
	now := time.Now()
	rest := now.Truncate(time.Minute).Add(time.Minute).Sub(now)
	return rest + afterMinute + rand.N(afterMinuteMost-afterMinute)
}

// neverLeft reports whether a reply failed before it left: the network could not be reached, or
// there was no token to send it with.
func neverLeft(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false // a leaf's own refusal
	}
	switch e.Kind() {
	case KindNetwork:
		return true
	case KindToken:
		return e.Code == 0 // the platform did not refuse a token: the store or the source has none
	case KindBusy, KindLost:
		return e.Path != replyPath && e.Path != transferPath // it is the error of the call for a token
	}
	return false
}

// The paths of what SendReply sends.
const (
	replyPath    = "/cgi-bin/message/custom/send"
	transferPath = "/customservice/kfsession/create"
)

// ErrNoCustomForm is returned by [Client.SendReply] for a reply that cannot be sent as a
// customer-service message.
var ErrNoCustomForm = errors.New("wechat: this reply has no form as a customer-service message")

// customForm returns the customer-service message that says what r says.
func customForm(r callback.Reply) (custom.Message, error) {
	switch r := r.(type) {
	case callback.Text:
		return custom.Text{Content: r.Content}, nil
	case callback.Image:
		return custom.Image{MediaID: r.MediaID}, nil
	case callback.Voice:
		return custom.Voice{MediaID: r.MediaID}, nil
	case callback.Music:
		return custom.Music{
			Title: r.Title, Description: r.Description, URL: r.URL, HQURL: r.HQURL, ThumbMediaID: r.ThumbMediaID,
		}, nil
	case callback.Video:
		return videoForm(r)
	case callback.News:
		if len(r.Articles) != 1 {
			return nil, fmt.Errorf("%w: %d articles, where one can be sent", ErrNoCustomForm, len(r.Articles))
		}
		a := r.Articles[0]
		return custom.News{Title: a.Title, Description: a.Description, URL: a.URL, PicURL: a.PicURL}, nil
	}
	return nil, fmt.Errorf("%w: it is a %T", ErrNoCustomForm, r)
}

func videoForm(v callback.Video) (custom.Message, error) {
	switch {
	case v.ThumbMediaID != "":
		return custom.Video{MediaID: v.MediaID, ThumbMediaID: v.ThumbMediaID, Title: v.Title, Description: v.Description}, nil
	case v.Title != "":
		return custom.Text{Content: v.Title}, nil
	}
	return nil, fmt.Errorf("%w: a video without thumb and title", ErrNoCustomForm)
}

package chat

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/examples/internal/bind"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/receipt"
	"github.com/org/wxhome/media"
)

// Sender sends customer-service messages; client.Custom is one.
type Sender interface {
	Send(ctx context.Context, openid string, m custom.Message, opts ...custom.Option) error
}

// Photos opens photos by their address; a [*photofile.Opener] is one.
type Photos interface {
	Open(ctx context.Context, address string) (*photofile.File, error)
}

// Links finds the signed link to a photo that a parent was sent before.
type Links interface {
	// Link returns the address; ok is false where there is none.
	Link(ctx context.Context, openid, studentID, photoURL string) (address string, ok bool)
}

// Fallback is what becomes of a text that the bot does not understand.
type Fallback string

// The fallbacks.
const (
	FallbackHelp   Fallback = "help"   // the steps are explained
	FallbackAgent  Fallback = "agent"  // a human agent of the account gets it (客服)
	FallbackSilent Fallback = "silent" // nothing is answered
)

// Config is what a Bot is made of. Fields without a remark are required.
type Config struct {
	Bindings *bind.Store
	Receipts *receipt.Log
	School   *db.DB // where the photos are looked up
	Photos   Photos
	Uploads  *media.Cache
	Sender   Sender

	Links    Links     // nil: no text has a link
	Fallback Fallback  // empty: FallbackHelp
	Text     Allowance // after a message of a parent; zero: 5 within 48 hours
	Click    Allowance // after a tap on the menu; zero: 3 within a minute

	// AgentFor is the account's name as parents know it, in the greeting; empty: 学校公众号.
	Account string

	Log *slog.Logger     // nil: discard
	Now func() time.Time // nil: time.Now
}

// A Bot answers parents. Use [New]; call Shutdown when done with it.
type Bot struct {
	cfg     Config
	windows *windows
	errands *errands
}

// New checks a Config and makes the Bot. It starts nothing.
func New(c Config) (*Bot, error) {
	switch {
	case c.Bindings == nil || c.Receipts == nil || c.School == nil || c.Photos == nil || c.Uploads == nil || c.Sender == nil:
		return nil, errors.New("chat: Bindings, Receipts, School, Photos, Uploads and Sender are required")
	case c.Text.Messages < 0 || c.Click.Messages < 0 || c.Text.For < 0 || c.Click.For < 0:
		return nil, errors.New("chat: an Allowance is negative")
	}
	switch c.Fallback {
	case "":
		c.Fallback = FallbackHelp
	case FallbackHelp, FallbackAgent, FallbackSilent:
	default:
		return nil, errors.New("chat: the fallback must be help, agent or silent")
	}
	if c.Text == (Allowance{}) {
		c.Text = afterText
	}
	if c.Click == (Allowance{}) {
		c.Click = afterClick
	}
	if c.Account == "" {
		c.Account = "学校公众号"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	w, err := newWindows(c.Now)
	if err != nil {
		return nil, err
	}
	return &Bot{cfg: c, windows: w, errands: newErrands()}, nil
}

// Register adds the bot's handlers to mux.
func (b *Bot) Register(mux *callback.Mux) {
	callback.On(mux, b.text)
	callback.On(mux, b.click)
	callback.On(mux, b.subscribe)
	callback.On(mux, b.scan)
	callback.On(mux, b.unsubscribe)
	callback.On(mux, b.revoked)
	callback.On(mux, b.cancelled)
	callback.On(mux, b.receipt)
	mux.Fallback(b.other)
}

// Shutdown takes no more errands and waits for those under way. When ctx ends
// first they are cancelled, and the error is ctx's. Call it after the callback
// server's own Shutdown, whose handlers begin errands.
func (b *Bot) Shutdown(ctx context.Context) error { return b.errands.shutdown(ctx) }

// Idle waits until no errand is under way, such as for a demonstration.
func (b *Bot) Idle() { b.errands.wait() }

// say is a text reply, cut to what WeChat takes.
func say(text string) callback.Reply { return callback.Text{Content: cut(text, maxReply)} }

func (b *Bot) text(ctx context.Context, m *callback.TextMessage) (callback.Reply, error) {
	b.windows.opened(m.FromUserName, false, b.cfg.Text)
	switch r := understand(m.Content); r.intent {
	case wantsBind:
		return b.bind(ctx, m.FromUserName, r.rest)
	case wantsUnbind:
		return b.unbind(ctx, m.FromUserName, r.rest)
	case wantsPhoto:
		return b.photos(ctx, m.FromUserName, number(r.rest))
	case wantsID:
		return say("您的编号（openid）：\n" + m.FromUserName), nil
	case wantsHelp:
		return say(helpText), nil
	}
	return b.fallback(), nil
}

// other answers what no text is, such as a voice message. Events are left alone.
func (b *Bot) other(_ context.Context, m callback.Message) (callback.Reply, error) {
	if head := m.Head(); head.MsgType == "event" || head.MsgType == "" {
		return nil, nil
	}
	b.windows.opened(m.Head().FromUserName, false, b.cfg.Text)
	return b.fallback(), nil
}

func (b *Bot) fallback() callback.Reply {
	switch b.cfg.Fallback {
	case FallbackAgent:
		return callback.Transfer{}
	case FallbackSilent:
		return nil
	}
	return say(helpText)
}

// The keys of the menu's items.
const (
	KeyPhoto = "PHOTO"
	KeyHelp  = "HELP"
)

func (b *Bot) click(ctx context.Context, m *callback.ClickEvent) (callback.Reply, error) {
	b.windows.opened(m.FromUserName, true, b.cfg.Click)
	switch strings.ToUpper(m.EventKey) {
	case KeyPhoto:
		return b.photos(ctx, m.FromUserName, 0)
	case KeyHelp:
		return say(helpText), nil
	}
	return nil, nil // a key of the school's own menu
}

func (b *Bot) subscribe(ctx context.Context, m *callback.SubscribeEvent) (callback.Reply, error) {
	welcome := "欢迎关注" + b.cfg.Account + "！\n\n"
	scene, ok := m.Scene()
	if !ok || !bind.IsCode(scene) {
		return say(welcome + stepsText), nil
	}
	reply, err := b.bind(ctx, m.FromUserName, scene)
	if text, ok := reply.(callback.Text); ok {
		reply = say(welcome + text.Content)
	}
	return reply, err
}

func (b *Bot) scan(ctx context.Context, m *callback.ScanEvent) (callback.Reply, error) {
	scene, ok := m.Scene()
	if !ok || !bind.IsCode(scene) {
		return nil, nil
	}
	return b.bind(ctx, m.FromUserName, scene)
}

func (b *Bot) unsubscribe(ctx context.Context, m *callback.UnsubscribeEvent) (callback.Reply, error) {
	return nil, b.forget(ctx, m.FromUserName)
}

func (b *Bot) revoked(ctx context.Context, m *callback.UserAuthorizationRevokeEvent) (callback.Reply, error) {
	return nil, b.forget(ctx, m.OpenID)
}

func (b *Bot) cancelled(ctx context.Context, m *callback.UserAuthorizationCancellationEvent) (callback.Reply, error) {
	return nil, b.forget(ctx, m.OpenID)
}

// forget deletes what is kept of a parent. Both parts are tried whatever
// becomes of the other.
func (b *Bot) forget(ctx context.Context, openid string) error {
	if openid == "" {
		return errors.New("chat: an event about a user's data names no user")
	}
	b.windows.forget(openid)
	return errors.Join(b.cfg.Bindings.Forget(ctx, openid), b.cfg.Receipts.Forget(ctx, openid))
}

func (b *Bot) receipt(ctx context.Context, m *callback.TemplateSendJobFinishEvent) (callback.Reply, error) {
	return nil, b.cfg.Receipts.Add(ctx, m.MsgID, m.FromUserName, m.Status)
}

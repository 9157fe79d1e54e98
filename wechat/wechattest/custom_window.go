package wechattest

import (
	"sync"
	"time"
)

// Interaction is something that a follower does and that lets the account
// answer with customer-service messages for a while (客服消息下发规则).
type Interaction int

// The interactions, with how many messages they allow and for how long;
// [WithWindow] changes that.
const (
	Wrote      Interaction = iota // sent a message: 5 within 48 hours
	TappedMenu                    // tapped a menu item of type click, scancode_push or scancode_waitmsg: 3 within a minute
	Followed                      // followed the account: 3 within a minute
	Scanned                       // scanned the account's QR code: 3 within a minute
	Paid                          // paid: any number within 48 hours
)

// window is what an interaction allows.
type window struct {
	messages int // negative: any number
	lifetime time.Duration
}

func newWindows() map[Interaction]window {
	return map[Interaction]window{
		Wrote:      {5, 48 * time.Hour},
		TappedMenu: {3, time.Minute},
		Followed:   {3, time.Minute},
		Scanned:    {3, time.Minute},
		Paid:       {-1, 48 * time.Hour},
	}
}

// WithWindow sets how many customer-service messages an interaction allows,
// and for how long: the platform has changed its numbers more than once. A
// negative number allows any number.
func WithWindow(what Interaction, messages int, lifetime time.Duration) Option {
	if what < Wrote || what > Paid {
		panic("wechattest: WithWindow of an unknown interaction")
	}
	return func(c *config) { c.windows[what] = window{messages, lifetime} }
}

// Interact lets the openids do something, by the server's clock, and so opens
// or renews their window for customer-service messages. Whoever does any of it
// follows the account from then on, unless they are blacklisted or reject its
// messages. [Account.Follow] opens no window: those followed long ago.
func (a *Account) Interact(what Interaction, openids ...string) {
	w, ok := a.server.windows[what]
	if !ok {
		panic("wechattest: Interact of an unknown interaction")
	}
	now := a.server.Now()
	for _, id := range openids {
		if state := a.follower(id); state == Stranger || state == Left {
			a.Follow(id)
		}
		a.chats.open(id, what, w, now)
	}
}

// The platform's rules for the typing state.
const (
	typingLasts  = 15 * time.Second
	typingWithin = 30 * time.Second // of a message in either direction
)

// chats are the account's conversations by openid.
type chats struct {
	mu sync.Mutex // guards the field below, and what it holds
	by map[string]*chat
}

// chat is what was said between the account and one follower, and may be.
type chat struct {
	windows map[Interaction]opened
	said    time.Time // the last message in either direction
	typing  time.Time // until when the typing state is shown
}

// opened is a window that an interaction has opened.
type opened struct {
	until time.Time
	left  int // messages; negative: any number
}

// of returns the chat with openid. The caller holds c.mu.
func (c *chats) of(openid string) *chat {
	if c.by == nil {
		c.by = make(map[string]*chat)
	}
	if c.by[openid] == nil {
		c.by[openid] = &chat{windows: make(map[Interaction]opened)}
	}
	return c.by[openid]
}

func (c *chats) open(openid string, what Interaction, w window, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	chat := c.of(openid)
	chat.windows[what] = opened{now.Add(w.lifetime), w.messages}
	if what == Wrote {
		chat.said = now
	}
}

// send takes one message out of a window, of several out of the one that ends
// first, or returns the errcode of a closed or used one.
func (c *chats) send(openid string, now time.Time) (code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	chat := c.of(openid)
	best, code := Interaction(-1), 45015
	for what, w := range chat.windows {
		if !now.Before(w.until) {
			continue
		}
		if w.left == 0 {
			if best < 0 {
				code = 45047
			}
			continue
		}
		if first, ok := chat.windows[best]; !ok || w.until.Before(first.until) {
			best, code = what, 0
		}
	}
	if best < 0 {
		return code
	}
	if w := chat.windows[best]; w.left > 0 {
		w.left--
		chat.windows[best] = w
	}
	chat.said, chat.typing = now, time.Time{}
	return 0
}

// setTyping shows or hides the typing state.
func (c *chats) setTyping(openid string, shown bool, now time.Time) (code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	chat := c.of(openid)
	switch {
	case !shown:
		chat.typing = time.Time{}
	case chat.said.IsZero() || now.Sub(chat.said) > typingWithin:
		return 45080
	case now.Before(chat.typing):
		return 45081
	default:
		chat.typing = now.Add(typingLasts)
	}
	return 0
}

// Typing reports whether the follower sees that the account is typing
// (客服输入状态).
func (a *Account) Typing(openid string) bool {
	a.chats.mu.Lock()
	defer a.chats.mu.Unlock()
	chat := a.chats.by[openid]
	return chat != nil && a.server.Now().Before(chat.typing)
}

package scene

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// maxLifetime is the platform's limit for codes and short keys: 30 days.
const maxLifetime = 2_592_000 * time.Second

// Code is a QR code with a scene (带参数二维码).
type Code struct {
	// Ticket identifies the code. [ImageURL] turns it into the address of the picture. The events of
	// scans carry it too.
	Ticket string
	// URL is the content of the code, for a program that draws the code itself.
	URL string
	// Lifetime is how long the code can be scanned, counted from the answer. 0 means that it never expires.
	Lifetime time.Duration
}

// Add makes a code that carries s for a lifetime of 1 second to 30 days, cut to whole seconds. After a
// lost answer Add may make a second code; the first one then stays unused.
//
// An account may make 100,000 codes a day, temporary and permanent ones together.
//
// POST /cgi-bin/qrcode/create
func (c *Client) Add(ctx context.Context, s Scene, lifetime time.Duration) (Code, error) {
	if err := badArguments(s.bad(false), badLifetime(lifetime)); err != nil {
		return Code{}, err
	}
	in := struct {
		repeatable
		Seconds int64  `json:"expire_seconds"`
		Action  string `json:"action_name"`
		Info    info   `json:"action_info"`
	}{Seconds: int64(lifetime / time.Second), Action: "QR_STR_SCENE", Info: s.info()}
	if s.isNumber {
		in.Action = "QR_SCENE"
	}
	code, err := c.create(ctx, in)
	if err == nil && code.Lifetime == 0 { // which would say that it lives for ever
		code.Lifetime = time.Duration(in.Seconds) * time.Second
	}
	return code, err
}

// AddPermanent makes a code that carries s and never expires. It cannot be deleted. An account has at most
// 100,000 of them, with numbers and texts together (45029), so use [Client.Add] for codes that are
// needed only for a while. After a lost answer the code may have been made; the call is not retried.
//
// POST /cgi-bin/qrcode/create
func (c *Client) AddPermanent(ctx context.Context, s Scene) (Code, error) {
	if err := badArguments(s.bad(true)); err != nil {
		return Code{}, err
	}
	in := struct {
		Action string `json:"action_name"`
		Info   info   `json:"action_info"`
	}{"QR_LIMIT_STR_SCENE", s.info()}
	if s.isNumber {
		in.Action = "QR_LIMIT_SCENE"
	}
	code, err := c.create(ctx, in)
	code.Lifetime = 0
	return code, err
}

// info is the scene in a request.
type info struct {
	Scene struct {
		Number int64  `json:"scene_id,omitempty"`
		Text   string `json:"scene_str,omitempty"`
	} `json:"scene"`
}

func (s Scene) info() (i info) {
	i.Scene.Number, i.Scene.Text = s.number, s.text
	return i
}

func (c *Client) create(ctx context.Context, in any) (Code, error) {
	var answer struct {
		Ticket  string `json:"ticket"`
		Seconds number `json:"expire_seconds"`
		URL     string `json:"url"`
	}
	if err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/qrcode/create", in, &answer); err != nil {
		return Code{}, err
	}
	if answer.Ticket == "" {
		return Code{}, &oddAnswer{"the platform made a code and told no ticket"}
	}
	return Code{Ticket: answer.Ticket, URL: answer.URL, Lifetime: answer.Seconds.duration()}, nil
}

func badLifetime(d time.Duration) string {
	if d < time.Second || d > maxLifetime {
		return fmt.Sprintf("the lifetime is %v, it must be 1s to %v (30 days)", d, maxLifetime)
	}
	return ""
}

// ImageURL returns the address of the picture of the code with this ticket. It is a JPEG that anybody can
// load without a token. If the ticket is wrong or has expired, WeChat answers 404 there.
func ImageURL(ticket string) (string, error) {
	if ticket == "" {
		return "", badArgument("the ticket is empty")
	}
	return "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=" + url.QueryEscape(ticket), nil
}

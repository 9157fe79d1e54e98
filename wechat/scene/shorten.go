package scene

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// maxData is the platform's limit on what a short key stands for, in bytes (9410010).
const maxData = 4 << 10

// Shortened is the data behind a short key.
type Shortened struct {
	Data string // as passed to Shorten
	// Created is when the key was made, to the second.
	Created time.Time
	// Lifetime is the time until the key expires.
	Lifetime time.Duration
}

// Shorten stores data of 1 byte to 4 KB and returns a key of about 15 letters and digits for it
// (短key托管), which fits into a code. The lifetime is 1 second to 30 days, cut to whole seconds; 0 means
// the platform's default, 30 days. After a lost answer Shorten may make a second key.
//
// POST /cgi-bin/shorten/gen
func (c *Client) Shorten(ctx context.Context, data string, lifetime time.Duration) (key string, err error) {
	life := ""
	if lifetime != 0 {
		life = badLifetime(lifetime)
	}
	if err := badArguments(badData(data), life); err != nil {
		return "", err
	}
	in := struct {
		repeatable
		Data    string `json:"long_data"`
		Seconds int64  `json:"expire_seconds,omitempty"`
	}{Data: data, Seconds: int64(lifetime / time.Second)}
	var answer struct {
		Key string `json:"short_key"`
	}
	if err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/shorten/gen", in, &answer); err != nil {
		return "", err
	}
	if answer.Key == "" {
		return "", &oddAnswer{"the platform kept the data and told no key"}
	}
	return answer.Key, nil
}

// Expand returns the data behind a short key. If the key is unknown, has expired or belongs to another
// account, the error is 9410012, of the kind KindValue.
//
// POST /cgi-bin/shorten/fetch
func (c *Client) Expand(ctx context.Context, key string) (Shortened, error) {
	if err := badArguments(badKey(key)); err != nil {
		return Shortened{}, err
	}
	in := struct {
		reading
		Key string `json:"short_key"`
	}{Key: key}
	var answer struct {
		Data    *string `json:"long_data"`
		Created number  `json:"create_time"`
		Seconds number  `json:"expire_seconds"`
	}
	if err := c.caller.Call(ctx, http.MethodPost, "/cgi-bin/shorten/fetch", in, &answer); err != nil {
		return Shortened{}, err
	}
	if answer.Data == nil {
		return Shortened{}, &oddAnswer{"the platform knows the key and told no data"}
	}
	return Shortened{Data: *answer.Data, Created: answer.Created.time(), Lifetime: answer.Seconds.duration()}, nil
}

func badData(data string) string {
	switch n := len(data); {
	case n < 1 || n > maxData:
		return fmt.Sprintf("the data has %d bytes, it must have 1 to %d", n, maxData)
	case !utf8.ValidString(data):
		return "the data is not valid UTF-8"
	case strings.ContainsFunc(data, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\b\t\n\f\r", r) }):
		return "the data has a control character, which the platform does not take in JSON"
	}
	return ""
}

func badKey(key string) string {
	switch {
	case key == "":
		return "the short key is empty"
	case strings.ContainsFunc(key, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') }):
		return "the short key has something else than letters and digits"
	}
	return ""
}

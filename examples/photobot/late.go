package main

import (
	"context"
	"fmt"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
)

// late sends a reply that came too late for the response to WeChat's push.
func (s *site) late(ctx context.Context, h callback.Header, r callback.Reply) error {
	switch r := r.(type) {
	case callback.Text:
		return s.account.Client.Custom.Send(ctx, h.FromUserName, custom.Text{Content: r.Content})
	case callback.Transfer:
		return nil // whoever waited will write again
	}
	return fmt.Errorf("a reply of type %T cannot be sent late", r)
}

package main

import (
	"context"
	"io"
	"testing"

	"github.com/org/wxhome/token"
	"github.com/org/wxhome/token/tokentest"
	"github.com/org/wxhome/wechat/wechattest"
)

// An author of a Store tests it with tokentest.
func TestSharedMap(t *testing.T) {
	store := newSharedMap()
	tokentest.Run(t, func(*testing.T) token.Store { return store })
}

// A program's own tests start a WeChat that ends with the test.
func TestAgainstASimulation(t *testing.T) {
	server := wechattest.New(t)
	if _, err := server.Client().APIDomainIPs(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, io.Discard); err == nil {
		t.Error("run did not notice that its context had ended")
	}
}

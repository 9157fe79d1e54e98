package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/wechat/wechattest"
)

// access is one line of an access log.
type access struct {
	Status int
	Took   time.Duration
}

// accessLog is what a router's own middleware writes.
type accessLog struct {
	mu    sync.Mutex
	lines []access
}

func (l *accessLog) add(status int, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, access{status, took})
}

// ginRouter mounts h under gin with its logger and recovery.
func ginRouter(h http.Handler, log *accessLog) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery(), func(c *gin.Context) {
		began := time.Now()
		c.Next()
		log.add(c.Writer.Status(), time.Since(began))
	})
	router.Any("/wechat", gin.WrapH(h))
	return router
}

// chiRouter mounts h under chi with the middleware that its documentation starts with.
func chiRouter(h http.Handler, log *accessLog) http.Handler {
	router := chi.NewRouter()
	router.Use(middleware.RequestID, middleware.RequestLogger(chiFormatter{log}), middleware.Recoverer, middleware.Timeout(time.Minute))
	router.Handle("/wechat", h)
	return router
}

type chiFormatter struct{ log *accessLog }

func (f chiFormatter) NewLogEntry(*http.Request) middleware.LogEntry { return f }
func (f chiFormatter) Panic(v any, _ []byte)                         { panic(v) }
func (f chiFormatter) Write(status, _ int, _ http.Header, elapsed time.Duration, _ any) {
	f.log.add(status, elapsed)
}

// A handler of 6 s behind the two most used routers, whose ResponseWriters are their own: with late
// replies each request ends in time, without them the first is held and the repeat is answered.
func TestRouters(t *testing.T) {
	for name, router := range map[string]func(http.Handler, *accessLog) http.Handler{"gin": ginRouter, "chi": chiRouter} {
		for _, late := range []bool{true, false} {
			t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { slowBehind(t, router, late) }) })
		}
	}
}

func slowBehind(t *testing.T, router func(http.Handler, *accessLog) http.Handler, late bool) {
	wechat := wechattest.New(t, wechattest.InMemory())
	mux := new(callback.Mux)
	callback.On(mux, func(context.Context, *callback.TextMessage) (callback.Reply, error) {
		time.Sleep(6 * time.Second)
		return callback.Text{Content: "您的照片"}, nil
	})
	cfg := callback.Config{Account: callback.Account{AppID: wechat.AppID, Token: testToken, AESKey: testAES}, Logger: slog.New(slog.DiscardHandler)}
	make := callback.NewServer
	if late {
		make = wechat.Client().CallbackServer
	}
	server, err := make(cfg, mux)
	require.NoError(t, err)
	log := &accessLog{}
	wechat.SetCallback(wechattest.Callback{Handler: router(server, log), Path: "/wechat", Token: testToken, AESKey: testAES, Mode: wechattest.Safe})
	require.NoError(t, wechat.VerifyCallback(t.Context()))
	told, err := wechat.Push(t.Context(), wechattest.Text("oParent", "照片"))
	require.NoError(t, err)
	assert.False(t, told.Notice)
	time.Sleep(time.Minute)
	require.NoError(t, server.Shutdown(t.Context()))
	log.mu.Lock()
	defer log.mu.Unlock()
	if late {
		assert.Nil(t, told.Reply)
		assert.Equal(t, []access{{200, 0}, {200, 4500 * time.Millisecond}}, log.lines)
		require.Len(t, wechat.Accepted(), 1)
		assert.Equal(t, custom.Text{Content: "您的照片"}, wechat.Accepted()[0].Custom)
		return
	}
	assert.Equal(t, callback.Text{Content: "您的照片"}, told.Reply)
	assert.ElementsMatch(t, []access{{200, 0}, {503, 5500 * time.Millisecond}, {200, time.Second}}, log.lines)
	assert.Empty(t, wechat.Accepted())
}

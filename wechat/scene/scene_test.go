package scene_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat/scene"
)

// pushed is what a callback reads of a scene, from an event as WeChat writes it: without escapes.
func pushed(t *testing.T, event, prefix string, s scene.Scene) string {
	t.Helper()
	m, err := callback.Parse(fmt.Appendf(nil, "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[O]]></FromUserName>"+
		"<CreateTime>123456789</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[%s]]></Event>"+
		"<EventKey><![CDATA[%s%s]]></EventKey><Ticket><![CDATA[TICKET]]></Ticket></xml>", event, prefix, s))
	require.NoError(t, err)
	of, ok := m.(interface{ Scene() (string, bool) })
	require.True(t, ok, "%T", m)
	got, ok := of.Scene()
	require.True(t, ok)
	return got
}

// FuzzScene: what a code was made with is what a callback reads, by both events, or the code is refused.
func FuzzScene(f *testing.F) {
	for _, seed := range []string{"CODE", "qrscene_1", " a ", "]]&gt;", "]]>", "<a>&amp;</EventKey>", "字😀", "a\x00", "\r\n", "\uFFFE", "\u2028", "\x7f"} {
		f.Add(seed, int64(len(seed)))
	}
	f.Fuzz(func(t *testing.T, text string, number int64) {
		c := newClient(&fake{answer: `{"ticket":"T"}`})
		for _, s := range []scene.Scene{scene.Text(text), scene.Number(number)} {
			if _, err := c.Add(t.Context(), s, time.Minute); err != nil {
				require.ErrorIs(t, err, scene.ErrInvalidArgument)
				continue
			}
			assert.Equal(t, s.String(), pushed(t, "subscribe", "qrscene_", s))
			assert.Equal(t, s.String(), pushed(t, "SCAN", "", s))
		}
	})
}

func TestImageURL(t *testing.T) {
	t.Parallel()
	address, err := scene.ImageURL("gQ+/H47 joAAA==")
	require.NoError(t, err)
	assert.Equal(t, "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQ%2B%2FH47+joAAA%3D%3D", address)
}

// In a program the client is the field Scenes of a wechat.Client.

// A code for a parcel, valid for a week. A scan pushes the parcel's number.
func ExampleClient_Add() {
	client, err := scene.NewClient(&fake{answer: `{"ticket":"gQH47joAAA+w==","expire_seconds":604800,"url":"http://weixin.qq.com/q/kZgf"}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	code, err := client.Add(context.Background(), scene.Text("parcel-17"), 7*24*time.Hour)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(scene.ImageURL(code.Ticket))

	newcomer := &callback.SubscribeEvent{EventKey: "qrscene_parcel-17"}
	fmt.Println(newcomer.Scene())
	known := &callback.ScanEvent{EventKey: "parcel-17"}
	fmt.Println(known.Scene())
	// Output:
	// https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQH47joAAA%2Bw%3D%3D <nil>
	// parcel-17 true
	// parcel-17 true
}

func ExampleClient_Shorten() {
	client, err := scene.NewClient(&fake{answer: `{"errcode":0,"errmsg":"ok","short_key":"iTqRJFSEqk9RvPk"}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := client.Shorten(context.Background(), strings.Repeat("long data ", 400), 24*time.Hour)
	fmt.Println(key, err)
	// Output: iTqRJFSEqk9RvPk <nil>
}

package wechattest_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat/wechattest"
)

// TestCloudRun pushes as WeChat Cloud Run does: nothing of WeChat's in the query, plain bodies.
func TestCloudRun(t *testing.T) {
	t.Parallel()
	message := wechattest.Text("oVneZ57wJnV", "回复]]>\x01文本")
	message.Time, message.ID = time.Unix(1651049934, 0), 23637352235060881
	event := wechattest.Subscribe("o", "")
	event.Time = message.Time
	const xmlHead = "<xml><ToUserName><![CDATA[gh_919b00572d95]]></ToUserName><FromUserName><![CDATA["
	for name, tt := range map[string]struct {
		push   wechattest.Push
		format callback.Format
		want   string
	}{
		"message in JSON": {message, callback.JSON, `{"ToUserName":"gh_919b00572d95","FromUserName":"oVneZ57wJnV","CreateTime":1651049934,"MsgType":"text","Content":"回复]]\u003e\u0001文本","MsgId":23637352235060881}`},
		"message in XML":  {message, callback.XML, xmlHead + "oVneZ57wJnV]]></FromUserName><CreateTime>1651049934</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[回复]]>\x01文本]]></Content><MsgId>23637352235060881</MsgId></xml>"},
		"event in JSON":   {event, callback.JSON, `{"ToUserName":"gh_919b00572d95","FromUserName":"o","CreateTime":1651049934,"MsgType":"event","Event":"subscribe","EventKey":""}`},
		"event in XML":    {event, callback.XML, xmlHead + "o]]></FromUserName><CreateTime>1651049934</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[]]></EventKey></xml>"},
		"a bare word":     {wechattest.Push{Body: []byte("CheckContainerPath")}, callback.JSON, "CheckContainerPath"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := wechattest.New(t)
			for path, want := range map[string]string{"": "/", "/wechat": "/wechat", "/wechat?school=1": "/wechat?school=1"} {
				h := &asked{answer: "success"}
				s.SetCallback(wechattest.Callback{Handler: h, Path: path, Mode: wechattest.CloudRun, Format: tt.format, OriginalID: "gh_919b00572d95"})
				d, err := s.Push(t.Context(), tt.push)
				require.NoError(t, err)
				require.NoError(t, d.Attempts[0].Err)
				assert.Equal(t, []string{"POST " + want}, h.requests)
				assert.Equal(t, tt.want, h.bodies[0])
				assert.NotEmpty(t, h.headers[0].Get("X-WX-SOURCE"))
				assert.Equal(t, map[callback.Format]string{callback.JSON: "application/json", callback.XML: "text/xml"}[tt.format], h.headers[0].Get("Content-Type"))
			}
		})
	}
}

// TestSignedPushesHaveNoSource, so that a server that trusts the header finds out.
func TestSignedPushesHaveNoSource(t *testing.T) {
	t.Parallel()
	for _, mode := range []wechattest.Mode{wechattest.Plain, wechattest.Compatible, wechattest.Safe} {
		s := wechattest.New(t)
		h := &asked{answer: "success"}
		s.SetCallback(wechattest.Callback{Handler: h, Mode: mode, Token: pushToken, AESKey: pushKey})
		require.NoError(t, s.VerifyCallback(t.Context()))
		_, err := s.Push(t.Context(), wechattest.Text("o", "x"))
		require.NoError(t, err)
		for _, header := range h.headers {
			assert.NotContains(t, header, "X-Wx-Source")
		}
	}
}

// TestProbeOfCloudRun is what the console does when a path is saved.
func TestProbeOfCloudRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		answer string
		wrong  string
	}{
		{200, "success", ""}, {200, "", ""}, {200, "ok", "2 bytes"}, {200, "success\n", "8 bytes"}, {404, "success", "404"}, {500, "", "500"},
	} {
		for format, want := range map[callback.Format]string{
			callback.JSON: `{"action":"CheckContainerPath"}`, callback.XML: "<xml><action>CheckContainerPath</action></xml>",
		} {
			s := wechattest.New(t)
			s.SetCallback(wechattest.Callback{Mode: wechattest.CloudRun, Format: format, Path: "/wechat", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				assert.Equal(t, "POST /wechat "+want, r.Method+" "+r.RequestURI+" "+string(body))
				assert.NotEmpty(t, r.Header.Get("X-WX-SOURCE"))
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.answer)
			})})
			err := s.VerifyCallback(t.Context())
			if tt.wrong == "" {
				require.NoError(t, err)
				continue
			}
			require.ErrorContains(t, err, tt.wrong)
		}
	}
	s := wechattest.New(t)
	s.SetCallback(wechattest.Callback{Mode: wechattest.CloudRun, URL: "http://127.0.0.1:1/"})
	require.ErrorContains(t, s.VerifyCallback(t.Context()), "no answer to the probe")
}

// TestRepliesInCloudRun come in the format of the push, and are not encrypted.
func TestRepliesInCloudRun(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	crypter, err := callback.NewCrypter(callback.Account{AppID: s.AppID, Token: pushToken, AESKey: pushKey})
	require.NoError(t, err)
	for format, other := range map[callback.Format]callback.Format{callback.JSON: callback.XML, callback.XML: callback.JSON} {
		in := callback.Header{ToUserName: s.OriginalID(), FromUserName: "o"}
		right, err := callback.AppendReply(nil, format, &in, callback.Text{Content: "hi"}, time.Now())
		require.NoError(t, err)
		wrong, err := callback.AppendReply(nil, other, &in, callback.Text{Content: "hi"}, time.Now())
		require.NoError(t, err)
		sealed := crypter.Sealer().Seal(nil, format, right, 1, "n")
		for answer, says := range map[string]string{string(right): "", string(wrong): "it is no", string(sealed): "Cloud Run"} {
			s.SetCallback(wechattest.Callback{Handler: &asked{answer: answer}, Mode: wechattest.CloudRun, Format: format})
			d, err := s.Push(t.Context(), wechattest.Text("o", "x"))
			require.NoError(t, err)
			if says == "" {
				require.NoError(t, d.Attempts[0].Err)
				assert.Equal(t, callback.Text{Content: "hi"}, d.Reply)
				continue
			}
			require.ErrorContains(t, d.Attempts[0].Err, says)
			assert.True(t, d.Notice)
		}
	}
}

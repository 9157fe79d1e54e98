package wechattest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pushToken = "tokenOfTheConsole"
	pushKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// replier answers pushes by hand, to be independent of callback.Server.
type replier struct {
	t       *testing.T
	format  callback.Format
	crypter *callback.Crypter // nil: plain
	answer  func(in callback.Message) (body string, encrypt bool)
	seen    atomic.Int64
	last    atomic.Pointer[http.Request]
}

func (r *replier) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.seen.Add(1)
	r.last.Store(req)
	q := req.URL.Query()
	if !callback.Verify(q.Get("signature"), pushToken, q.Get("timestamp"), q.Get("nonce"), "") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if req.Method == http.MethodGet {
		_, _ = io.WriteString(w, q.Get("echostr"))
		return
	}
	body, err := io.ReadAll(req.Body)
	assert.NoError(r.t, err)
	sealer := callback.Sealer{}
	if r.crypter != nil {
		envelope, err := callback.ParseEnvelope(body)
		assert.NoError(r.t, err)
		body, sealer, err = r.crypter.Open(nil, q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), envelope.Encrypt)
		assert.NoError(r.t, err)
	}
	in, err := callback.Parse(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	answer, encrypt := r.answer(in)
	if encrypt {
		answer = string(sealer.Seal(nil, r.format, []byte(answer), time.Now().Unix(), q.Get("nonce")))
	}
	_, _ = io.WriteString(w, answer)
}

func xmlReply(in callback.Message, inner string) string {
	h := in.Head()
	return fmt.Sprintf("<xml><ToUserName>%s</ToUserName><FromUserName>%s</FromUserName><CreateTime>1700000000</CreateTime>%s</xml>",
		h.FromUserName, h.ToUserName, inner)
}

func text(content string) string {
	return "<MsgType>text</MsgType><Content><![CDATA[" + content + "]]></Content>"
}

// TestPushInEachMode pushes a message and has it answered, in each mode, format and by each way.
func TestPushInEachMode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		mode    wechattest.Mode
		format  callback.Format
		encrypt bool
		url     bool
	}{
		{"plain", wechattest.Plain, callback.XML, false, false},
		{"plain over TCP", wechattest.Plain, callback.XML, false, true},
		{"compatible, answered in plain", wechattest.Compatible, callback.XML, false, false},
		{"compatible, answered in cipher", wechattest.Compatible, callback.XML, true, false},
		{"safe", wechattest.Safe, callback.XML, true, false},
		{"safe over TCP", wechattest.Safe, callback.XML, true, true},
		{"plain JSON", wechattest.Plain, callback.JSON, false, false},
		{"compatible JSON", wechattest.Compatible, callback.JSON, true, false},
		{"safe JSON", wechattest.Safe, callback.JSON, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := wechattest.New(t)
			h := &replier{t: t, format: tt.format}
			h.answer = func(in callback.Message) (string, bool) {
				m, ok := in.(*callback.TextMessage)
				if !assert.True(t, ok, "%T", in) {
					return "success", false
				}
				assert.Equal(t, "照片 🎉", m.Content)
				assert.NotZero(t, m.MsgID)
				reply, err := callback.AppendReply(nil, tt.format, in.Head(), callback.Text{Content: "收到 ]]> 👌"}, time.Now())
				assert.NoError(t, err)
				return string(reply), tt.encrypt
			}
			c := wechattest.Callback{Handler: h, Token: pushToken, Mode: tt.mode, Format: tt.format}
			if tt.mode != wechattest.Plain {
				c.AESKey = pushKey
				var err error
				h.crypter, err = callback.NewCrypter(callback.Account{AppID: s.AppID, Token: pushToken, AESKey: pushKey})
				require.NoError(t, err)
			}
			if tt.url {
				server := httptest.NewServer(h)
				t.Cleanup(server.Close)
				c.Handler, c.URL = nil, server.URL+"/callback?school=1"
			}
			s.SetCallback(c)
			require.NoError(t, s.VerifyCallback(t.Context()))
			d, err := s.Push(t.Context(), wechattest.Text("oParent", "照片 🎉"))
			require.NoError(t, err)
			require.Len(t, d.Attempts, 1)
			require.NoError(t, d.Attempts[0].Err)
			assert.Equal(t, callback.Text{Content: "收到 ]]> 👌"}, d.Reply)
			assert.False(t, d.Notice)
			assert.Equal(t, "oParent", h.last.Load().URL.Query().Get("openid"))
			if tt.url {
				assert.Equal(t, "1", h.last.Load().URL.Query().Get("school"), "the URL's own query stays")
			}
		})
	}
}

// strictReply is an answer to a push, what it is read as, and what is wrong with it.
type strictReply struct {
	name  string
	push  wechattest.Push
	inner string // of the reply; beginning with = the whole of it
	want  callback.Reply
	wrong string
}

func strictReplies() []strictReply {
	article := "<item><Title>t</Title></item>"
	return []strictReply{
		{"success", wechattest.Text("o", "x"), "=success", nil, ""},
		{"nothing", wechattest.Text("o", "x"), "=", nil, ""},
		{"a word", wechattest.Text("o", "x"), "=ok", nil, "no XML"},
		{"success and a line break", wechattest.Text("o", "x"), "=success\n", nil, "no XML"},
		{"JSON", wechattest.Text("o", "x"), `={"MsgType":"text"}`, nil, "no XML"},
		{"broken UTF-8", wechattest.Text("o", "x"), "=<xml>\xff</xml>", nil, "UTF-8"},
		{"another root", wechattest.Text("o", "x"), "=<message></message>", nil, "root"},
		{"two documents", wechattest.Text("o", "x"), "=<xml></xml><xml></xml>", nil, "behind"},
		{"another receiver", wechattest.Text("o", "x"), "=<xml><ToUserName>p</ToUserName></xml>", nil, "ToUserName"},
		{"another sender", wechattest.Text("o", "x"), "=<xml><ToUserName>o</ToUserName><FromUserName>o</FromUserName></xml>", nil, "FromUserName"},
		{"milliseconds", wechattest.Text("o", "x"), "=<xml><ToUserName>o</ToUserName><FromUserName>gh_0123456789ab</FromUserName><CreateTime>1700000000000</CreateTime></xml>", nil, "seconds"},
		{"text", wechattest.Text("o", "x"), text("您好"), callback.Text{Content: "您好"}, ""},
		{"empty text", wechattest.Text("o", "x"), text(""), nil, "Content"},
		{"2048 bytes", wechattest.Text("o", "x"), text(strings.Repeat("x", 2048)), callback.Text{Content: strings.Repeat("x", 2048)}, ""},
		{"2049 bytes", wechattest.Text("o", "x"), text(strings.Repeat("x", 2049)), nil, "2049"},
		{"image", wechattest.Text("o", "x"), "<MsgType>image</MsgType><Image><MediaId>M</MediaId></Image>", callback.Image{MediaID: "M"}, ""},
		{"image without id", wechattest.Text("o", "x"), "<MsgType>image</MsgType><Image></Image>", nil, "media id"},
		{"voice", wechattest.Text("o", "x"), "<MsgType>voice</MsgType><Voice><MediaId>M</MediaId></Voice>", callback.Voice{MediaID: "M"}, ""},
		{"video", wechattest.Text("o", "x"), "<MsgType>video</MsgType><Video><MediaId>M</MediaId><Title>t</Title></Video>", callback.Video{MediaID: "M", Title: "t"}, ""},
		{"music", wechattest.Text("o", "x"), "<MsgType>music</MsgType><Music><MusicUrl>u</MusicUrl><ThumbMediaId>M</ThumbMediaId></Music>", callback.Music{URL: "u", ThumbMediaID: "M"}, ""},
		{"music without thumb", wechattest.Text("o", "x"), "<MsgType>music</MsgType><Music><MusicUrl>u</MusicUrl></Music>", nil, "media id"},
		{"transfer", wechattest.Text("o", "x"), "<MsgType>transfer_customer_service</MsgType>", callback.Transfer{}, ""},
		{"transfer to one", wechattest.Text("o", "x"), "<MsgType>transfer_customer_service</MsgType><TransInfo><KfAccount>a@b</KfAccount></TransInfo>", callback.Transfer{KfAccount: "a@b"}, ""},
		{"no such type", wechattest.Text("o", "x"), "<MsgType>link</MsgType>", nil, "link"},
		{"one article", wechattest.Text("o", "x"), "<MsgType>news</MsgType><ArticleCount>1</ArticleCount><Articles>" + article + "</Articles>", callback.News{Articles: []callback.Article{{Title: "t"}}}, ""},
		{"two articles to a message", wechattest.Text("o", "x"), "<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles>" + article + article + "</Articles>", nil, "2 articles"},
		{"two articles to an event", wechattest.Click("o", "k"), "<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles>" + article + article + "</Articles>", callback.News{Articles: []callback.Article{{Title: "t"}, {Title: "t"}}}, ""},
		{"nine articles", wechattest.Click("o", "k"), "<MsgType>news</MsgType><ArticleCount>9</ArticleCount><Articles>" + strings.Repeat(article, 9) + "</Articles>", nil, "9 articles"},
		{"a wrong count", wechattest.Click("o", "k"), "<MsgType>news</MsgType><ArticleCount>2</ArticleCount><Articles>" + article + "</Articles>", nil, "ArticleCount"},
		{"an article without title", wechattest.Click("o", "k"), "<MsgType>news</MsgType><ArticleCount>1</ArticleCount><Articles><item></item></Articles>", nil, "Title"},
	}
}

// TestStrictReplies has answers that WeChat does not take, and some that it does.
func TestStrictReplies(t *testing.T) {
	t.Parallel()
	for _, tt := range strictReplies() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := wechattest.New(t)
			h := &replier{t: t, answer: func(in callback.Message) (string, bool) {
				if whole, ok := strings.CutPrefix(tt.inner, "="); ok {
					return whole, false
				}
				return xmlReply(in, tt.inner), false
			}}
			s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken, OriginalID: "gh_0123456789ab"})
			d, err := s.Push(t.Context(), tt.push)
			require.NoError(t, err)
			assert.Equal(t, tt.want, d.Reply)
			require.Len(t, d.Attempts, 1, "an answer is an answer, and not asked for again")
			if tt.wrong == "" {
				require.NoError(t, d.Attempts[0].Err)
				return
			}
			require.ErrorContains(t, d.Attempts[0].Err, tt.wrong)
			assert.Equal(t, tt.push.Event == "", d.Notice, "events fail in silence")
		})
	}
}

// TestEncryptionOfReplies refuses what the mode does not allow.
func TestEncryptionOfReplies(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	crypter, err := callback.NewCrypter(callback.Account{AppID: s.AppID, Token: pushToken, AESKey: pushKey})
	require.NoError(t, err)
	other, err := callback.NewCrypter(callback.Account{AppID: "wxother", Token: pushToken, AESKey: pushKey})
	require.NoError(t, err)
	h := &replier{t: t, crypter: crypter}
	s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken, AESKey: pushKey, Mode: wechattest.Safe})
	push := func(answer func(in callback.Message) (string, bool)) error {
		h.answer = answer
		d, err := s.Push(t.Context(), wechattest.Text("o", "x"))
		require.NoError(t, err)
		return d.Attempts[0].Err
	}
	require.ErrorContains(t, push(func(in callback.Message) (string, bool) { return xmlReply(in, text("x")), false }), "not encrypted")
	require.ErrorIs(t, push(func(in callback.Message) (string, bool) {
		return string(other.Sealer().Seal(nil, callback.XML, []byte(xmlReply(in, text("x"))), 1, "n")), false
	}), callback.ErrAppID)
	require.ErrorContains(t, push(func(callback.Message) (string, bool) { return "success", true }), "decrypted")
	require.NoError(t, push(func(callback.Message) (string, bool) { return "success", false }), "success is never encrypted")

	h.crypter = nil
	s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken})
	require.ErrorContains(t, push(func(in callback.Message) (string, bool) {
		return string(crypter.Sealer().Seal(nil, callback.XML, []byte(xmlReply(in, text("x"))), 1, "n")), false
	}), "the mode is plain")
}

func TestPushWithoutACallback(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	_, err := s.Push(t.Context(), wechattest.Text("o", "x"))
	require.ErrorContains(t, err, "SetCallback")
	require.ErrorContains(t, s.VerifyCallback(t.Context()), "SetCallback")
	h := http.NotFoundHandler()
	for name, c := range map[string]wechattest.Callback{
		"no target":    {Token: pushToken},
		"two targets":  {Token: pushToken, Handler: h, URL: "http://127.0.0.1"},
		"no token":     {Handler: h},
		"no key":       {Handler: h, Token: pushToken, Mode: wechattest.Safe},
		"a short key":  {Handler: h, Token: pushToken, Mode: wechattest.Safe, AESKey: "abc"},
		"no such mode": {Handler: h, Token: pushToken, AESKey: pushKey, Mode: wechattest.CloudRun + 1},
		"no scheme":    {URL: "school.example", Token: pushToken},
		"a late start": {Handler: h, Token: pushToken, Deliveries: []time.Duration{time.Second}},
		"out of order": {Handler: h, Token: pushToken, Deliveries: []time.Duration{0, 2, 1}},
		"no slash":     {Handler: h, Token: pushToken, Path: "wechat"},
		"a host":       {Handler: h, Token: pushToken, Path: "@school.example/"},
		"a query only": {Handler: h, Token: pushToken, Path: "?school=1"},
		"a fragment":   {Handler: h, Token: pushToken, Path: "/wechat#"},
		"a blank":      {Handler: h, Token: pushToken, Path: "/wechat?a=b c"},
		"odd percent":  {Handler: h, Token: pushToken, Path: "/%zz"},
		"two paths":    {URL: "http://127.0.0.1/wechat", Token: pushToken, Path: "/wechat"},
		"no patience":  {Handler: h, Token: pushToken, Timeout: -1},
	} {
		assert.Panics(t, func() { s.SetCallback(c) }, name)
	}
	s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken})
	require.ErrorContains(t, s.VerifyCallback(t.Context()), "404")
	assert.Panics(t, func() {
		_, _ = s.Push(t.Context(), wechattest.Event("o", "x", wechattest.Element{Name: "N", Value: true}))
	})
}

// TestFollowersByEvent has the simulation learn who follows.
func TestFollowersByEvent(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	id := s.AddTemplate(template.Template{Content: "{{thing1.DATA}}"})
	s.SetCallback(wechattest.Callback{Token: pushToken, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})})
	send := func() error {
		_, err := s.Client().Template.Send(t.Context(), template.Message{To: "oNew", TemplateID: id, Data: template.Data{"thing1": {Value: "x"}}})
		return err
	}
	require.Error(t, send())
	_, err := s.Push(t.Context(), wechattest.Subscribe("oNew", "42"))
	require.NoError(t, err)
	require.NoError(t, send())
	_, err = s.Push(t.Context(), wechattest.Unsubscribe("oNew"))
	require.NoError(t, err)
	require.Error(t, send())
}

// TestBodies shows what goes over the wire.
func TestBodies(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	var got string
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = string(b)
	})
	at := time.Unix(1700000000, 0)
	nested := wechattest.Event("o", "subscribe_msg_sent_event", wechattest.Element{Name: "SubscribeMsgSentEvent", Value: []wechattest.Element{
		{Name: "List", Value: []wechattest.Element{{Name: "MsgID", Value: int64(1)}}},
		{Name: "List", Value: []wechattest.Element{{Name: "MsgID", Value: 2}}},
	}})
	nested.Time = at
	message := wechattest.Location("o", 23.5, -113, `"家"`)
	message.Time, message.ID = at, 7
	for _, tt := range []struct {
		push      wechattest.Push
		xml, json string
	}{
		{nested,
			"<xml><ToUserName><![CDATA[gh_x]]></ToUserName><FromUserName><![CDATA[o]]></FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe_msg_sent_event]]></Event><SubscribeMsgSentEvent><List><MsgID>1</MsgID></List><List><MsgID>2</MsgID></List></SubscribeMsgSentEvent></xml>",
			`{"ToUserName":"gh_x","FromUserName":"o","CreateTime":1700000000,"MsgType":"event","Event":"subscribe_msg_sent_event","SubscribeMsgSentEvent":{"List":[{"MsgID":1},{"MsgID":2}]}}`},
		{message,
			`<xml><ToUserName><![CDATA[gh_x]]></ToUserName><FromUserName><![CDATA[o]]></FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[location]]></MsgType><Location_X>23.5</Location_X><Location_Y>-113</Location_Y><Scale>20</Scale><Label><![CDATA["家"]]></Label><MsgId>7</MsgId></xml>`,
			`{"ToUserName":"gh_x","FromUserName":"o","CreateTime":1700000000,"MsgType":"location","Location_X":23.5,"Location_Y":-113,"Scale":20,"Label":"\"家\"","MsgId":7}`},
		{wechattest.Push{Body: []byte("<xml>as it is")}, "<xml>as it is", "<xml>as it is"},
	} {
		for format, want := range map[callback.Format]string{callback.XML: tt.xml, callback.JSON: tt.json} {
			s.SetCallback(wechattest.Callback{Token: pushToken, Handler: h, Format: format, OriginalID: "gh_x"})
			_, err := s.Push(t.Context(), tt.push)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			if format == callback.JSON && tt.push.Body == nil {
				assert.True(t, json.Valid([]byte(got)))
			}
		}
	}
}

func TestReceipts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := wechattest.New(t, wechattest.InMemory())
		s.Follow("oA", "oB", "oC")
		id := s.AddTemplate(template.Template{Content: "{{thing1.DATA}}"})
		receipts := make(chan *callback.TemplateSendJobFinishEvent, 10)
		s.SetCallback(wechattest.Callback{Token: pushToken, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			m, err := callback.Parse(body)
			assert.NoError(t, err)
			receipts <- m.(*callback.TemplateSendJobFinishEvent)
		})})
		client := s.Client()
		send := func(to string) int64 {
			msgID, err := client.Template.Send(t.Context(), template.Message{To: to, TemplateID: id, Data: template.Data{"thing1": {Value: "x"}}})
			require.NoError(t, err)
			return msgID
		}
		send("oA")
		assert.Empty(t, receipts, "none unless asked for")

		s.SendReceipts(wechattest.Receipts{Status: func(a wechattest.Accepted) callback.DeliveryStatus {
			return map[string]callback.DeliveryStatus{"oA": callback.StatusDelivered, "oB": callback.StatusFailed, "oC": ""}[a.Message.To]
		}})
		msgID := send("oA")
		require.Len(t, receipts, 1, "early: before the answer")
		assert.Equal(t, msgID, (<-receipts).MsgID)
		send("oB")
		assert.Equal(t, callback.StatusFailed, (<-receipts).Status)
		send("oC")
		assert.Empty(t, receipts)

		s.SendReceipts(wechattest.Receipts{After: time.Minute, NoMsgID: true})
		start := time.Now()
		send("oC")
		r := <-receipts
		assert.Equal(t, time.Minute, time.Since(start))
		assert.Zero(t, r.MsgID)
		assert.Equal(t, "oC", r.FromUserName)

		send("oA")
		s.Close() // which does not wait for the minute to pass
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

// TestIDsOfPushesAndMessages come from different numbers, both beyond what a float64 can hold.
func TestIDsOfPushesAndMessages(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	id := s.AddTemplate(template.Template{Content: "{{thing1.DATA}}"})
	h := new(asked)
	s.SetCallback(wechattest.Callback{Handler: h, Token: pushToken, Format: callback.JSON})
	s.SendReceipts(wechattest.Receipts{})
	var received, sent []int64
	for range 3 {
		_, err := s.Push(t.Context(), wechattest.Text("o", "x"))
		require.NoError(t, err)
		msgID, err := s.Client().Template.Send(t.Context(), template.Message{To: "o", TemplateID: id, Data: template.Data{"thing1": {Value: "x"}}})
		require.NoError(t, err)
		sent = append(sent, msgID)
		for _, body := range h.bodies[len(h.bodies)-2:] {
			var m struct{ MsgId, MsgID json.Number }
			require.NoError(t, json.Unmarshal([]byte(body), &m))
			if m.MsgID != "" {
				assert.Equal(t, fmt.Sprint(msgID), m.MsgID.String(), "a receipt has the message's")
				continue
			}
			n, err := m.MsgId.Int64()
			require.NoError(t, err)
			received = append(received, n)
		}
	}
	require.Len(t, received, 3)
	assert.Equal(t, []int64{23637352235060881, 23637352235060882, 23637352235060883}, received)
	for i := range received {
		assert.NotContains(t, sent, received[i])
		assert.Greater(t, received[i], int64(1)<<53)
		assert.Greater(t, sent[i]-received[i], int64(1)<<61, "so far away that no test's numbers meet")
	}
}

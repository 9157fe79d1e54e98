package callback_test

import (
	"fmt"
	"time"

	"github.com/org/wxhome/callback"
)

func ExampleParse() {
	m, err := callback.Parse([]byte(`<xml>
  <ToUserName><![CDATA[gh_7f083739789a]]></ToUserName>
  <FromUserName><![CDATA[OPENID]]></FromUserName>
  <CreateTime>1395658920</CreateTime>
  <MsgType><![CDATA[event]]></MsgType>
  <Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>
  <MsgID>200163836</MsgID>
  <Status><![CDATA[failed:user block]]></Status>
</xml>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	switch m := m.(type) {
	case *callback.TextMessage:
		fmt.Println("text:", m.Content)
	case *callback.TemplateSendJobFinishEvent:
		fmt.Println("receipt of", m.MsgID, "at", m.Time().UTC().Format(time.DateTime))
		fmt.Println("blocked:", m.Status == callback.StatusBlocked)
	case *callback.Unknown:
		fmt.Println("something else:", m.MsgType, m.Event)
	}
	// Output:
	// receipt of 200163836 at 2014-03-24 11:02:00
	// blocked: true
}

func ExampleUnknown_Value() {
	m, err := callback.Parse([]byte(`<xml><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[user_get_card]]></Event>` +
		`<CardId><![CDATA[CARD_ID]]></CardId></xml>`))
	if unknown, ok := m.(*callback.Unknown); ok {
		fmt.Println(unknown.Event, unknown.Value("CardId"), err)
	}
	// Output: user_get_card CARD_ID <nil>
}

// A new field of an event that has a struct is read from Raw. Here, Reason has no field in
// UnsubscribeEvent.
func ExampleRaw_Value() {
	m, err := callback.Parse([]byte(`<xml><MsgType>event</MsgType><Event>unsubscribe</Event>` +
		`<Reason>quiet</Reason><Items><Item>a</Item><Item>b</Item></Items></xml>`))
	if event, ok := m.(*callback.UnsubscribeEvent); ok {
		fmt.Println(event.Raw.Value("Reason"), event.Raw.Value("Items", "Item[2]"), event.Raw.Values("Items", "Item"), err)
	}
	// Output: quiet b [a b] <nil>
}

func ExampleVerify() {
	// The query of the request with which the console checks an address.
	fmt.Println(callback.Verify("f464b24fc39322e44b38aa78f5edd27bd1441696", "AAAAA", "1714036504", "1514711492", ""))
	fmt.Println(callback.Verify("f464b24fc39322e44b38aa78f5edd27bd1441696", "BBBBB", "1714036504", "1514711492", ""))
	// Output:
	// true
	// false
}

func ExampleCrypter() {
	crypter, err := callback.NewCrypter(callback.Account{
		AppID: "wxba5fad812f8e6fb9", Token: "AAAAA", AESKey: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"ToUserName":"gh_97417a04a28d","Encrypt":"+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0` +
		`JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2I` +
		`uQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="}`)
	envelope, err := callback.ParseEnvelope(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The three parameters are from the query.
	plain, sealer, err := crypter.Open(nil, "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3", "1714112445", "415670741", envelope.Encrypt)
	fmt.Println(string(plain), err)

	answer := sealer.Seal(nil, envelope.Format, []byte(`{"demo_resp":"good luck"}`), 1713424427, "415670741")
	fmt.Println(len(answer), "bytes of answer")

	_, _, err = crypter.Open(nil, "046e02f8204d34f8ba5fa3b1db94908f3df2e9b4", "1714112445", "415670741", envelope.Encrypt)
	fmt.Println(err)
	// Output:
	// {"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"} <nil>
	// 203 bytes of answer
	// callback: signature mismatch: check that Token equals the one in the console
}

func ExampleAppendReply() {
	m, err := callback.Parse([]byte(`<xml><ToUserName>gh_7f083739789a</ToUserName><FromUserName>OPENID</FromUserName>` +
		`<MsgType>text</MsgType><Content>照片</Content></xml>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	reply := callback.Text{Content: "照片马上就到 ]]>"}
	body, err := callback.AppendReply(nil, callback.XML, m.Head(), reply, time.Unix(1763913600, 0))
	fmt.Println(string(body), err)

	_, err = callback.AppendReply(nil, callback.XML, m.Head(), callback.Image{}, time.Unix(1763913600, 0))
	fmt.Println(err)
	// Output:
	// <xml><ToUserName><![CDATA[OPENID]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1763913600</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[照片马上就到 ]]]]><![CDATA[>]]></Content></xml> <nil>
	// callback: invalid reply: an Image needs a MediaID
}

func ExampleSubscribeEvent_Scene() {
	m := &callback.SubscribeEvent{EventKey: "qrscene_class-3"}
	fmt.Println(m.Scene())
	// Output: class-3 true
}

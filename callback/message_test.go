package callback

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScene(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"qrscene_123": "123", "qrscene_qrscene_1": "qrscene_1", "qrscene_": "", "": "no", "last_trade_no_4001": "no", "QRSCENE_1": "no",
	} {
		scene, ok := (&SubscribeEvent{EventKey: key}).Scene()
		assert.Equal(t, want != "no", ok, key)
		if ok {
			assert.Equal(t, want, scene, key)
		}
	}
}

func TestDeliveryStatus(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]DeliveryStatus{
		"success": StatusDelivered, "Success": StatusDelivered, " success ": StatusDelivered,
		"failed:user block": StatusBlocked, "failed: user block": StatusBlocked, "failed:  User Block": StatusBlocked,
		"failed: system failed": StatusFailed, "failed:system failed": StatusFailed,
		"failed: sender block": "failed:sender block", "": "", "new": "new",
	} {
		assert.Equal(t, want, deliveryStatus(in), in)
	}
}

// TestOtherShapes has parts that are shaped or named otherwise than in the reference.
func TestOtherShapes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		event, inner string
		want         Message
	}{
		"a List's sibling": {"subscribe_msg_sent_event", "<SubscribeMsgSentEvent><Listing><MsgID>1</MsgID></Listing><List/></SubscribeMsgSentEvent>",
			&SubscribeMsgSentEvent{List: []SubscribeReceipt{{}}}},
		"MsgId in a List":  {"subscribe_msg_sent_event", "<List><MsgId>1</MsgId></List>", &SubscribeMsgSentEvent{List: []SubscribeReceipt{{MsgID: 1}}}},
		"a List elsewhere": {"subscribe_msg_popup_event", "<A><List><TemplateId>1</TemplateId></List></A>", &SubscribeMsgPopupEvent{}},
		"pictures without items": {"pic_weixin", "<SendPicsInfo><PicList><PicMd5Sum>a</PicMd5Sum></PicList><PicList><PicMd5Sum>b</PicMd5Sum></PicList></SendPicsInfo>",
			&PicWeixinEvent{MenuPics: MenuPics{MD5Sums: []string{"a", "b"}}}},
		"an item elsewhere": {"MASSSENDJOBFINISH", "<ResultList><item><ArticleIdx>1</ArticleIdx></item></ResultList>", &MassSendJobFinishEvent{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			*tt.want.Head() = Header{MsgType: "event", Event: tt.event}
			m, err := Parse([]byte("<xml><MsgType>event</MsgType><Event>" + tt.event + "</Event>" + tt.inner + "</xml>"))
			require.NoError(t, err)
			assert.Equal(t, tt.want, m)
		})
	}
}

func TestMassStatus(t *testing.T) {
	t.Parallel()
	for s, want := range map[MassStatus]struct {
		sent bool
		code MassCode
	}{
		"send success": {true, 0}, "sendsuccess": {true, 0}, "Send Success": {true, 0},
		"send fail": {}, "": {}, "err()": {}, "err(x)": {}, "err(1": {}, "10001": {}, "err 10001": {}, "(10001)": {},
		"err(10001)": {code: MassAdvertising}, "ERR( 20013 )": {code: MassCopyright}, "err(99)": {code: 99},
	} {
		assert.Equal(t, want.sent, s.Sent(), s)
		assert.Equal(t, want.code, s.Code(), s)
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body string
		want Unknown
	}{
		"message": {"<xml><FromUserName>o</FromUserName><MsgType>new</MsgType></xml>", Unknown{Header: Header{FromUserName: "o", MsgType: "new"}}},
		"event": {"<xml><MsgType>event</MsgType><Event>card_pass_check</Event><EventKey>k</EventKey></xml>",
			Unknown{Header: Header{MsgType: "event", Event: "card_pass_check"}, EventKey: "k"}},
		"event without a name": {"<xml><MsgType>event</MsgType></xml>", Unknown{Header: Header{MsgType: "event"}}},
		"a name that is long":  {"<xml><MsgType>event</MsgType><Event>" + long + "</Event></xml>", Unknown{Header: Header{MsgType: "event", Event: long}}},
		"platform's own push": {"<xml><AppId>wxC</AppId><CreateTime>1413192605</CreateTime><InfoType>unauthorized</InfoType><AuthorizerAppid>wxA</AuthorizerAppid></xml>",
			Unknown{Header: Header{CreateTime: 1413192605}, AppID: "wxC", InfoType: "unauthorized", AuthorizerAppID: "wxA"}},
		"JSON":                {`{"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}`, Unknown{Header: Header{MsgType: "event", Event: "debug_demo"}}},
		"a kind with a slash": {"<xml><MsgType>event/subscribe</MsgType></xml>", Unknown{Header: Header{MsgType: "event/subscribe"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Parse([]byte(tt.body))
			require.NoError(t, err)
			tt.want.Raw = []byte(tt.body)
			assert.Equal(t, &tt.want, m)
		})
	}
}

const long = "an_event_whose_name_is_longer_than_that_of_any_event_that_is_known_today"

func TestUnknownValue(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"<xml><MsgType>event</MsgType><Event>e</Event><A>1</A><B><C>2</C><D><C>3</C></D></B><B><C>4&amp;</C></B><D><C>5</C></D></xml>",
		`{"MsgType":"event","Event":"e","A":"1","B":[{"C":2,"D":{"C":"3"}},{"C":"4&"}],"D":{"C":5}}`,
	} {
		m, err := Parse([]byte(raw))
		require.NoError(t, err)
		u, ok := m.(*Unknown)
		require.True(t, ok)
		for want, path := range map[string][]string{
			"1": {"A"}, "3": {"B", "D", "C"}, "4&": {"B", "C"}, "5": {"D", "C"}, "e": {"Event"}, "event": {"MsgType"},
		} {
			assert.Equal(t, want, u.Value(path...), path)
		}
		for _, path := range [][]string{nil, {""}, {"C"}, {"A", "C"}, {"B", "C", "C"}, {"B", "D"}, {"xml", "A"}} {
			assert.Empty(t, u.Value(path...), path)
		}
	}
	assert.Equal(t, "event/new_event", (&Unknown{Header: Header{MsgType: "Event", Event: "New_Event"}}).kind())
	assert.Equal(t, "/event/scan", (&Unknown{Header: Header{MsgType: "event/SCAN"}}).kind(), "no ScanEvent")
	assert.Empty(t, (&Unknown{}).Value("A"))
	assert.Empty(t, (&Unknown{Raw: []byte("<xml>")}).Value("A"))
}

// TestMarks checks that what appendMark adds tells messages of one second apart, and is the same
// when the same message is read again.
func TestMarks(t *testing.T) {
	t.Parallel()
	pairs := [][2]Message{
		{&SubscribeEvent{EventKey: "a"}, &SubscribeEvent{EventKey: "b"}},
		{&UnsubscribeEvent{EventKey: "a"}, &UnsubscribeEvent{}},
		{&ScanEvent{EventKey: "a"}, &ScanEvent{EventKey: "b"}},
		{&ClickEvent{EventKey: "a"}, &ClickEvent{EventKey: "b"}},
		{&ViewEvent{EventKey: "a"}, &ViewEvent{EventKey: "b"}},
		{&ViewMiniProgramEvent{EventKey: "a"}, &ViewMiniProgramEvent{EventKey: "b"}},
		{&ScanCodePushEvent{MenuScan: MenuScan{EventKey: "a"}}, &ScanCodePushEvent{}},
		{&PicWeixinEvent{MenuPics: MenuPics{EventKey: "a"}}, &PicWeixinEvent{}},
		{&LocationSelectEvent{EventKey: "a"}, &LocationSelectEvent{}},
		{&TemplateSendJobFinishEvent{Status: StatusFailed}, &TemplateSendJobFinishEvent{Status: StatusDelivered}},
		{&PublishJobFinishEvent{PublishID: "1"}, &PublishJobFinishEvent{PublishID: "2"}},
		{&KfCreateSessionEvent{KfSession: KfSession{"a"}}, &KfCreateSessionEvent{KfSession: KfSession{"b"}}},
		{&KfSwitchSessionEvent{FromKfAccount: "ab", ToKfAccount: "c"}, &KfSwitchSessionEvent{FromKfAccount: "a", ToKfAccount: "bc"}},
		{&UserInfoModifiedEvent{Withdrawal: Withdrawal{OpenID: "a"}}, &UserInfoModifiedEvent{Withdrawal: Withdrawal{OpenID: "b"}}},
		{&SubscribeMsgPopupEvent{List: []SubscribeChoice{{TemplateID: "a"}}}, &SubscribeMsgPopupEvent{List: []SubscribeChoice{{TemplateID: "b"}}}},
		{&SubscribeMsgChangeEvent{List: []SubscribeChoice{{Status: "a"}}}, &SubscribeMsgChangeEvent{List: []SubscribeChoice{{Status: "b"}}}},
		{&SubscribeMsgSentEvent{List: []SubscribeReceipt{{MsgID: 1}}}, &SubscribeMsgSentEvent{List: []SubscribeReceipt{{MsgID: 2}}}},
		{&Unknown{EventKey: "a"}, &Unknown{AppID: "a"}},
		{&Unknown{InfoType: "a"}, &Unknown{AuthorizerAppID: "a"}},
	}
	for _, p := range pairs {
		a, b := appendMark([]byte("x"), p[0]), appendMark([]byte("x"), p[1])
		assert.NotEqual(t, a, b, fmt.Sprintf("%+v", p))
		assert.Equal(t, a, appendMark([]byte("x"), p[0]))
	}
	assert.Equal(t, "x", string(appendMark([]byte("x"), &TextMessage{Content: "a"})), "its MsgID tells")
}

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

// TestSceneOfAScan: whoever follows already brings the same scene as a newcomer does.
func TestSceneOfAScan(t *testing.T) {
	t.Parallel()
	for _, scene := range []string{"123", "4294967295", "class-3", "qrscene_1", "三年级 <2> & \"x\"", " blanks ", "last_trade_no_1"} {
		for _, format := range []string{
			"<xml><FromUserName>oA</FromUserName><MsgType>event</MsgType><Event>%s</Event><EventKey><![CDATA[%s]]></EventKey></xml>",
			`{"FromUserName":"oA","MsgType":"event","Event":%q,"EventKey":%q}`,
		} {
			for event, key := range map[string]string{"subscribe": "qrscene_" + scene, "SCAN": scene} {
				m, err := Parse(fmt.Appendf(nil, format, event, key))
				require.NoError(t, err)
				scanned, ok := m.(interface{ Scene() (string, bool) })
				require.True(t, ok, "%T", m)
				got, ok := scanned.Scene()
				assert.True(t, ok)
				assert.Equal(t, scene, got, "%s by %s", event, format)
			}
		}
	}
	_, ok := (&ScanEvent{}).Scene()
	assert.False(t, ok)
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
		"an item's sibling": {"MASSSENDJOBFINISH", "<CopyrightCheckResult><ResultList><items><ArticleIdx>1</ArticleIdx></items></ResultList></CopyrightCheckResult>", &MassSendJobFinishEvent{}},
		"an item elsewhere": {"MASSSENDJOBFINISH", "<ResultList><item><ArticleIdx>1</ArticleIdx></item></ResultList>", &MassSendJobFinishEvent{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			*tt.want.Head() = Header{MsgType: "event", Event: tt.event}
			assert.Equal(t, tt.want, parsed(t, "<xml><MsgType>event</MsgType><Event>"+tt.event+"</Event>"+tt.inner+"</xml>"))
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
			assert.Equal(t, &tt.want, parsed(t, tt.body))
		})
	}
}

const long = "an_event_whose_name_is_longer_than_that_of_any_event_that_is_known_today"

func TestUnknownKind(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "event/new_event", (&Unknown{Header: Header{MsgType: "Event", Event: "New_Event"}}).kind())
	assert.Equal(t, "/event/scan", (&Unknown{Header: Header{MsgType: "event/SCAN"}}).kind(), "no ScanEvent")
}

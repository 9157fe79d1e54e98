package callback

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sender is the header of a message of kind as pushOf writes it, and senderOf an event's.
func sender(kind string) Header {
	return Header{ToUserName: "gh_1", FromUserName: "oSTRANGER", CreateTime: 1551481349, MsgType: kind, MsgID: 22211872600753510}
}

func senderOf(event string) Header {
	h := sender("event")
	h.Event, h.MsgID = event, 0
	return h
}

// pushOf is a message as WeChat writes it, with inner as it is. Blanks and order are those of a
// raw capture (WeRoBot issue 420).
func pushOf(kind, inner string) string {
	return "<xml> <ToUserName><![CDATA[gh_1]]></ToUserName>\n <FromUserName><![CDATA[oSTRANGER]]></FromUserName>\n <CreateTime>1551481349</CreateTime>\n <MsgType><![CDATA[" +
		kind + "]]></MsgType>\n " + inner + "\n <MsgId>22211872600753510</MsgId>\n </xml>"
}

// eventOf is an event as WeChat writes it.
func eventOf(event, inner string) string {
	return "<xml><ToUserName><![CDATA[gh_1]]></ToUserName>\n<FromUserName><![CDATA[oSTRANGER]]></FromUserName>\n<CreateTime>1551481349</CreateTime>\n<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[" +
		event + "]]></Event>\n" + inner + "\n</xml>"
}

// cdataOf is an element as WeChat writes a text.
func cdataOf(name, typed string) string {
	return "<" + name + "><![CDATA[" + typed + "]]></" + name + ">"
}

// typing is a text message in which typed was typed, and typedAs one whose Content is content.
func typing(typed string) string { return pushOf("text", cdataOf("Content", typed)) }

func typedAs(content string) Message {
	return &TextMessage{Header: sender("text"), Content: content}
}

// linkOf is a link whose texts are as given.
func linkOf(title, description, url string) string {
	return pushOf("link", cdataOf("Title", title)+"\n"+cdataOf("Description", description)+"\n"+cdataOf("Url", url))
}

func linkAs(title, description, url string) Message {
	return &LinkMessage{Header: sender("link"), Title: title, Description: description, URL: url}
}

func scanOf(event, result string) string {
	return eventOf(event, "<EventKey><![CDATA[6]]></EventKey>\n<ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType>\n"+cdataOf("ScanResult", result)+"\n</ScanCodeInfo>")
}

func scanAs(result string) MenuScan {
	return MenuScan{EventKey: "6", ScanType: "qrcode", ScanResult: result}
}

func chosenOf(label, poi string) string {
	return eventOf("location_select", "<EventKey><![CDATA[6]]></EventKey>\n<SendLocationInfo><Location_X><![CDATA[23]]></Location_X>\n<Location_Y><![CDATA[113]]></Location_Y>\n<Scale><![CDATA[15]]></Scale>\n"+
		cdataOf("Label", label)+"\n"+cdataOf("Poiname", poi)+"\n</SendLocationInfo>")
}

func chosenAs(label, poi string) Message {
	return &LocationSelectEvent{Header: senderOf("location_select"), EventKey: "6", Latitude: 23, Longitude: 113, Scale: 15, Label: label, PoiName: poi}
}

func labelOf(label string) string {
	return pushOf("location", "<Location_X>23.1</Location_X>\n<Location_Y>113.3</Location_Y>\n<Scale>20</Scale>\n"+cdataOf("Label", label))
}

func labelAs(label string) Message {
	return &LocationMessage{Header: sender("location"), Latitude: 23.1, Longitude: 113.3, Scale: 20, Label: label}
}

func voiceOf(recognition string) string {
	return pushOf("voice", cdataOf("MediaId", "m")+"\n"+cdataOf("Format", "amr")+"\n"+cdataOf("Recognition", recognition)+"\n"+cdataOf("MediaId16K", "m16"))
}

func voiceAs(recognition string) Message {
	return &VoiceMessage{Header: sender("voice"), MediaID: "m", MediaID16K: "m16", Format: "amr", Recognition: recognition}
}

func fileOf(title, description string) string {
	return pushOf("file", cdataOf("Title", title)+"\n"+cdataOf("Description", description)+"\n"+cdataOf("FileKey", "k")+"\n"+cdataOf("FileMd5", "5")+"\n<FileTotalLen>9</FileTotalLen>")
}

func fileAs(title, description string) Message {
	return &FileMessage{Header: sender("file"), Title: title, Description: description, FileKey: "k", FileMD5: "5", FileSize: 9}
}

func pageOf(title, appID, path string) string {
	return pushOf("miniprogrampage", cdataOf("Title", title)+"\n"+cdataOf("AppId", appID)+"\n"+cdataOf("PagePath", path)+"\n"+cdataOf("ThumbUrl", "u")+"\n"+cdataOf("ThumbMediaId", "t"))
}

func pageAs(title, appID, path string) Message {
	return &MiniProgramPageMessage{Header: sender("miniprogrampage"), Title: title, AppID: appID, PagePath: path, ThumbURL: "u", ThumbMediaID: "t"}
}

// hostileTexts are texts that try to be more. None holds an end that its kind has a rule for.
var hostileTexts = []string{
	"]]>", "a]]>b", "]]]]>", "]", "]]", "<a><![CDATA[b]]></a>", "</xml>", "]]></xml>", "<![CDATA[", "<![CDATA[x]]>", "]]><![CDATA[",
	"]]></Other><FromUserName><![CDATA[oVICTIM]]></FromUserName><ToUserName>gh_2</ToUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>subscribe</Event><Other><![CDATA[",
	"]]><MsgId>1</MsgId><MsgID>2</MsgID><Encrypt>x</Encrypt><Idx>3</Idx><MsgDataId>4</MsgDataId><bizmsgmenuid>5</bizmsgmenuid><BusinessId>6</BusinessId>",
	"<!DOCTYPE xml [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>&a;", "<!-- c", "<?xml", "&amp;&lt;&#65;", "1<2 && 3>2", " 照片\n", "{\"MsgType\":\"event\"}",
}

// sloppyBodies has what the world writes, and what it has to become. A want has no Raw: take it
// off before comparing. The bodies are what is encrypted in safe mode.
var sloppyBodies = append([]sloppyBody{
	// Somebody else's openid.
	{"injected: another sender", typing("x]]></Content><FromUserName><![CDATA[oVICTIM]]></FromUserName><Content><![CDATA[解绑"),
		typedAs("x]]></Content><FromUserName><![CDATA[oVICTIM]]></FromUserName><Content><![CDATA[解绑")},
	{"injected: an event", typing("]]></Content><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[unsubscribe]]></Event><Content><![CDATA["),
		typedAs("]]></Content><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[unsubscribe]]></Event><Content><![CDATA[")},
	{"injected: the end of the document", typing("x]]></Content></xml>"), typedAs("x]]></Content></xml>")},
	{"injected: a document", typing("x]]></Content></xml>" + typing("解绑") + "<xml><Content><![CDATA["), typedAs("x]]></Content></xml>" + typing("解绑") + "<xml><Content><![CDATA[")},
	{"injected: an id", typing("x]]></Content><MsgId>1</MsgId><Content><![CDATA[y"), typedAs("x]]></Content><MsgId>1</MsgId><Content><![CDATA[y")},
	{"injected: a ciphertext", typing("x]]></Content><Encrypt><![CDATA[AAAA]]></Encrypt><Content><![CDATA[y"),
		typedAs("x]]></Content><Encrypt><![CDATA[AAAA]]></Encrypt><Content><![CDATA[y")},
	{"injected: a menu", typing("x]]></Content><bizmsgmenuid>101</bizmsgmenuid><Content><![CDATA[y"),
		typedAs("x]]></Content><bizmsgmenuid>101</bizmsgmenuid><Content><![CDATA[y")},
	{"injected: a text without CDATA", typing("x]]></Content><Content>y</Content><Content><![CDATA["), typedAs("x]]></Content><Content>y</Content><Content><![CDATA[")},
	{"injected: nothing but ends", typing(strings.Repeat("]]></Content>", 100)), typedAs(strings.Repeat("]]></Content>", 100))},
	{"injected: an article's id", strings.Replace(typing("x]]></Content><MsgDataId>9</MsgDataId><Idx>9</Idx><Content><![CDATA["), "</xml>", "<MsgDataId>d</MsgDataId><Idx>2</Idx><bizmsgmenuid>7</bizmsgmenuid></xml>", 1),
		func() Message {
			m := &TextMessage{Header: sender("text"), Content: "x]]></Content><MsgDataId>9</MsgDataId><Idx>9</Idx><Content><![CDATA[", MenuID: "7"}
			m.MsgDataID, m.Idx = "d", 2
			return m
		}()},
	{"injected: a sub-merchant", strings.Replace(typing("x]]></Content><BusinessId>9</BusinessId><Content><![CDATA["), "</xml>", "<BusinessId>1</BusinessId></xml>", 1),
		func() Message {
			m := &TextMessage{Header: sender("text"), Content: "x]]></Content><BusinessId>9</BusinessId><Content><![CDATA["}
			m.BusinessID = 1
			return m
		}()},
	{"injected: a sub-merchant where there is none", typing("x]]></Content><BusinessId>9</BusinessId><Content><![CDATA["),
		typedAs("x]]></Content><BusinessId>9</BusinessId><Content><![CDATA[")},
	{"injected in compatible mode", strings.Replace(typing("x]]></Content><Encrypt>y</Encrypt><MsgId>1</MsgId>"), "\n </xml>", "\n <Encrypt><![CDATA[AAAA]]></Encrypt>\n </xml>", 1),
		typedAs("x]]></Content><Encrypt>y</Encrypt><MsgId>1</MsgId>")},
	{"a second sender in a kind of its own", pushOf("hologram", "<A><![CDATA[x]]></A><FromUserName><![CDATA[oVICTIM]]></FromUserName><MsgType>text</MsgType><Event>subscribe</Event><A><![CDATA[y]]></A>"),
		&Unknown{Header: sender("hologram")}},
	{"an empty sender before another", strings.Replace(typing("a"), "<FromUserName><![CDATA[oSTRANGER]]></FromUserName>", "<FromUserName/><FromUserName>oVICTIM</FromUserName>", 1),
		func() Message { m := typedAs("a"); m.Head().FromUserName = ""; return m }()},
	{"an Event that is none", pushOf("text", "<Event><![CDATA[subscribe]]></Event>"+cdataOf("Content", "a")), typedAs("a")},
	{"two keys of an event", eventOf("SCAN", cdataOf("EventKey", "ref-x]]></EventKey><EventKey><![CDATA[vip")+cdataOf("Ticket", "T")),
		&ScanEvent{Header: senderOf("SCAN"), EventKey: "ref-x", Ticket: "T"}},

	// ]]> and its splits.
	{"]]> in a text", typing("a]]>b"), typedAs("a]]>b")},
	{"]]> alone", typing("]]>"), typedAs("]]>")},
	{"]]> at the end", typing("x[[1]]>"), typedAs("x[[1]]>")},
	{"brackets at the end", typing("a[b[0]]"), typedAs("a[b[0]]")},
	{"]]> split, as we and gateways do", typing("a]]]]><![CDATA[>b"), typedAs("a]]>b")},
	{"]]> split twice", typing("]]]]><![CDATA[>]]]]><![CDATA[>"), typedAs("]]>]]>")},
	{"]]> split and not", typing("]]>]]]]><![CDATA[>]]></Content>"), typedAs("]]>]]>]]></Content>")},

	// What people paste. The first is silenceper/wechat issue 750.
	{"a text of that name deeper", strings.Replace(typing("a"), "<Content>", "<New><Content><![CDATA[no]]></Content></New><Content>", 1), typedAs("a")},
	{"pasted: an answer", typing("<xml><status><![CDATA[ok]]></status></xml>"), typedAs("<xml><status><![CDATA[ok]]></status></xml>")},
	{"pasted: a push", typing(typing("a")), typedAs(typing("a"))},
	{"pasted: the start of CDATA", typing("<![CDATA["), typedAs("<![CDATA[")},
	{"pasted: HTML", typing("<a href='https://x/?a=1&b=2'>照片</a><br/>"), typedAs("<a href='https://x/?a=1&b=2'>照片</a><br/>")},
	{"pasted: a program", typing("if (a[b[0]]>c && d<e) { return \"<\" }"), typedAs("if (a[b[0]]>c && d<e) { return \"<\" }")},
	{"pasted: entities", typing("&lt;b&gt; &amp; &#65; &nbsp;"), typedAs("&lt;b&gt; &amp; &#65; &nbsp;")},
	{"pasted: a DTD", typing("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"), typedAs("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>")},
	{"pasted: a comment that does not end", typing("<!-- <?"), typedAs("<!-- <?")},
	{"a control byte, as in WeRoBot issue 420", typing(" \x1dc"), typedAs(" c")},
	{"a control byte, as in easywechat pull 1419", typing("往后余生，\x10风雪是你"), typedAs("往后余生，风雪是你")},
	{"a control byte, as in silenceper/wechat issue 750", typing("a\x02]]>\x02b"), typedAs("a]]>b")},
	{"a character cut in half, as in easywechat issue 989", typing("清\xe6\xb7]]>"), typedAs("清\uFFFD\uFFFD]]>")},
	{"line breaks of two kinds", typing("a\r\nb\rc]]>\r\n"), typedAs("a\nb\nc]]>\n")},
	{"an empty text", typing(""), typedAs("")},
	{"a text without CDATA", pushOf("text", "<Content>a &lt;b&gt;</Content>"), typedAs("a <b>")},
	{"an empty text without CDATA", pushOf("text", "<Content></Content>"), typedAs("")},
	{"an empty element", pushOf("text", "<Content/>"), typedAs("")},
	{"no text", pushOf("text", ""), typedAs("")},
	{"no receiver, as in jeffkit/wechat pull 10", strings.Replace(typing("a"), "<ToUserName><![CDATA[gh_1]]></ToUserName>", "", 1),
		func() Message { m := typedAs("a"); m.Head().ToUserName = ""; return m }()},
	{"the kind in capitals", strings.Replace(typing("]]></Content><FromUserName>oVICTIM</FromUserName>"), "[text]", "[TEXT]", 1),
		func() Message {
			m := typedAs("]]></Content><FromUserName>oVICTIM</FromUserName>")
			m.Head().MsgType = "TEXT"
			return m
		}()},

	// Voices.
	{"voice: injected", voiceOf("x]]></Recognition><FromUserName>oVICTIM</FromUserName><MediaId>evil</MediaId><Recognition><![CDATA["),
		voiceAs("x]]></Recognition><FromUserName>oVICTIM</FromUserName><MediaId>evil</MediaId><Recognition><![CDATA[")},
	{"voice: nothing heard", voiceOf(""), voiceAs("")},
	{"voice: not recognized", pushOf("voice", cdataOf("MediaId", "m")+cdataOf("Format", "amr")+cdataOf("MediaId16K", "m16")), voiceAs("")},
	{"voice: a split", voiceOf("]]]]><![CDATA[>"), voiceAs("]]>")},
	{"voice: an id in other letters", strings.ReplaceAll(voiceOf("a]]>b"), "MsgId", "MsgID"), voiceAs("a]]>b")},

	// Links. Their pages' authors write them.
	{"link: a title that closes itself", linkOf("a]]></Title>b", "d", "u"), linkAs("a]]></Title>b", "d", "u")},
	{"link: a description that closes itself", linkOf("t", "a]]></Description><MsgId>1</MsgId>", "u"), linkAs("t", "a]]></Description><MsgId>1</MsgId>", "u")},
	{"link: an address that closes itself", linkOf("t", "d", "a]]></Url><FromUserName>oVICTIM</FromUserName><Url><![CDATA["), linkAs("t", "d", "a]]></Url><FromUserName>oVICTIM</FromUserName><Url><![CDATA[")},
	{"link: a title that starts a description", linkOf("a<Description><![CDATA[b", "d", "u"), linkAs("a<Description><![CDATA[b", "d", "u")},
	{"link: a title that starts one without CDATA", linkOf("a]]></Title><Description>b", "d", "u"), linkAs("a]]></Title><Description>b", "d", "u")},
	{"link: a title that starts an empty one", linkOf("a]]></Title><Url/>b", "d", "u"), linkAs("a]]></Title><Url/>b", "d", "u")},
	{"link: a title that is two texts", linkOf("a]]></Title>\n<Description><![CDATA[b", "d", "u"), linkAs("a", "b]]></Title>\n<Description><![CDATA[d", "u")},
	{"link: a title that is an address", linkOf("a]]></Title><Url><![CDATA[b", "d", "u"),
		linkAs("a", "", "b]]></Title>\n<Description><![CDATA[d]]></Description>\n<Url><![CDATA[u")},
	{"link: ends of other texts", linkOf("]]></Url>", "]]></Title>", "]]></Description>"), linkAs("]]></Url>", "]]></Title>", "]]></Description>")},
	{"link: no description", pushOf("link", cdataOf("Title", "a]]></Title>b")+cdataOf("Url", "u")), linkAs("a]]></Title>b", "", "u")},
	{"link: an empty description", pushOf("link", cdataOf("Title", "a]]></Title>b")+"<Description/>"+cdataOf("Url", "u")), linkAs("a]]></Title>b", "", "u")},
	{"link: nothing but a title", pushOf("link", cdataOf("Title", "a]]></Title><Description>b")), linkAs("a]]></Title><Description>b", "", "")},
	{"link: something new between", pushOf("link", cdataOf("Title", "t")+cdataOf("New", "n")+cdataOf("Description", "a]]></Title>b")+cdataOf("Url", "u")), linkAs("t", "a]]></Title>b", "u")},
	{"link: something new before the address", pushOf("link", cdataOf("Title", "t")+cdataOf("Description", "d")+cdataOf("New", "n")+cdataOf("Url", "a]]></Description>b")), linkAs("t", "d", "a]]></Description>b")},
	{"link: something new behind", pushOf("link", cdataOf("Title", "t")+cdataOf("Description", "d")+cdataOf("Url", "u")+cdataOf("New", "n")), linkAs("t", "d", "u")},
	{"link: the opposite order", pushOf("link", cdataOf("Url", "u")+cdataOf("Description", "d")+cdataOf("Title", "t")), linkAs("t", "d", "u")},

	// Files and mini programs.
	{"file: a name that closes itself", fileOf("a]]></Title>.pdf", "d"), fileAs("a]]></Title>.pdf", "d")},
	{"file: a name that is two texts", fileOf("a]]></Title><Description><![CDATA[b", "d"), fileAs("a", "b]]></Title>\n<Description><![CDATA[d")},
	{"file: a description that closes itself", fileOf("t", "a]]></Description><FileKey>evil</FileKey><Description><![CDATA["), fileAs("t", "a]]></Description><FileKey>evil</FileKey><Description><![CDATA[")},
	{"file: no description", pushOf("file", cdataOf("Title", "a]]></Title>b")+cdataOf("FileKey", "k")+cdataOf("FileMd5", "5")+"<FileTotalLen>9</FileTotalLen>"), fileAs("a]]></Title>b", "")},
	{"file: a size that is none", strings.Replace(fileOf("t]]>", "d"), ">9<", ">9 bytes<", 1), func() Message { m := fileAs("t]]>", "d").(*FileMessage); m.FileSize = 0; return m }()},
	{"page: a title that closes itself", pageOf("a]]></Title>b", "wx", "p"), pageAs("a]]></Title>b", "wx", "p")},
	{"page: a title that is a path", pageOf("a]]></Title><PagePath><![CDATA[b", "wx", "p"), pageAs("a", "", "b]]></Title>\n<AppId><![CDATA[wx]]></AppId>\n<PagePath><![CDATA[p")},
	{"page: a path that closes itself", pageOf("t", "wx", "a]]></PagePath><ThumbUrl>evil</ThumbUrl>"), pageAs("t", "wx", "a]]></PagePath><ThumbUrl>evil</ThumbUrl>")},
	{"page: an AppId that closes itself", pageOf("t", "wx]]></AppId><FromUserName>oVICTIM</FromUserName>", "p"), pageAs("t", "wx]]></AppId><FromUserName>oVICTIM</FromUserName>", "p")},
	{"page: a query", pageOf("t", "wx", "index?a=1&b=<c>]]>"), pageAs("t", "wx", "index?a=1&b=<c>]]>")},

	// Places.
	{"location: injected", labelOf("x]]></Label><Location_X>0</Location_X><FromUserName>oVICTIM</FromUserName><Label><![CDATA["), labelAs("x]]></Label><Location_X>0</Location_X><FromUserName>oVICTIM</FromUserName><Label><![CDATA[")},
	{"location: an empty address", labelOf(""), labelAs("")},
	{"location: blanks in the address", labelOf(" 广州市海珠区 106号 "), labelAs(" 广州市海珠区 106号 ")},
	{"location: a split", labelOf("]]]]><![CDATA[>"), labelAs("]]>")},
	{"location: numbers that are none", strings.NewReplacer("23.1", "", "113.3", "NaN", ">20<", ">1e99<").Replace(labelOf("a]]>")),
		&LocationMessage{Header: sender("location"), Label: "a]]>"}},
	{"location_select: a label that closes all", chosenOf("x]]></Label></SendLocationInfo><FromUserName>oVICTIM</FromUserName><EventKey>7</EventKey><SendLocationInfo><Label><![CDATA[", "p"),
		chosenAs("x]]></Label></SendLocationInfo><FromUserName>oVICTIM</FromUserName><EventKey>7</EventKey><SendLocationInfo><Label><![CDATA[", "p")},
	{"location_select: a name that closes all", chosenOf("l", "x]]></Poiname></SendLocationInfo></xml>"), chosenAs("l", "x]]></Poiname></SendLocationInfo></xml>")},
	{"location_select: a label that is two texts", chosenOf("a]]></Label><Poiname><![CDATA[b", ""), chosenAs("a", "b]]></Label>\n<Poiname><![CDATA[")},
	{"location_select: no name", chosenOf(" 广州市海珠区客村艺苑路 106号", ""), chosenAs(" 广州市海珠区客村艺苑路 106号", "")},
	{"location_select: a label elsewhere", strings.Replace(chosenOf("l", "p"), "<SendLocationInfo>", "<A><Label><![CDATA[no]]></Label></A><SendLocationInfo>", 1), chosenAs("l", "p")},
	{"location_select: elements elsewhere", eventOf("location_select", "<EventKey>6</EventKey><Label><![CDATA[no]]></Label><A><Label><![CDATA[no]]></Label></A>"),
		&LocationSelectEvent{Header: senderOf("location_select"), EventKey: "6"}},

	// Whatever a code in the world says.
	{"scan: injected", scanOf("scancode_waitmsg", "x]]></ScanResult></ScanCodeInfo><FromUserName><![CDATA[oVICTIM]]></FromUserName><EventKey><![CDATA[unbind]]></EventKey><ScanCodeInfo><ScanResult><![CDATA["),
		&ScanCodeWaitMsgEvent{Header: senderOf("scancode_waitmsg"), MenuScan: scanAs("x]]></ScanResult></ScanCodeInfo><FromUserName><![CDATA[oVICTIM]]></FromUserName><EventKey><![CDATA[unbind]]></EventKey><ScanCodeInfo><ScanResult><![CDATA[")}},
	{"scan: an id", scanOf("scancode_push", "x]]></ScanResult></ScanCodeInfo><MsgId>5</MsgId>"), &ScanCodePushEvent{Header: senderOf("scancode_push"), MenuScan: scanAs("x]]></ScanResult></ScanCodeInfo><MsgId>5</MsgId>")}},
	{"scan: XML", scanOf("scancode_push", "<a><![CDATA[b]]></a>"), &ScanCodePushEvent{Header: senderOf("scancode_push"), MenuScan: scanAs("<a><![CDATA[b]]></a>")}},
	{"scan: a split", scanOf("scancode_push", "]]]]><![CDATA[>"), &ScanCodePushEvent{Header: senderOf("scancode_push"), MenuScan: scanAs("]]>")}},
	{"scan: bytes", scanOf("scancode_waitmsg", "CODE_128,\x1d01\xff]]>"), &ScanCodeWaitMsgEvent{Header: senderOf("scancode_waitmsg"), MenuScan: scanAs("CODE_128,01\uFFFD]]>")}},
	{"scan: nothing", scanOf("scancode_waitmsg", ""), &ScanCodeWaitMsgEvent{Header: senderOf("scancode_waitmsg"), MenuScan: scanAs("")}},
	{"scan: the event in capitals", scanOf("SCANCODE_PUSH", "]]></ScanResult></ScanCodeInfo>"), &ScanCodePushEvent{Header: senderOf("SCANCODE_PUSH"), MenuScan: scanAs("]]></ScanResult></ScanCodeInfo>")}},
	{"session: injected", eventOf("user_enter_tempsession", cdataOf("SessionFrom", "x]]></SessionFrom><FromUserName>oVICTIM</FromUserName><EventKey>k</EventKey>")), &Unknown{Header: senderOf("user_enter_tempsession")}},

	// Ids that are none.
	{"an id with a letter", strings.Replace(typing("a"), "22211872600753510", "49d72d67_1555", 1), withoutID(typedAs("a"))},
	{"an id in base64, as in WxJava issue 3714", strings.Replace(typing("a"), "22211872600753510", "<![CDATA[CAIQg/PKxgYY2sC9tpuAgAMg9/zKaw==]]>", 1), withoutID(typedAs("a"))},
	{"an id that is too large", strings.Replace(typing("a"), "22211872600753510", "99999999999999999999", 1), withoutID(typedAs("a"))},
	{"an id with a fraction", strings.Replace(typing("a"), "22211872600753510", "2.2211872600753510E16", 1), withoutID(typedAs("a"))},
	{"an empty id", strings.Replace(typing("a"), "22211872600753510", "", 1), withoutID(typedAs("a"))},
	{"a time that is none", strings.Replace(typing("a"), "1551481349", "2019-03-02", 1), func() Message { m := typedAs("a"); m.Head().CreateTime = 0; return m }()},
	{"a receipt without an id", eventOf("TEMPLATESENDJOBFINISH", "<MsgID></MsgID><Status><![CDATA[success]]></Status>"), &TemplateSendJobFinishEvent{Header: senderOf("TEMPLATESENDJOBFINISH"), Status: StatusDelivered}},
	{"a position that is none, as in weixin-java-tools issue 328", eventOf("LOCATION", "<Latitude></Latitude><Longitude>,</Longitude><Precision>65.0</Precision>"), &LocationEvent{Header: senderOf("LOCATION"), Precision: 65}},

	// JSON. The first is as WeChat's own page prints it, the second as easywechat issue 2370 has it.
	{"JSON: blanks in names", `{"ToUserName":"gh_1","FromUserName":"oSTRANGER","CreateTime":1551481349,"MsgType":"event","Event":"user_authorization_revoke"," OpenID":"oUSER"," AppID":"wx"," RevokeInfo":"201,202"}`,
		&UserAuthorizationRevokeEvent{Header: senderOf("user_authorization_revoke"), Withdrawal: Withdrawal{OpenID: "oUSER", AppID: "wx", RevokeInfo: "201,202"}}},
	{"JSON: on lines", "{\n\"ToUserName\": \"gh_1\",\n\"FromUserName\": \"oSTRANGER\",\n\"CreateTime\": 1551481349,\n\"MsgType\": \"text\",\n\"Content\": \"666\",\n\"MsgId\": 22211872600753510\n}", typedAs("666")},
	{"JSON: blanks at every level", `{" ToUserName":" gh_1 ","FromUserName ":"oSTRANGER\n","CreateTime":"1551481349 ","MsgType":" event","Event":"scancode_push ","EventKey":"6"," ScanCodeInfo ":{" ScanType":"qrcode","ScanResult ":" a "}}`,
		&ScanCodePushEvent{Header: senderOf("scancode_push"), MenuScan: scanAs(" a ")}},
	{"JSON: names twice", `{"ToUserName":"gh_1","FromUserName":"oSTRANGER","CreateTime":1551481349,"MsgType":"text","Content":"a","FromUserName":"oVICTIM","MsgType":"event","Event":"subscribe","Content":"b","MsgId":1,"MsgId":22211872600753510}`, typedAs("a")},
	{"JSON: names in other letters", `{"ToUserName":"gh_1","FromUserName":"oSTRANGER","fromusername":"oVICTIM","CreateTime":1551481349,"MsgType":"text","Content":"a","CONTENT":"b","MsgId":22211872600753510}`, typedAs("a")},
	{"JSON: a text that is XML", `{"ToUserName":"gh_1","FromUserName":"oSTRANGER","CreateTime":1551481349,"MsgType":"text","Content":"]]><\/Content><FromUserName>oVICTIM<\/FromUserName>\u003c\"}","MsgId":"22211872600753510"}`,
		typedAs("]]></Content><FromUserName>oVICTIM</FromUserName><\"}")},
	{"JSON: numbers that are none", `{"ToUserName":"gh_1","FromUserName":"oSTRANGER","CreateTime":"1551481349","MsgType":"text","Content":"a","MsgId":"49d72d67_1555","Idx":1.5}`, withoutID(typedAs("a"))},
	{"JSON: bare words", `{"ToUserName":"gh_1","FromUserName":"oSTRANGER","CreateTime":1551481349,"MsgType":"location","Location_X":NaN,"Location_Y":-Infinity,"Scale":1e99,"Label":"l","MsgId":22211872600753510}`,
		&LocationMessage{Header: sender("location"), Label: "l"}},

	// Pretty-printers and gateways.
	{"pretty: CDATA on lines of their own", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n  <ToUserName>\n    <![CDATA[gh_1]]>\n  </ToUserName>\n  <FromUserName>\n    <![CDATA[oSTRANGER]]>\n  </FromUserName>\n  <CreateTime>\n    1551481349\n  </CreateTime>\n  <MsgType>\n    <![CDATA[text]]>\n  </MsgType>\n  <Content>\n    <![CDATA[ a ]]>\n  </Content>\n  <MsgId>\n    22211872600753510\n  </MsgId>\n</xml>\n", typedAs(" a ")},
	{"pretty: text on lines of their own", "<xml>\n\t<ToUserName>\r\n\t\tgh_1\r\n\t</ToUserName>\n\t<FromUserName> oSTRANGER </FromUserName>\n\t<CreateTime>\t1551481349</CreateTime>\n\t<MsgType>\n\t\ttext\n\t</MsgType>\n\t<Content> a </Content>\n\t<MsgId>22211872600753510\n</MsgId>\n</xml>", typedAs(" a ")},
	{"pretty: an event", "<xml>\n  <ToUserName>gh_1</ToUserName>\n  <FromUserName>oSTRANGER\n</FromUserName>\n  <CreateTime>1551481349</CreateTime>\n  <MsgType>\n    event\n  </MsgType>\n  <Event>\n    <![CDATA[CLICK]]>\n  </Event>\n  <EventKey>\n    <![CDATA[PHOTO]]>\n  </EventKey>\n</xml>",
		&ClickEvent{Header: senderOf("CLICK"), EventKey: "PHOTO"}},
	{"pretty: blanks in CDATA of the header", strings.NewReplacer("[text]", "[ text\n]", "[oSTRANGER]", "[\toSTRANGER ]", "[gh_1]", "[gh_1 ]").Replace(typing(" a\n")), typedAs(" a\n")},
	{"pretty: blanks before CDATA", pushOf("text", "<Content>\n<![CDATA[a]]></Content><FromUserName>oVICTIM</FromUserName><Content><![CDATA[b]]></Content>"),
		typedAs("a]]></Content><FromUserName>oVICTIM</FromUserName><Content><![CDATA[b")},
	{"pretty: tags with blanks", strings.NewReplacer("<MsgType>", "<MsgType >", "</MsgType>", "</MsgType\n>", "<FromUserName>", "<FromUserName\n>", "</xml>", "</xml >").Replace(typing("a]]>b")), typedAs("a]]>b")},
	{"pretty: attributes and comments", strings.NewReplacer("<xml>", `<xml xmlns="urn:a>b">`, "<MsgType>", "<MsgType a='/'><!-- x -->").Replace(typing("a]]>b")), typedAs("a]]>b")},
}, everyHostileText()...)

type sloppyBody struct {
	name, body string
	want       Message
}

func withoutID(m Message) Message {
	m.Head().MsgID = 0
	return m
}

// everyHostileText writes each of hostileTexts into each element for texts of people.
func everyHostileText() (all []sloppyBody) {
	for _, s := range hostileTexts {
		for kind, b := range map[string]sloppyBody{
			"text":              {body: typing(s), want: typedAs(s)},
			"voice":             {body: voiceOf(s), want: voiceAs(s)},
			"location":          {body: labelOf(s), want: labelAs(s)},
			"link Title":        {body: linkOf(s, "d", "u"), want: linkAs(s, "d", "u")},
			"link Description":  {body: linkOf("t", s, "u"), want: linkAs("t", s, "u")},
			"link Url":          {body: linkOf("t", "d", s), want: linkAs("t", "d", s)},
			"file Title":        {body: fileOf(s, "d"), want: fileAs(s, "d")},
			"file Description":  {body: fileOf("t", s), want: fileAs("t", s)},
			"page Title":        {body: pageOf(s, "wx", "p"), want: pageAs(s, "wx", "p")},
			"page AppId":        {body: pageOf("t", s, "p"), want: pageAs("t", s, "p")},
			"page PagePath":     {body: pageOf("t", "wx", s), want: pageAs("t", "wx", s)},
			"scancode_push":     {body: scanOf("scancode_push", s), want: &ScanCodePushEvent{Header: senderOf("scancode_push"), MenuScan: scanAs(s)}},
			"scancode_waitmsg":  {body: scanOf("scancode_waitmsg", s), want: &ScanCodeWaitMsgEvent{Header: senderOf("scancode_waitmsg"), MenuScan: scanAs(s)}},
			"location_select":   {body: chosenOf(s, "p"), want: chosenAs(s, "p")},
			"location_select 2": {body: chosenOf("l", s), want: chosenAs("l", s)},
		} {
			b.name = "hostile text in " + kind + ": " + s
			all = append(all, b)
		}
	}
	return all
}

func TestParseSloppyBodies(t *testing.T) {
	t.Parallel()
	for _, tt := range sloppyBodies {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, parsed(t, tt.body))
			u, ok := tt.want.(*Unknown)
			assert.True(t, !ok || u.Err == nil)
		})
	}
}

// TestRawFollowsTheRules reads by Value what Parse reads.
func TestRawFollowsTheRules(t *testing.T) {
	t.Parallel()
	for _, s := range append(hostileTexts, "x]]></SessionFrom><FromUserName>oVICTIM</FromUserName>", "]]></SessionFrom></xml>") {
		u, ok := parsed(t, eventOf("user_enter_tempsession", cdataOf("SessionFrom", s))).(*Unknown)
		require.True(t, ok)
		require.NoError(t, u.Err)
		m, err := Parse([]byte(eventOf("user_enter_tempsession", cdataOf("SessionFrom", s))))
		require.NoError(t, err)
		assert.Equal(t, s, m.Head().Raw.Value("SessionFrom"))
		assert.Equal(t, "oSTRANGER", m.Head().Raw.Value("FromUserName"))
		assert.Len(t, m.Head().Raw.Values("FromUserName"), 1)
	}
	raw := Raw{scanOf("scancode_push", "x]]></ScanResult></ScanCodeInfo><MsgId>5</MsgId>")}
	assert.Equal(t, "x]]></ScanResult></ScanCodeInfo><MsgId>5</MsgId>", raw.Value("ScanCodeInfo", "ScanResult"))
	assert.Empty(t, raw.Value("MsgId"))
	assert.Equal(t, "oSTRANGER", Raw{"<xml><FromUserName>\n oSTRANGER </FromUserName></xml>"}.Value("FromUserName"), "blanks are cut off as in the Header")
	assert.Equal(t, "c", Raw{"<xml><MsgType>event</MsgType><CardId>c</CardId><a></b>"}.Value("CardId"), "what comes before an error")
}

// TestCardEvents reads what tells five card events of one second apart.
func TestCardEvents(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, code := range []string{"1", "2", "3", "]]>4", "5"} {
		m, err := Parse([]byte(eventOf("user_get_card", cdataOf("CardId", "c")+cdataOf("UserCardCode", code))))
		require.NoError(t, err)
		seen[m.Head().Raw.Value("UserCardCode")] = true
	}
	assert.Len(t, seen, 5)
}

// gotCard is user_get_card as WeChat's page has it, with what comes behind OuterStr.
func gotCard(outer, union string) string {
	return eventOf("user_get_card", cdataOf("CardId", "c")+"<IsGiveByFriend>0</IsGiveByFriend>"+cdataOf("UserCardCode", "1")+
		cdataOf("OuterStr", outer)+"<IsRestoreMemberCard>0</IsRestoreMemberCard>"+cdataOf("UnionId", union))
}

func consumed(code, amount, outer string) string {
	return eventOf("user_consume_card", cdataOf("CardId", "c")+cdataOf("VerifyCode", code)+cdataOf("RemarkAmount", amount)+cdataOf("OuterStr", outer))
}

// OuterStr is a parameter of the link by which a follower took the card. What it says is none of the
// elements behind it.
func TestCardsOuterStr(t *testing.T) {
	t.Parallel()
	outer := "x]]></OuterStr><UnionId><![CDATA[oVICTIM]]></UnionId><IsRestoreMemberCard>1</IsRestoreMemberCard><OuterStr><![CDATA["
	u, ok := parsed(t, gotCard(outer, "oSTRANGER")).(*Unknown)
	require.True(t, ok)
	require.NoError(t, u.Err)
	m, err := Parse([]byte(gotCard(outer, "oSTRANGER")))
	require.NoError(t, err)
	raw := m.Head().Raw
	assert.Equal(t, "oSTRANGER", raw.Value("UnionId"))
	assert.Equal(t, "0", raw.Value("IsRestoreMemberCard"))
	assert.Equal(t, outer, raw.Value("OuterStr"))
}

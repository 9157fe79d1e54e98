package wechattest

import (
	"maps"
	"net/http"
)

// addCustomRoutes adds the paths of customer-service messages.
func addCustomRoutes(routes map[string]*route) {
	for _, r := range []*route{
		{path: "/cgi-bin/message/custom/send", method: http.MethodPost, serve: (*call).sendCustom},
		{path: "/cgi-bin/message/custom/typing", method: http.MethodPost, serve: (*call).setTyping},
	} {
		routes[r.path] = r
	}
}

// withCustomErrmsgs adds the texts of customer service and subscriptions.
// Those of 65416 and 65417 are from older pages.
func withCustomErrmsgs(texts map[int]string) map[int]string {
	maps.Copy(texts, map[int]string{
		40005:  "invalid file type",
		40008:  "invalid message type",
		40062:  "invalid title size",
		40097:  "invalid args",
		40165:  "invalid weapp pagepath",
		40213:  "invalid href tag",
		40214:  "invalid href text",
		41005:  "media data missing",
		41030:  "invalid page",
		43101:  "user refuse to accept the msg",
		44003:  "empty news data",
		44004:  "empty content",
		45002:  "content size out of limit",
		45008:  "article size out of limit",
		45015:  "response out of time limit or subscription is canceled",
		45047:  "out of response count limit",
		45072:  "invalid command",
		45080:  "need sending message to user, or recving message from user in the last 30 seconds before typing",
		45081:  "you are already typing",
		45086:  "invalid attribute 'data-miniprogram-appid'",
		45162:  "invalid type",
		61459:  "agent offline",
		65401:  "invalid custom service account",
		65402:  "the custom service account need to bind a wechat user",
		65403:  "illegal nickname",
		65404:  "illegal custom service account",
		65405:  "custom service account number reach limit",
		65406:  "custom service account exists",
		65407:  "the wechat user have been one of your workers",
		65408:  "you have already invited the wechat user",
		65409:  "invalid wechat id",
		65411:  "the custom service account is in invitation",
		65412:  "the custom service account have been bound to a wechat user",
		65413:  "there is no session",
		65414:  "the session is served by another custom service account",
		65416:  "invalid query",
		65417:  "query time span out of limit",
		200012: "private template number reach limit",
		200014: "invalid tid",
		200016: "invalid start",
		200017: "invalid limit",
		200018: "ids missing",
		200019: "invalid ids",
		200020: "invalid kidList",
		200021: "invalid sceneDesc",
		200022: "the template exists",
	})
	return texts
}

// sendCustom serves POST /cgi-bin/message/custom/send.
func (c *call) sendCustom() reply {
	in := c.object()
	m := Accepted{AppID: c.account.AppID, To: in.text("touser"), Time: c.now, Body: c.body}
	kind := in.text("msgtype")
	m.Agent = in.object("customservice").text("kf_account")
	m.AI = in.object("aimsgcontext").number("is_ai_msg") == 1
	m.BusinessID = in.number("businessid")
	var code int
	m.Custom, code = readCustom(kind, in.object(kind))
	if code == 0 && !*in.wrong {
		code = c.checkStored(m.Custom)
	}
	state := c.account.follower(m.To)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case state == Stranger:
		return c.refuse(40003)
	case code != 0:
		return c.refuse(code)
	case in.has("customservice") && !c.account.staff.has(m.Agent):
		return c.refuse(65401)
	case state == Left:
		return c.refuse(45015)
	case state != Following:
		return c.refuse(state.refusal())
	}
	if code := c.account.chats.send(m.To, c.now); code != 0 {
		return c.refuse(code)
	}
	c.server.ledger.add(m)
	return c.done()
}

// setTyping serves POST /cgi-bin/message/custom/typing.
func (c *call) setTyping() reply {
	in := c.object()
	openid, command := in.text("touser"), in.text("command")
	_ = in.number("businessid") // a number, as for a message
	state := c.account.follower(openid)
	switch {
	case *in.wrong:
		return c.refuse(47001)
	case state == Stranger:
		return c.refuse(40003)
	case command != "Typing" && command != "CancelTyping":
		return c.refuse(45072)
	}
	if code := c.account.chats.setTyping(openid, command == "Typing", c.now); code != 0 {
		return c.refuse(code)
	}
	return c.done()
}

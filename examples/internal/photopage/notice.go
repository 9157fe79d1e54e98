package photopage

import "net/http"

// notice names a page that tells what to do instead of showing a photo.
type notice string

const (
	noticeMissing   notice = "missing"    // no such address
	noticeMethod    notice = "method"     // a method that is not served
	noticeForged    notice = "forged"     // a link that was not signed here
	noticeExpired   notice = "expired"    // a link that has expired
	noticeOutside   notice = "outside"    // another browser than WeChat's
	noticeLost      notice = "lost"       // sent back without having been sent
	noticeNoSession notice = "no session" // the session is over, or is another browser's
	noticeNotBound  notice = "not bound"  // a visitor who is not bound to the pupil
	noticeUnbound   notice = "unbound"    // LinkOnly: the recipient is not bound any more
	noticeSnapshot  notice = "snapshot"   // a visitor in snapshot mode
	noticeDenied    notice = "denied"     // WeChat gave no code
	noticeGone      notice = "gone"       // no such row, or it has no photo
	noticeBusy      notice = "busy"       // WeChat or the database does not answer
	noticeBroken    notice = "broken"     // this server is not set up well
)

// noticeText is what a notice says. %s stands for the account's name.
type noticeText struct {
	status int
	icon   string // a symbol of page.html
	title  string
	says   string
	steps  []string
}

func (n notice) status() int { return n.text().status }

// text returns the words. They address parents and grandparents: short, and
// never blaming.
func (n notice) text() noticeText {
	const reopen = "回到微信的聊天窗口，重新点开那条消息"
	switch n {
	case noticeMissing:
		return noticeText{http.StatusNotFound, "search", "没有这个页面", "地址可能不完整。请从%s发来的消息里点开。", nil}
	case noticeMethod:
		return noticeText{http.StatusMethodNotAllowed, "search", "不能这样打开", "请从%s发来的消息里点开。", nil}
	case noticeForged:
		return noticeText{http.StatusForbidden, "lock", "链接无效", "这个链接不完整，或者已经不能使用。", []string{
			"请从%s发来的消息里直接点开，不要复制链接", "仍然打不开，在%s里发送「照片」获取最新照片"}}
	case noticeExpired:
		return noticeText{http.StatusGone, "clock", "链接已过期", "为了保护孩子的隐私，照片链接只在一段时间内有效。", []string{
			"打开%s", "发送「照片」", "即可收到孩子的最新照片"}}
	case noticeOutside:
		return noticeText{http.StatusForbidden, "chat", "请在微信中打开", "照片只给已绑定的家长看，需要在微信里确认您的身份。", []string{
			"打开手机上的微信", "进入%s", "点开带照片的那条消息"}}
	case noticeLost:
		return noticeText{http.StatusForbidden, "refresh", "请重新打开", "身份确认没有完成，或者已经用过一次。", []string{
			"关闭本页面", reopen}}
	case noticeNoSession:
		return noticeText{http.StatusForbidden, "refresh", "请重新打开", "页面停留太久，或者是从别处打开的，需要再确认一次身份。", []string{
			"关闭本页面", reopen}}
	case noticeNotBound:
		return noticeText{http.StatusForbidden, "lock", "没有查看权限", "这张照片只给绑定了该学生的家长看，您的微信还没有绑定这名学生。", []string{
			"向老师索取绑定码", "在%s里发送「绑定」加绑定码", "绑定后重新点开消息"}}
	}
	return n.rareText()
}

func (n notice) rareText() noticeText {
	switch n {
	case noticeUnbound:
		return noticeText{http.StatusForbidden, "lock", "没有查看权限", "收到这条消息的家长已解除绑定，照片不再提供查看。", []string{
			"如需查看，请在%s里重新绑定"}}
	case noticeSnapshot:
		return noticeText{http.StatusForbidden, "hand", "请使用完整服务", "您现在看到的是微信的快照页，暂时无法确认您的身份。", []string{
			"点一下页面底部的「使用完整服务」", "页面会自动重新打开"}}
	case noticeDenied:
		return noticeText{http.StatusForbidden, "lock", "没有确认身份", "微信没有告诉我们是谁打开了页面，因此不能显示照片。", nil}
	case noticeGone:
		return noticeText{http.StatusNotFound, "search", "照片已不在", "这张照片已被删除或更换。", []string{
			"在%s里发送「照片」，查看最新照片"}}
	case noticeBusy:
		return noticeText{http.StatusServiceUnavailable, "refresh", "暂时打不开", "网络有些繁忙，请稍等片刻再试。", nil}
	}
	return noticeText{http.StatusInternalServerError, "refresh", "暂时打不开", "照片服务正在维护，请稍后再试。如果一直打不开，请联系老师。", nil}
}

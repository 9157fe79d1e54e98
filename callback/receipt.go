package callback

import "strings"

// DeliveryStatus is the result of a template message (模板消息). It is the platform's text in one fixed
// spelling, so that it can be compared with the constants and stored. A status that equals no
// constant is kept as received, without spaces after the colon.
type DeliveryStatus string

// The results in a [TemplateSendJobFinishEvent].
const (
	// StatusDelivered: the follower has received the message (送达成功).
	StatusDelivered DeliveryStatus = "success"
	// StatusBlocked: the follower blocks messages of the account (用户拒收).
	StatusBlocked DeliveryStatus = "failed:user block"
	// StatusFailed: it failed for another reason (其他原因发送失败).
	StatusFailed DeliveryStatus = "failed:system failed"
)

// deliveryStatus reads the known spellings: with and without a space after the colon.
func deliveryStatus(value string) DeliveryStatus {
	value = strings.TrimSpace(value)
	if before, after, ok := strings.Cut(value, ":"); ok {
		value = before + ":" + strings.TrimLeft(after, " ")
	}
	for _, known := range []DeliveryStatus{StatusDelivered, StatusBlocked, StatusFailed} {
		if strings.EqualFold(value, string(known)) {
			return known
		}
	}
	return DeliveryStatus(value)
}

// TemplateSendJobFinishEvent (TEMPLATESENDJOBFINISH, 模板消息送达) is the receipt of a template message.
// Its MsgID is the id that the send call returned. The event can arrive before that call returns.
// For messages with a client_msg_id, MsgID was seen to be 0. WeChat does not deliver a reply to
// this event.
type TemplateSendJobFinishEvent struct {
	Header
	// Status is the result.
	Status DeliveryStatus
}

func (m *TemplateSendJobFinishEvent) set(path, value string) bool {
	if path != "Status" {
		return false
	}
	m.Status = deliveryStatus(value)
	return true
}

// SubscribeMsgPopupEvent (subscribe_msg_popup_event) has the choices that a user made in the dialog
// for subscription notifications (订阅通知).
type SubscribeMsgPopupEvent struct {
	Header
	// List has one choice for each template in the dialog.
	List []SubscribeChoice
}

// SubscribeChoice is the user's choice for one template.
type SubscribeChoice struct {
	TemplateID string // (TemplateId)
	Status     string // (SubscribeStatusString) accept or reject
	PopupScene int    // place of the dialog: 1 a web page, 2 an article
}

// SubscribeMsgChangeEvent (subscribe_msg_change_event) has the choices that a user changed later,
// in the settings of the chat. WeChat pushes only rejections.
type SubscribeMsgChangeEvent struct {
	Header
	// List has one choice for each template that was changed. PopupScene is 0.
	List []SubscribeChoice
}

// SubscribeMsgSentEvent (subscribe_msg_sent_event) is the receipt of subscription notifications
// (订阅通知).
type SubscribeMsgSentEvent struct {
	Header
	// List has one receipt for each notification.
	List []SubscribeReceipt
}

// SubscribeReceipt is the result of one subscription notification.
type SubscribeReceipt struct {
	TemplateID  string // (TemplateId)
	MsgID       int64  // the id that the send call returned
	ErrorCode   int    // 0 means that it was sent
	ErrorStatus string // such as success
}

func (m *SubscribeMsgPopupEvent) set(path, value string) bool {
	return setChoice(&m.List, path, value)
}

func (m *SubscribeMsgChangeEvent) set(path, value string) bool {
	return setChoice(&m.List, path, value)
}

// listed removes the path of a List: the name of the event, or of a similar event, or nothing. rest
// is empty for the List itself.
func listed(path string) (rest string, ok bool) {
	for _, wrapper := range []string{"SubscribeMsgPopupEvent>", "SubscribeMsgChangeEvent>", "SubscribeMsgSentEvent>"} {
		if inner, wrapped := strings.CutPrefix(path, wrapper); wrapped {
			path = inner
			break
		}
	}
	rest, ok = strings.CutPrefix(path, "List")
	return rest, ok && (rest == "" || rest[0] == '>')
}

func setChoice(list *[]SubscribeChoice, path, value string) bool {
	rest, ok := listed(path)
	if !ok {
		return false
	}
	if rest == "" {
		*list = append(*list, SubscribeChoice{})
		return true
	}
	c := &(*list)[len(*list)-1]
	switch rest {
	case ">TemplateId":
		c.TemplateID = value
	case ">SubscribeStatusString":
		c.Status = value
	case ">PopupScene":
		c.PopupScene = number[int](value)
	default:
		return false
	}
	return true
}

func (m *SubscribeMsgSentEvent) set(path, value string) bool {
	rest, ok := listed(path)
	if !ok {
		return false
	}
	if rest == "" {
		m.List = append(m.List, SubscribeReceipt{})
		return true
	}
	r := &m.List[len(m.List)-1]
	switch rest {
	case ">TemplateId":
		r.TemplateID = value
	case ">MsgID", ">MsgId":
		r.MsgID = number[int64](value)
	case ">ErrorCode":
		r.ErrorCode = number[int](value)
	case ">ErrorStatus":
		r.ErrorStatus = value
	default:
		return false
	}
	return true
}

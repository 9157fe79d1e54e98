package callback

import "strings"

// DeliveryStatus is how a template message (模板消息) fared. It is the platform's own text, in
// one spelling, so that it can be compared with the constants and kept in a database. A status
// that is none of them is kept as it came, without blanks after its colon.
type DeliveryStatus string

// What a [TemplateSendJobFinishEvent] can tell.
const (
	// StatusDelivered: the message has reached the follower (送达成功).
	StatusDelivered DeliveryStatus = "success"
	// StatusBlocked: the follower refuses messages of the account (用户拒收).
	StatusBlocked DeliveryStatus = "failed:user block"
	// StatusFailed: it failed for another reason (其他原因发送失败).
	StatusFailed DeliveryStatus = "failed:system failed"
)

// deliveryStatus reads the spellings that are in use: with and without a blank after the colon.
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

// TemplateSendJobFinishEvent (TEMPLATESENDJOBFINISH) is the receipt of a template message
// (模板消息送达). Its MsgID is what sending answered; it can arrive before that answer, and was
// seen to be 0 for messages that have a client_msg_id. Nothing that is replied reaches anyone.
type TemplateSendJobFinishEvent struct {
	Header
	// Status says how the message fared.
	Status DeliveryStatus
}

func (m *TemplateSendJobFinishEvent) set(path, value string) error {
	if path == "Status" {
		m.Status = deliveryStatus(value)
	}
	return nil
}

// SubscribeMsgPopupEvent (subscribe_msg_popup_event) tells what a user chose when asked for
// subscription notifications (订阅通知).
type SubscribeMsgPopupEvent struct {
	Header
	// List has one choice for each template that was asked for.
	List []SubscribeChoice
}

// SubscribeChoice is the choice for one template.
type SubscribeChoice struct {
	TemplateID string // (TemplateId)
	Status     string // (SubscribeStatusString) accept or reject
	PopupScene int    // 1 on a web page, 2 in an article
}

// SubscribeMsgChangeEvent (subscribe_msg_change_event) tells what a user has changed later in
// the settings of the chat. Only rejections are pushed.
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

// SubscribeReceipt tells how one subscription notification fared.
type SubscribeReceipt struct {
	TemplateID  string // (TemplateId)
	MsgID       int64  // what sending answered
	ErrorCode   int    // 0: it was sent
	ErrorStatus string // such as success
}

func (m *SubscribeMsgPopupEvent) set(path, value string) error {
	return setChoice(&m.List, path, value)
}

func (m *SubscribeMsgChangeEvent) set(path, value string) error {
	return setChoice(&m.List, path, value)
}

// listed cuts the way to a List, which has the event's own name around it, or a sibling's, or
// nothing. The rest is empty for the List itself.
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

func setChoice(list *[]SubscribeChoice, path, value string) (err error) {
	rest, ok := listed(path)
	if !ok {
		return nil
	}
	if rest == "" {
		*list = append(*list, SubscribeChoice{})
		return nil
	}
	c := &(*list)[len(*list)-1]
	switch rest {
	case ">TemplateId":
		c.TemplateID = value
	case ">SubscribeStatusString":
		c.Status = value
	case ">PopupScene":
		c.PopupScene, err = number[int](path, value)
	}
	return err
}

func (m *SubscribeMsgSentEvent) set(path, value string) (err error) {
	rest, ok := listed(path)
	if !ok {
		return nil
	}
	if rest == "" {
		m.List = append(m.List, SubscribeReceipt{})
		return nil
	}
	r := &m.List[len(m.List)-1]
	switch rest {
	case ">TemplateId":
		r.TemplateID = value
	case ">MsgID", ">MsgId":
		r.MsgID, err = number[int64](path, value)
	case ">ErrorCode":
		r.ErrorCode, err = number[int](path, value)
	case ">ErrorStatus":
		r.ErrorStatus = value
	}
	return err
}

package callback

import "strconv"

// appendMark appends what tells m from another message of the same sender, second and event: an
// event's key, a receipt's status, and the like. It appends nothing where MsgID does.
func appendMark(dst []byte, m Message) []byte {
	if own, ok := m.(interface{ appendMark(dst []byte) []byte }); ok {
		return own.appendMark(dst)
	}
	return dst
}

func (m *SubscribeEvent) appendMark(dst []byte) []byte       { return append(dst, m.EventKey...) }
func (m *UnsubscribeEvent) appendMark(dst []byte) []byte     { return append(dst, m.EventKey...) }
func (m *ScanEvent) appendMark(dst []byte) []byte            { return append(dst, m.EventKey...) }
func (m *ClickEvent) appendMark(dst []byte) []byte           { return append(dst, m.EventKey...) }
func (m *ViewEvent) appendMark(dst []byte) []byte            { return append(dst, m.EventKey...) }
func (m *ViewMiniProgramEvent) appendMark(dst []byte) []byte { return append(dst, m.EventKey...) }
func (m *MenuScan) appendMark(dst []byte) []byte             { return append(dst, m.EventKey...) }
func (m *MenuPics) appendMark(dst []byte) []byte             { return append(dst, m.EventKey...) }
func (m *LocationSelectEvent) appendMark(dst []byte) []byte  { return append(dst, m.EventKey...) }
func (m *KfSession) appendMark(dst []byte) []byte            { return append(dst, m.KfAccount...) }
func (m *PublishJobFinishEvent) appendMark(dst []byte) []byte {
	return append(dst, m.PublishID...)
}

func (m *TemplateSendJobFinishEvent) appendMark(dst []byte) []byte { return append(dst, m.Status...) }

func (m *KfSwitchSessionEvent) appendMark(dst []byte) []byte {
	return appendJoined(dst, m.FromKfAccount, m.ToKfAccount)
}

func (m *Withdrawal) appendMark(dst []byte) []byte {
	return appendJoined(dst, m.OpenID, m.RevokeInfo)
}

func (m *Unknown) appendMark(dst []byte) []byte {
	return appendJoined(dst, m.EventKey, m.AppID, m.InfoType, m.AuthorizerAppID)
}

func (m *SubscribeMsgPopupEvent) appendMark(dst []byte) []byte  { return appendChoices(dst, m.List) }
func (m *SubscribeMsgChangeEvent) appendMark(dst []byte) []byte { return appendChoices(dst, m.List) }

func (m *SubscribeMsgSentEvent) appendMark(dst []byte) []byte {
	for _, r := range m.List {
		dst = append(strconv.AppendInt(dst, r.MsgID, 10), '\n')
		dst = appendJoined(dst, r.TemplateID, "")
	}
	return dst
}

func appendChoices(dst []byte, list []SubscribeChoice) []byte {
	for _, c := range list {
		dst = appendJoined(dst, c.TemplateID, c.Status, "")
	}
	return dst
}

// appendJoined appends parts with a line break between them, which none of them has.
func appendJoined(dst []byte, parts ...string) []byte {
	for i, part := range parts {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = append(dst, part...)
	}
	return dst
}

package callback

import "strings"

// Routable is the set of pointers to this package's message and event structs: what a handler
// can be registered for by its type. [*Unknown] is not one of them, nor is a struct that embeds
// one of them, since [Parse] returns neither for a kind that it knows.
type Routable[T any] interface {
	*T
	Message
	// kind names what T stands for: the MsgType, or event/ and the event's name in lower case.
	kind() string
	// only keeps out structs that merely embed T and would never match.
	only(*T)
}

// known is how Parse fills a message of whatever type.
type known interface {
	Message
	kind() string
	// set stores one element. Path is its name, after those of the elements around it, joined by
	// >, without the root. An element that holds others comes before them, without a value. What
	// it does not know it leaves alone.
	set(path, value string) error
}

// entry pairs what T stands for with the way to make one.
func entry[T any, P interface {
	Routable[T]
	known
}]() (string, func() known) {
	return P(nil).kind(), func() known { return P(new(T)) }
}

func table(entries ...func() (string, func() known)) map[string]func() known {
	m := make(map[string]func() known, len(entries))
	for _, e := range entries {
		kind, empty := e()
		m[kind] = empty
	}
	return m
}

// kinds is never changed.
var kinds = table(
	entry[TextMessage],
	entry[ImageMessage],
	entry[VoiceMessage],
	entry[VideoMessage],
	entry[ShortVideoMessage],
	entry[LocationMessage],
	entry[LinkMessage],
	entry[FileMessage],
	entry[MiniProgramPageMessage],
	entry[SubscribeEvent],
	entry[UnsubscribeEvent],
	entry[ScanEvent],
	entry[LocationEvent],
	entry[ClickEvent],
	entry[ViewEvent],
	entry[ViewMiniProgramEvent],
	entry[ScanCodePushEvent],
	entry[ScanCodeWaitMsgEvent],
	entry[PicSysPhotoEvent],
	entry[PicPhotoOrAlbumEvent],
	entry[PicWeixinEvent],
	entry[LocationSelectEvent],
	entry[TemplateSendJobFinishEvent],
	entry[MassSendJobFinishEvent],
	entry[PublishJobFinishEvent],
	entry[SubscribeMsgPopupEvent],
	entry[SubscribeMsgChangeEvent],
	entry[SubscribeMsgSentEvent],
	entry[KfCreateSessionEvent],
	entry[KfCloseSessionEvent],
	entry[KfSwitchSessionEvent],
	entry[UserInfoModifiedEvent],
	entry[UserAuthorizationRevokeEvent],
	entry[UserAuthorizationCancellationEvent],
	entry[QualificationVerifySuccessEvent],
	entry[QualificationVerifyFailEvent],
	entry[NamingVerifySuccessEvent],
	entry[NamingVerifyFailEvent],
	entry[AnnualRenewEvent],
	entry[VerifyExpiredEvent],
)

// appendKind appends what a message of msgType, or an event, is called in kinds.
func appendKind(dst []byte, msgType, event string) []byte {
	if strings.IndexByte(msgType, '/') >= 0 { // it must not look like an event
		dst = append(dst, '/')
	}
	start := len(dst)
	dst = appendLower(dst, msgType)
	if string(dst[start:]) != "event" {
		return dst
	}
	return appendLower(append(dst, '/'), event)
}

// appendLower lowers ASCII letters, which is all that names are made of.
func appendLower(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func (*TextMessage) kind() string            { return "text" }
func (*ImageMessage) kind() string           { return "image" }
func (*VoiceMessage) kind() string           { return "voice" }
func (*VideoMessage) kind() string           { return "video" }
func (*ShortVideoMessage) kind() string      { return "shortvideo" }
func (*LocationMessage) kind() string        { return "location" }
func (*LinkMessage) kind() string            { return "link" }
func (*FileMessage) kind() string            { return "file" }
func (*MiniProgramPageMessage) kind() string { return "miniprogrampage" }

func (*SubscribeEvent) kind() string               { return "event/subscribe" }
func (*UnsubscribeEvent) kind() string             { return "event/unsubscribe" }
func (*ScanEvent) kind() string                    { return "event/scan" }
func (*LocationEvent) kind() string                { return "event/location" }
func (*ClickEvent) kind() string                   { return "event/click" }
func (*ViewEvent) kind() string                    { return "event/view" }
func (*ViewMiniProgramEvent) kind() string         { return "event/view_miniprogram" }
func (*ScanCodePushEvent) kind() string            { return "event/scancode_push" }
func (*ScanCodeWaitMsgEvent) kind() string         { return "event/scancode_waitmsg" }
func (*PicSysPhotoEvent) kind() string             { return "event/pic_sysphoto" }
func (*PicPhotoOrAlbumEvent) kind() string         { return "event/pic_photo_or_album" }
func (*PicWeixinEvent) kind() string               { return "event/pic_weixin" }
func (*LocationSelectEvent) kind() string          { return "event/location_select" }
func (*TemplateSendJobFinishEvent) kind() string   { return "event/templatesendjobfinish" }
func (*MassSendJobFinishEvent) kind() string       { return "event/masssendjobfinish" }
func (*PublishJobFinishEvent) kind() string        { return "event/publishjobfinish" }
func (*SubscribeMsgPopupEvent) kind() string       { return "event/subscribe_msg_popup_event" }
func (*SubscribeMsgChangeEvent) kind() string      { return "event/subscribe_msg_change_event" }
func (*SubscribeMsgSentEvent) kind() string        { return "event/subscribe_msg_sent_event" }
func (*KfCreateSessionEvent) kind() string         { return "event/kf_create_session" }
func (*KfCloseSessionEvent) kind() string          { return "event/kf_close_session" }
func (*KfSwitchSessionEvent) kind() string         { return "event/kf_switch_session" }
func (*UserInfoModifiedEvent) kind() string        { return "event/user_info_modified" }
func (*UserAuthorizationRevokeEvent) kind() string { return "event/user_authorization_revoke" }
func (*UserAuthorizationCancellationEvent) kind() string {
	return "event/user_authorization_cancellation"
}
func (*QualificationVerifySuccessEvent) kind() string { return "event/qualification_verify_success" }
func (*QualificationVerifyFailEvent) kind() string    { return "event/qualification_verify_fail" }
func (*NamingVerifySuccessEvent) kind() string        { return "event/naming_verify_success" }
func (*NamingVerifyFailEvent) kind() string           { return "event/naming_verify_fail" }
func (*AnnualRenewEvent) kind() string                { return "event/annual_renew" }
func (*VerifyExpiredEvent) kind() string              { return "event/verify_expired" }

func (*TextMessage) only(*TextMessage)                                               {}
func (*ImageMessage) only(*ImageMessage)                                             {}
func (*VoiceMessage) only(*VoiceMessage)                                             {}
func (*VideoMessage) only(*VideoMessage)                                             {}
func (*ShortVideoMessage) only(*ShortVideoMessage)                                   {}
func (*LocationMessage) only(*LocationMessage)                                       {}
func (*LinkMessage) only(*LinkMessage)                                               {}
func (*FileMessage) only(*FileMessage)                                               {}
func (*MiniProgramPageMessage) only(*MiniProgramPageMessage)                         {}
func (*SubscribeEvent) only(*SubscribeEvent)                                         {}
func (*UnsubscribeEvent) only(*UnsubscribeEvent)                                     {}
func (*ScanEvent) only(*ScanEvent)                                                   {}
func (*LocationEvent) only(*LocationEvent)                                           {}
func (*ClickEvent) only(*ClickEvent)                                                 {}
func (*ViewEvent) only(*ViewEvent)                                                   {}
func (*ViewMiniProgramEvent) only(*ViewMiniProgramEvent)                             {}
func (*ScanCodePushEvent) only(*ScanCodePushEvent)                                   {}
func (*ScanCodeWaitMsgEvent) only(*ScanCodeWaitMsgEvent)                             {}
func (*PicSysPhotoEvent) only(*PicSysPhotoEvent)                                     {}
func (*PicPhotoOrAlbumEvent) only(*PicPhotoOrAlbumEvent)                             {}
func (*PicWeixinEvent) only(*PicWeixinEvent)                                         {}
func (*LocationSelectEvent) only(*LocationSelectEvent)                               {}
func (*TemplateSendJobFinishEvent) only(*TemplateSendJobFinishEvent)                 {}
func (*MassSendJobFinishEvent) only(*MassSendJobFinishEvent)                         {}
func (*PublishJobFinishEvent) only(*PublishJobFinishEvent)                           {}
func (*SubscribeMsgPopupEvent) only(*SubscribeMsgPopupEvent)                         {}
func (*SubscribeMsgChangeEvent) only(*SubscribeMsgChangeEvent)                       {}
func (*SubscribeMsgSentEvent) only(*SubscribeMsgSentEvent)                           {}
func (*KfCreateSessionEvent) only(*KfCreateSessionEvent)                             {}
func (*KfCloseSessionEvent) only(*KfCloseSessionEvent)                               {}
func (*KfSwitchSessionEvent) only(*KfSwitchSessionEvent)                             {}
func (*UserInfoModifiedEvent) only(*UserInfoModifiedEvent)                           {}
func (*UserAuthorizationRevokeEvent) only(*UserAuthorizationRevokeEvent)             {}
func (*UserAuthorizationCancellationEvent) only(*UserAuthorizationCancellationEvent) {}
func (*QualificationVerifySuccessEvent) only(*QualificationVerifySuccessEvent)       {}
func (*QualificationVerifyFailEvent) only(*QualificationVerifyFailEvent)             {}
func (*NamingVerifySuccessEvent) only(*NamingVerifySuccessEvent)                     {}
func (*NamingVerifyFailEvent) only(*NamingVerifyFailEvent)                           {}
func (*AnnualRenewEvent) only(*AnnualRenewEvent)                                     {}
func (*VerifyExpiredEvent) only(*VerifyExpiredEvent)                                 {}

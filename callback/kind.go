package callback

import "strings"

// Routable is the constraint of [On]: pointers to this package's message and event structs. It
// excludes [*Unknown], and structs that embed one of these structs, because [Parse] never returns
// them for a kind that has a struct.
type Routable[T any] interface {
	*T
	Message
	// kind is the name of T's kind: the MsgType, or event/ and the event's name in lower case.
	kind() string
	// only excludes structs that embed T, which would never match.
	only(*T)
}

// known is a message that Parse can fill.
type known interface {
	Message
	kind() string
	// set stores one element and reports whether the message has a field for it. path is the names
	// of the elements from below the root to this one, joined by >. An element that contains others
	// comes before them, without a value.
	set(path, value string) bool
}

// entry returns the name of T's kind, and a func that makes a T.
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

// appendKind appends the key in kinds of a message of msgType, or of an event.
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

// appendLower appends s with its ASCII letters in lower case. Names have no other letters.
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

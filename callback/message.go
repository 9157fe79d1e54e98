package callback

// TextMessage (文本消息) is text that a follower wrote.
type TextMessage struct {
	Header
	// Content is the text. It can have any characters, including emoji and line breaks.
	Content string
	// MenuID (bizmsgmenuid) is the id of the item if the follower clicked an item of a menu message
	// (客服菜单消息). It is empty for typed text.
	MenuID string
}

func (m *TextMessage) set(path, value string) bool {
	switch path {
	case "Content":
		m.Content = value
	case "bizmsgmenuid":
		m.MenuID = value
	default:
		return false
	}
	return true
}

// ImageMessage (图片消息) is a picture.
type ImageMessage struct {
	Header
	PicURL  string // (PicUrl) the address of the picture
	MediaID string // for a download within three days
}

func (m *ImageMessage) set(path, value string) bool {
	switch path {
	case "PicUrl":
		m.PicURL = value
	case "MediaId":
		m.MediaID = value
	default:
		return false
	}
	return true
}

// VoiceMessage (语音消息) is a recording.
type VoiceMessage struct {
	Header
	MediaID    string // for a download within three days
	MediaID16K string // (MediaId16K) the same in 16 kHz; empty if the platform has none
	Format     string // amr or speex
	// Recognition is the recognised text (语音识别结果). It is mostly empty, because the platform
	// is retiring speech recognition.
	Recognition string
}

func (m *VoiceMessage) set(path, value string) bool {
	switch path {
	case "MediaId":
		m.MediaID = value
	case "MediaId16K":
		m.MediaID16K = value
	case "Format":
		m.Format = value
	case "Recognition":
		m.Recognition = value
	default:
		return false
	}
	return true
}

// Clip is a video with its preview, part of [VideoMessage] and [ShortVideoMessage].
type Clip struct {
	MediaID      string // for a download within three days
	ThumbMediaID string // (ThumbMediaId) the preview picture
}

func (m *Clip) set(path, value string) bool {
	switch path {
	case "MediaId":
		m.MediaID = value
	case "ThumbMediaId":
		m.ThumbMediaID = value
	default:
		return false
	}
	return true
}

// VideoMessage (视频消息) is a video.
type VideoMessage struct {
	Header
	Clip
}

// ShortVideoMessage (小视频消息) is a video that was recorded in the chat.
type ShortVideoMessage struct {
	Header
	Clip
}

// LocationMessage (地理位置消息) is a place that a follower chose and sent. For the position that WeChat
// reports by itself, see [LocationEvent].
type LocationMessage struct {
	Header
	Latitude  float64 // (Location_X) degrees
	Longitude float64 // (Location_Y) degrees
	Scale     int     // zoom level of the map
	Label     string  // address
}

func (m *LocationMessage) set(path, value string) bool {
	switch path {
	case "Location_X":
		m.Latitude = decimal(value)
	case "Location_Y":
		m.Longitude = decimal(value)
	case "Scale":
		m.Scale = number[int](value)
	case "Label":
		m.Label = value
	default:
		return false
	}
	return true
}

// LinkMessage (链接消息) is a shared page.
type LinkMessage struct {
	Header
	Title       string // title of the page
	Description string // text below the title
	URL         string // (Url) address of the page
}

func (m *LinkMessage) set(path, value string) bool {
	switch path {
	case "Title":
		m.Title = value
	case "Description":
		m.Description = value
	case "Url":
		m.URL = value
	default:
		return false
	}
	return true
}

// FileMessage (文件消息) announces a file. The platform documents neither this message nor a way to
// download the file.
type FileMessage struct {
	Header
	Title       string // name of the file
	Description string // description by the sender
	FileKey     string // the platform's key of the file
	FileMD5     string // (FileMd5) MD5 sum of the file
	FileSize    int64  // (FileTotalLen) size in bytes
}

func (m *FileMessage) set(path, value string) bool {
	switch path {
	case "Title":
		m.Title = value
	case "Description":
		m.Description = value
	case "FileKey":
		m.FileKey = value
	case "FileMd5":
		m.FileMD5 = value
	case "FileTotalLen":
		m.FileSize = number[int64](value)
	default:
		return false
	}
	return true
}

// MiniProgramPageMessage (小程序卡片消息) is a card that links to a page of a mini program.
type MiniProgramPageMessage struct {
	Header
	Title        string // title of the card
	AppID        string // (AppId) AppID of the mini program
	PagePath     string // path of the page
	ThumbURL     string // (ThumbUrl) address of the card's picture
	ThumbMediaID string // (ThumbMediaId) the picture, for a download
}

func (m *MiniProgramPageMessage) set(path, value string) bool {
	switch path {
	case "Title":
		m.Title = value
	case "AppId":
		m.AppID = value
	case "PagePath":
		m.PagePath = value
	case "ThumbUrl":
		m.ThumbURL = value
	case "ThumbMediaId":
		m.ThumbMediaID = value
	default:
		return false
	}
	return true
}

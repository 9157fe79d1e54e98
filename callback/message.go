package callback

// TextMessage (文本消息) is text that a follower wrote.
type TextMessage struct {
	Header
	// Content may have any characters, emoji and line breaks among them.
	Content string
	// MenuID (bizmsgmenuid) is the id of the clicked item, where the text comes from a menu
	// message (客服菜单消息) and was not typed.
	MenuID string
}

func (m *TextMessage) set(path, value string) error {
	switch path {
	case "Content":
		m.Content = value
	case "bizmsgmenuid":
		m.MenuID = value
	}
	return nil
}

// ImageMessage (图片消息) is a picture.
type ImageMessage struct {
	Header
	PicURL  string // where the platform shows it
	MediaID string // for a download, three days long
}

func (m *ImageMessage) set(path, value string) error {
	switch path {
	case "PicUrl":
		m.PicURL = value
	case "MediaId":
		m.MediaID = value
	}
	return nil
}

// VoiceMessage (语音消息) is a recording.
type VoiceMessage struct {
	Header
	MediaID    string // for a download, three days long
	MediaID16K string // (MediaId16K) the same in 16 kHz, where the platform has it
	Format     string // amr or speex
	// Recognition is what the platform heard (语音识别结果). Mostly empty, since the platform
	// is retiring it.
	Recognition string
}

func (m *VoiceMessage) set(path, value string) error {
	switch path {
	case "MediaId":
		m.MediaID = value
	case "MediaId16K":
		m.MediaID16K = value
	case "Format":
		m.Format = value
	case "Recognition":
		m.Recognition = value
	}
	return nil
}

// Clip is a video with its preview, part of [VideoMessage] and [ShortVideoMessage].
type Clip struct {
	MediaID      string // for a download, three days long
	ThumbMediaID string // (ThumbMediaId) the preview picture
}

func (m *Clip) set(path, value string) error {
	switch path {
	case "MediaId":
		m.MediaID = value
	case "ThumbMediaId":
		m.ThumbMediaID = value
	}
	return nil
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

// LocationMessage (地理位置消息) is a place that a follower chose and sent. See [LocationEvent]
// for the position that WeChat reports by itself.
type LocationMessage struct {
	Header
	Latitude  float64 // (Location_X) degrees
	Longitude float64 // (Location_Y) degrees
	Scale     int     // of the map
	Label     string  // the address
}

func (m *LocationMessage) set(path, value string) (err error) {
	switch path {
	case "Location_X":
		m.Latitude, err = decimal(path, value)
	case "Location_Y":
		m.Longitude, err = decimal(path, value)
	case "Scale":
		m.Scale, err = number[int](path, value)
	case "Label":
		m.Label = value
	}
	return err
}

// LinkMessage (链接消息) is a shared page.
type LinkMessage struct {
	Header
	Title       string // the page's
	Description string // what the card says below it
	URL         string // the page's address
}

func (m *LinkMessage) set(path, value string) error {
	switch path {
	case "Title":
		m.Title = value
	case "Description":
		m.Description = value
	case "Url":
		m.URL = value
	}
	return nil
}

// FileMessage (文件消息) announces a file. The platform does not document it, nor a way to
// download one.
type FileMessage struct {
	Header
	Title       string // the file's name
	Description string // as the sender wrote it
	FileKey     string // the platform's name for it
	FileMD5     string // (FileMd5)
	FileSize    int64  // (FileTotalLen) bytes
}

func (m *FileMessage) set(path, value string) (err error) {
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
		m.FileSize, err = number[int64](path, value)
	}
	return err
}

// MiniProgramPageMessage (小程序卡片消息) is the card of a mini program's page.
type MiniProgramPageMessage struct {
	Header
	Title        string // the card's
	AppID        string // (AppId) the mini program's
	PagePath     string // where the card leads
	ThumbURL     string // (ThumbUrl) the picture of the card
	ThumbMediaID string // (ThumbMediaId) the same for a download
}

func (m *MiniProgramPageMessage) set(path, value string) error {
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
	}
	return nil
}

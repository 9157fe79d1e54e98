package callback

// ClickEvent (CLICK, 点击菜单) says that a follower has clicked a menu item of type click. A reply
// reaches the follower.
type ClickEvent struct {
	Header
	// EventKey is the key of the menu item.
	EventKey string
}

func (m *ClickEvent) set(path, value string) bool { return setKey(&m.EventKey, path, value) }

// ViewEvent (VIEW) says that a follower has clicked a menu item that opens a page.
type ViewEvent struct {
	Header
	// EventKey is the URL of the page.
	EventKey string
	// MenuID (MenuId) is the id of the personalised menu (个性化菜单), if it was one.
	MenuID string
}

func (m *ViewEvent) set(path, value string) bool {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "MenuId":
		m.MenuID = value
	default:
		return false
	}
	return true
}

// ViewMiniProgramEvent (view_miniprogram) says that a follower has clicked a menu item that opens a
// mini program.
type ViewMiniProgramEvent struct {
	Header
	// EventKey is the path of the page in the mini program.
	EventKey string
	// MenuID (MenuId) is the id of the personalised menu (个性化菜单), if it was one.
	MenuID string
}

func (m *ViewMiniProgramEvent) set(path, value string) bool {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "MenuId":
		m.MenuID = value
	default:
		return false
	}
	return true
}

// setKey is set for events that have an EventKey and nothing else.
func setKey(key *string, path, value string) bool {
	if path != "EventKey" {
		return false
	}
	*key = value
	return true
}

// MenuScan is a code that a follower scanned through a menu item. It is part of [ScanCodePushEvent]
// and [ScanCodeWaitMsgEvent].
type MenuScan struct {
	// EventKey is the key of the menu item.
	EventKey string
	// ScanType is the type of the code: qrcode for a QR code.
	ScanType string
	// ScanResult is the content of the code. For a barcode, its kind may come first.
	ScanResult string
}

func (m *MenuScan) set(path, value string) bool {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "ScanCodeInfo>ScanType":
		m.ScanType = value
	case "ScanCodeInfo>ScanResult":
		m.ScanResult = value
	default:
		return false
	}
	return true
}

// ScanCodePushEvent (scancode_push, 扫码推事件) is a scan whose result WeChat has already shown to the
// follower.
type ScanCodePushEvent struct {
	Header
	MenuScan
}

// ScanCodeWaitMsgEvent (scancode_waitmsg, 扫码推事件且弹出提示框) is a scan after which WeChat waits for a
// reply of the account. A reply reaches the follower.
type ScanCodeWaitMsgEvent struct {
	Header
	MenuScan
}

// MenuPics describes pictures that a follower sent through a menu item. It is part of
// [PicSysPhotoEvent], [PicPhotoOrAlbumEvent] and [PicWeixinEvent]. Each picture follows as an
// [*ImageMessage].
type MenuPics struct {
	// EventKey is the key of the menu item.
	EventKey string
	// Count is the number of pictures.
	Count int
	// MD5Sums (PicMd5Sum) has the MD5 sum of each picture, in hex.
	MD5Sums []string
}

func (m *MenuPics) set(path, value string) bool {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "SendPicsInfo>Count":
		m.Count = number[int](value)
	case "SendPicsInfo>PicList>item>PicMd5Sum", "SendPicsInfo>PicList>PicMd5Sum":
		m.MD5Sums = append(m.MD5Sums, value)
	default:
		return false
	}
	return true
}

// PicSysPhotoEvent (pic_sysphoto, 系统拍照发图) says that a follower has taken and sent pictures.
type PicSysPhotoEvent struct {
	Header
	MenuPics
}

// PicPhotoOrAlbumEvent (pic_photo_or_album, 拍照或者相册发图) says that a follower has taken or chosen
// pictures and sent them.
type PicPhotoOrAlbumEvent struct {
	Header
	MenuPics
}

// PicWeixinEvent (pic_weixin, 微信相册发图) says that a follower has chosen and sent pictures.
type PicWeixinEvent struct {
	Header
	MenuPics
}

// LocationSelectEvent (location_select, 弹出地理位置选择器) is a place that a follower sent through a menu
// item. A [*LocationMessage] follows.
type LocationSelectEvent struct {
	Header
	// EventKey is the key of the menu item.
	EventKey  string
	Latitude  float64 // (Location_X) degrees
	Longitude float64 // (Location_Y) degrees
	Scale     int     // zoom level of the map
	Label     string  // address
	PoiName   string  // (Poiname) name of the place in WeChat's list; mostly empty
}

func (m *LocationSelectEvent) set(path, value string) bool {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "SendLocationInfo>Location_X":
		m.Latitude = decimal(value)
	case "SendLocationInfo>Location_Y":
		m.Longitude = decimal(value)
	case "SendLocationInfo>Scale":
		m.Scale = number[int](value)
	case "SendLocationInfo>Label":
		m.Label = value
	case "SendLocationInfo>Poiname":
		m.PoiName = value
	default:
		return false
	}
	return true
}

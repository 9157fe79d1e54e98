package callback

// MenuScan is a code scanned through a menu item, part of [ScanCodePushEvent] and
// [ScanCodeWaitMsgEvent].
type MenuScan struct {
	// EventKey is the menu item's key.
	EventKey string
	// ScanType is qrcode for a QR code; other codes have other types.
	ScanType string
	// ScanResult is what the code says. For a barcode its kind may stand before it.
	ScanResult string
}

func (m *MenuScan) set(path, value string) error {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "ScanCodeInfo>ScanType":
		m.ScanType = value
	case "ScanCodeInfo>ScanResult":
		m.ScanResult = value
	}
	return nil
}

// ScanCodePushEvent (scancode_push, 扫码推事件) is a scan whose result WeChat has shown already.
type ScanCodePushEvent struct {
	Header
	MenuScan
}

// ScanCodeWaitMsgEvent (scancode_waitmsg, 扫码推事件且弹出提示框) is a scan for which WeChat waits
// for the account. A reply reaches the follower.
type ScanCodeWaitMsgEvent struct {
	Header
	MenuScan
}

// MenuPics tells of pictures sent through a menu item, part of [PicSysPhotoEvent],
// [PicPhotoOrAlbumEvent] and [PicWeixinEvent]. The pictures themselves follow, each as an
// [*ImageMessage].
type MenuPics struct {
	// EventKey is the menu item's key.
	EventKey string
	// Count is how many pictures there are.
	Count int
	// MD5Sums (PicMd5Sum) has one sum for each picture, in hex.
	MD5Sums []string
}

func (m *MenuPics) set(path, value string) (err error) {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "SendPicsInfo>Count":
		m.Count, err = number[int](path, value)
	case "SendPicsInfo>PicList>item>PicMd5Sum", "SendPicsInfo>PicList>PicMd5Sum":
		m.MD5Sums = append(m.MD5Sums, value)
	}
	return err
}

// PicSysPhotoEvent (pic_sysphoto, 系统拍照发图) tells of pictures that were taken.
type PicSysPhotoEvent struct {
	Header
	MenuPics
}

// PicPhotoOrAlbumEvent (pic_photo_or_album, 拍照或者相册发图) tells of pictures that were taken or
// chosen.
type PicPhotoOrAlbumEvent struct {
	Header
	MenuPics
}

// PicWeixinEvent (pic_weixin, 微信相册发图) tells of pictures that were chosen.
type PicWeixinEvent struct {
	Header
	MenuPics
}

// LocationSelectEvent (location_select, 弹出地理位置选择器) is a place sent through a menu item. A
// [*LocationMessage] follows it.
type LocationSelectEvent struct {
	Header
	// EventKey is the menu item's key.
	EventKey  string
	Latitude  float64 // (Location_X) degrees
	Longitude float64 // (Location_Y) degrees
	Scale     int     // of the map
	Label     string  // the address
	PoiName   string  // (Poiname) the name of the place in WeChat's list, mostly empty
}

func (m *LocationSelectEvent) set(path, value string) (err error) {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "SendLocationInfo>Location_X":
		m.Latitude, err = decimal(path, value)
	case "SendLocationInfo>Location_Y":
		m.Longitude, err = decimal(path, value)
	case "SendLocationInfo>Scale":
		m.Scale, err = number[int](path, value)
	case "SendLocationInfo>Label":
		m.Label = value
	case "SendLocationInfo>Poiname":
		m.PoiName = value
	}
	return err
}

package callback

import "strings"

// SubscribeEvent (subscribe, 关注) is a new follower. A reply reaches the follower.
type SubscribeEvent struct {
	Header
	// EventKey tells where the follower came from: qrscene_ and a scene by a QR code with
	// parameters, last_trade_no_ and an order number after a payment, otherwise empty. See
	// [SubscribeEvent.Scene].
	EventKey string
	// Ticket fetches the picture of that QR code.
	Ticket string
}

// Scene returns the scene of the QR code (带参数二维码) that was scanned, the same value that
// [ScanEvent] has, and whether there was one.
func (m *SubscribeEvent) Scene() (string, bool) { return strings.CutPrefix(m.EventKey, "qrscene_") }

func (m *SubscribeEvent) set(path, value string) error {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "Ticket":
		m.Ticket = value
	}
	return nil
}

// UnsubscribeEvent (unsubscribe, 取消关注) is a follower who left. No reply reaches them, and the
// platform's rules want their data deleted.
type UnsubscribeEvent struct {
	Header
	// EventKey is empty as far as is known.
	EventKey string
}

func (m *UnsubscribeEvent) set(path, value string) error { return setKey(&m.EventKey, path, value) }

// ScanEvent (SCAN) is a follower who scanned a QR code with parameters (带参数二维码). Who was no
// follower gives a [SubscribeEvent]. A reply reaches the follower.
type ScanEvent struct {
	Header
	// EventKey is the scene, without a prefix.
	EventKey string
	// Ticket fetches the picture of the QR code.
	Ticket string
}

func (m *ScanEvent) set(path, value string) error {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "Ticket":
		m.Ticket = value
	}
	return nil
}

// LocationEvent (LOCATION, 上报地理位置) is the position of a follower who agreed to report it,
// sent on entering the chat or every five seconds. See [LocationMessage] for a place that was
// sent on purpose.
type LocationEvent struct {
	Header
	Latitude  float64 // degrees
	Longitude float64 // degrees
	Precision float64 // metres
}

func (m *LocationEvent) set(path, value string) (err error) {
	switch path {
	case "Latitude":
		m.Latitude, err = decimal(path, value)
	case "Longitude":
		m.Longitude, err = decimal(path, value)
	case "Precision":
		m.Precision, err = decimal(path, value)
	}
	return err
}

// ClickEvent (CLICK, 点击菜单) is a click on a menu item of the type click. A reply reaches the
// follower.
type ClickEvent struct {
	Header
	// EventKey is the item's key.
	EventKey string
}

func (m *ClickEvent) set(path, value string) error { return setKey(&m.EventKey, path, value) }

// ViewEvent (VIEW) is a click on a menu item that opens a page.
type ViewEvent struct {
	Header
	// EventKey is the page's URL.
	EventKey string
	// MenuID (MenuId) tells which personalised menu (个性化菜单) it was.
	MenuID string
}

func (m *ViewEvent) set(path, value string) error {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "MenuId":
		m.MenuID = value
	}
	return nil
}

// ViewMiniProgramEvent (view_miniprogram) is a click on a menu item that opens a mini program.
type ViewMiniProgramEvent struct {
	Header
	// EventKey is the page's path in the mini program.
	EventKey string
	// MenuID (MenuId) tells which personalised menu (个性化菜单) it was.
	MenuID string
}

func (m *ViewMiniProgramEvent) set(path, value string) error {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "MenuId":
		m.MenuID = value
	}
	return nil
}

// setKey is set for events that have an EventKey and nothing else.
func setKey(key *string, path, value string) error {
	if path == "EventKey" {
		*key = value
	}
	return nil
}

package callback

import "strings"

// SubscribeEvent (subscribe, 关注) says that a user now follows the account. A reply reaches the
// follower.
type SubscribeEvent struct {
	Header
	// EventKey says how the user came to the account. It is qrscene_ and a scene after the scan of
	// a QR code with parameters, and last_trade_no_ and an order number after a payment. Otherwise
	// it is empty. See [SubscribeEvent.Scene].
	EventKey string
	// Ticket is the ticket to get the picture of that QR code.
	Ticket string
}

// Scene returns the scene of the scanned QR code (带参数二维码): its text as it was given when the code was
// made, or its number in decimal, as [ScanEvent.Scene] returns it. It returns false if no such code was
// scanned.
func (m *SubscribeEvent) Scene() (string, bool) { return strings.CutPrefix(m.EventKey, "qrscene_") }

func (m *SubscribeEvent) set(path, value string) bool {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "Ticket":
		m.Ticket = value
	default:
		return false
	}
	return true
}

// UnsubscribeEvent (unsubscribe, 取消关注) says that a follower has left the account. A reply does not
// reach the user. The platform's rules require the account to delete the user's data.
type UnsubscribeEvent struct {
	Header
	// EventKey was always empty so far.
	EventKey string
}

func (m *UnsubscribeEvent) set(path, value string) bool { return setKey(&m.EventKey, path, value) }

// ScanEvent (SCAN) says that a follower has scanned a QR code with parameters (带参数二维码). For a user
// who was not a follower, WeChat pushes a [SubscribeEvent] instead. A reply reaches the follower.
type ScanEvent struct {
	Header
	// EventKey is the scene, without a prefix. See [ScanEvent.Scene].
	EventKey string
	// Ticket is the ticket to get the picture of the QR code.
	Ticket string
}

// Scene returns the scene of the scanned QR code (带参数二维码), as [SubscribeEvent.Scene] returns it. It
// returns false if the event has none.
func (m *ScanEvent) Scene() (string, bool) { return m.EventKey, m.EventKey != "" }

func (m *ScanEvent) set(path, value string) bool {
	switch path {
	case "EventKey":
		m.EventKey = value
	case "Ticket":
		m.Ticket = value
	default:
		return false
	}
	return true
}

// LocationEvent (LOCATION, 上报地理位置) is the position of a follower who has agreed to report it.
// WeChat pushes it when the follower opens the chat, or every 5 s, as set in the console. For a
// place that a follower sent, see [LocationMessage].
type LocationEvent struct {
	Header
	Latitude  float64 // degrees
	Longitude float64 // degrees
	Precision float64 // metres
}

func (m *LocationEvent) set(path, value string) bool {
	switch path {
	case "Latitude":
		m.Latitude = decimal(value)
	case "Longitude":
		m.Longitude = decimal(value)
	case "Precision":
		m.Precision = decimal(value)
	default:
		return false
	}
	return true
}

// Package callback receives what WeChat pushes to an Official Account (消息与事件推送): messages
// that followers write, and events.
package callback

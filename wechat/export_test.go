package wechat

import "net/http"

// OwnTransport is the transport of a Client that was made without WithHTTPClient. A benchmark lets it
// trust a server of its own and counts its dials, before the first call.
func OwnTransport(c *Client) *http.Transport { return c.inner.calls.(*http.Transport) }

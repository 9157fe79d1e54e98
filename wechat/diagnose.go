package wechat

import (
	"context"
	"errors"
	"net/http"
)

// RequestInfo is what the platform recorded of a call.
type RequestInfo struct {
	InvokeTime   int64  `json:"invoke_time"`   // unix seconds
	CostMS       int64  `json:"cost_in_ms"`    // milliseconds
	RequestURL   string `json:"request_url"`   // the query, its token redacted
	RequestBody  string `json:"request_body"`  // as sent; it may hold an openid
	ResponseBody string `json:"response_body"` // as answered
	ClientIP     string `json:"client_ip"`     // the address that the call came from, partly hidden
}

// RequestInfo returns what the platform recorded of the call that failed with rid, for seven
// days and for calls of this account.
//
// POST /cgi-bin/openapi/rid/get
func (c *Client) RequestInfo(ctx context.Context, rid string) (RequestInfo, error) {
	var answer struct {
		Request RequestInfo `json:"request"`
	}
	err := c.Call(ctx, http.MethodPost, "/cgi-bin/openapi/rid/get", readOnly{"rid": rid}, &answer)
	info := answer.Request
	for _, field := range []*string{&info.RequestURL, &info.RequestBody, &info.ResponseBody} {
		*field = redactText(*field, c.secret())
	}
	return info, err
}

// APIDomainIPs returns the addresses of api.weixin.qq.com, for a firewall that must name
// them. They change; ask daily.
//
// GET /cgi-bin/get_api_domain_ip
func (c *Client) APIDomainIPs(ctx context.Context) ([]string, error) {
	return c.ipList(ctx, "/cgi-bin/get_api_domain_ip")
}

// CallbackIPs returns the addresses and CIDR ranges that pushes come from. The list is known to
// be incomplete: never refuse a push by it.
//
// GET /cgi-bin/getcallbackip
func (c *Client) CallbackIPs(ctx context.Context) ([]string, error) {
	return c.ipList(ctx, "/cgi-bin/getcallbackip")
}

func (c *Client) ipList(ctx context.Context, path string) ([]string, error) {
	var answer struct {
		List []string `json:"ip_list"`
	}
	if err := c.Call(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return nil, err
	}
	if answer.List == nil {
		return nil, c.failure(&request{method: http.MethodGet, path: path}, KindLost, errors.New("the answer has no list of addresses"))
	}
	return answer.List, nil
}

// CallbackCheck is the platform's view of the callback URL.
type CallbackCheck struct {
	// DNS is what the URL's host resolves to; empty for the action "ping".
	DNS []struct {
		IP       string `json:"ip"`            // an address of the host
		Operator string `json:"real_operator"` // whose network it is in, such as "UNICOM"
	} `json:"dns"`
	// Ping is how those addresses answer; empty for the action "dns".
	Ping []struct {
		IP           string `json:"ip"`            // the address that was asked
		FromOperator string `json:"from_operator"` // the network that it was asked from
		PackageLoss  string `json:"package_loss"`  // such as "0%"
		Time         string `json:"time"`          // such as "23.079ms"
	} `json:"ping"`
}

// CheckCallback makes the platform resolve and ping the callback URL. action is "dns", "ping"
// or "all", operator "CHINANET", "UNICOM", "CAP" or "DEFAULT"; empty ones mean all and DEFAULT.
// [ErrInvalidCheckURL] means that no URL is set.
//
// POST /cgi-bin/callback/check
func (c *Client) CheckCallback(ctx context.Context, action, operator string) (CallbackCheck, error) {
	if action == "" {
		action = "all"
	}
	if operator == "" {
		operator = "DEFAULT"
	}
	var answer CallbackCheck
	err := c.Call(ctx, http.MethodPost, "/cgi-bin/callback/check",
		readOnly{"action": action, "check_operator": operator}, &answer)
	return answer, err
}

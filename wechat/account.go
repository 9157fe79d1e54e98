package wechat

import (
	"context"
	"net/http"
)

// readOnly is a body of a POST that changes nothing and may be repeated.
type readOnly map[string]any

// Repeatable tells the Client that the call may be repeated.
func (readOnly) Repeatable() bool { return true }

// Quota is what is left of one API's calls.
type Quota struct {
	DailyLimit int64 `json:"daily_limit"` // calls a day
	Used       int64 `json:"used"`        // calls made today
	Remain     int64 `json:"remain"`      // calls left today; the platform's count drifts within 1 %
	// RateLimit is the limit over a short time, zero where the platform names none.
	RateLimit RateLimit `json:"-"`
	// ComponentRateLimit is the same for calls by a third-party platform.
	ComponentRateLimit RateLimit `json:"-"`
}

// RateLimit allows Calls in each period of Seconds.
type RateLimit struct {
	Calls   int64 `json:"call_count"`     // how many
	Seconds int64 `json:"refresh_second"` // until they begin anew
}

// Quota returns what is left today for the API at path, such as
// "/cgi-bin/message/template/send".
//
// POST /cgi-bin/openapi/quota/get
func (c *Client) Quota(ctx context.Context, path string) (Quota, error) {
	var answer struct {
		Quota         Quota     `json:"quota"`
		Rate          RateLimit `json:"rate_limit"`
		ComponentRate RateLimit `json:"component_rate_limit"`
	}
	err := c.Call(ctx, http.MethodPost, "/cgi-bin/openapi/quota/get", readOnly{"cgi_path": path}, &answer)
	answer.Quota.RateLimit, answer.Quota.ComponentRateLimit = answer.Rate, answer.ComponentRate
	return answer.Quota, err
}

// ClearQuota resets the daily counts of all APIs. An account may do so ten times a month,
// together with [Client.ClearQuotaBySecret] and the console; [ErrClearQuotaLimit] beyond.
//
// POST /cgi-bin/clear_quota
func (c *Client) ClearQuota(ctx context.Context) error {
	return c.Call(ctx, http.MethodPost, "/cgi-bin/clear_quota", map[string]string{"appid": c.appID}, nil)
}

// ClearQuotaBySecret is [Client.ClearQuota] without a token, for when no token can be had any
// more. It does not reset the token calls themselves. It needs the app secret.
//
// POST /cgi-bin/clear_quota/v2
func (c *Client) ClearQuotaBySecret(ctx context.Context) error {
	if err := c.needSecret("ClearQuotaBySecret"); err != nil {
		return err
	}
	body, err := encode(map[string]string{"appid": c.appID, "appsecret": c.secret()})
	if err != nil {
		return err
	}
	r := &request{
		kind: requestKind{op: OpCall, plain: true}, method: http.MethodPost,
		path: "/cgi-bin/clear_quota/v2", header: c.jsonHeader(),
	}
	r.setBytes(body)
	return c.run(ctx, r, func(resp *http.Response) error { return c.decode(resp, nil) })
}

// ClearPathQuota resets the daily count of the API at path. An account may do so fifty times
// a month.
//
// POST /cgi-bin/openapi/quota/clear
func (c *Client) ClearPathQuota(ctx context.Context, path string) error {
	return c.Call(ctx, http.MethodPost, "/cgi-bin/openapi/quota/clear", map[string]string{"cgi_path": path}, nil)
}

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
	err := c.Call(ctx, http.MethodGet, path, nil, &answer)
	return answer.List, err
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

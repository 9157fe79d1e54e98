package wechat

import (
	"context"
	"net/http"
)

// readOnly is a body of a POST that changes nothing and may be repeated.
type readOnly map[string]any

// ReadOnly tells the Client so.
func (readOnly) ReadOnly() bool { return true }

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

const quotaPath = "/cgi-bin/openapi/quota/get"

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
	err := c.Call(ctx, http.MethodPost, quotaPath, readOnly{"cgi_path": path}, &answer)
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

const clearQuota2Path = "/cgi-bin/clear_quota/v2"

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
		kind: requestKind{op: OpCall, plain: true, private: true}, method: http.MethodPost,
		path: clearQuota2Path, header: c.jsonHeader(),
	}
	r.setBytes(body)
	return c.run(ctx, r, func(resp *http.Response) error { return c.decode(r, resp, nil) })
}

// ClearPathQuota resets the daily count of the API at path. An account may do so fifty times
// a month.
//
// POST /cgi-bin/openapi/quota/clear
func (c *Client) ClearPathQuota(ctx context.Context, path string) error {
	return c.Call(ctx, http.MethodPost, "/cgi-bin/openapi/quota/clear", map[string]string{"cgi_path": path}, nil)
}

package wechattest

import (
	"slices"
	"strings"
)

type ipReply struct {
	IPs []string `json:"ip_list"`
}

// apiDomainIPs serves GET /cgi-bin/get_api_domain_ip.
func (c *call) apiDomainIPs() reply {
	return c.success(ipReply{[]string{"101.89.47.18", "101.226.212.27", "157.255.239.0/24"}})
}

// callbackIPs serves GET /cgi-bin/getcallbackip.
func (c *call) callbackIPs() reply {
	return c.success(ipReply{[]string{"106.55.206.146", "106.55.206.211", "175.24.214.0/24"}})
}

type dnsCheck struct {
	IP       string `json:"ip"`
	Operator string `json:"real_operator"`
}

type pingCheck struct {
	IP       string `json:"ip"`
	Operator string `json:"from_operator"`
	Loss     string `json:"package_loss"`
	Time     string `json:"time"`
}

// checkCallback serves POST /cgi-bin/callback/check.
func (c *call) checkCallback() reply {
	action, _ := c.field("action")
	operator, _ := c.field("check_operator")
	if !slices.Contains([]string{"dns", "ping", "all"}, action) {
		return c.refuse(40202)
	}
	if !slices.Contains([]string{"CHINANET", "UNICOM", "CAP", "DEFAULT"}, operator) {
		return c.refuse(40203)
	}
	var answer struct {
		DNS  []dnsCheck  `json:"dns,omitempty"`
		Ping []pingCheck `json:"ping,omitempty"`
	}
	if action != "ping" {
		answer.DNS = []dnsCheck{{"111.161.64.40", "UNICOM"}}
	}
	if action != "dns" {
		answer.Ping = []pingCheck{{"111.161.64.40", "UNICOM", "0%", "23.079ms"}}
	}
	return c.success(answer)
}

type requestReply struct {
	Code    int         `json:"errcode"`
	Message string      `json:"errmsg"`
	Request requestInfo `json:"request"`
}

type requestInfo struct {
	InvokeTime   int64  `json:"invoke_time"`
	CostInMS     int64  `json:"cost_in_ms"`
	RequestURL   string `json:"request_url"`
	RequestBody  string `json:"request_body"`
	ResponseBody string `json:"response_body"`
	ClientIP     string `json:"client_ip"`
}

// getRequest serves POST /cgi-bin/openapi/rid/get.
func (c *call) getRequest() reply {
	rid, _ := c.field("rid")
	if !wellFormedRID(rid) {
		return c.refuse(76002)
	}
	found, ok := c.server.rids.find(rid)
	switch {
	case !ok:
		return c.refuse(76001)
	case found.account != c.account:
		return c.refuse(76003)
	case c.now.Sub(found.at) > ridsFor:
		return c.refuse(76004)
	}
	ip, _, _ := strings.Cut(found.client, ":")
	return c.success(requestReply{Message: "ok", Request: requestInfo{
		InvokeTime: found.at.Unix(), CostInMS: 1, RequestURL: found.query,
		RequestBody: found.body, ResponseBody: found.answer, ClientIP: ip,
	}})
}

func wellFormedRID(rid string) bool {
	groups := strings.Split(rid, "-")
	return len(groups) == 3 && all(strings.Join(groups, ""), func(r rune) bool { return isDigit(r) || 'a' <= r && r <= 'f' })
}

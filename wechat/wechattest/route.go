package wechattest

import (
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
)

// The paths that the server simulates, apart from its scripts.
const (
	pathToken       = "/cgi-bin/token"
	pathStableToken = "/cgi-bin/stable_token"
	pathSend        = "/cgi-bin/message/template/send"
	pathClearQuota2 = "/cgi-bin/clear_quota/v2"
)

// A route is what the server knows about a path.
type route struct {
	path     string
	method   string
	open     bool // takes no access_token
	text     bool // answers as text/plain
	form     bool // takes multipart/form-data in place of JSON
	serve    func(*call) reply
	handler  http.Handler // in place of all the above: set by Handle
	requests atomic.Int64
}

// newRoutes returns the simulated paths. Which of them answer as text/plain
// is a guess; that some do is not.
func newRoutes() *map[string]*route {
	routes := make(map[string]*route)
	addCustomRoutes(routes)
	addMenuRoutes(routes)
	addAgentRoutes(routes)
	addSubscribeRoutes(routes)
	addFollowerRoutes(routes)
	addSceneRoutes(routes)
	addPlatformRoutes(routes)
	addDraftRoutes(routes)
	addMassRoutes(routes)
	for _, r := range []*route{
		{path: pathToken, method: http.MethodGet, open: true, serve: (*call).classicToken},
		{path: pathStableToken, method: http.MethodPost, open: true, serve: (*call).stableToken},
		{path: pathSend, method: http.MethodPost, serve: (*call).sendTemplate},
		{path: "/cgi-bin/template/get_all_private_template", method: http.MethodGet, text: true, serve: (*call).listTemplates},
		{path: "/cgi-bin/template/api_add_template", method: http.MethodPost, serve: (*call).addTemplate},
		{path: "/cgi-bin/template/del_private_template", method: http.MethodPost, serve: (*call).deleteTemplate},
		{path: "/cgi-bin/template/api_set_industry", method: http.MethodPost, serve: (*call).setIndustry},
		{path: "/cgi-bin/template/get_industry", method: http.MethodGet, text: true, serve: (*call).getIndustry},
		{path: "/cgi-bin/clear_quota", method: http.MethodPost, serve: (*call).clearQuota},
		{path: pathClearQuota2, method: http.MethodPost, open: true, serve: (*call).clearQuotaBySecret},
		{path: "/cgi-bin/openapi/quota/clear", method: http.MethodPost, serve: (*call).clearPathQuota},
		{path: "/cgi-bin/openapi/quota/get", method: http.MethodPost, serve: (*call).getQuota},
		{path: "/cgi-bin/openapi/rid/get", method: http.MethodPost, serve: (*call).getRequest},
		{path: "/cgi-bin/get_api_domain_ip", method: http.MethodGet, text: true, serve: (*call).apiDomainIPs},
		{path: "/cgi-bin/getcallbackip", method: http.MethodGet, text: true, serve: (*call).callbackIPs},
		{path: pathAuthorize, method: http.MethodGet, open: true, serve: (*call).authorize},
		{path: pathWebAuth, method: http.MethodGet, open: true, text: true, serve: (*call).webAuth},
		{path: pathComponentWebAuth, method: http.MethodGet, open: true, text: true, serve: (*call).componentWebAuth},
		{path: pathWebAuthRefresh, method: http.MethodGet, open: true, text: true, serve: (*call).refreshWebAuth},
		{path: pathWebAuthUser, method: http.MethodGet, open: true, text: true, serve: (*call).webAuthUser},
		{path: pathWebAuthCheck, method: http.MethodGet, open: true, text: true, serve: (*call).checkWebAuth},
		{path: pathTicket, method: http.MethodGet, serve: (*call).getTicket},
		{path: "/cgi-bin/callback/check", method: http.MethodPost, serve: (*call).checkCallback},
	} {
		routes[r.path] = r
	}
	addMediaRoutes(routes)
	return &routes
}

// Handle has h serve a path (without a query), for what the server does not
// simulate, or simulates otherwise than a test wants it. Scripts of
// [Server.Fail] and the rule against chunked bodies apply before h; tokens,
// methods and quotas are not checked. A nil h makes the path unknown.
func (s *Server) Handle(path string, h http.Handler) {
	s.routesMu.Lock()
	defer s.routesMu.Unlock()
	routes := maps.Clone(*s.routes.Load())
	replaced := &route{path: path, handler: h}
	if old := routes[path]; old != nil {
		replaced.requests.Store(old.requests.Load())
	}
	if h == nil {
		replaced.handler = http.HandlerFunc(notSimulated)
	}
	routes[path] = replaced
	s.routes.Store(&routes)
}

// Requests returns how many requests have come in for a path, whatever they
// were answered, and for "" how many to paths that are not known.
func (s *Server) Requests(path string) int {
	if r := (*s.routes.Load())[path]; r != nil {
		return int(r.requests.Load())
	}
	return s.unknown.count(path)
}

// maxUnknown bounds the paths that a requestCounter tells apart.
const maxUnknown = 1000

// requestCounter counts requests to unknown paths.
type requestCounter struct {
	mu    sync.Mutex // guards the fields below
	total int
	paths map[string]int
}

func (c *requestCounter) add(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total++
	if c.paths == nil {
		c.paths = make(map[string]int)
	}
	if _, ok := c.paths[path]; ok || len(c.paths) < maxUnknown {
		c.paths[path]++
	}
}

func (c *requestCounter) count(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if path == "" {
		return c.total
	}
	return c.paths[path]
}

// notSimulated answers what WeChat has no page for. A person who reads it in
// a test's output is told what to do.
func notSimulated(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "404: wechattest does not simulate "+r.URL.Path+"; see Server.Handle", http.StatusNotFound)
}

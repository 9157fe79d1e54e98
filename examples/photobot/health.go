package main

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/receipt"
	"github.com/org/wxhome/wechat"
)

const (
	// healthTime bounds an answer: whoever asks does not wait for long.
	healthTime = 4 * time.Second
	// tallyFor and clockFor are how long a figure is good: the one costs the
	// database, the other a call to WeChat.
	tallyFor = time.Minute
	clockFor = 10 * time.Minute
)

// report is what /healthz answers. It names no person.
type report struct {
	Status   string      `json:"status"` // ok, or failing with status 503
	Database string      `json:"database"`
	Ledger   string      `json:"ledger"`
	WeChat   string      `json:"wechat"`             // ok, or what kind of failure
	Redis    string      `json:"redis,omitempty"`    // ok or unreachable, which stops nothing; empty: none is used
	Skew     *float64    `json:"clock_skew_seconds"` // by how much this clock is ahead of WeChat's; null: not known
	Receipts *campaignIs `json:"receipts"`           // of the newest campaign; null: none, or not known
	Checked  time.Time   `json:"checked"`
}

type campaignIs struct {
	Campaign string `json:"campaign"`
	receipt.Tally
}

// health answers /healthz.
type health struct {
	site *site

	mu      sync.Mutex // guards the fields below; whoever asks meanwhile waits for the same answer
	clockAt time.Time
	skew    *float64
	wechat  string
	tallyAt time.Time
	tally   *campaignIs
}

func newHealth(s *site) *health { return &health{site: s} }

func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405 method not allowed", http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), healthTime)
	defer cancel()
	report := h.report(ctx)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if report.Status != "ok" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(report) // who hung up needs no answer
}

func (h *health) report(ctx context.Context) report {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	r := report{Status: "ok", Database: "ok", Ledger: "ok", Checked: now.UTC().Truncate(time.Second)}
	if h.site.school.PingContext(ctx) != nil {
		r.Status, r.Database = "failing", "unreachable"
	}
	if h.site.ledger.PingContext(ctx) != nil {
		r.Status, r.Ledger = "failing", "unreachable"
	}
	if shared := h.site.p.shared; shared != nil {
		if r.Redis = "ok"; shared.Ping(ctx) != nil {
			r.Redis = "unreachable"
		}
	}
	if r.Status == "ok" && now.Sub(h.tallyAt) >= tallyFor {
		h.count(ctx, now)
	}
	if now.Sub(h.clockAt) >= clockFor {
		h.askClock(ctx, now)
	}
	r.WeChat, r.Skew, r.Receipts = h.wechat, h.skew, h.tally
	return r
}

// count tallies the newest campaign's receipts. A figure that could not be had
// stays what it was.
func (h *health) count(ctx context.Context, now time.Time) {
	s := h.site
	campaigns, err := push.Campaigns(ctx, s.ledger, s.account.AppID)
	if err == nil && len(campaigns) > 0 {
		var tally receipt.Tally
		if tally, err = receipt.Count(ctx, s.ledger, s.account.AppID, campaigns[0].Name); err == nil {
			h.tally = &campaignIs{campaigns[0].Name, tally}
		}
	}
	if err != nil {
		s.p.log.Warn("the receipts could not be counted", "error", err)
	}
	h.tallyAt = now
}

// askClock reads WeChat's clock off a call that changes nothing.
func (h *health) askClock(ctx context.Context, now time.Time) {
	h.clockAt, h.skew, h.wechat = now, nil, "ok"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "/cgi-bin/get_api_domain_ip", nil)
	if err != nil {
		return
	}
	asked := time.Now()
	answer, err := h.site.account.Client.Do(request)
	if err != nil {
		h.wechat = wechat.KindOf(err).String()
		h.site.p.log.Warn("WeChat could not be asked for its time", "error", err)
		return
	}
	_ = answer.Body.Close()
	server, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return
	}
	middle := asked.Add(time.Since(asked) / 2)
	skew := middle.Sub(server.Add(time.Second / 2)).Round(time.Second).Seconds() // the header has whole seconds, cut off
	h.skew = &skew
}

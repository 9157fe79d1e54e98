package endurance

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

// What both processes know.
const (
	callbackToken = "endurancetoken"
	callbackKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG" // an EncodingAESKey of the safe account
	secondAppID   = "wxsimulation000002"
	secondSecret  = "5ec2e70f51a1a7ed0acc0a17ab1e9e56"

	parents = 500
	// patienceTest is a text that is answered after WeChat's patience is over.
	patienceTest = "慢"
	// tokenLifetime makes each account fetch some token every few seconds.
	tokenLifetime = 12 * time.Second
	// fastPushers and slowPushers push to each account, one message at a time each.
	fastPushers = 4
	slowPushers = 4

	stop = "stop" // ends the pushes
)

// An opening is the first line that the platform writes.
type opening struct {
	URL       string
	Accounts  []credentials
	Templates []string // one of each account
}

type credentials struct{ AppID, Secret string }

// Totals are what the platform has seen, for a comparison with what the accounts believe.
type Totals struct {
	Accepted   int64 // messages of all kinds
	Tokens     int   // tokens that were fetched
	Pushes     int64
	Replies    int64 // pushes that were answered with a reply in time
	Repeated   int64 // pushes that were delivered more than once, since this machine was busy for 5 s
	Unanswered int64 // pushes that no valid answer came to
	// Met are pushes in plain mode whose timestamp and nonce are those of another, by accident: a
	// thousand a second draw nonces of nine digits. Their signature is good for one message, so
	// they are refused.
	Met int64
}

// Platform is the simulated WeChat: it serves on a port of 127.0.0.1, writes where, pushes to
// callbackURL at full speed until it reads a line "stop" from in, writes one when it has, and when
// in ends it writes its [Totals] and returns.
func Platform(callbackURL string, in io.Reader, out io.Writer) error {
	s := wechattest.NewServer(
		wechattest.WithHistory(0), wechattest.WithTokenLifetime(tokenLifetime),
		wechattest.WithWindow(wechattest.Wrote, -1, 48*time.Hour),
		wechattest.WithFollowers(func(string, string) wechattest.Follower { return wechattest.Following }),
	)
	defer s.Close()
	accounts := []*wechattest.Account{s.Account, s.AddAccount(secondAppID, secondSecret)}
	first := opening{URL: s.URL}
	for i, a := range accounts {
		first.Accounts = append(first.Accounts, credentials{a.AppID, a.AppSecret})
		first.Templates = append(first.Templates, a.AddTemplate(template.Template{Title: "照片更新", Content: "学生姓名{{thing1.DATA}}"}))
		cb := wechattest.Callback{URL: callbackURL + path(i), Token: callbackToken}
		if i == 1 {
			cb.Mode, cb.AESKey = wechattest.Safe, callbackKey
		}
		a.SetCallback(cb)
		for n := range parents {
			a.Interact(wechattest.Wrote, parent(n))
		}
	}
	if err := json.NewEncoder(out).Encode(first); err != nil {
		return err
	}
	p := pusher{accounts: accounts}
	p.start()
	defer p.stop()
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if lines.Text() == stop {
			p.stop()
			fmt.Fprintln(out, stop)
		}
	}
	return json.NewEncoder(out).Encode(Totals{
		Accepted: s.AcceptedCount(), Tokens: s.TokenFetches(),
		Pushes: p.pushes.Load(), Replies: p.replies.Load(), Repeated: p.repeated.Load(),
		Unanswered: p.unanswered.Load(), Met: p.met.Load(),
	})
}

// path is where the callback of an account is.
func path(account int) string { return fmt.Sprintf("/%d", account) }

func parent(n int) string { return fmt.Sprintf("oENDURANCE-%03d", n%parents) }

// pusher pushes what parents write.
type pusher struct {
	accounts []*wechattest.Account
	ending   atomic.Bool
	running  sync.WaitGroup

	pushes, replies, repeated, unanswered, met atomic.Int64
}

func (p *pusher) start() {
	for _, a := range p.accounts {
		for n := range fastPushers {
			p.running.Go(func() { p.push(a, n, "照片") })
		}
		for n := range slowPushers {
			p.running.Go(func() { p.push(a, n, patienceTest) })
		}
	}
}

func (p *pusher) push(a *wechattest.Account, n int, text string) {
	for ; !p.ending.Load(); n++ {
		got, err := a.Push(context.Background(), wechattest.Text(parent(n), text))
		p.count(got, err)
	}
}

func (p *pusher) count(got wechattest.Delivered, err error) {
	p.pushes.Add(1)
	switch {
	case err == nil && got.Attempts[0].Status == http.StatusForbidden:
		p.met.Add(1)
		return
	case err != nil || got.Attempts[len(got.Attempts)-1].Err != nil:
		p.unanswered.Add(1)
	case got.Reply != nil:
		p.replies.Add(1)
	}
	if len(got.Attempts) > 1 {
		p.repeated.Add(1)
	}
}

// stop lets what is under way come to its end.
func (p *pusher) stop() {
	p.ending.Store(true)
	p.running.Wait()
}

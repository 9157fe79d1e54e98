package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/bind"
	"github.com/org/wxhome/examples/internal/chat"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/photopage"
	"github.com/org/wxhome/examples/internal/receipt"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/template"
)

// The paths of the server. The photo page has whatever else there is.
const (
	callbackPath = "/wechat/callback"
	photoPath    = "/photo"
	healthPath   = "/healthz"
)

// site is all that the server stands on.
type site struct {
	p        *program
	account  *account.Account
	pushed   callback.Account // the callback's secrets
	codeKeys []string
	school   *db.DB
	ledger   *db.DB // may be school
	bindings *bind.Store
	receipts *receipt.Log
	photos   *photofile.Opener
	page     *photopage.Page
	bot      *chat.Bot
	callback *callback.Server
	health   *health
}

// openAccount connects to WeChat or starts the simulation, and says which
// before anything else is said.
func (p *program) openAccount(ctx context.Context) (*account.Account, error) {
	options, err := p.openShared()
	if err != nil {
		return nil, err
	}
	a, err := account.Open(account.Config{
		Getenv: p.getenv, Simulate: p.simulate, Real: p.real(p.getenv), Options: options,
		Templates: []template.Template{school.DemoTemplate()}, Follower: school.Follower, History: simulatedHistory,
	})
	if err != nil {
		return nil, err
	}
	if a.Simulated() {
		p.say("Simulation: nothing leaves this machine.")
	}
	p.sayShared(ctx)
	return a, nil
}

// open opens everything, in the order in which mistakes are cheapest to find.
// publicURL is where the server can be reached.
func (p *program) open(ctx context.Context, a *account.Account, publicURL string) (s *site, err error) {
	s = &site{p: p, account: a}
	defer func() {
		if err != nil {
			s.close()
			s = nil
		}
	}()
	if err = s.checkSetUp(); err != nil {
		return s, err
	}
	if err = s.openPhotos(); err != nil {
		return s, err
	}
	if err = s.openDatabases(ctx); err != nil {
		return s, err
	}
	if err = s.openPage(publicURL); err != nil {
		return s, err
	}
	if err = s.openBot(); err != nil {
		return s, err
	}
	s.health = newHealth(s)
	return s, nil
}

// checkSetUp checks what needs neither a network nor a database.
func (s *site) checkSetUp() (err error) {
	p, real := s.p, !s.account.Simulated()
	switch {
	case real && p.demoExit:
		return usage(p.text("-demo-exit is for the simulation only"))
	case real && p.db == "":
		return usage(p.text("-db (or WXHOME_DB) is missing: the demo school is for the simulation only"))
	case real && p.publicURL == "":
		return usage(p.text("-public-url is missing: the address under which WeChat and parents reach this server, such as https://school.example"))
	case real && p.photoHosts == "" && p.photoDir == "":
		return usage(p.text("-photo-hosts or -photo-dir is missing: where photos may come from"))
	}
	if s.pushed, err = p.callbackAccount(s.account.AppID); err != nil {
		return err
	}
	s.codeKeys, err = p.codeKeys()
	return err
}

// openPhotos says where photos come from. A simulation draws its own, and asks
// no host for one.
func (s *site) openPhotos() (err error) {
	c := photofile.Config{Dir: s.p.photoDir}
	switch {
	case !s.account.Simulated():
		c.Hosts = strings.FieldsFunc(s.p.photoHosts, func(r rune) bool { return r == ',' || r == ' ' })
	case c.Dir == "":
		c.Files = drawings{}
	}
	if s.photos, err = photofile.New(c); err != nil {
		return usage("-photo-hosts, -photo-dir: " + strings.TrimPrefix(err.Error(), "photofile: "))
	}
	return nil
}

func (s *site) openDatabases(ctx context.Context) (err error) {
	p := s.p
	if s.school, err = p.openSchool(ctx); err != nil {
		return err
	}
	s.ledger = s.school
	if p.ledger != "" {
		if s.ledger, err = db.Open(ctx, p.ledger, db.Create()); err != nil {
			return p.databaseError(p.text("the ledger"), err)
		}
	}
	if s.bindings, err = bind.Open(ctx, bind.Config{DB: s.school, Keys: s.codeKeys}); err != nil {
		return p.databaseError(p.text("the database"), err)
	}
	s.receipts, err = receipt.Open(ctx, receipt.Config{Ledger: s.ledger, AppID: s.account.AppID, Key: s.codeKeys[0]})
	return p.databaseError(p.text("the ledger"), err)
}

func (s *site) openPage(publicURL string) error {
	p := s.p
	key, previous, err := p.linkKeys()
	if err != nil {
		return err
	}
	s.page, err = photopage.New(photopage.Config{
		BaseURL: publicURL + photoPath, Key: key, Previous: []string{previous},
		Store:  photopage.SQLStore{Ledger: s.ledger.DB, School: s.school.DB, AppID: s.account.AppID},
		Photos: s.photos, Authorizer: s.account.Client, LinkOnly: s.linkOnly(),
		VerifyDir: p.mpVerify, Account: p.name, Log: p.log,
	})
	if err != nil {
		_, says, _ := strings.Cut(err.Error(), ": ")
		return usage("-public-url, -mp-verify: " + says)
	}
	return nil
}

// linkOnly reports whether the link alone opens the photo page. In the
// simulation, which no browser can visit for an authorization, it does.
func (s *site) linkOnly() bool {
	return s.p.photoAuth == authLink || s.account.Simulated() && !s.p.given["photo-auth"]
}

// uploadsRemembered is how many media_ids are kept for reuse, some 300 bytes each.
const uploadsRemembered = 1 << 14

func (s *site) openBot() (err error) {
	p, client := s.p, s.account.Client
	uploads, err := media.NewCache(client.Media, uploadsRemembered)
	if err != nil {
		return err
	}
	s.bot, err = chat.New(chat.Config{
		Bindings: s.bindings, Receipts: s.receipts, School: s.school, Photos: s.photos, Uploads: uploads, Sender: client.Custom,
		Links:    chat.LedgerLinks{Ledger: s.ledger, AppID: s.account.AppID, Make: s.link},
		Fallback: chat.Fallback(p.fallback), Account: p.name, Log: p.log,
		Text:  chat.Allowance{Messages: p.textMessages, For: 48 * time.Hour},
		Click: chat.Allowance{Messages: p.clickMessages, For: time.Minute},
	})
	if err != nil {
		return err
	}
	mux := new(callback.Mux)
	s.bot.Register(mux)
	return s.receive(mux)
}

// receive has handler answer what is pushed to the account.
func (s *site) receive(handler callback.Handler) (err error) {
	s.callback, err = s.account.Client.CallbackServer(callback.Config{
		Account: s.pushed, Claim: s.p.claimer(s.account.AppID), Logger: s.p.log,
	}, handler)
	if err != nil {
		return usage("WECHAT_TOKEN, WECHAT_AES_KEY: " + strings.TrimPrefix(err.Error(), "callback: "))
	}
	return nil
}

// link is the address of a ledger row's photo page.
func (s *site) link(row int64) string {
	return s.page.Link(row, time.Now().Add(time.Duration(s.p.linkTTL)))
}

// handler serves the whole site.
func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(callbackPath, s.callback)
	mux.Handle(healthPath, s.health)
	mux.Handle("/", s.page)
	return mux
}

// shutdown waits for the handlers of pushes, then for the errands they began.
func (s *site) shutdown(ctx context.Context) error {
	return errors.Join(s.callback.Shutdown(ctx), s.bot.Shutdown(ctx))
}

// close closes what is open. The account is the caller's.
func (s *site) close() {
	if s.photos != nil {
		_ = s.photos.Close()
	}
	if s.ledger != nil && s.ledger != s.school {
		_ = s.ledger.Close()
	}
	if s.school != nil {
		_ = s.school.Close()
	}
}

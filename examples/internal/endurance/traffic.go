package endurance

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
)

const (
	senders = 16
	// Of each sender's calls every customEvery-th is a customer-service message, and every
	// uploadEvery-th an upload; the platform keeps what is uploaded, for days by its clock.
	customEvery = 4
	uploadEvery = 150
	photoSize   = 4 << 10

	// tooLate is beyond the 4.5 s that a delivery counts.
	tooLate = 5 * time.Second
	// remembered messages are few, so that what is remembered is full long before minute two.
	remembered = 1 << 10
)

// account is one of those whose program this process is.
type account struct {
	client   *wechat.Client
	pushed   *callback.Server
	template string
}

// traffic is what is done all the time, and its count.
type traffic struct {
	accounts []account

	templates, customs, uploads, pushes, late, failures atomic.Int64

	mu    sync.Mutex // guards first
	first error
}

// open makes the client and the callback server of an account; the second is in safe mode.
func (t *traffic) open(i int, url string, c credentials, templateID string) error {
	client, err := wechat.New(c.AppID, c.Secret, wechat.WithBaseURL(url))
	if err != nil {
		return err
	}
	cfg := callback.Config{
		Account: callback.Account{Token: callbackToken}, Remember: remembered, Logger: slog.New(slog.DiscardHandler),
		OnError: func(_ context.Context, _ callback.Header, err error) { t.fail(err) },
		Late: func(ctx context.Context, h callback.Header, r callback.Reply) error {
			t.late.Add(1)
			return client.SendReply(ctx, h.FromUserName, r)
		},
	}
	if i == 1 {
		cfg.AESKey = callbackKey
	}
	server, err := client.CallbackServer(cfg, callback.HandlerFunc(t.answer))
	if err != nil {
		return err
	}
	t.accounts = append(t.accounts, account{client, server, templateID})
	return nil
}

// answer answers what a parent wrote.
func (t *traffic) answer(ctx context.Context, m callback.Message) (callback.Reply, error) {
	t.pushes.Add(1)
	text, ok := m.(*callback.TextMessage)
	if !ok {
		return nil, errors.New("endurance: a push that is no text")
	}
	if text.Content == patienceTest {
		select {
		case <-time.After(tooLate):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return callback.Text{Content: "您的照片"}, nil
}

// handler serves the callbacks.
func (t *traffic) handler() http.Handler {
	mux := http.NewServeMux()
	for i, a := range t.accounts {
		mux.Handle(path(i), a.pushed)
	}
	return mux
}

// start has the senders send until stop is called, which returns when they have ended.
func (t *traffic) start() (stop func()) {
	var ending atomic.Bool
	var running sync.WaitGroup
	for n := range senders {
		running.Go(func() {
			for i := n; !ending.Load(); i++ {
				t.send(t.accounts[i%len(t.accounts)], i)
			}
		})
	}
	return func() {
		ending.Store(true)
		running.Wait()
	}
}

// send makes one call, of which kind i says.
func (t *traffic) send(a account, i int) {
	ctx := context.Background()
	var err error
	done := &t.templates
	switch turn := i / len(t.accounts); {
	case turn%uploadEvery == 0:
		done = &t.uploads
		_, err = a.client.Media.Upload(ctx, media.Image, "照片.jpg", bytes.NewReader(photo()))
	case turn%customEvery == 1:
		done = &t.customs
		err = a.client.Custom.Send(ctx, parent(i), custom.Text{Content: "照片已更新😀"})
	default:
		_, err = a.client.Template.Send(ctx, template.Message{
			To: parent(i), TemplateID: a.template, Data: template.Data{"thing1": {Value: "张三"}},
		})
	}
	if err != nil {
		t.fail(err)
		return
	}
	done.Add(1)
}

// photo returns what its first bytes say is a JPEG.
func photo() []byte {
	p := make([]byte, photoSize)
	copy(p, "\xff\xd8\xff\xe0\x00\x10JFIF\x00")
	return p
}

func (t *traffic) fail(err error) {
	t.failures.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first == nil {
		t.first = err
	}
}

func (t *traffic) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.first
}

func (t *traffic) done() Done {
	return Done{
		Templates: t.templates.Load(), Customs: t.customs.Load(), Uploads: t.uploads.Load(),
		Pushes: t.pushes.Load(), Late: t.late.Load(), Failures: t.failures.Load(),
	}
}

// shutdown waits for handlers and late answers.
func (t *traffic) shutdown() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), settle)
	defer cancel()
	for _, a := range t.accounts {
		err = errors.Join(err, a.pushed.Shutdown(ctx))
		a.client.CloseIdleConnections()
	}
	return err
}

//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/redistest"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/wechat/wechattest"
)

// asSlowProgram makes the test binary a photobot that takes its time with every other parent,
// and tells on stdout whom it has served.
const asSlowProgram = "WXHOME_TEST_AS_SLOW_PHOTOBOT"

const (
	// slowFor is beyond the 4.5 s that a delivery counts.
	slowFor = 5 * time.Second
	ranMark = "ran "
)

func isSlow(openid string) bool { return strings.HasPrefix(openid, "oSLOW-") }

// slowMain is main with slow handlers.
func slowMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, _ := chooseLanguage(os.Args[1:], os.Getenv)
	o, err := parseOptions(os.Args[1:], os.Getenv, l)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitUsage
	}
	p := &program{
		language: l, options: o, getenv: os.Getenv, out: os.Stdout, stderr: os.Stderr,
		log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	defer p.closeShared()
	return p.exit(ctx, p.serveSlowly(ctx))
}

func (p *program) serveSlowly(ctx context.Context) error {
	a, err := p.openAccount(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	listener, err := net.Listen("tcp", p.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	s, err := p.open(ctx, a, p.publicURL)
	if err != nil {
		return err
	}
	defer s.close()
	mux := new(callback.Mux)
	s.bot.Register(mux)
	err = s.receive(callback.HandlerFunc(func(ctx context.Context, m callback.Message) (callback.Reply, error) {
		fmt.Println(ranMark + m.Head().FromUserName)
		if isSlow(m.Head().FromUserName) {
			select {
			case <-time.After(slowFor):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return mux.Handle(ctx, m)
	}))
	if err != nil {
		return err
	}
	return s.run(ctx, listener, p.publicURL)
}

// process is a photobot in a process of its own.
type process struct {
	cmd   *exec.Cmd
	url   *url.URL
	ended chan struct{} // closed when its stdout is
}

// startProcess starts one, and has ran called for each parent that it serves.
func startProcess(t *testing.T, environment []string, ran func(openid string), args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	p := &process{cmd: exec.Command(exe, args...), ended: make(chan struct{})}
	p.cmd.Env = append(append(os.Environ(), asSlowProgram+"=1", "LC_ALL=C"), environment...)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for p.url == nil && lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			p.url = &url.URL{Scheme: "http", Host: m[1]}
		}
	}
	require.NotNil(t, p.url, "it does not listen")
	go func() {
		defer close(p.ended)
		for lines.Scan() {
			if openid, ok := strings.CutPrefix(lines.Text(), ranMark); ok {
				ran(openid)
			}
		}
	}()
	return p
}

// end lets it come to its end, with all that it has promised.
func (p *process) end(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	<-p.ended
	require.NoError(t, p.cmd.Wait())
}

// balancer gives each push to the next process, and each repeat to the other one. It hangs up on
// half of the first deliveries that a handler takes its time with, long before WeChat would, as a
// proxy that is restarted does.
type balancer struct {
	processes []*process
	proxies   []http.Handler
	turn      atomic.Int64
	repeats   atomic.Int64
	seen      sync.Map // the process that had the first delivery, by signature
}

func newBalancer(processes ...*process) *balancer {
	b := &balancer{processes: processes}
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	for _, p := range processes {
		b.proxies = append(b.proxies, &httputil.ReverseProxy{
			Transport:    transport,
			Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(p.url) },
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		})
	}
	return b
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	mine := int(b.turn.Add(1)) % len(b.proxies)
	if first, repeated := b.seen.LoadOrStore(query.Get("msg_signature"), mine); repeated {
		b.repeats.Add(1)
		mine = (first.(int) + 1) % len(b.proxies)
	} else if isSlow(query.Get("openid")) && rand.N(2) == 0 {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second+rand.N(2*time.Second))
		defer cancel()
		r = r.WithContext(ctx)
	}
	b.proxies[mine].ServeHTTP(w, r)
}

// tally counts what parents have got, and how often they were served.
type tally struct {
	mu            sync.Mutex
	runs          map[string]int
	passive, late map[string]int
	wrong         []string // answers that are another's
}

func (c *tally) add(to map[string]int, openid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to[openid]++
}

// got takes note of an answer.
func (c *tally) got(by map[string]int, openid, text string) {
	c.add(by, openid)
	if !strings.Contains(text, openid) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.wrong = append(c.wrong, openid+": "+text)
	}
}

// callbackLoad is how many pushes there are, half of them slow.
func callbackLoad(t *testing.T) int {
	t.Helper()
	const short = 2000
	v := os.Getenv("WXHOME_CALLBACK_LOAD")
	if v == "" {
		return short
	}
	n, err := strconv.Atoi(v)
	require.NoError(t, err, "WXHOME_CALLBACK_LOAD")
	return n
}

const (
	slowAtOnce = 1000 // 200 a second, as each takes five
	fastAtOnce = 16
)

// TestCallbacksUnderLoad: two photobots and a Redis behind a balancer. Each handler runs once, and
// each parent has one answer, by the response or by a customer-service message, although repeats
// come to the process that does not know them.
func TestCallbacksUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some ten seconds")
	}
	pushes := callbackLoad(t)
	shared, appID := redistest.Shared(t), fmt.Sprintf("wx%016x", rand.Uint64())
	forget(t, shared, appID)
	w := wechattest.New(t, wechattest.WithAppID(appID, appSecret),
		wechattest.WithFollowers(func(string, string) wechattest.Follower { return wechattest.Following }))
	address := dbtest.SQLite(t)
	_, err := school.EnsureDemo(t.Context(), dbtest.Open(t, address).DB)
	require.NoError(t, err)
	c := &tally{runs: map[string]int{}, passive: map[string]int{}, late: map[string]int{}}
	w.OnAccept(func(m wechattest.Accepted) {
		if text, ok := m.Custom.(custom.Text); ok {
			c.got(c.late, m.To, text.Content)
		}
	})
	environment := []string{
		account.EnvAppID + "=" + w.AppID, account.EnvAppSecret + "=" + w.AppSecret, account.EnvBaseURL + "=" + w.URL,
		"WECHAT_TOKEN=" + testToken, "WECHAT_AES_KEY=" + testAES, "WXHOME_LINK_KEY=" + testKey,
	}
	var processes []*process
	for range 2 {
		processes = append(processes, startProcess(t, environment, func(openid string) { c.add(c.runs, openid) },
			"-addr", "127.0.0.1:0", "-db", address, "-public-url", "https://school.example", "-photo-dir", t.TempDir(),
			"-redis", shared, "-rate", "1000"))
	}
	b := newBalancer(processes...)
	front := httptest.NewUnstartedServer(b)
	front.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	front.Start()
	defer front.Close()
	w.SetCallback(wechattest.Callback{URL: front.URL + callbackPath, Token: testToken, AESKey: testAES, Mode: wechattest.Safe})

	begun := time.Now()
	pushAll(t, w, c, pushes)
	for _, p := range processes {
		p.end(t)
	}
	c.once(t, pushes)
	assert.LessOrEqual(t, w.TokenFetches(), 2, "one, or one each where both need it at the same moment")
	assert.Positive(t, b.repeats.Load())
	t.Logf("%d pushes in %.1f s: %d answered by the response, %d by a customer-service message, %d repeats at the other process",
		pushes, time.Since(begun).Seconds(), len(c.passive), len(c.late), b.repeats.Load())
}

const appSecret = "5ec2e70f51a1a7ed0acc0a17ab1e9e55"

// forget removes the account's keys when the test ends.
func forget(t *testing.T, address, appID string) {
	t.Helper()
	c := connect(t, address)
	t.Cleanup(func() {
		keys := c.Scan(context.Background(), 0, "*"+appID+"*", 1000).Iterator()
		for keys.Next(context.Background()) {
			_ = c.Del(context.Background(), keys.Val()).Err() // they have a TTL
		}
	})
}

// pushAll pushes one message of each parent, as many at a time as there may be.
func pushAll(t *testing.T, w *wechattest.Server, c *tally, pushes int) {
	var all sync.WaitGroup
	for _, kind := range []struct {
		prefix string
		atOnce int
	}{{"oSLOW-", slowAtOnce}, {"oFAST-", fastAtOnce}} {
		var next atomic.Int64
		for i := range kind.atOnce {
			all.Go(func() {
				<-time.After(slowFor * time.Duration(i) / time.Duration(kind.atOnce)) // as they come, not in waves
				for n := int(next.Add(1)); n <= pushes/2; n = int(next.Add(1)) {
					openid := fmt.Sprintf("%s%06d", kind.prefix, n)
					got, err := w.Push(t.Context(), wechattest.Text(openid, "我的编号"))
					assert.NoError(t, err)
					assert.False(t, got.Notice, "%s was told that the account is out of service: %+v", openid, got.Attempts)
					if text, ok := got.Reply.(callback.Text); ok {
						c.got(c.passive, openid, text.Content)
					}
				}
			})
		}
	}
	all.Wait()
}

// once asserts that every parent was served once and has one answer.
func (c *tally) once(t *testing.T, pushes int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	assert.Len(t, c.runs, pushes)
	var wrong []string
	for openid, n := range c.runs {
		if answers := c.passive[openid] + c.late[openid]; n != 1 || answers != 1 {
			wrong = append(wrong, fmt.Sprintf("%s: %d runs, %d passive, %d late", openid, n, c.passive[openid], c.late[openid]))
		}
	}
	assert.Empty(t, wrong[:min(len(wrong), 10)], "%d parents", len(wrong))
	assert.Empty(t, c.wrong, "answers that are another's")
	assert.Len(t, c.passive, pushes/2, "the fast ones")
	assert.Len(t, c.late, pushes/2, "the slow ones")
}

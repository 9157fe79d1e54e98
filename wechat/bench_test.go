package wechat_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
)

// benchRole makes the test binary the server of a benchmark, in a process of its own, so that
// allocations count the client only. Its value is plain or tls, then the delay of an answer.
const benchRole = "WXHOME_BENCH_SERVER"

func TestMain(m *testing.M) {
	if role := os.Getenv(benchRole); role != "" {
		serveBench(role)
		return
	}
	os.Exit(m.Run())
}

func serveBench(role string) {
	scheme, delay, _ := strings.Cut(role, " ")
	wait, _ := time.ParseDuration(delay)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(wait)
		w.Header().Set("Content-Type", "application/json; encoding=utf-8")
		_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok","msgid":3717005636572528642}`)
	}))
	cert := ""
	if scheme == "tls" {
		s.StartTLS()
		cert = base64.StdEncoding.EncodeToString(s.Certificate().Raw)
	} else {
		s.Start()
	}
	fmt.Println(s.URL, cert)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
}

// startServer returns the server's URL and a transport that trusts it and counts connections.
func startServer(b *testing.B, role string) (string, *http.Transport, *atomic.Int64) {
	b.Helper()
	exe, err := os.Executable()
	require.NoError(b, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), benchRole+"="+role)
	stdin, err := cmd.StdinPipe()
	require.NoError(b, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(b, err)
	url, cert, _ := strings.Cut(strings.TrimSpace(line), " ")
	pool := x509.NewCertPool()
	if raw, err := base64.StdEncoding.DecodeString(cert); err == nil && len(raw) > 0 {
		c, err := x509.ParseCertificate(raw)
		require.NoError(b, err)
		pool.AddCert(c)
	}
	t := &http.Transport{MaxIdleConnsPerHost: 1 << 14, TLSClientConfig: &tls.Config{RootCAs: pool}, DialContext: new(net.Dialer).DialContext}
	b.Cleanup(t.CloseIdleConnections)
	return url, t, countDials(t)
}

// countDials counts the connections that t makes.
func countDials(t *http.Transport) *atomic.Int64 {
	dials, dial := new(atomic.Int64), t.DialContext
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return dial(ctx, network, addr)
	}
	return dials
}

func benchMessage() template.Message {
	return template.Message{
		To: "oABCD1234567890abcdefghijklmn", TemplateID: "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY",
		URL: "https://example.com/x?a=1&b=2", ClientMsgID: "MSG_000001",
		Data: template.Data{"thing1": {Value: "张三"}, "time2": {Value: "2026年11月20日 18:00"}, "thing3": {Value: "点击查看近期学习照片"}},
	}
}

// floorSend is net/http by hand: what a send costs at least, without token, retry and errors.
func floorSend(client *http.Client, url string) func() error {
	return func() error {
		m := benchMessage()
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(map[string]any{
			"touser": m.To, "template_id": m.TemplateID, "url": m.URL, "client_msg_id": m.ClientMsgID, "data": m.Data,
		}); err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/cgi-bin/message/template/send?access_token=TOKEN", &buf)
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		var answer struct{ MsgID int64 }
		return json.Unmarshal(body, &answer)
	}
}

func clientSend(b *testing.B, url string) (*wechat.Client, func() error) {
	b.Helper()
	c, err := wechat.New(appID, "", wechat.WithBaseURL(url), wechat.WithTokenSource(token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "TOKEN", Expiry: time.Now().Add(time.Hour)}, nil
	})))
	require.NoError(b, err)
	b.Cleanup(c.CloseIdleConnections)
	return c, func() error { _, err := c.Template.Send(context.Background(), benchMessage()); return err }
}

// BenchmarkSend is one sender on a kept connection.
func BenchmarkSend(b *testing.B) {
	url, transport, _ := startServer(b, "plain")
	_, ours := clientSend(b, url)
	for name, send := range map[string]func() error{
		"impl=floor": floorSend(&http.Client{Transport: transport}, url), "impl=wxhome": ours,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := send(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSendPaired takes turns between floor and wxhome, so that what else the machine does
// falls on both, and reports the ratio of the medians.
func BenchmarkSendPaired(b *testing.B) {
	url, transport, _ := startServer(b, "plain")
	_, ours := clientSend(b, url)
	sends := [2]func() error{floorSend(&http.Client{Transport: transport}, url), ours}
	var took [2][]time.Duration
	for b.Loop() {
		for i, send := range sends {
			start := time.Now()
			if err := send(); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	median := func(d []time.Duration) float64 { slices.Sort(d); return float64(d[len(d)/2]) }
	b.ReportMetric(median(took[1])/median(took[0]), "F")
	b.ReportMetric(median(took[0]), "ns-floor")
}

// BenchmarkSend64 is 64 senders over TLS, with and without a server that takes its time.
func BenchmarkSend64(b *testing.B) {
	for _, delay := range []string{"0s", "10ms"} {
		url, floor, floorDials := startServer(b, "tls "+delay)
		c, send := clientSend(b, url)
		wechat.OwnTransport(c).TLSClientConfig = floor.TLSClientConfig
		dials := countDials(wechat.OwnTransport(c))
		for _, impl := range []struct {
			name  string
			send  func() error
			dials *atomic.Int64
		}{
			{"floor", floorSend(&http.Client{Transport: floor}, url), floorDials},
			{"wxhome", send, dials},
		} {
			b.Run("delay="+delay+"/impl="+impl.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetParallelism(64 / max(1, runtime.GOMAXPROCS(0)))
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := impl.send(); err != nil {
							b.Error(err)
							return
						}
					}
				})
				b.ReportMetric(float64(impl.dials.Load()), "connections")
			})
		}
	}
}

// BenchmarkConnections opens as many connections as so many callers at once need.
func BenchmarkConnections(b *testing.B) {
	for _, callers := range []int{64, 10_000} {
		b.Run("callers="+strconv.Itoa(callers), func(b *testing.B) {
			url, _, _ := startServer(b, "plain 10ms")
			c, send := clientSend(b, url)
			dials := countDials(wechat.OwnTransport(c))
			for b.Loop() {
				var group sync.WaitGroup
				for range callers {
					group.Go(func() {
						if err := send(); err != nil {
							b.Error(err)
						}
					})
				}
				group.Wait()
			}
			b.ReportMetric(float64(dials.Load()), "connections")
		})
	}
}

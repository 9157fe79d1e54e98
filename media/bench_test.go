package media_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
	"github.com/org/wxhome/token"
	"github.com/org/wxhome/wechat"
)

// benchRole makes the test binary the server of a benchmark, in a process of its own, so that
// allocations count the client only.
const benchRole = "WXHOME_MEDIA_BENCH_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(benchRole) != "" {
		serveBench()
		return
	}
	os.Exit(m.Run())
}

func serveBench() {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, uploaded)
	}))
	fmt.Println(s.URL)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
}

func startServer(b *testing.B) (url string) {
	b.Helper()
	exe, err := os.Executable()
	require.NoError(b, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), benchRole+"=1")
	stdin, err := cmd.StdinPipe()
	require.NoError(b, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(b, err)
	return strings.TrimSpace(line)
}

// floorUpload is net/http by hand: the same form with an exact length, without token, look at
// the file, repetition and errors.
func floorUpload(client *http.Client, url, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	const boundary = "wxhome0123456789ABCDEFGHIJKLMNOP"
	before := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"media\"; filename=\"photo.png\"\r\nContent-Type: image/png\r\n\r\n"
	after := "\r\n--" + boundary + "--\r\n"
	body := io.MultiReader(strings.NewReader(before), f, strings.NewReader(after))
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/cgi-bin/media/upload?access_token=TOKEN&type=image", body)
	if err != nil {
		return err
	}
	req.ContentLength = int64(len(before)) + info.Size() + int64(len(after))
	req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var answer struct {
		MediaID string `json:"media_id"`
	}
	return json.Unmarshal(text, &answer)
}

// watchHeap samples the heap until the returned func is called, which gives by how many bytes
// it was larger than at the beginning.
func watchHeap() (stop func() float64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	read := func() uint64 { metrics.Read(sample); return sample[0].Value.Uint64() }
	begin := read()
	done, result := make(chan struct{}), make(chan float64)
	go func() {
		peak := begin
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, read())
			case <-done:
				result <- float64(max(peak, read()) - begin)
				return
			}
		}
	}()
	return func() float64 { close(done); return <-result }
}

// BenchmarkUpload sends files of known length on a kept connection. peak-B is by how much the
// heap grew at most during one upload that is not timed.
func BenchmarkUpload(b *testing.B) {
	url := startServer(b)
	transport := &http.Transport{}
	b.Cleanup(transport.CloseIdleConnections)
	c, err := wechat.New("wx0123456789abcdef", "", wechat.WithBaseURL(url), wechat.WithTokenSource(token.SourceFunc(
		func(context.Context) (token.Token, error) {
			return token.Token{Value: "TOKEN", Expiry: time.Now().Add(time.Hour)}, nil
		})))
	require.NoError(b, err)
	b.Cleanup(c.CloseIdleConnections)
	for _, size := range []int{100 << 10, 1 << 20, nineMB} {
		name := filepath.Join(b.TempDir(), "photo.png")
		require.NoError(b, os.WriteFile(name, file(png, size), 0o600))
		for _, impl := range []struct {
			name string
			send func() error
		}{
			{"floor", func() error { return floorUpload(&http.Client{Transport: transport}, url, name) }},
			{"wxhome", func() error {
				f, err := os.Open(name)
				if err != nil {
					return err
				}
				defer f.Close()
				_, err = c.Media.Upload(context.Background(), media.Image, name, f)
				return err
			}},
		} {
			b.Run(fmt.Sprintf("size=%dKB/impl=%s", size>>10, impl.name), func(b *testing.B) {
				require.NoError(b, impl.send()) // opens the connection
				stop := watchHeap()
				require.NoError(b, impl.send())
				peak := stop()
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if err := impl.send(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(peak, "peak-B")
			})
		}
	}
}

// BenchmarkUploadSpooled is what a pipe costs instead.
func BenchmarkUploadSpooled(b *testing.B) {
	p := &platform{answer: uploaded}
	p.do = func(req *http.Request) (*http.Response, error) {
		_, err := io.Copy(io.Discard, req.Body)
		return p.response(), err
	}
	for _, size := range []int{100 << 10, nineMB} {
		data := file(png, size)
		b.Run(fmt.Sprintf("size=%dKB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.client().Upload(context.Background(), media.Image, "", onlyReader{bytes.NewReader(data)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCacheHit is the price of an id that is known.
func BenchmarkCacheHit(b *testing.B) {
	d := &depot{}
	c := newCache(b, d, 10)
	s := d.source("a")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.ID(context.Background(), s); err != nil {
			b.Fatal(err)
		}
	}
}

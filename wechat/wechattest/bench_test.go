package wechattest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// nowhere is a ResponseWriter that costs nothing.
type nowhere struct {
	header http.Header
	n      int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) WriteHeader(int)             {}
func (w *nowhere) Write(b []byte) (int, error) { w.n += len(b); return len(b), nil }

// BenchmarkServeHTTP is what a send costs without the network.
func BenchmarkServeHTTP(b *testing.B) {
	w := newSender(b)
	b.ReportAllocs()
	target, i := w.authorized(pathSend), 0
	for b.Loop() {
		i++
		r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(message(withID(fmt.Sprint("id-", i))...)))
		r.Header.Set("Content-Length", "1")
		sink := nowhere{header: http.Header{}}
		w.s.ServeHTTP(&sink, r)
	}
	require.EqualValues(b, i, w.s.AcceptedCount())
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "msg/s")
}

// BenchmarkSend sends over loopback HTTP from clients that write prepared
// bytes, so that nearly all the time is the server's. The floor answers the
// same bytes from a handler that looks at nothing.
func BenchmarkSend(b *testing.B) {
	b.Run("impl=floor", func(b *testing.B) {
		floor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json; encoding=utf-8")
			_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok","msgid":3717005636572528641}`)
		}))
		defer floor.Close()
		benchmarkSend(b, floor.Listener.Addr().String(), pathSend)
	})
	b.Run("impl=wxhome", func(b *testing.B) {
		w := newSender(b)
		n := benchmarkSend(b, strings.TrimPrefix(w.s.URL, "http://"), w.authorized(pathSend))
		require.Equal(b, n, w.s.AcceptedCount())
	})
}

func benchmarkSend(b *testing.B, address, target string) (sent int64) {
	var ids atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		answers := bufio.NewReader(conn)
		body := message(withID("id-%012d")...)
		request := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", target, len(body)-len("%012d")+12)
		for pb.Next() {
			_, err := io.WriteString(conn, request+strings.Replace(body, "%012d", fmt.Sprintf("%012d", ids.Add(1)), 1))
			if err != nil {
				b.Error(err)
				return
			}
			if err := skipAnswer(answers); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(ids.Load())/b.Elapsed().Seconds(), "msg/s")
	return ids.Load()
}

// skipAnswer reads to the end of an answer, whose body ends with a brace.
func skipAnswer(r *bufio.Reader) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			_, err = r.ReadSlice('}')
			return err
		}
	}
}

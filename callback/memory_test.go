package callback

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// peakHeap samples what is allocated until stop is called, which returns the most that it has seen.
func peakHeap() (stop func() uint64) {
	var peak uint64
	done, sampled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sampled)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(done); <-sampled; return peak }
}

// Strangers with large bodies take no more memory than was agreed, and a push of WeChat's is answered
// meanwhile.
func TestMemoryOfStrangers(t *testing.T) {
	if testing.Short() {
		t.Skip("1,500 connections")
	}
	if raceDetector { // it has sync.Pool drop a quarter of what it is given, which is collected sooner here
		defer debug.SetGCPercent(debug.SetGCPercent(20))
	}
	const strangers, size = 1500, 960 << 10
	for name, tt := range map[string]struct {
		safe    bool
		query   func() string
		missing int    // bytes of the body
		most    uint64 // MiB
	}{
		"safe mode, whole bodies": {true, func() string {
			return without("signature")(signed("other", time.Now(), "&encrypt_type=aes&msg_signature=a"))
		}, 0, 100},
		"safe mode, a byte is missing": {true, func() string {
			return without("signature")(signed("other", time.Now(), "&encrypt_type=aes&msg_signature=a"))
		}, 1, 100},
		"a query of WeChat's, known to a stranger": {false, func() string { return signed(pushToken, time.Now(), "") }, 0, 150}, // what is signed is parsed, which copies it
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewServer(Config{Account: testAccount(tt.safe), Logger: quiet()}, texter("您好"))
			require.NoError(t, err)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			srv := &http.Server{Handler: s}
			go func() { _ = srv.Serve(l) }()
			body := []byte("<xml><Encrypt><![CDATA[" + strings.Repeat("A", size-100) + "]]></Encrypt></xml>" + strings.Repeat(" ", 50))
			for range 3 { // pools hold what they have through two
				runtime.GC()
			}
			stop := peakHeap()
			statuses := make(chan int, strangers)
			var all sync.WaitGroup
			var connected atomic.Int32
			for range strangers {
				all.Go(func() { statuses <- stranger(t, l.Addr().String(), tt.query(), body, len(body)-tt.missing, &connected) })
			}
			for connected.Load() < strangers/2 {
				time.Sleep(time.Millisecond)
			}
			client := &http.Client{Transport: &http.Transport{}}
			for id := range int64(20) {
				p := pushed{account: testAccount(tt.safe), body: strings.Replace(textPush(id+1), "照片", strings.Repeat("照片", 300), 1), safe: tt.safe}
				text, err := exchange(client, p, p.request(context.Background(), "http://"+l.Addr().String()))
				require.NoError(t, err)
				assert.Equal(t, "您好", text)
			}
			all.Wait()
			peak := stop()
			close(statuses)
			counts := map[int]int{}
			for status := range statuses {
				counts[status]++
			}
			t.Logf("peak HeapAlloc %d MiB, statuses %v", peak>>20, counts)
			assert.LessOrEqual(t, peak>>20, tt.most)
			assert.Zero(t, counts[http.StatusOK])
			client.CloseIdleConnections()
			require.NoError(t, srv.Close())
			require.Eventually(t, func() bool { return idle(s) }, 10*time.Second, time.Millisecond)
		})
	}
}

// stranger sends the beginning of a body, and returns the status that comes back, or 0.
func stranger(t *testing.T, addr, query string, body []byte, sends int, connected *atomic.Int32) int {
	conn, err := net.Dial("tcp", addr)
	if !assert.NoError(t, err) {
		return 0
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "POST /?%s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", query, len(body))
	connected.Add(1)
	go func() { _, _ = conn.Write(body[:sends]) }() // ends with the connection
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	var version string
	var status int
	_, _ = fmt.Fscan(conn, &version, &status)
	return status
}

// The first 16 KiB of a body are always read. What goes beyond is taken from BodyMemory: the pieces
// while it arrives, and the whole once it is there. All of it is given back, however it ends.
func TestBodyMemory(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		memory int64
		size   int // of the body
		want   int
	}{
		{1, 16 << 10, 200}, {1, chunkSize + 1, 503}, {chunkSize, chunkSize + 1, 503},
		{chunkSize + chunkSize + 1, chunkSize + 1, 200}, {chunkSize + chunkSize, chunkSize + 1, 503},
		{DefaultBodyMemory, DefaultBodyLimit, 200}, {DefaultBodyMemory, DefaultBodyLimit + 1, 413},
	} {
		t.Run(fmt.Sprint(tt.memory, " ", tt.size), func(t *testing.T) {
			t.Parallel()
			s, err := NewServer(Config{Account: testAccount(false), BodyMemory: tt.memory, Logger: quiet()}, texter("您好"))
			require.NoError(t, err)
			for round := range 3 {
				body := textPush(int64(round + 1))
				body = strings.Replace(body, "照片", strings.Repeat("a", tt.size-len(body)+len("照片")), 1)
				require.Len(t, body, tt.size)
				r := post(signed(pushToken, time.Now(), ""), body)
				r.ContentLength = -1 // what is announced counts for nothing
				assert.Equal(t, tt.want, serve(s, r).status)
				assert.Zero(t, s.grown.Load())
			}
			assert.Equal(t, http.StatusOK, serve(s, genuine(false, 100)).status)
		})
	}
}

package wechat_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
)

// resettingH2 takes requests over HTTP/2 whole and then resets their streams.
type resettingH2 struct {
	net.Listener
	code  uint32
	taken atomic.Int32
	again func() // is called for the second
}

func (s *resettingH2) serve(conn net.Conn) {
	defer conn.Close()
	preface := make([]byte, 24)
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	_, _ = conn.Write(frame(4, 0, 0, nil))
	for {
		head := make([]byte, 9)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		length := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
		if _, err := io.CopyN(io.Discard, conn, int64(length)); err != nil {
			return
		}
		stream := binary.BigEndian.Uint32(head[5:])
		switch {
		case head[3] == 4 && head[4]&1 == 0:
			_, _ = conn.Write(frame(4, 1, 0, nil))
		case (head[3] == 0 || head[3] == 1) && head[4]&1 == 1:
			if s.taken.Add(1) == 2 {
				s.again()
			}
			_, _ = conn.Write(frame(3, 0, stream, binary.BigEndian.AppendUint32(nil, s.code)))
		}
	}
}

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := []byte{0, 0, byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// net/http sends again over HTTP/2 what a server took and reset as an error of the protocol.
func TestHTTP2IsNotRepeatedUnseen(t *testing.T) {
	t.Parallel()
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	config := &tls.Config{Certificates: cert.TLS.Certificates, NextProtos: []string{"h2"}}
	pool := cert.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	cert.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := &resettingH2{Listener: l, code: 1, again: cancel}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { s.serve(conn) })
		}
	})
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "example.com"}}
	c, err := wechat.New(appID, "", wechat.WithTokenSource(central), wechat.WithBaseURL("https://"+l.Addr().String()), wechat.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	var fields bytes.Buffer
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: func(key string, value []string) { fmt.Fprintln(&fields, key, value) }})
	err = c.Call(ctx, http.MethodPost, "/cgi-bin/x", map[string]int{}, nil)
	assert.Equal(t, wechat.KindLost, wechat.KindOf(err), "%v", err)
	assert.EqualValues(t, 1, s.taken.Load(), "%v", err)
	assert.NotContains(t, fields.String(), "CENTRAL")
	c.CloseIdleConnections()
	require.NoError(t, l.Close())
	group.Wait()
}

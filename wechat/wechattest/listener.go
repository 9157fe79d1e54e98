package wechattest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"
)

// memoryAddress is the host of a server in memory. The name is reserved by
// RFC 2606 and never resolves, so a client that was built without the
// server's transport fails instead of reaching somebody.
const memoryAddress = "wechattest.invalid"

// memoryListener is a net.Listener whose connections are net.Pipes. Only
// channels are waited on, which testing/synctest counts as durably blocked.
type memoryListener struct {
	conns chan net.Conn
	done  chan struct{}
	close sync.Once
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.close.Do(func() { close(l.done) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return memoryAddr{} }

// dial connects to the listener. A closed one refuses as a closed port does.
func (l *memoryListener) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	var err error
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		err = syscall.ECONNREFUSED
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, &net.OpError{Op: "dial", Net: memoryAddr{}.Network(), Addr: memoryAddr{}, Err: err}
}

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return memoryAddress + ":80" }

// idlePerHost is how many idle connections the transport keeps: more than any
// test has senders, so that none of them pays for new connections.
const idlePerHost = 1024

// newTransport returns a transport all of whose connections end here. A plain
// connection serves for https too: DialTLSContext is taken at its word that
// the handshake is done.
func newTransport(dial func(ctx context.Context) (net.Conn, error)) *http.Transport {
	here := func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	return &http.Transport{
		DialContext:         here,
		DialTLSContext:      here,
		MaxIdleConnsPerHost: idlePerHost,
	}
}

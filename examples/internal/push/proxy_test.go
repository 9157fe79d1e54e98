package push

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands before a MariaDB and can go silent.
type proxy struct {
	listener net.Listener
	target   string

	mu     sync.Mutex
	silent bool
	theirs []net.Conn // of the clients
	ours   []net.Conn // to the server
}

// throughProxy returns the address of a MariaDB behind a proxy of its own.
func throughProxy(t *testing.T, address string) (*proxy, string) {
	t.Helper()
	before, rest, ok := strings.Cut(address, "tcp(")
	require.True(t, ok)
	target, after, ok := strings.Cut(rest, ")")
	require.True(t, ok)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: l, target: target}
	go p.serve()
	t.Cleanup(func() { _ = l.Close(); p.cut() })
	return p, before + "tcp(" + l.Addr().String() + ")" + after
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.connect(client)
	}
}

func (p *proxy) connect(client net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.theirs = append(p.theirs, client)
	if p.silent {
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.ours = append(p.ours, server)
	go func() { _, _ = io.Copy(server, client) }()
	go func() {
		_, _ = io.Copy(client, server)
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.silent {
			_ = client.Close()
		}
	}()
}

// silence ends the connections for the server, which frees their locks; the clients hear nothing.
func (p *proxy) silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = true
	for _, c := range p.ours {
		_ = c.Close()
	}
	p.ours = nil
}

// mend lets new connections through.
func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = false
}

// cut ends the connections for the clients too.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range append(p.theirs, p.ours...) {
		_ = c.Close()
	}
	p.theirs, p.ours = nil, nil
}

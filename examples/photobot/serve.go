package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/org/wxhome/examples/internal/operator"
)

// The server's patience. A callback has to be answered within 5 s, and a photo
// goes to a phone on a slow line.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute
	writeTimeout  = 5 * time.Minute
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
	// drainTime is how long requests, handlers and errands may take once the
	// server is told to end.
	drainTime = 30 * time.Second
)

// serve answers until ctx ends, and then drains.
func (p *program) serve(ctx context.Context) error {
	a, err := p.openAccount(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	if p.demoExit && !p.given["addr"] {
		p.addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", p.addr)
	if err != nil {
		return usage("-addr: " + err.Error())
	}
	defer listener.Close()
	publicURL := p.publicURL
	if publicURL == "" {
		publicURL = p.ownURL(listener.Addr())
	}
	s, err := p.open(ctx, a, publicURL)
	if err != nil {
		return err
	}
	defer s.close()
	s.checkPhotos(ctx)
	return s.run(ctx, listener, publicURL)
}

// ownURL is how the machine itself reaches the server.
func (p *program) ownURL(addr net.Addr) string {
	scheme := "http"
	if p.cert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// run serves on listener; in the simulation it shows the conversation too.
func (s *site) run(ctx context.Context, listener net.Listener, publicURL string) error {
	p := s.p
	server := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.listen(server, listener) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	background := make(chan struct{})
	go func() { defer close(background); s.purge(ctx) }()

	p.say("Listening on %s: callback %s, photo page %s, health %s", listener.Addr(), publicURL+callbackPath, publicURL+photoPath, publicURL+healthPath)
	var err error
	if s.account.Simulated() {
		err = s.demonstrate(ctx, listener.Addr())
	}
	if err == nil && !p.demoExit {
		select {
		case <-ctx.Done():
		case err = <-ended:
			ended <- err
		}
	}
	stop()
	<-background
	return errors.Join(err, s.drain(server, ended))
}

func (s *site) listen(server *http.Server, listener net.Listener) error {
	var err error
	if s.p.cert != "" {
		err = server.ServeTLS(listener, s.p.cert, s.p.key)
	} else {
		err = server.Serve(listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return usage(s.p.text("the server ended: %v", err))
}

// drain lets what is under way come to its end.
func (s *site) drain(server *http.Server, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	err := server.Shutdown(ctx)
	err = errors.Join(err, s.shutdown(ctx))
	if s.account.Simulated() {
		s.sweep()
	}
	if failed := <-ended; failed != nil {
		return failed
	}
	if err != nil {
		s.p.complain(s.p.text("not all work was done within %s", drainTime))
		return operator.Settled{Status: exitCut}
	}
	s.p.say("Ended; all work is done.")
	return nil
}

// purgeEvery is how often wrong tries that count no more are forgotten.
const purgeEvery = time.Hour

func (s *site) purge(ctx context.Context) {
	for {
		if err := s.bindings.Purge(ctx); err != nil && ctx.Err() == nil {
			s.p.log.Warn("old tries were not forgotten", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(purgeEvery):
		}
	}
}

package endurance

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"time"
)

// Config says how long to run. All fields are needed.
type Config struct {
	For   time.Duration
	Every time.Duration // between two samples
	// Platform returns the command that runs [Platform] with this address as its callback.
	Platform func(callbackURL string) *exec.Cmd
}

// A Result is what Run has seen.
type Result struct {
	Samples []Sample
	Done    Done
	Totals  Totals
	First   error // the first failure; nil: there was none
}

const (
	// settle is how long the last handlers and late answers may take.
	settle        = 30 * time.Second
	headerTimeout = 10 * time.Second
	idleTimeout   = time.Minute
)

// Run runs the traffic for c.For, or until ctx ends, which is an error.
func Run(ctx context.Context, c Config) (*Result, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("endurance: %w", err)
	}
	defer listener.Close()
	p, err := startPlatform(c.Platform("http://" + listener.Addr().String()))
	if err != nil {
		return nil, fmt.Errorf("endurance: the platform does not start: %w", err)
	}
	defer p.kill()
	var t traffic
	for i, account := range p.first.Accounts {
		if err := t.open(i, p.first.URL, account, p.first.Templates[i]); err != nil {
			return nil, fmt.Errorf("endurance: %w", err)
		}
	}
	server := &http.Server{Handler: t.handler(), ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
	serving := make(chan struct{})
	go func() { defer close(serving); _ = server.Serve(listener) }()
	defer func() { _ = server.Close(); <-serving }()

	r := &Result{}
	stop := t.start()
	r.Samples = t.watch(ctx, c)
	stop()
	err = errors.Join(ctx.Err(), p.stop(), t.shutdown(), p.end(&r.Totals))
	r.Done, r.First = t.done(), t.failure()
	return r, err
}

// watch takes samples until it is time.
func (t *traffic) watch(ctx context.Context, c Config) (samples []Sample) {
	begun := time.Now()
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return samples
		}
		at := time.Since(begun)
		samples = append(samples, take(at, t.done()))
		if at >= c.For {
			return samples
		}
	}
}

// platform is the other process.
type platform struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	first opening
	once  sync.Once
}

func startPlatform(cmd *exec.Cmd) (*platform, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &platform{cmd: cmd, in: in, out: bufio.NewReader(out)}
	if err := p.read(&p.first); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// read reads one line of JSON.
func (p *platform) read(to any) error {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, to)
}

// stop has the platform push no more, and waits until it does not.
func (p *platform) stop() error {
	if _, err := fmt.Fprintln(p.in, stop); err != nil {
		return err
	}
	_, err := p.out.ReadString('\n')
	return err
}

// end asks for the totals, with which the platform ends.
func (p *platform) end(totals *Totals) error {
	err := errors.Join(p.in.Close(), p.read(totals))
	if err == nil {
		p.once.Do(func() { err = p.cmd.Wait() })
	}
	return err
}

func (p *platform) kill() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
}

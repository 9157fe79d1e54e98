//go:build unix

package wechat

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/token"
)

// WXHOME_FREEZE is how long TestStoppedProcess stops its child for; the limit is then the real
// one. Without it the test runs with shortened times.
const (
	freezeFor   = "WXHOME_FREEZE"
	freezeURL   = "WXHOME_TEST_FREEZE_URL"
	freezeLimit = "WXHOME_TEST_FREEZE_LIMIT"

	inFlight = 4
	queued   = 1000
)

// TestStoppedChild is the child of TestStoppedProcess: four sends hold all connections, and a
// thousand wait behind the limiter and behind the cap.
func TestStoppedChild(t *testing.T) {
	url := os.Getenv(freezeURL)
	if url == "" {
		t.Skip("runs as the child of TestStoppedProcess")
	}
	limit, err := time.ParseDuration(os.Getenv(freezeLimit))
	require.NoError(t, err)
	c, err := New("wx1", "", WithBaseURL(url), WithMaxConns(inFlight), WithRate(500, inFlight+queued/2),
		WithTokenSource(token.SourceFunc(func(context.Context) (token.Token, error) {
			return token.Token{Value: "T", Expiry: time.Now().Add(time.Hour)}, nil
		})))
	require.NoError(t, err)
	c.repeatLimit = limit
	var group sync.WaitGroup
	var mu sync.Mutex
	send := func(i int) {
		group.Go(func() {
			_, err := c.Template.Send(t.Context(), template.Message{To: fmt.Sprintf("o%d", i), TemplateID: "T", ClientMsgID: fmt.Sprintf("MSG_%d", i)})
			mu.Lock()
			defer mu.Unlock()
			fmt.Println("RESULT", i, err == nil, KindOf(err))
		})
	}
	for i := range inFlight {
		send(i)
	}
	for line := range lines(os.Stdin) { // the four have arrived
		if line == "queue" {
			break
		}
	}
	for i := range queued {
		send(inFlight + i)
	}
	group.Wait()
}

func lines(r io.Reader) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for s := bufio.NewScanner(r); s.Scan() && yield(s.Text()); {
		}
	}
}

// losing is a WeChat behind a proxy that loses the answers to the first four messages, and tells
// when they are there.
type losing struct {
	mu      sync.Mutex
	seen    map[string]int // by touser and client_msg_id
	arrived chan struct{}
	stopped chan struct{} // closed once the child stands still
}

func (l *losing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var m struct {
		To string `json:"touser"`
		ID string `json:"client_msg_id"`
	}
	if err != nil || json.Unmarshal(body, &m) != nil {
		return // it did not come whole
	}
	l.mu.Lock()
	l.seen[m.To+" "+m.ID]++
	n := len(l.seen)
	again := l.seen[m.To+" "+m.ID] > 1
	l.mu.Unlock()
	if n <= inFlight && !again {
		l.arrived <- struct{}{}
		<-l.stopped
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(w, okAnswer)
}

// A process is stopped (SIGSTOP) while sends are in flight and others are queued, and their
// answers are lost. When it goes on nothing is sent twice.
func TestStoppedProcess(t *testing.T) {
	t.Parallel()
	stand, limit := 1500*time.Millisecond, time.Second
	if real := os.Getenv(freezeFor); real != "" {
		var err error
		stand, err = time.ParseDuration(real)
		require.NoError(t, err)
		limit = repeatLimit
	}
	l := &losing{seen: map[string]int{}, arrived: make(chan struct{}, inFlight+queued), stopped: make(chan struct{})}
	s := httptest.NewServer(l)
	defer s.Close()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, "-test.run", "^TestStoppedChild$")
	cmd.Env = append(os.Environ(), freezeURL+"="+s.URL, freezeLimit+"="+limit.String())
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	for range inFlight {
		<-l.arrived
	}
	_, err = io.WriteString(stdin, "queue\n")
	require.NoError(t, err)
	time.Sleep(200 * time.Millisecond) // they queue
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	var status syscall.WaitStatus // a busy machine takes its time until the child stands still
	_, err = syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil)
	require.NoError(t, err)
	require.True(t, status.Stopped())
	close(l.stopped)
	time.Sleep(stand)
	require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
	require.NoError(t, cmd.Wait(), "%s", &out)

	assert.Len(t, l.seen, inFlight+queued)
	for id, n := range l.seen {
		assert.Equal(t, 1, n, "%s was sent twice", id)
	}
	results := 0
	for line := range lines(strings.NewReader(out.String())) {
		var i int
		var sent bool
		var kind string
		if n, _ := fmt.Sscanf(line, "RESULT %d %t %s", &i, &sent, &kind); n != 3 {
			continue
		}
		results++
		if i < inFlight {
			assert.Equal(t, "lost", kind, line)
		} else {
			assert.True(t, sent, line)
		}
	}
	assert.Equal(t, inFlight+queued, results)
	t.Logf("%d messages after %v, none twice", len(l.seen), stand)
}

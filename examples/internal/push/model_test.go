package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/school"
)

const (
	modelApp    = "wxmodel"
	modelNotice = "notice" // the campaign that is one of its own kind
	modelSteps  = 24
	modelShards = 4
	modelDepth  = 3 // of actions within actions
)

var modelStart = time.Unix(aMoment, 0)

// TestModel lets processes and persons do to a ledger what they may, in any order: claims, answers
// that are lost, standstills, deaths, campaigns that meet. After each step the invariants of the row
// hold (modelrules_test.go). WXHOME_MODEL=100000 is the number of runs on SQLite; a hundredth of them
// are made on MariaDB. WXHOME_MODEL_SEED=7 repeats the run of that seed alone, and tells it.
func TestModel(t *testing.T) {
	t.Parallel()
	runs := 300
	if text := os.Getenv("WXHOME_MODEL"); text != "" {
		var err error
		runs, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	t.Run("sqlite", func(t *testing.T) {
		for shard := range modelShards {
			t.Run(strconv.Itoa(shard), func(t *testing.T) {
				t.Parallel()
				modelRuns(t, "sqlite:"+modelFolder(t)+"/model.db", shard, runs/modelShards)
			})
		}
	})
	t.Run("mariadb", func(t *testing.T) {
		t.Parallel()
		modelRuns(t, dbtest.MariaDB(t), 0, max(runs/100, 3))
	})
}

// modelFolder is in memory where there is such a place.
func modelFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/dev/shm", "wxhome-model-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// modelRuns makes n runs with seeds of its own.
func modelRuns(t *testing.T, address string, shard, n int) {
	t.Helper()
	d := dbtest.Open(t, address)
	require.NoError(t, school.EnsureTables(t.Context(), d.DB))
	require.NoError(t, createLedger(t.Context(), d))
	secret, err := makeSecret(t.Context(), d, modelStart)
	require.NoError(t, err)
	if d.Dialect == db.SQLite {
		_, err = d.Exec("PRAGMA journal_mode = WAL") // of less work
		require.NoError(t, err)
	}
	base := time.Now().UnixNano()
	sum := map[string]int{}
	for i := range n {
		seed := uint64(base) + uint64(shard*n+i)
		text := os.Getenv("WXHOME_MODEL_SEED")
		if text != "" {
			seed, err = strconv.ParseUint(text, 10, 64)
			require.NoError(t, err)
		}
		m := newModel(t, d, secret, seed)
		m.run()
		m.sum(sum)
		if m.failure != "" {
			t.Fatalf("WXHOME_MODEL_SEED=%d: %s\n%s", seed, m.failure, strings.Join(m.trace, "\n"))
		}
		if text != "" {
			t.Log(strings.Join(m.trace, "\n"))
			return
		}
	}
	t.Logf("%d runs from seed %d: %v", n, uint64(base)+uint64(shard*n), sum)
}

// model is one run.
type model struct {
	t       *testing.T
	d       *db.DB
	rnd     *rand.Rand
	now     time.Time // the true time, which is the ledger server's
	file    bool      // SQLite's rules: one process at a time, which takes over at once
	hidden  bool      // nobody sees another's lock, as in a cluster
	notices int
	depth   int

	parents []*parent
	procs   []*process
	wechat  platform
	former  map[string]string // openids by what stands in their place

	rows    map[int64]modelRow
	allowed map[delivery]int // how often a person has decided to send once more
	spoken  map[delivery]int // how often one has counted a row as received that waited for another
	decided map[string]bool  // ids that a person has decided about
	byHand  map[int64]bool   // rows that a person has counted as received
	trace   []string
	failure string
}

func newModel(t *testing.T, d *db.DB, secret string, seed uint64) *model {
	m := &model{
		t: t, d: d, rnd: rand.New(rand.NewPCG(seed, 1)), now: modelStart, former: map[string]string{}, rows: map[int64]modelRow{},
		allowed: map[delivery]int{}, spoken: map[delivery]int{}, decided: map[string]bool{}, byHand: map[int64]bool{},
	}
	m.file = d.Dialect == db.SQLite && m.rnd.IntN(4) == 0
	m.hidden = !m.file && m.rnd.IntN(5) == 0
	m.wechat = platform{m: m, left: map[string]time.Time{}, known: map[string]time.Time{}, refused: map[string]error{}, got: map[delivery]int{}}
	for _, table := range []string{"push_message", "push_campaign", "push_control", "push_left", "parent_wechat_bind"} {
		m.exec("DELETE FROM " + table)
	}
	for _, p := range []person{{"oA", "s1"}, {"oB", "s1"}, {"oB", "s2"}} {
		a := &parent{person: p}
		m.parents = append(m.parents, a)
		m.former[formerName(secret, p.openid)] = p.openid
		m.bind(a)
	}
	return m
}

func (m *model) exec(statement string, args ...any) {
	if _, err := m.d.Exec(statement, args...); err != nil {
		m.failf("%s: %v", statement, err)
	}
}

func (m *model) bind(a *parent) {
	a.bound = true
	m.exec("INSERT INTO parent_wechat_bind (parent_mobile, wechat_openid, student_id, create_time) VALUES ('13900000000', ?, ?, '2026-01-01 00:00:00')", a.openid, a.studentID)
}

func (m *model) note(format string, args ...any) {
	m.trace = append(m.trace, fmt.Sprintf("%6.0fs ", m.now.Sub(modelStart).Seconds())+fmt.Sprintf(format, args...))
}

func (m *model) failf(format string, args ...any) {
	if m.failure == "" {
		m.failure = fmt.Sprintf(format, args...)
		m.note("FAILED: %s", m.failure)
	}
}

// run makes the steps, and at last lets somebody clear up.
func (m *model) run() {
	for range modelSteps {
		m.step()
		if m.failure != "" {
			return
		}
	}
	for _, p := range m.procs {
		m.kill(p)
	}
	m.pass(20 * time.Minute)
	m.depth = modelDepth                           // nobody acts meanwhile
	for _, name := range []string{"a", "b", "c"} { // c: the others may be cancelled
		if p := m.start(name, false); p != nil {
			p.do("clears up", func() { p.sweep(); p.claim(); p.send(); p.write(); p.stop() })
			m.addsUp(p.ledger)
		}
	}
	for _, r := range m.rows {
		if r.state == stateSending && m.failure == "" {
			m.failf("row %d of %s is still being sent", r.id, r.campaign)
		}
	}
}

// sum counts what the runs have come to, so that a model in which nothing happens is seen.
func (m *model) sum(sum map[string]int) {
	for _, r := range m.rows {
		sum[r.kind()]++
	}
	sum["arrived"] += len(m.wechat.known)
	sum["decided"] += len(m.decided)
	sum["steps"] += len(m.trace)
}

// step is one thing that happens.
func (m *model) step() {
	if m.failure != "" {
		return
	}
	switch n := m.rnd.IntN(100); {
	case n < 18:
		m.time()
	case n < 32:
		m.begin()
	case n < 40:
		m.harm()
	case n < 47:
		m.person()
	default:
		if p := m.free(); p != nil {
			p.acts()
		}
	}
}

// free is a process that is not within an action.
func (m *model) free() *process {
	for range 4 {
		if len(m.procs) == 0 {
			return nil
		}
		if p := m.procs[m.rnd.IntN(len(m.procs))]; !p.busy && !p.dead {
			return p
		}
	}
	return nil
}

// time passes: seconds, a lease, or what WeChat remembers. A machine may sleep meanwhile, whose
// monotonic clock stands still then.
func (m *model) time() {
	d := time.Duration(m.rnd.IntN(3000)) * time.Millisecond
	switch n := m.rnd.IntN(10); {
	case n < 4:
		d = time.Duration(8+m.rnd.IntN(50)) * time.Second
	case n < 6:
		d = time.Duration(1+m.rnd.IntN(11)) * time.Minute
	}
	for _, p := range m.procs {
		if m.rnd.IntN(6) == 0 && p.wall == 0 {
			p.monotonic -= d
		}
	}
	m.pass(d)
	m.note("%s later", d)
}

// harm is done to processes.
func (m *model) harm() {
	p := m.free()
	if m.rnd.IntN(3) == 0 && len(m.procs) > 0 {
		p = m.procs[m.rnd.IntN(len(m.procs))] // in the middle of an action
	}
	if p == nil || p.dead {
		return
	}
	switch n := m.rnd.IntN(4); {
	case n < 2:
		m.note("%s is killed", p.name)
		m.kill(p)
	case n == 2 && !m.file:
		m.note("%s loses its lock", p.name)
		p.lockFree = true
	case p.monotonic == 0 && !p.reading:
		p.wall += time.Duration(m.rnd.IntN(7200)-3600) * time.Second
		m.note("the wall clock of %s is off by %s", p.name, p.wall)
	}
}

func (m *model) kill(p *process) { p.dead, p.lockFree = true, true }

// alive reports whether others see the lock of an owner.
func (m *model) alive(owner string) bool {
	for _, p := range m.procs {
		if p.ledger.owner == owner {
			return !p.lockFree && !m.hidden && !m.file
		}
	}
	return false
}

// begin starts a process, up to three at a time, in the file's mode one.
func (m *model) begin() {
	living := 0
	for _, p := range m.procs {
		if !p.dead {
			living++
		}
	}
	if living >= 3 || m.file && living > 0 {
		return
	}
	name := []string{"a", "b", "a", "b", modelNotice}[m.rnd.IntN(5)]
	m.start(name, m.rnd.IntN(6) == 0)
}

// start starts a process of a campaign, with a person's decision about what is in doubt or without.
func (m *model) start(campaign string, decision bool) *process {
	p := &process{m: m, name: fmt.Sprintf("%s/%d", campaign, len(m.procs))}
	cfg := Config{
		AppID: modelApp, Caller: p, School: m.d, Ledger: m.d, Campaign: campaign, TemplateID: templateID, Fields: []Field{{"thing1", "{student_name}"}},
		Public: true, Again: campaign == modelNotice, Now: func() time.Time { return m.now }, watch: p.stopwatch(), takeOver: takeOverTime,
	}
	if m.file {
		cfg.takeOver = 0
	}
	if decision {
		switch m.rnd.IntN(3) {
		case 0:
			cfg.ResendUnknown = true
		case 1:
			cfg.UnknownReceived = true
		default:
			cfg.RetryFailed = true
		}
	}
	m.note("%s starts, resend %v, received %v, retry %v", p.name, cfg.ResendUnknown, cfg.UnknownReceived, cfg.RetryFailed)
	e, err := newEngine(m.t.Context(), nil, cfg)
	if err != nil {
		m.failf("start: %v", err)
		return nil
	}
	e.log, e.clock.given = slog.New(slog.DiscardHandler), p.serverTime
	e.lock = &lock{owner: e.ledger.owner, gone: make(chan struct{}), watched: cfg.watch}
	e.gate.lost = e.lock.lost
	e.gate.sure = func() bool { return m.file || e.clock.watch.since(p.confirmed) <= sureTime }
	p.engine, p.confirmed = e, cfg.watch.now()
	m.procs = append(m.procs, p)
	p.do("starts", p.prepare)
	if campaign == modelNotice {
		m.notices = 1
	}
	return p
}

// person is what a person does beside the processes.
func (m *model) person() {
	a := m.parents[m.rnd.IntN(len(m.parents))]
	campaign := []string{"a", "b", ""}[m.rnd.IntN(3)]
	switch n := m.rnd.IntN(12); {
	case n < 3:
		for _, b := range m.parents {
			if b.studentID == a.studentID {
				b.photo++
			}
		}
		m.note("%s has a new photo", a.studentID)
	case n < 5 && a.bound:
		m.leave(a.openid)
	case n < 7:
		for _, b := range m.parents {
			if !b.bound {
				m.bind(b)
			}
		}
	case n < 10:
		wanted := []string{wantPaused, wantOpen, wantOpen}[m.rnd.IntN(3)]
		m.note("campaign %q is to be %s", campaign, wanted)
		m.want(campaign, wanted)
	case n == 10 && campaign != "":
		m.note("campaign %s is cancelled", campaign)
		m.want(campaign, wantCancelled)
		m.giveUp(campaign)
	}
}

func (m *model) want(campaign, wanted string) {
	err := want(m.t.Context(), m.d, modelApp, campaign, wanted, "model")
	if _, cancelled := errors.AsType[*CancelledError](err); err != nil && !cancelled {
		m.failf("want: %v", err)
	}
}

func (m *model) giveUp(campaign string) {
	l := newLedger(m.d, modelApp, campaign)
	l.now = func() time.Time { return m.now }
	m.watched(actGiveUp, nil, func() error { _, err := l.giveUp(m.t.Context()); return err })
}

// leave is a parent who unfollows: the bindings go, and the openid.
func (m *model) leave(openid string) {
	m.note("%s leaves", openid)
	m.exec("DELETE FROM parent_wechat_bind WHERE wechat_openid = ?", openid)
	for _, a := range m.parents {
		if a.openid == openid {
			a.bound = false
		}
	}
	m.watched(actLeave, nil, func() error { _, err := Forget(context.Background(), m.d, modelApp, openid); return err })
}

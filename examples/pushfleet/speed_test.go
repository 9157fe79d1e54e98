package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/push"
)

// speed measures a fleet in place of a test. Ratios are those of one run; -count 5 makes five
// rounds in turn, whose medians count:
//
//	go test ./examples/pushfleet -run TestSpeed -v -count 5 -timeout 60m -speed.recipients 20000
//
// At a rate that the machine reaches it shows how well three workers keep it:
//
//	go test ./examples/pushfleet -run TestSpeed/workers=3 -v -timeout 60m -speed.recipients 30000 -speed.rate 500
var (
	speed     = flag.Int("speed.recipients", 0, "recipients of TestSpeed, which prints messages a second of floors, of the engine alone, and of one, two and three workers")
	speedRate = flag.String("speed.rate", "100000", "the rate of all workers together")
)

// asFloor and asEngine make the test binary a process of a measurement.
const (
	asFloor      = "WXHOME_TEST_AS_FLOOR"    // which of how many, as 0/3
	floorAddress = "WXHOME_TEST_FLOOR_SENDS" // the address that a floor sends to; empty for one that does not
	asEngine     = "WXHOME_TEST_AS_ENGINE"
)

// floorProcesses are as many as the workers that are compared with them.
const floorProcesses = 3

func TestSpeed(t *testing.T) {
	if *speed == 0 {
		t.Skip("-speed.recipients is not given")
	}
	t.Run("enqueue", speedOfEnqueue)
	t.Run("impl=floor", func(t *testing.T) { speedOfFloor(t, false) })
	t.Run("impl=floor-that-sends", func(t *testing.T) { speedOfFloor(t, true) })
	t.Run("impl=engine", func(t *testing.T) {
		w := newWorld(t, *speed)
		report("the engine alone: %.0f messages a second", w.rate(w.start(map[string]string{asEngine: "1"})))
	})
	for workers := 1; workers <= floorProcesses; workers++ {
		t.Run(fmt.Sprintf("workers=%d", workers), func(t *testing.T) {
			w := newWorld(t, *speed)
			w.enqueue()
			var processes []*exec.Cmd
			for range workers {
				processes = append(processes, w.start(nil, "work", "-rate", *speedRate, "-workers", "32"))
			}
			rate := w.rate(processes...)
			var of float64
			_, err := fmt.Sscan(*speedRate, &of)
			require.NoError(t, err)
			report("%d workers: %.0f messages a second, %.1f %% of -speed.rate", workers, rate, 100*rate/of)
		})
	}
}

func report(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// rate is how many messages a second are accepted, without the first and the last twentieth: until
// all processes have begun, and from when on the first may have no more.
func (w *world) rate(processes ...*exec.Cmd) float64 {
	w.t.Helper()
	wait := func(n int64) {
		begun := time.Now()
		for w.wechat.AcceptedCount() < n {
			<-time.After(time.Millisecond)
			if time.Since(begun) > 10*time.Minute {
				w.t.Fatal(printed(processes[0]))
			}
		}
	}
	wait(int64(*speed) / 20)
	begun, first := time.Now(), w.wechat.AcceptedCount()
	wait(int64(*speed) * 19 / 20)
	return float64(w.wechat.AcceptedCount()-first) / time.Since(begun).Seconds()
}

// speedOfEnqueue compares enqueue with the load of the ledger alone, and shows what it takes of a
// second campaign: one that takes over every row of the first, and one with newer photos after it.
func speedOfEnqueue(t *testing.T) {
	took := func(f func()) time.Duration {
		begun := time.Now()
		f()
		return time.Since(begun).Round(time.Millisecond)
	}
	w := newWorld(t, *speed)
	load := took(func() {
		_, err := push.Prepare(t.Context(), push.Config{
			AppID: w.wechat.AppID, Caller: w.wechat.Client(), School: w.db, Ledger: w.db, Campaign: "spring", Public: true, KeepQuery: true,
			TemplateID: templateID, Fields: []push.Field{{Key: "thing1", Text: "{student_name}"}},
		})
		require.NoError(t, err)
	})
	w = newWorld(t, *speed)
	enqueue := took(func() { w.enqueue() })
	over := took(func() { w.enqueue("-campaign", "summer") })
	w = newWorld(t, *speed)
	w.enqueue()
	w.execute("UPDATE push_message SET state = 'accepted', owner = ''")
	w.execute("UPDATE student_photo SET photo_update_time = '2026-11-25 18:00:00'")
	newer := took(func() { require.Equal(t, *speed, w.enqueue("-campaign", "summer").Pending) })
	report("the load alone %v, enqueue %v (%.2f times that); of a second campaign: %v over an unsent one, %v after one that was sent",
		load, enqueue, enqueue.Seconds()/load.Seconds(), over, newer)
}

// speedOfFloor has processes that only claim and settle the rows of a ledger. Those that send too
// do it by net/http alone: they show what is left of the processors for a ledger.
func speedOfFloor(t *testing.T, sends bool) {
	w := newWorld(t, *speed)
	w.enqueue()
	what, address := "claim and settle", ""
	if sends {
		what = "claim, send by net/http and settle"
		token, err := w.wechat.Client().Token.Get(t.Context())
		require.NoError(t, err)
		address = w.wechat.URL + sendPath + "?access_token=" + token
	}
	var processes []*exec.Cmd
	for i := range floorProcesses {
		processes = append(processes, w.start(map[string]string{asFloor: fmt.Sprintf("%d/%d", i, floorProcesses), floorAddress: address}))
	}
	var first, last int64
	for _, cmd := range processes {
		w.ends(cmd)
		var begun, ended int64
		_, err := fmt.Sscan(printed(cmd), &begun, &ended)
		require.NoError(t, err, printed(cmd))
		if first == 0 || begun < first {
			first = begun
		}
		last = max(last, ended)
	}
	require.Equal(t, *speed, w.count("accepted"))
	if sends {
		w.once(*speed)
	}
	report("the floor, %d processes that %s: %.0f rows a second", floorProcesses, what, float64(*speed)/time.Duration(last-first).Seconds())
}

// floor is such a process: it prints when it began and ended.
func floor(ctx context.Context, part string) error {
	var i, of int64
	if _, err := fmt.Sscanf(part, "%d/%d", &i, &of); err != nil {
		return err
	}
	d, err := db.Open(ctx, os.Getenv("WXHOME_DB"))
	if err != nil {
		return err
	}
	defer d.Close()
	var last int64
	if err := d.QueryRowContext(ctx, "SELECT MAX(id) FROM push_message").Scan(&last); err != nil {
		return err
	}
	address := os.Getenv(floorAddress)
	const senders = 32
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	begun := time.Now()
	var claimed []floorRow
	for first := i * push.BlockSize; first <= last || len(claimed) > 0; first += of * push.BlockSize {
		if claimed, err = floorStep(ctx, d, claimed, first); err != nil {
			return err
		}
		if address == "" {
			continue
		}
		var group sync.WaitGroup
		results := make(chan error, len(claimed))
		for i := range senders {
			group.Go(func() {
				for j := i; j < len(claimed); j += senders {
					results <- claimed[j].send(client, address)
				}
			})
		}
		group.Wait()
		for range claimed {
			if err := <-results; err != nil {
				return err
			}
		}
	}
	fmt.Println(begun.UnixNano(), time.Now().UnixNano())
	return nil
}

// floorRow is a row that a floor has claimed.
type floorRow struct {
	id                                int64
	openID, student, content, message string
}

func (r floorRow) send(client *http.Client, address string) error {
	body, err := json.Marshal(map[string]any{
		"touser": r.openID, "template_id": templateID, "client_msg_id": r.message, "data": map[string]any{"thing1": map[string]string{"value": r.student}},
	})
	if err != nil {
		return err
	}
	resp, err := client.Post(address, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ ErrCode, MsgID int64 }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.ErrCode != 0 {
		return fmt.Errorf("the send failed: code %d, %w", answer.ErrCode, err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func floorIDs(rows []floorRow) (ids []any) {
	for _, r := range rows {
		ids = append(ids, r.id)
	}
	return ids
}

// floorStep settles the rows of one block and claims those of the next, in one commit.
func floorStep(ctx context.Context, d *db.DB, claimed []floorRow, first int64) (next []floorRow, err error) {
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	if len(claimed) > 0 {
		_, err := tx.ExecContext(ctx, "UPDATE push_message SET state = 'accepted', owner = '', msgid = id, updated_at = 1 WHERE id IN ("+db.Marks(len(claimed))+") AND state = 'sending'", floorIDs(claimed)...)
		if err != nil {
			return nil, err
		}
	}
	rows, err := tx.QueryContext(ctx, "SELECT id, openid, student_id, content, client_msg_id FROM push_message WHERE id >= ? AND id < ? AND state = 'pending'", first, first+push.BlockSize)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r floorRow
		if err := rows.Scan(&r.id, &r.openID, &r.student, &r.content, &r.message); err != nil {
			return nil, err
		}
		next = append(next, r)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(next) > 0 {
		_, err := tx.ExecContext(ctx, "UPDATE push_message SET state = 'sending', owner = 'floor', sending_at = 1, updated_at = 1, attempts = 1 WHERE id IN ("+db.Marks(len(next))+") AND state = 'pending'", floorIDs(next)...)
		if err != nil {
			return nil, err
		}
	}
	return next, tx.Commit()
}

// engineAlone sends a campaign as batchpush does, in one process and without Redis.
func engineAlone(ctx context.Context) error {
	const workers = 32
	a, err := account.Open(account.Config{Getenv: os.Getenv, Real: []string{"engine"}, Workers: workers})
	if err != nil {
		return err
	}
	defer a.Close()
	d, err := db.Open(ctx, os.Getenv("WXHOME_DB"))
	if err != nil {
		return err
	}
	defer d.Close()
	_, err = push.Run(ctx, nil, push.Config{
		AppID: a.AppID, Caller: a.Client, School: d, Ledger: d, Campaign: "spring", Public: true, Workers: workers,
		TemplateID: templateID, Fields: []push.Field{{Key: "thing1", Text: "{student_name}"}},
	})
	return err
}

// measured runs a process of a measurement, if this is one.
func measured() (was bool, err error) {
	if part := os.Getenv(asFloor); part != "" {
		return true, floor(context.Background(), part)
	}
	if os.Getenv(asEngine) != "" {
		return true, engineAlone(context.Background())
	}
	return false, nil
}

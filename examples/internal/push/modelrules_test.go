package push

import (
	"cmp"
	"strings"
	"time"
)

// modelRow is a row of the ledger, with the person whom it is for, whatever stands for her openid.
type modelRow struct {
	id                             int64
	campaign, openid, student      string
	state, owner, messageID, photo string
	sendingAt, updatedAt           int64
	attempts                       int
}

// kind names the state as push.md does.
func (r modelRow) kind() string {
	switch {
	case r.state == statePending && r.sendingAt == 0:
		return "never"
	case r.state == statePending:
		return "again"
	case r.state == stateUnknown && r.sendingAt == 0 && r.attempts == 0:
		return "held"
	}
	return r.state
}

// arrived reports whether the photo may have arrived by this row.
func (r modelRow) arrived() bool {
	switch r.kind() {
	case stateAccepted, stateSending, stateUnknown, "again":
		return true
	}
	return false
}

// act is what somebody does to the ledger.
type act string

const (
	actStep    act = "step"    // writes down and claims
	actLoad    act = "load"    // with what it does to other campaigns
	actRecover act = "recover" // the rows of the dead and the silent
	actExpire  act = "expire"
	actDecide  act = "decide" // a person's decision, in a load and before it
	actGiveUp  act = "cancel"
	actLeave   act = "leave"
)

// legal lists the changes of the row that each act may make: push.md, section 2.
var legal = map[act]string{
	actStep: "never>sending again>sending sending>sending sending>accepted sending>skipped sending>failed sending>never sending>again sending>unknown " +
		"unknown>accepted unknown>skipped unknown>failed",
	actLoad:    ">never >failed >held never>never never>held never>skipped never>failed held>held held>never held>skipped held>failed",
	actRecover: "sending>again sending>unknown never>skipped again>unknown held>skipped unknown>unknown",
	actExpire:  "again>unknown",
	actDecide: ">never >failed >held never>never never>held never>skipped never>failed held>held held>never held>skipped held>failed " +
		"unknown>never unknown>skipped unknown>accepted held>accepted failed>never failed>skipped failed>held unknown>held",
	actGiveUp: "never>skipped again>unknown",
	actLeave:  "never>skipped held>skipped again>unknown",
}

// watched does something to the ledger and looks at what has changed. p is who does it; nil: a person.
func (m *model) watched(a act, p *process, do func() error) {
	err := do()
	if err != nil && m.failure == "" {
		m.failf("%s: %v", a, err)
	}
	after := m.read()
	for id, now := range after {
		before, there := m.rows[id]
		if before != now {
			m.changed(a, p, before, now, there)
		}
	}
	if len(after) < len(m.rows) {
		m.failf("%s: rows are gone", a)
	}
	m.rows = after
	m.invariants(a)
}

// changed checks one row.
func (m *model) changed(a act, p *process, before, now modelRow, there bool) {
	from := ""
	if there {
		from = before.kind()
	}
	change := from + ">" + now.kind()
	m.note("  row %d of %s: %s %s", now.id, now.campaign, change, now.owner)
	if from != now.kind() && !strings.Contains(" "+legal[a]+" ", " "+change+" ") {
		m.failf("%s: row %d %s", a, now.id, change)
	}
	age := m.now.Unix() - before.updatedAt
	switch {
	case a == actStep && now.state != stateSending && (before.owner != p.ledger.owner || before.messageID != now.messageID):
		m.failf("row %d of owner %q is written by %s", now.id, before.owner, p.name)
	case a == actStep && now.state == stateSending && now.owner != p.ledger.owner:
		m.failf("row %d is claimed for another", now.id)
	case a == actStep && before.sendingAt != 0 && before.state == statePending && before.sendingAt != now.sendingAt:
		m.failf("row %d: its nine minutes begin anew", now.id)
	case a == actRecover && before.state == stateSending && now.state != stateSending && !m.file && age < int64(takeOverTime/time.Second):
		m.failf("row %d is taken %d s after its claim", now.id, age)
	case a == actRecover && before.state == stateSending && now.state != stateSending && m.alive(before.owner) && age < horizonSeconds:
		m.failf("row %d of a living process is taken %d s after its claim", now.id, age)
	case a == actDecide && before.kind() == "held" && now.state == stateAccepted:
		m.spoken[before.delivery()]++
	case a == actDecide && before.arrived() && before.state != now.state && before.state == stateUnknown && now.state != stateAccepted:
		m.allowed[before.delivery()]++
		m.decided[before.messageID] = true
	}
}

func (r modelRow) delivery() delivery { return delivery{r.openid, r.photo} }

// invariants are what holds at any time.
func (m *model) invariants(a act) {
	rows := map[delivery]int{}
	tells := map[string]bool{} // ids: a parent who left and came back may have two rows with the same one
	for _, r := range m.rows {
		tells[r.messageID] = tells[r.messageID] || r.arrived()
	}
	for _, r := range m.rows {
		if r.arrived() && r.campaign != modelNotice {
			rows[r.delivery()]++
		}
		if _, got := m.wechat.known[r.messageID]; got && !tells[r.messageID] && !m.decided[r.messageID] {
			m.failf("%s: row %d of %s is %s, and its message has arrived", a, r.id, r.campaign, r.kind())
		}
		if r.state == stateAccepted && !m.byHand[r.id] && m.wechat.known[r.messageID].IsZero() {
			m.failf("%s: row %d of %s is accepted, and nothing has arrived", a, r.id, r.campaign)
		}
	}
	for d, n := range rows {
		if n > 1+m.allowed[d]+m.spoken[d] {
			m.failf("%s: %d rows of %v are accepted or in doubt", a, n, d)
		}
	}
	for d, n := range m.wechat.got {
		if n > 1+m.allowed[d]+m.notices {
			m.failf("%s: %v has arrived %d times", a, d, n)
		}
	}
}

// read returns all rows by id.
func (m *model) read() map[int64]modelRow {
	found := map[int64]modelRow{}
	rows, err := m.d.Query(`SELECT id, campaign, openid, student_id, content, state, owner, client_msg_id, sending_at, updated_at, attempts
FROM push_message WHERE appid = ?`, modelApp)
	if err != nil {
		m.failf("read: %v", err)
		return found
	}
	defer rows.Close()
	for rows.Next() {
		var r modelRow
		var text string
		err = cmp.Or(err, rows.Scan(&r.id, &r.campaign, &r.openid, &r.student, &text, &r.state, &r.owner, &r.messageID, &r.sendingAt, &r.updatedAt, &r.attempts))
		r.photo = decodePhoto(text).url
		for former, openid := range m.former {
			if strings.HasPrefix(r.openid, former) {
				r.openid = openid
			}
		}
		found[r.id] = r
	}
	if err = cmp.Or(err, rows.Err()); err != nil {
		m.failf("read: %v", err)
	}
	return found
}

// addsUp compares the sums of a campaign with its rows.
func (m *model) addsUp(l *ledger) {
	counts, err := l.tally(m.t.Context())
	if err != nil {
		m.failf("tally: %v", err)
		return
	}
	n := 0
	for _, r := range m.rows {
		if r.campaign == l.campaign {
			n++
		}
	}
	var s Summary
	s.count(counts)
	if s.Recipients != n || s.Accepted+s.Skipped+s.Failed+s.Unknown+s.Pending != n {
		m.failf("%d rows, %+v", n, s)
	}
}

package push

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db"
)

// placed is a row that a test puts into the ledger: its state, and the photo's number.
type placed struct {
	state string // never, again, held, or a state of the ledger; empty: none
	photo int
}

// The other campaigns of the tests; "own" began at aMoment.
var began = map[string]int64{"before": aMoment - 100, "own": aMoment, "after": aMoment + 100, "notice": aMoment + 100}

// place puts a row of a campaign into the ledger, and the campaign.
func place(t *testing.T, d *db.DB, appID, campaign string, p placed) {
	t.Helper()
	if p.state == "" {
		return
	}
	set := `{"template":"TEMPLATE","fields":null,"since":0,"link":"","public":false}`
	if campaign == "notice" {
		set = `{"template":"TEMPLATE","fields":null,"since":0,"link":"","public":false,"apart":true}`
	}
	execute(t, d, "INSERT INTO push_campaign (appid, name, settings, unchanged, left_out, created_at, finished_at) VALUES (?, ?, ?, 0, 0, ?, 0)",
		appID, campaign, set, began[campaign])
	state, sendingAt, attempts, owner := p.state, aMoment-60, 1, ""
	switch p.state {
	case "never":
		state, sendingAt, attempts = statePending, 0, 0
	case "held":
		state, sendingAt, attempts = stateUnknown, 0, 0
	case "again":
		state = statePending
	case stateSending:
		owner = "somebody"
	}
	text, err := photoNumber(p.photo).encode()
	require.NoError(t, err)
	execute(t, d, `INSERT INTO push_message (appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at)
VALUES (?, ?, 'oA', 's1', ?, ?, ?, ?, ?, 0, 0, '', ?, ?)`, appID, campaign, text, messageID(appID, campaign, "oA", "s1", 0), state, owner, sendingAt, attempts, aMoment)
}

func photoNumber(n int) content {
	return content{"student_id": "s1", "student_name": "甲", "photo_url": fmt.Sprintf("https://p.example/%d.jpg", n), "photo_update_time": "2026-11-20 18:00:00"}
}

// now is what has become of a campaign's row, as placed names it.
func now(t *testing.T, d *db.DB, appID, campaign string) (state, reason string) {
	t.Helper()
	var sendingAt int64
	var attempts int
	err := d.QueryRow("SELECT state, sending_at, attempts, error FROM push_message WHERE appid = ? AND campaign = ?", appID, campaign).
		Scan(&state, &sendingAt, &attempts, &reason)
	if err != nil {
		return "", ""
	}
	f := foreign{state: state, sendingAt: sendingAt, attempts: attempts}
	switch {
	case f.heldBack():
		return "held", reason
	case f.unsent():
		return "never", reason
	case f.state == statePending:
		return "again", reason
	}
	return state, reason
}

// fateTest is a row of push.md's table: what is there, and what a load makes of it. The school has
// photo 1.
type fateTest struct {
	own           placed
	campaign      string // the other one: before, after, or notice
	theirs        placed
	third         placed // of campaign before, when the other one is another
	again, resend bool
	retry         bool
	broken        bool // the value breaks a rule
	want, their   string
	says          string
}

var fateTests = map[string]fateTest{
	"none, alone":                          {want: "never"},
	"none, a value breaks a rule":          {broken: true, want: stateFailed, says: "thing1"},
	"none, accepted before":                {campaign: "before", theirs: placed{stateAccepted, 1}, their: stateAccepted},
	"none, accepted in a notice":           {campaign: "notice", theirs: placed{stateAccepted, 1}, their: stateAccepted},
	"none, another photo accepted":         {campaign: "before", theirs: placed{stateAccepted, 2}, want: "never", their: stateAccepted},
	"none, accepted, again":                {campaign: "before", theirs: placed{stateAccepted, 1}, again: true, want: "never", their: stateAccepted},
	"none, never before":                   {campaign: "before", theirs: placed{"never", 1}, want: "never", their: stateSkipped},
	"none, another photo never before":     {campaign: "before", theirs: placed{"never", 2}, want: "never", their: stateSkipped},
	"none, never before, broken":           {campaign: "before", theirs: placed{"never", 1}, broken: true, want: stateFailed, their: "never"},
	"none, held before, broken":            {campaign: "before", theirs: placed{"held", 1}, broken: true, want: stateFailed, their: "held"},
	"never, never before, broken":          {own: placed{"never", 1}, campaign: "before", theirs: placed{"never", 1}, broken: true, want: stateFailed, their: "never"},
	"failed, never before":                 {own: placed{stateFailed, 1}, campaign: "before", theirs: placed{"never", 1}, want: stateFailed, their: "never"},
	"failed, never after":                  {own: placed{stateFailed, 1}, campaign: "after", theirs: placed{"never", 1}, want: stateFailed, their: "never"},
	"failed, retry":                        {own: placed{stateFailed, 1}, retry: true, want: "never"},
	"failed, retry, failed after":          {own: placed{stateFailed, 1}, campaign: "after", theirs: placed{stateFailed, 1}, retry: true, want: "never", their: stateFailed},
	"failed, retry, never after":           {own: placed{stateFailed, 1}, campaign: "after", theirs: placed{"never", 1}, retry: true, want: stateSkipped, their: "never", says: "superseded by after"},
	"failed, retry, never before":          {own: placed{stateFailed, 1}, campaign: "before", theirs: placed{"never", 1}, retry: true, want: "never", their: stateSkipped},
	"failed, retry, never before, broken":  {own: placed{stateFailed, 1}, campaign: "before", theirs: placed{"never", 1}, retry: true, broken: true, want: stateFailed, their: "never"},
	"failed, retry, accepted after":        {own: placed{stateFailed, 1}, campaign: "after", theirs: placed{stateAccepted, 1}, retry: true, want: stateSkipped, their: stateAccepted},
	"never, failed after":                  {own: placed{"never", 1}, campaign: "after", theirs: placed{stateFailed, 1}, want: "never", their: stateFailed},
	"none, never before, again":            {campaign: "before", theirs: placed{"never", 1}, again: true, want: "never", their: "never"},
	"none, never in a notice":              {campaign: "notice", theirs: placed{"never", 1}, want: "never", their: "never"},
	"none, never after":                    {campaign: "after", theirs: placed{"never", 1}, their: "never"},
	"none, never after, again":             {campaign: "after", theirs: placed{"never", 1}, again: true, want: "never", their: "never"},
	"none, another photo accepted after":   {campaign: "after", theirs: placed{stateAccepted, 2}, their: stateAccepted},
	"none, failed after":                   {campaign: "after", theirs: placed{stateFailed, 1}, want: "never", their: stateFailed},
	"none, skipped after":                  {campaign: "after", theirs: placed{stateSkipped, 1}, want: "never", their: stateSkipped},
	"none, sending before":                 {campaign: "before", theirs: placed{stateSending, 1}, want: "held", their: stateSending, says: "campaign before"},
	"none, another photo sending before":   {campaign: "before", theirs: placed{stateSending, 2}, want: "never", their: stateSending},
	"none, again before":                   {campaign: "before", theirs: placed{"again", 1}, want: "held", their: "again", says: "campaign before"},
	"none, unknown before":                 {campaign: "before", theirs: placed{stateUnknown, 1}, want: "held", their: stateUnknown, says: "campaign before"},
	"none, unknown before, again":          {campaign: "before", theirs: placed{stateUnknown, 1}, again: true, want: "held", their: stateUnknown},
	"none, unknown in a notice":            {campaign: "notice", theirs: placed{stateUnknown, 1}, want: "held", their: stateUnknown},
	"none, unknown after":                  {campaign: "after", theirs: placed{stateUnknown, 1}, their: stateUnknown},
	"none, held before":                    {campaign: "before", theirs: placed{"held", 1}, want: "never", their: stateSkipped},
	"none, failed before":                  {campaign: "before", theirs: placed{stateFailed, 1}, want: "never", their: stateFailed},
	"none, unknown before, resend":         {campaign: "before", theirs: placed{stateUnknown, 1}, resend: true, want: "never", their: stateSkipped},
	"none, sending before, resend":         {campaign: "before", theirs: placed{stateSending, 1}, resend: true, want: "held", their: stateSending},
	"none, again before, resend":           {campaign: "before", theirs: placed{"again", 1}, resend: true, want: "held", their: "again"},
	"none, unknown after, accepted":        {campaign: "after", theirs: placed{stateUnknown, 1}, third: placed{stateAccepted, 1}, their: stateUnknown},
	"none, unknown in a notice, accepted":  {campaign: "notice", theirs: placed{stateUnknown, 1}, third: placed{stateAccepted, 1}, their: stateUnknown},
	"none, unknown and accepted, again":    {campaign: "notice", theirs: placed{stateUnknown, 1}, third: placed{stateAccepted, 1}, again: true, want: "never", their: stateUnknown},
	"none, unknown and accepted, resend":   {campaign: "notice", theirs: placed{stateUnknown, 1}, third: placed{stateAccepted, 1}, resend: true, their: stateUnknown},
	"never, other values":                  {own: placed{"never", 2}, want: "never"},
	"never, a value breaks a rule by now":  {own: placed{"never", 1}, broken: true, want: stateFailed, says: "thing1"},
	"never, accepted elsewhere":            {own: placed{"never", 1}, campaign: "before", theirs: placed{stateAccepted, 1}, want: stateSkipped, their: stateAccepted, says: "campaign before"},
	"never, new photo accepted elsewhere":  {own: placed{"never", 2}, campaign: "before", theirs: placed{stateAccepted, 1}, want: stateSkipped, their: stateAccepted},
	"never, never after":                   {own: placed{"never", 1}, campaign: "after", theirs: placed{"never", 1}, want: stateSkipped, their: "never", says: "superseded by after"},
	"never, never before":                  {own: placed{"never", 1}, campaign: "before", theirs: placed{"never", 1}, want: "never", their: stateSkipped},
	"never, new photo in doubt elsewhere":  {own: placed{"never", 2}, campaign: "before", theirs: placed{stateUnknown, 1}, want: "held", their: stateUnknown, says: "campaign before"},
	"held, still in doubt":                 {own: placed{"held", 1}, campaign: "before", theirs: placed{stateUnknown, 1}, want: "held", their: stateUnknown, says: "campaign before"},
	"held, new photo":                      {own: placed{"held", 2}, campaign: "before", theirs: placed{stateUnknown, 2}, want: "never", their: stateUnknown},
	"held, accepted":                       {own: placed{"held", 1}, campaign: "before", theirs: placed{stateAccepted, 1}, want: stateSkipped, their: stateAccepted},
	"held, surely not carried out":         {own: placed{"held", 1}, campaign: "before", theirs: placed{stateFailed, 1}, want: "never", their: stateFailed},
	"held, skipped there":                  {own: placed{"held", 1}, campaign: "before", theirs: placed{stateSkipped, 1}, want: "never", their: stateSkipped},
	"held, never sent there after all":     {own: placed{"held", 1}, campaign: "before", theirs: placed{"never", 1}, want: "never", their: stateSkipped},
	"held, taken by a later one":           {own: placed{"held", 1}, campaign: "after", theirs: placed{"never", 2}, want: stateSkipped, their: "never", says: "superseded by after"},
	"held, resend":                         {own: placed{"held", 1}, campaign: "before", theirs: placed{stateUnknown, 1}, resend: true, want: "never", their: stateSkipped},
	"held, resend, accepted":               {own: placed{"held", 1}, campaign: "notice", theirs: placed{stateUnknown, 1}, third: placed{stateAccepted, 1}, resend: true, want: stateSkipped, their: stateUnknown},
	"held of a notice, accepted":           {own: placed{"held", 1}, campaign: "before", theirs: placed{stateAccepted, 1}, again: true, want: "never", their: stateAccepted},
	"unknown":                              {own: placed{stateUnknown, 1}, campaign: "before", theirs: placed{stateAccepted, 1}, want: stateUnknown, their: stateAccepted},
	"unknown, never before":                {own: placed{stateUnknown, 1}, campaign: "before", theirs: placed{"never", 1}, want: stateUnknown, their: stateSkipped},
	"unknown, resend":                      {own: placed{stateUnknown, 1}, resend: true, want: "never"},
	"unknown, resend, held after":          {own: placed{stateUnknown, 1}, campaign: "after", theirs: placed{"held", 1}, resend: true, want: "never", their: stateSkipped},
	"unknown, resend, accepted after":      {own: placed{stateUnknown, 1}, campaign: "after", theirs: placed{stateAccepted, 1}, resend: true, want: stateSkipped, their: stateAccepted},
	"unknown, resend, sending elsewhere":   {own: placed{stateUnknown, 1}, campaign: "notice", theirs: placed{stateSending, 1}, resend: true, want: stateUnknown, their: stateSending},
	"unknown, resend, another photo after": {own: placed{stateUnknown, 1}, campaign: "after", theirs: placed{"never", 2}, resend: true, want: stateSkipped, their: "never"},
	"accepted":                             {own: placed{stateAccepted, 1}, campaign: "before", theirs: placed{"never", 1}, want: stateAccepted, their: stateSkipped},
	"skipped leaves the other one alone":   {own: placed{stateSkipped, 1}, campaign: "before", theirs: placed{"never", 1}, want: stateSkipped, their: "never"},
	"sending is left alone":                {own: placed{stateSending, 1}, campaign: "before", theirs: placed{stateAccepted, 1}, want: stateSending, their: stateAccepted},
	"again is left alone":                  {own: placed{"again", 1}, campaign: "after", theirs: placed{"never", 1}, want: "again", their: "never"},
}

// TestFates holds a load, and a dry run, to the table.
func TestFates(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, address string) {
		s := newWeChat(t)
		d := emptySchool(t, address)
		require.NoError(t, createLedger(t.Context(), d))
		bind(t, d, "oA", "s1")
		photo(t, d, "s1", "甲", "https://p.example/1.jpg", "2026-11-20 18:00:00")
		n := 0
		for name, tt := range fateTests {
			n++
			cfg := ofSchool(d, s)
			cfg.AppID, cfg.Campaign, cfg.Again, cfg.ResendUnknown, cfg.RetryFailed = fmt.Sprint("wx", n), "own", tt.again, tt.resend, tt.retry
			cfg.Now = func() time.Time { return time.Unix(aMoment, 0) }
			if tt.broken {
				cfg.Fields = []Field{{"thing1", "一二三四五六七八九十一二三四五六七八九十一"}}
			}
			place(t, d, cfg.AppID, "own", tt.own)
			place(t, d, cfg.AppID, tt.campaign, tt.theirs)
			place(t, d, cfg.AppID, "before", tt.third)
			execute(t, d, "DELETE FROM push_campaign WHERE appid = ? AND name = 'own'", cfg.AppID)
			set, err := cfg.settings()
			require.NoError(t, err)
			execute(t, d, "INSERT INTO push_campaign (appid, name, settings, unchanged, left_out, created_at, finished_at) VALUES (?, 'own', ?, 0, 0, ?, 0)",
				cfg.AppID, set, aMoment)
			look, err := Look(t.Context(), cfg, 0)
			require.NoError(t, err, name)
			got := loadOnly(t, cfg)
			state, reason := now(t, d, cfg.AppID, "own")
			assert.Equal(t, tt.want, state, name)
			assert.Contains(t, reason, tt.says, name)
			state, _ = now(t, d, cfg.AppID, tt.campaign)
			assert.Equal(t, tt.their, state, "%s: of the other campaign", name)
			look.LeftOut, got.Seconds = got.LeftOut, 0
			assert.Equal(t, got, look.Summary, "%s: a dry run tells the same", name)
		}
	})
}

// loadOnly loads a campaign and sends nothing. Rows that are sending have an owner who lives.
func loadOnly(t *testing.T, cfg Config) Summary {
	t.Helper()
	e, err := newEngine(t.Context(), nil, cfg)
	require.NoError(t, err)
	e.lock = &lock{gone: make(chan struct{})}
	require.NoError(t, e.begin(t.Context()))
	require.NoError(t, e.takeUp(t.Context()))
	require.NoError(t, e.load(t.Context()))
	s, err := e.finish(t.Context(), cfg.now())
	require.NoError(t, err)
	return s
}

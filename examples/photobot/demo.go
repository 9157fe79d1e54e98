package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/examples/internal/bind"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/receipt"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/wechat/wechattest"
)

// simulatedHistory is how many messages and uploads the simulation keeps: those
// of one scene are looked at.
const simulatedHistory = 100

// The people of the conversation. Their pupil is in no school's list, and all
// that is written about them is swept away when the program ends.
const (
	demoMother   = "oPHOTOBOT-demo-mother"
	demoFather   = "oPHOTOBOT-demo-father"
	demoStranger = "oPHOTOBOT-demo-stranger"
	demoPupil    = "PHOTOBOT-DEMO"
	demoCampaign = "photobot-demo"
	demoPhoto    = "https://photos.example.com/photobot/demo.png"
)

// demo is the conversation under way.
type demo struct {
	*site
	ctx    context.Context // of the one conversation
	codes  []string
	seen   int // messages that were shown
	failed int // answers other than expected
}

// demonstrate shows a short conversation between simulated parents and the
// server, which it reaches as WeChat would.
func (s *site) demonstrate(ctx context.Context, addr net.Addr) error {
	s.sweep() // what a run that was killed has left
	d := &demo{site: s, ctx: ctx}
	mode := wechattest.Plain
	if s.pushed.AESKey != "" {
		mode = wechattest.Safe
	}
	url := s.p.ownURL(addr) + callbackPath
	s.account.Simulation.SetCallback(wechattest.Callback{URL: url, Token: s.pushed.Token, AESKey: s.pushed.AESKey, Mode: mode})
	for _, scene := range []func() error{d.enrol, d.bindParents, d.ask, d.notify, d.leave} {
		if err := scene(); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.p.complain(s.p.text("the conversation ended early: %s", s.p.describe(err)))
			return operator.Settled{Status: exitCut}
		}
	}
	if d.failed > 0 {
		s.p.complain(s.p.text("%d answers were not as expected", d.failed))
		return operator.Settled{Status: exitCut}
	}
	s.p.say("The conversation went as it should.")
	return nil
}

// enrol adds the pupil with a photo, and issues two codes.
func (d *demo) enrol() error {
	pupil := school.Pupil{StudentID: demoPupil, StudentName: "小明", Class: "一年级1班"}
	_, err := d.school.ExecContext(d.ctx, `INSERT INTO student_photo (student_id, student_name, photo_url, photo_update_time) VALUES (?, ?, ?, ?)`,
		pupil.StudentID, pupil.StudentName, demoPhoto, time.Now().In(school.Beijing).Format(time.DateTime))
	if err != nil {
		return err
	}
	codes, _, err := d.bindings.Issue(d.ctx, bind.Order{Pupils: []school.Pupil{pupil}, PerPupil: 2, Lifetime: time.Hour, Reissue: true})
	for _, c := range codes {
		d.codes = append(d.codes, c.Code)
	}
	return err
}

// bindParents binds both parents, and shows that a code is good once.
func (d *demo) bindParents() error {
	return errors.Join(
		d.scene(demoMother, d.p.text("(follows the account)"), wechattest.Subscribe(demoMother, ""), "绑定"),
		d.writes(demoMother, "照片", "还没有绑定"),
		d.writes(demoMother, "绑定 "+strings.ToLower(d.codes[0]), "绑定成功：小明"),
		d.writes(demoStranger, "绑定"+d.codes[0], "已经用过"),
		d.writes(demoFather, "绑定："+d.codes[1], "绑定成功：小明"),
	)
}

// ask has both ask for the photo.
func (d *demo) ask() error {
	err := errors.Join(
		d.writes(demoMother, "照片", "正在发送小明"),
		d.scene(demoFather, d.p.text("(taps 查询照片 in the menu)"), wechattest.Click(demoFather, "PHOTO"), "正在发送小明"),
		d.writes(demoStranger, "照片", "还没有绑定"),
	)
	pictures := map[string]int{}
	for _, m := range d.account.Simulation.Accepted() {
		if _, ok := m.Custom.(custom.Image); ok {
			pictures[m.To]++
		}
	}
	if pictures[demoMother] != 1 || pictures[demoFather] != 1 || pictures[demoStranger] != 0 {
		d.wrong(d.p.text("each parent should have got one picture, and nobody else"))
	}
	if n := len(d.account.Simulation.Uploads()); n != 1 {
		d.wrong(d.p.text("the picture should have been uploaded once, not %d times", n))
	}
	return err
}

// notify pushes a template message to both, and has WeChat report about it:
// the mother's reached her, the father refuses them, and his has no msgid.
func (d *demo) notify() error {
	d.account.Simulation.SendReceipts(wechattest.Receipts{Status: func(m wechattest.Accepted) callback.DeliveryStatus {
		if m.To == demoMother {
			return callback.StatusDelivered
		}
		return ""
	}})
	summary, err := push.Run(d.ctx, nil, push.Config{
		AppID: d.account.AppID, Caller: d.account.Client, School: d.school, Ledger: d.ledger,
		Query: `SELECT b.wechat_openid AS openid, b.student_id, p.student_name, p.photo_url, p.photo_update_time
FROM parent_wechat_bind b JOIN student_photo p ON p.student_id = b.student_id WHERE b.student_id = '` + demoPupil + `'`,
		Campaign: demoCampaign, TemplateID: school.DemoTemplate().ID, Link: d.link,
		Fields: []push.Field{{Key: "thing1", Text: "{student_name}"}, {Key: "time2", Text: "{photo_update_time}"}, {Key: "thing3", Text: "点击查看近期学习照片"}},
	})
	if err != nil {
		return err
	}
	d.p.say("Template messages: %d accepted", summary.Accepted)
	for _, m := range d.account.Simulation.Accepted() {
		if m.Message.TemplateID != "" && m.To == demoMother {
			d.p.say("The mother's link, which works in a browser while this program runs: %s", m.Message.URL)
		}
	}
	if _, err := d.account.Simulation.Push(d.ctx, wechattest.Receipt(demoFather, 0, callback.StatusBlocked)); err != nil {
		return err
	}
	tally, err := receipt.Count(d.ctx, d.ledger, d.account.AppID, demoCampaign)
	if err != nil {
		return err
	}
	d.p.say("Receipts: %d delivered, %d blocked by the parent, %d failed, %d without one yet", tally.Delivered, tally.Blocked, tally.Failed, tally.Waiting)
	if want := (receipt.Tally{Delivered: 1, Blocked: 1}); tally != want {
		d.wrong(d.p.text("one delivered and one blocked were expected"))
	}
	return nil
}

// leave unbinds the father, who then leaves the account.
func (d *demo) leave() error {
	err := errors.Join(
		d.writes(demoFather, "解绑", "已解除与小明的绑定"),
		d.writes(demoFather, "照片", "还没有绑定"),
		d.scene(demoFather, d.p.text("(leaves the account)"), wechattest.Unsubscribe(demoFather), ""),
	)
	if err != nil {
		return err
	}
	var left int
	err = d.ledger.QueryRowContext(d.ctx, `SELECT (SELECT COUNT(*) FROM push_message WHERE appid = ? AND openid = ?) +
(SELECT COUNT(*) FROM push_receipt WHERE appid = ? AND openid = ?)`, d.account.AppID, demoFather, d.account.AppID, demoFather).Scan(&left)
	if left > 0 {
		d.wrong(d.p.text("the ledger still has the openid of a parent who has left"))
	}
	return err
}

// writes pushes a text and shows it with what is answered.
func (d *demo) writes(openid, text, want string) error {
	return d.scene(openid, text, wechattest.Text(openid, text), want)
}

// scene pushes something a parent does, shows it, and shows what comes back:
// the reply, then what is sent behind it. want is in the reply; empty: there is
// none.
func (d *demo) scene(openid, words string, what wechattest.Push, want string) error {
	switch {
	case what.Type != "":
		d.account.Simulation.Interact(wechattest.Wrote, openid)
	case what.Event == "CLICK":
		d.account.Simulation.Interact(wechattest.TappedMenu, openid)
	}
	d.print(d.called(openid), words)
	got, err := d.account.Simulation.Push(d.ctx, what)
	if err != nil {
		return err
	}
	reply := ""
	switch r := got.Reply.(type) {
	case nil:
	case callback.Text:
		reply = r.Content
		d.print(d.p.text("school"), reply)
	default:
		reply = fmt.Sprintf("%T", r)
		d.print(d.p.text("school"), reply)
	}
	if got.Notice || want == "" && reply != "" || !strings.Contains(reply, want) {
		d.wrong(d.p.text("the answer should have been about %q", want))
	}
	d.bot.Idle()
	d.showSent()
	return nil
}

// showSent shows the customer-service messages that were not shown yet.
func (d *demo) showSent() {
	all := d.account.Simulation.Accepted()
	for _, m := range all[min(d.seen, len(all)):] {
		switch sent := m.Custom.(type) {
		case custom.Image:
			d.print(d.p.text("school"), d.p.text("[a picture of %d bytes]", d.size(sent.MediaID)))
		case custom.Text:
			d.print(d.p.text("school"), sent.Content)
		}
	}
	d.seen = len(all)
}

func (d *demo) size(mediaID string) int {
	for _, u := range d.account.Simulation.Uploads() {
		if u.MediaID == mediaID {
			return len(u.Data)
		}
	}
	return 0
}

func (d *demo) called(openid string) string {
	switch openid {
	case demoMother:
		return d.p.text("mother")
	case demoFather:
		return d.p.text("father")
	}
	return d.p.text("stranger")
}

// print shows who says what, with a text's further lines below its first.
func (d *demo) print(who, words string) {
	fmt.Fprintf(d.p.out, "  %s: %s\n", who, strings.ReplaceAll(words, "\n", "\n      "))
}

// wrong counts an answer that was not as expected.
func (d *demo) wrong(says string) {
	d.failed++
	d.p.complain(says)
}

// sweepTime bounds sweep, which may come after an interruption.
const sweepTime = 10 * time.Second

// sweep takes all that the conversation has written out of the databases. The
// ledger's rows are those of the simulation's AppID alone.
func (s *site) sweep() {
	ctx, cancel := context.WithTimeout(context.Background(), sweepTime)
	defer cancel()
	var failures error
	for _, openid := range []string{demoMother, demoFather, demoStranger} {
		failures = errors.Join(failures, s.bindings.Forget(ctx, openid), s.receipts.Forget(ctx, openid))
	}
	for _, statement := range []string{
		`DELETE FROM bind_code WHERE student_id = ?`, `DELETE FROM bind_pupil WHERE student_id = ?`,
		`DELETE FROM student_photo WHERE student_id = ?`, `DELETE FROM parent_wechat_bind WHERE student_id = ?`,
	} {
		_, err := s.school.ExecContext(ctx, statement, demoPupil)
		failures = errors.Join(failures, err)
	}
	appID := s.account.AppID
	for _, statement := range []struct {
		text string
		args []any
	}{
		{`DELETE FROM push_receipt WHERE appid = ? AND openid IN (SELECT openid FROM push_message WHERE appid = ? AND campaign = ?)`, []any{appID, appID, demoCampaign}},
		{`DELETE FROM push_message WHERE appid = ? AND campaign = ?`, []any{appID, demoCampaign}},
		{`DELETE FROM push_campaign WHERE appid = ? AND name = ?`, []any{appID, demoCampaign}},
	} {
		if _, err := s.ledger.ExecContext(ctx, statement.text, statement.args...); err != nil && !db.IsMissing(err) {
			failures = errors.Join(failures, err)
		}
	}
	if failures != nil {
		s.p.warn("what the conversation has written could not be deleted: %s", s.p.describe(failures))
	}
}

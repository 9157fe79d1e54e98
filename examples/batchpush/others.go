package main

import (
	"context"
	"slices"

	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/operator"
	"github.com/org/wxhome/examples/internal/push"
)

// sayOthers tells what a push does to other campaigns, and which of them hold its recipients back.
func (p *program) sayOthers(s push.Summary) {
	for _, o := range s.Others {
		p.say("Campaign %s of %s: %d superseded by this one, %d unknown, which hold their recipients back",
			o.Campaign, o.Begun.In(db.Beijing).Format(p.text("2 Jan")), o.Superseded, o.Unknown)
	}
}

// sayOpen tells which campaigns have not settled yet what holds recipients of this one back, and how
// they do. It returns how many of the unknown rows that are: a decision about them changes nothing.
func (p *program) sayOpen(ctx context.Context, in *session, s push.Summary) (open int) {
	for _, o := range s.Others {
		if o.Open == 0 {
			continue
		}
		open += o.Open
		p.say("%d of the unknown ones wait for campaign %s, which has not settled its own messages yet.", o.Open, o.Campaign)
		p.sayHowToSettle(ctx, in, o.Campaign)
	}
	if open > 0 {
		p.say("Then continue this one: %s", p.commandLine(naming(s.Campaign)))
	}
	return open
}

// sayHowToSettle tells how a campaign comes to its end that has messages in doubt.
func (p *program) sayHowToSettle(ctx context.Context, in *session, campaign string) {
	control, err := push.ControlOf(ctx, in.ledger, in.account.AppID, campaign)
	if err == nil && control.Cancelled() {
		p.say("It was cancelled. To have it settle them: %s", p.commandLine(p.steering(cmdCancel, campaign)))
		return
	}
	all, err := in.campaigns(ctx)
	at := slices.IndexFunc(all, func(c push.Campaign) bool { return c.Name == campaign })
	if err == nil && at >= 0 && !all[at].Fits(in.config(all[at])) {
		p.say("Continue it with the template, fields, since, link and query that it was begun with.")
		return
	}
	p.say("To continue it: %s", p.commandLine(without("limit", naming(campaign))))
}

// sayDropped tells of recipients whom another campaign took over, which was cancelled. A firing needs
// no telling: the next one sends to them.
func (p *program) sayDropped(s push.Summary) {
	if s.Dropped > 0 && p.cron == "" {
		p.say("Skipped here since another campaign took them over, which was cancelled, so that no campaign sends them: %d. To send them: %s", s.Dropped, p.commandLine(anew()))
	}
}

// shifted tells of photos whose times all differ by one amount. Nothing was sent.
func (p *program) shifted(e *push.ShiftedError) error {
	p.complain(p.text("the photos of %d of %d recipients have the addresses of earlier campaigns, and times that differ by %s: nothing was sent. If only the time zone of the database's address (loc) was changed, push once with -times-shifted; if these are new photos, with -again and another -campaign",
		e.Recipients, e.Sampled, e.By))
	return operator.Settled{Status: exitUsage}
}

var chineseOthers = map[string]string{
	"To count them as received instead: %s":                                                                                                        "或将它们计为已送达：%s",
	"Campaign %s of %s: %d superseded by this one, %d unknown, which hold their recipients back":                                                   "推送任务 %s（%s）：%d 条由本次推送取代，%d 条结果未知，其接收人暂不发送",
	"Skipped here since another campaign took them over, which was cancelled, so that no campaign sends them: %d. To send them: %s":                "%d 条被另一个任务接手而在此跳过，但那个任务已取消，没有任务会发送它们。如要发送：%s",
	"Skipped here since another campaign took them over, which was cancelled, so that no campaign sends them: %d. A push with -new sends them.":    "%d 条被另一个任务接手而在此跳过，但那个任务已取消，没有任务会发送它们。如要发送，请加 -new 另起一个推送。",
	"%d of the messages that are not sent had been taken over from other campaigns, which do not send them any more. A push with -new sends them.": "未发送的消息中有 %d 条是从其他任务接手的，那些任务也不会再发送。如要发送，请加 -new 另起一个推送。",
	"%d of the unknown ones wait for campaign %s, which has not settled its own messages yet.":                                                     "结果未知的行中有 %d 条在等待推送任务 %s，那个任务自己的消息尚无结果。",
	"It was cancelled. To have it settle them: %s":                                                                                                 "它已取消。如要让它处理完：%s",
	"Continue it with the template, fields, since, link and query that it was begun with.":                                                         "请用它开始时的模板、字段、since、链接和查询继续它。",
	"To continue it: %s":         "继续该任务：%s",
	"Then continue this one: %s": "然后继续本任务：%s",
	"2 Jan":                      "1月2日",
	"the photos of %d of %d recipients have the addresses of earlier campaigns, and times that differ by %s: nothing was sent. If only the time zone of the database's address (loc) was changed, push once with -times-shifted; if these are new photos, with -again and another -campaign": "%d / %d 个接收人的照片网址与以前的推送相同，而更新时间都相差 %s：没有发送任何消息。如果只是修改了数据库地址中的时区（loc），请用 -times-shifted 推送一次；如果确是新照片，请用 -again 和另一个 -campaign",
	"photos whose times differ from those of earlier campaigns by one and the same amount are the same, from now on: loc in the database's address was changed":                                                                                                                              "与以前的推送相比更新时间都相差同一数值的照片视为相同，并从此有效：数据库地址中的 loc 已改过",
	"campaign %s was begun with another -query: use that one, or another -campaign":                                     "推送任务 %s 开始时用的是另外的 -query：请沿用，或换一个 -campaign",
	"count unknown rows as received: somebody has asked the parents":                                                    "将结果未知的行计为已送达（已向家长确认）",
	"-again stays with the campaign that began with it: continue %s as it was begun, or take another -campaign or -new": "-again 属于推送任务本身：请按 %s 开始时的方式继续，或换一个 -campaign，或用 -new",
}

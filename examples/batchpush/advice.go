package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/wechat"
)

// settled is an error whose lines have been printed: only the exit status is
// left of it.
type settled struct{ status int }

func (e settled) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// exit prints what went wrong, in one line with what to do, and returns the
// exit status.
func (p *program) exit(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[settled](err); ok {
		return e.status
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || wechat.KindOf(err) == wechat.KindLost) {
		p.complain(p.text("interrupted; nothing was sent"))
		return exitInterrupted
	}
	p.complain(p.describe(err))
	switch wechat.KindOf(err) {
	case wechat.KindBusy, wechat.KindMinuteLimit, wechat.KindDailyQuota, wechat.KindNetwork, wechat.KindLost:
		return exitStopped
	}
	return exitUsage
}

func (p *program) complain(line string) { fmt.Fprintln(p.stderr, "batchpush: "+line) }

// warn prints what the operator should know and what stops nothing.
func (p *program) warn(format string, args ...any) {
	fmt.Fprintln(p.stderr, p.text("warning: ")+p.text(format, args...))
}

// describe says what an error is and what to do about it.
func (p *program) describe(err error) string {
	if e, ok := errors.AsType[*usageError](err); ok {
		return e.says
	}
	if e, ok := errors.AsType[*account.ConfigError](err); ok {
		return p.configError(e)
	}
	if e, ok := errors.AsType[*wechat.Error](err); ok {
		return p.refusal(e)
	}
	if advice := p.databaseAdvice(err); advice != "" {
		return oneLine(err.Error()) + "; " + advice
	}
	return oneLine(err.Error())
}

func (p *program) configError(e *account.ConfigError) string {
	given, missing := strings.Join(e.Given, ", "), strings.Join(e.Missing, ", ")
	switch {
	case e.BadBaseURL:
		return p.text("WECHAT_BASE_URL must be an address with its scheme, such as https://gateway.example/wechat")
	case len(e.Given) > 0 && strings.HasPrefix(e.Given[0], "WECHAT_"):
		return p.text("%s is set and %s is not: set the rest, or use -simulate to send nothing", given, missing)
	}
	return p.text("%s speaks of a real push, but %s are not set: set them, or use -simulate to send nothing", given, missing)
}

var callerIP = regexp.MustCompile(`invalid ip ([0-9A-Fa-f.:]+)`)

// refusal says what WeChat answered.
func (p *program) refusal(e *wechat.Error) string {
	if e.Code == 0 {
		return p.text("WeChat cannot be reached or gave no usable answer: %s; check the network, then run the command again", oneLine(e.Error()))
	}
	line := p.text("WeChat refuses: %d %s", int(e.Code), oneLine(e.Message))
	if e.RID != "" {
		line += " (rid " + e.RID + ")"
	}
	if advice := p.advice(e); advice != "" {
		line += "; " + advice
	}
	return line
}

const (
	keysPage = "developers.weixin.qq.com/platform: 我的业务 > 服务号 > 基础信息 > 开发密钥"
	mainPage = "mp.weixin.qq.com"
)

// advice says what a person must do about a refusal, and where.
func (p *program) advice(e *wechat.Error) string {
	switch e.Code {
	case wechat.ErrInvalidCredential, wechat.ErrInvalidAppSecret:
		return p.text("compare WECHAT_APPSECRET with the AppSecret at %s", keysPage)
	case wechat.ErrInvalidAppID:
		return p.text("compare WECHAT_APPID with the AppID at %s", keysPage)
	case wechat.ErrIPNotAllowed, wechat.ErrIPNotRegistered, wechat.ErrClientIPNotRegistered:
		ip := p.text("this machine's outgoing address")
		if m := callerIP.FindStringSubmatch(e.Message); m != nil {
			ip = m[1]
		}
		return p.text("add %s to the IP allow list (IP白名单) at %s, and wait some minutes", ip, keysPage)
	case wechat.ErrInvalidTemplateID:
		return p.text("take -template from the account's own list: batchpush templates")
	case wechat.ErrDailyQuota:
		return p.text("the quota returns at midnight in Beijing")
	case wechat.ErrUnauthorizedAPI:
		return p.text("the account lacks this permission (接口权限); it must be a verified service account: %s", mainPage)
	}
	return e.Hint()
}

// databaseError makes an error about a database one of configuration.
func (p *program) databaseError(which string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	says := which + ": " + oneLine(err.Error())
	if advice := p.databaseAdvice(err); advice != "" {
		says += "; " + advice
	}
	return usage(says)
}

// databaseAdvice says what to do about what databases complain of; empty:
// nothing that is known here.
func (p *program) databaseAdvice(err error) string {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return p.mysqlAdvice(e.Number)
	}
	says := err.Error()
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(says, part) {
				return true
			}
		}
		return false
	}
	_, isNet := errors.AsType[*net.OpError](err)
	switch {
	case has("disk is full", "no space left"):
		return p.text("make room on the disk, then run the command again")
	case has("readonly", "read-only", "permission denied"):
		return p.text("this user may not write there: give him the right, or keep the ledger elsewhere with -ledger")
	case has("not a database", "malformed"):
		return p.text("the file is no SQLite database")
	case has("unable to open", "is a directory"):
		return p.text("check the path and the rights to the file and its folder")
	case has("no such table", "no such column", "has no column"):
		return p.text("the tables are parent_wechat_bind and student_photo; batchpush import makes them, -query reads others")
	case isNet:
		return p.text("check the address, and whether the database is running")
	}
	return ""
}

func (p *program) mysqlAdvice(number uint16) string {
	switch number {
	case 1044, 1045:
		return p.text("check the user, his password and his rights to the database")
	case 1049:
		return p.text("there is no database of that name")
	case 1142, 1143, 1227:
		return p.text("grant the user what is missing, or keep the ledger elsewhere with -ledger")
	case 1146, 1054:
		return p.text("the tables are parent_wechat_bind and student_photo; batchpush import makes them, -query reads others")
	case 1064:
		return p.text("the SQL of -query must be one SELECT that this server understands")
	case 1021, 1114:
		return p.text("make room on the disk, then run the command again")
	case 1290, 1836:
		return p.text("this server is read-only: keep the ledger elsewhere with -ledger")
	}
	return ""
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

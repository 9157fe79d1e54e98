package operator

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/wechat"
)

// Describe says in one line what an error is and what to do about it.
func (l Language) Describe(err error) string {
	if e, ok := errors.AsType[*account.ConfigError](err); ok {
		return l.configError(e)
	}
	if e, ok := errors.AsType[*wechat.Error](err); ok {
		return l.Refusal(e, l.refusalAdvice(e))
	}
	if e, ok := errors.AsType[*school.FileError](err); ok {
		return l.fileError(e)
	}
	if e, ok := errors.AsType[*school.UnfitError](err); ok {
		return l.unfitError(e)
	}
	return l.DescribeDatabase(err)
}

// DescribeDatabase says in one line what a database complains of, and what to
// do where that is known.
func (l Language) DescribeDatabase(err error) string {
	if e, ok := errors.AsType[*db.CharsetError](err); ok {
		return l.Text("the MySQL address must not set %s to anything but utf8mb4, since other character sets lose emoji and rare characters of names: write charset=utf8mb4 and leave the rest out", e.Option)
	}
	says := OneLine(err.Error())
	if advice := l.databaseAdvice(err); advice != "" {
		says += "; " + advice
	}
	return says
}

// OneLine takes line breaks and runs of blanks out of a text.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (l Language) configError(e *account.ConfigError) string {
	given, missing := strings.Join(e.Given, ", "), strings.Join(e.Missing, ", ")
	switch {
	case e.BadBaseURL:
		return l.Text("WECHAT_BASE_URL must be an address with its scheme, such as https://gateway.example/wechat")
	case len(e.Given) > 0 && strings.HasPrefix(e.Given[0], "WECHAT_"):
		return l.Text("%s is set and %s is not: set the rest, or use -simulate to send nothing", given, missing)
	}
	return l.Text("%s speaks of a real push, but %s are not set: set them, or use -simulate to send nothing", given, missing)
}

// Refusal says what WeChat answered, and then the advice unless that is empty.
func (l Language) Refusal(e *wechat.Error, advice string) string {
	if e.Code == 0 {
		return l.Text("WeChat cannot be reached or gave no usable answer: %s; check the network, then run the command again", OneLine(e.Error()))
	}
	line := l.Text("WeChat refuses: %d %s", int(e.Code), OneLine(e.Message))
	if e.RID != "" {
		line += " (rid " + e.RID + ")"
	}
	if advice != "" {
		line += "; " + advice
	}
	return line
}

var callerIP = regexp.MustCompile(`invalid ip ([0-9A-Fa-f.:]+)`)

const (
	keysPage = "developers.weixin.qq.com/platform: 我的业务 > 服务号 > 基础信息 > 开发密钥"
	mainPage = "mp.weixin.qq.com"
)

// refusalAdvice says what a person must do about a refusal, and where.
func (l Language) refusalAdvice(e *wechat.Error) string {
	switch e.Code {
	case wechat.ErrInvalidCredential, wechat.ErrInvalidAppSecret:
		return l.Text("compare WECHAT_APPSECRET with the AppSecret at %s", keysPage)
	case wechat.ErrInvalidAppID:
		return l.Text("compare WECHAT_APPID with the AppID at %s", keysPage)
	case wechat.ErrIPNotAllowed, wechat.ErrIPNotRegistered, wechat.ErrClientIPNotRegistered:
		ip := l.Text("this machine's outgoing address")
		if m := callerIP.FindStringSubmatch(e.Message); m != nil {
			ip = m[1]
		}
		return l.Text("add %s to the IP allow list (IP白名单) at %s, and wait some minutes", ip, keysPage)
	case wechat.ErrDailyQuota:
		return l.Text("the quota returns at midnight in Beijing")
	case wechat.ErrUnauthorizedAPI:
		return l.Text("the account lacks this permission (接口权限); it must be a verified service account: %s", mainPage)
	}
	return e.Hint()
}

// databaseAdvice says what to do about what databases complain of; empty:
// nothing that is known here.
func (l Language) databaseAdvice(err error) string {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return l.mysqlAdvice(e.Number)
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
	switch {
	case has("disk is full", "no space left"):
		return l.Text("make room on the disk, then run the command again")
	case has("readonly", "read-only", "permission denied"):
		return l.Text("this user may not write there: give him the right, or keep the ledger elsewhere with -ledger")
	case has("not a database", "malformed"):
		return l.Text("the file is no SQLite database")
	case has("unable to open", "is a directory"):
		return l.Text("check the path and the rights to the file and its folder")
	case has("no such table", "no such column", "has no column"):
		return l.Text("the tables are parent_wechat_bind and student_photo; batchpush import makes them, -query reads others")
	case db.IsGone(err):
		return l.Text("check the address, and whether the database is running")
	}
	return ""
}

func (l Language) mysqlAdvice(number uint16) string {
	switch number {
	case 1044, 1045, 1698:
		return l.Text("check the user, his password and his rights to the database")
	case 1049:
		return l.Text("there is no database of that name")
	case 1142, 1143, 1227:
		return l.Text("grant the user what is missing, or keep the ledger elsewhere with -ledger")
	case 1146, 1054:
		return l.Text("the tables are parent_wechat_bind and student_photo; batchpush import makes them, -query reads others")
	case 1064:
		return l.Text("the SQL of -query must be one SELECT that this server understands")
	case 1021, 1114:
		return l.Text("make room on the disk, then run the command again")
	case 1290, 1836:
		return l.Text("this server is read-only: keep the ledger elsewhere with -ledger")
	}
	return ""
}

// fileError says what is wrong with a CSV file.
func (l Language) fileError(e *school.FileError) string {
	s := l.Text(e.Problem.String())
	if e.Value != "" {
		s = fmt.Sprintf("%q: %s", e.Value, s)
	}
	if e.Column != "" {
		s = e.Column + ": " + s
	}
	if e.Line > 0 {
		s = l.Text("line %d: ", e.Line) + s
	}
	if e.Limit > 0 {
		s += fmt.Sprintf(" (%d)", e.Limit)
	}
	if e.Other > 0 {
		s += l.Text(" (line %d)", e.Other)
	}
	return s
}

// unfitError says which values the school's tables cannot hold.
func (l Language) unfitError(e *school.UnfitError) string {
	all := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		all[i] = l.Text("line %d: ", f.Line) + f.Place()
	}
	if e.More > 0 {
		all = append(all, l.Text("and %d more", e.More))
	}
	return l.Text(school.ProblemUnfit.String()) + ": " + strings.Join(all, "; ")
}

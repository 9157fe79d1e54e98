package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
)

// listedCodes reads testdata/codes.txt, which is kept apart from codes.go so that the two
// check each other.
func listedCodes(t *testing.T) map[wechat.Code]string {
	t.Helper()
	text, err := os.ReadFile("testdata/codes.txt")
	require.NoError(t, err)
	classes := map[wechat.Code]string{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		number, class, ok := strings.Cut(strings.TrimSpace(line), " ")
		require.True(t, ok, line)
		n, err := strconv.Atoi(number)
		require.NoError(t, err, line)
		require.NotContains(t, classes, wechat.Code(n), "listed twice")
		classes[wechat.Code(n)] = class
	}
	return classes
}

// declaredCodes reads the constants of codes.go.
func declaredCodes(t *testing.T) map[wechat.Code]string {
	t.Helper()
	file, err := parser.ParseFile(gotoken.NewFileSet(), "codes.go", nil, parser.ParseComments)
	require.NoError(t, err)
	names := map[wechat.Code]string{}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != gotoken.CONST {
			continue
		}
		for _, spec := range group.Specs {
			c := spec.(*ast.ValueSpec)
			number := ""
			switch v := c.Values[0].(type) {
			case *ast.BasicLit:
				number = v.Value
			case *ast.UnaryExpr:
				number = v.Op.String() + v.X.(*ast.BasicLit).Value
			}
			n, err := strconv.Atoi(number)
			require.NoError(t, err, c.Names[0].Name)
			require.NotContains(t, names, wechat.Code(n), "%s has the number of another", c.Names[0].Name)
			assert.NotNil(t, c.Comment, "%s says nothing", c.Names[0].Name)
			names[wechat.Code(n)] = c.Names[0].Name
		}
	}
	return names
}

func TestEveryListedCodeIsAConstant(t *testing.T) {
	t.Parallel()
	listed, declared := listedCodes(t), declaredCodes(t)
	for code := range listed {
		assert.Contains(t, declared, code, "no constant")
	}
	for code, name := range declared {
		assert.Contains(t, listed, code, "%s is not in testdata/codes.txt", name)
	}
	assert.Greater(t, len(listed), 310)
}

func TestEveryCodeHasTheKindOfItsClass(t *testing.T) {
	t.Parallel()
	kinds := map[string][]wechat.Kind{
		"R": {wechat.KindBusy}, "T": {wechat.KindToken}, "M": {wechat.KindMinuteLimit}, "D": {wechat.KindDailyQuota},
		"U": {wechat.KindRecipient}, "W": {wechat.KindWindow}, "C": {wechat.KindRequest, wechat.KindValue},
		"A": {wechat.KindAccount}, "C/A": {wechat.KindRequest, wechat.KindAccount}, "OK": {wechat.KindWindow, wechat.KindValue},
	}
	for code, class := range listedCodes(t) {
		require.Contains(t, kinds, class)
		assert.Contains(t, kinds[class], code.Kind(), "%v", code)
		assert.Equal(t, code.Kind(), wechat.KindOf(fmt.Errorf("wrapped: %w", &wechat.Error{Code: code})))
		assert.Greater(t, len(code.Error()), len("wechat: errcode -1: "), "%d has no words", int(code))
	}
}

// Where a person must act the hint says where.
func TestEveryAccountCodeHasAHintWithAConsolePath(t *testing.T) {
	t.Parallel()
	for code := range listedCodes(t) {
		e := &wechat.Error{Code: code, Path: "/cgi-bin/x"}
		if hint := e.Hint(); code.Kind() == wechat.KindAccount {
			assert.Regexp(t, `(developers\.weixin\.qq\.com/platform|(mp|cloud)\.weixin\.qq\.com(/cloudrun)?): \S+`, hint, "%v", code)
			assert.Contains(t, e.Error(), hint)
		}
	}
	wrong := &wechat.Error{Code: wechat.ErrInvalidCredential, Path: "/cgi-bin/token"}
	assert.Contains(t, wrong.Hint(), "开发密钥", "40001 of a token call is a wrong secret")
	assert.NotContains(t, (&wechat.Error{Code: wechat.ErrInvalidCredential, Path: "/cgi-bin/x"}).Hint(), "AppSecret")
	assert.Contains(t, (&wechat.Error{Code: wechat.ErrDailyQuota}).Hint(), "midnight in Beijing")
	assert.Contains(t, (&wechat.Error{Code: wechat.ErrIPNotAllowed}).Hint(), "this machine's outgoing address")
}

// A menu and a visitor's authorization have many codes, and a text such as "invalid button size" does
// not tell what is allowed.
func TestMenuAndWebAuthCodesHaveAHint(t *testing.T) {
	t.Parallel()
	menus := []wechat.Code{40054, 40055, 40117, 40118, 40119, 40120, 40121, 41007, 45010, 45048, 45064, 46002, 46003}
	for _, of := range [][2]wechat.Code{{40015, 40028}, {65301, 65320}} {
		for code := of[0]; code <= of[1]; code++ {
			menus = append(menus, code)
		}
	}
	for _, code := range menus {
		assert.NotEqual(t, wechat.KindUnknown, code.Kind(), "%v", code)
		assert.NotEmpty(t, (&wechat.Error{Code: code, Path: "/cgi-bin/menu/create"}).Hint(), "%v", code)
	}
	for _, code := range []wechat.Code{40029, 40030, 40163, 41003, 41008, 42002, 42003, 42007} {
		assert.Equal(t, wechat.KindRequest, code.Kind(), "%v", code)
		assert.Contains(t, (&wechat.Error{Code: code, Path: "/sns/oauth2/access_token"}).Hint(), "WebAuthURL", "%v", code)
	}
	assert.Contains(t, (&wechat.Error{Code: 40018}).Hint(), "16 bytes")
	assert.Contains(t, (&wechat.Error{Code: 40025}).Hint(), "60 bytes")
	assert.Contains(t, (&wechat.Error{Code: 65316}).Hint(), "3 domains")
}

func TestHintNamesTheAddress(t *testing.T) {
	t.Parallel()
	for message, address := range map[string]string{
		"invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist":    "1.2.3.4",
		"invalid ip 1.2.3.4, not in whitelist":                        "1.2.3.4",
		"invalid ip 240e:3a1::42 ipv6 240e:3a1::42, not in whitelist": "240e:3a1::42",
		"access clientip is not registered":                           "this machine's outgoing address",
	} {
		for _, code := range []wechat.Code{wechat.ErrIPNotAllowed, wechat.ErrIPNotRegistered, wechat.ErrClientIPNotRegistered} {
			assert.Contains(t, (&wechat.Error{Code: code, Message: message}).Hint(), "add "+address+" to the IP allow list")
		}
	}
}

func TestUnknownCodesKeepWhatTheySay(t *testing.T) {
	t.Parallel()
	e := &wechat.Error{Code: 9001001, Message: "odd", RID: "1a-2b-3c", Method: "GET", Path: "/cgi-bin/x"}
	assert.Equal(t, "wechat: GET /cgi-bin/x: 9001001 odd (rid 1a-2b-3c)", e.Error())
	assert.Equal(t, wechat.KindUnknown, e.Kind())
	assert.Empty(t, e.Hint())
	assert.Equal(t, 9001001, e.ErrCode())
	require.ErrorIs(t, e, wechat.Code(9001001))
	assert.Equal(t, "wechat: errcode 9001001", wechat.Code(9001001).Error())
}

// named is an error as packages have them that do not import this one.
type named string

func (n named) Error() string    { return "named" }
func (n named) KindName() string { return string(n) }

func TestKindOfNamedErrors(t *testing.T) {
	t.Parallel()
	for k := wechat.KindUnknown; k <= wechat.KindLost; k++ {
		assert.Equal(t, k, wechat.KindOf(fmt.Errorf("x: %w", named(k.String()))))
	}
	assert.Equal(t, wechat.KindLost, wechat.KindOf(errors.Join(named("new kind"), io.ErrUnexpectedEOF)), "a name that this version does not know")
	assert.Equal(t, wechat.KindUnknown, wechat.KindOf(named("")))
	assert.Equal(t, wechat.KindValue, wechat.KindOf(fmt.Errorf("%w: %w", named("value"), wechat.ErrDailyQuota)), "the outermost counts")
	var bare interface{ KindName() string } = &wechat.Error{Code: wechat.ErrMinuteLimit}
	assert.Equal(t, "minute limit", bare.KindName())
}

// Each exported variable of this package that is an error has a kind.
func TestOwnSentinelsHaveAKind(t *testing.T) {
	t.Parallel()
	kinds := map[string]wechat.Kind{"ErrNoCustomForm": wechat.KindOf(fmt.Errorf("x: %w", wechat.ErrNoCustomForm))}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^(?:var |\t)(Err[A-Z]\w*)\s.*= *(?:errors\.New|fmt\.Errorf|&)`).FindAllStringSubmatch(string(text), -1) {
			assert.Contains(t, kinds, m[1])
		}
	}
	for name, kind := range kinds {
		assert.Equal(t, wechat.KindValue, kind, name)
	}
}

// What the issue of the platform's new pages lists, by what a program does about it.
func TestKindsOfNewCodes(t *testing.T) {
	t.Parallel()
	for kind, codes := range map[wechat.Kind][]wechat.Code{
		wechat.KindValue:     {65415, 40053, 45166, 48014, 53503, 9410010, 9410012},
		wechat.KindRequest:   {76003, 65416, 65417, 45106, 45109, 40015, 40121, 46003, 65301, 65310, 65314, 65320, 9410011},
		wechat.KindAccount:   {61003, 61007, 61023, 85105, 85107, 85112, 45010, 45064, 65305, 65309, 89502, 53505},
		wechat.KindBusy:      {85113, 45085, 45169, 268487001, 268487002},
		wechat.KindRecipient: {40132, 43006, 45171, 49003, 65302, 65315},
		wechat.KindToken:     {42006},
	} {
		for _, code := range codes {
			assert.Equal(t, kind, code.Kind(), "%v", code)
			assert.NotContains(t, code.Error(), "  ")
		}
	}
	assert.Contains(t, (&wechat.Error{Code: 76003, Path: "/cgi-bin/openapi/quota/get"}).Hint(), "begin with a slash")
	assert.Empty(t, (&wechat.Error{Code: 76003, Path: "/cgi-bin/openapi/rid/get"}).Hint())
	assert.Contains(t, (&wechat.Error{Code: 41001}).Hint(), "publish a new version")
}

// The READMEs say what to do about each Kind.
func TestReadmesHaveARowForEachKind(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("kind.go")
	require.NoError(t, err)
	kinds := regexp.MustCompile(`(?m)^\t(Kind[A-Z]\w*)`).FindAllStringSubmatch(string(source), -1)
	assert.Len(t, kinds, int(wechat.KindLost)+1)
	for _, name := range []string{"../README.md", "../README.zh-CN.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		rows := strings.Join(regexp.MustCompile("(?m)^\\| `Kind.*$").FindAllString(string(text), -1), "\n")
		for _, kind := range kinds {
			assert.Contains(t, rows, "`"+kind[1]+"`", name)
		}
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for k := wechat.KindUnknown; k <= wechat.KindLost; k++ {
		assert.False(t, seen[k.String()], "%v is the name of two", k)
		seen[k.String()] = true
	}
	assert.Equal(t, "unknown", wechat.Kind(-1).String())
	assert.Equal(t, "unknown", wechat.Kind(99).String())
	assert.Equal(t, wechat.KindUnknown, wechat.KindOf(nil))
	assert.Equal(t, wechat.KindUnknown, wechat.KindOf(errors.New("x")))
	for err, kind := range map[error]wechat.Kind{
		&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}: wechat.KindUnknown, // which is a net.Error, by its methods
		context.Canceled: wechat.KindLost, context.DeadlineExceeded: wechat.KindLost, io.ErrUnexpectedEOF: wechat.KindLost,
		&net.OpError{Op: "read", Err: syscall.ECONNRESET}:       wechat.KindLost,
		&url.Error{Op: "Post", Err: os.ErrDeadlineExceeded}:     wechat.KindLost,
		&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}:     wechat.KindNetwork,
		&net.DNSError{Err: "no such host"}:                      wechat.KindNetwork,
		&net.OpError{Op: "dial", Err: context.DeadlineExceeded}: wechat.KindLost,
		os.ErrNotExist: wechat.KindUnknown,
		fmt.Errorf("wrapped: %w", wechat.ErrDailyQuota): wechat.KindDailyQuota,
	} {
		assert.Equal(t, kind, wechat.KindOf(fmt.Errorf("x: %w", err)), "%v", err)
	}
}

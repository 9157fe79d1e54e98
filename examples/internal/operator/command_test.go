package operator

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat"
)

func TestParseFlags(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                         "[] map[] 0 false",
		"-n 3":                     "[] map[n:true] 3 false",
		"import -n 3 a.csv":        "[import a.csv] map[n:true] 3 false",
		"-b import -n=4 a.csv -n5": "[] map[] 4 true: the command line: flag provided but not defined: -n5",
		"import a.csv -b -n 5":     "[import a.csv] map[b:true n:true] 5 true",
		"import -- -n":             "[import -n] map[] 0 false",
		"-n three":                 `[] map[] 0 false: the command line: invalid value "three" for flag -n: parse error`,
		"status -h":                "[] map[] 0 false: flag: help requested",
	} {
		f := flag.NewFlagSet("x", flag.ContinueOnError)
		f.SetOutput(io.Discard)
		n, b := f.Int("n", 0, ""), f.Bool("b", false, "")
		words, given, err := Language{}.ParseFlags(f, strings.Fields(line))
		got := fmt.Sprint(words, given, *n, *b)
		if err != nil {
			got = fmt.Sprint("[] map[] ", *n, " ", *b, ": ", err)
			_, usage := errors.AsType[*UsageError](err)
			assert.Equal(t, !errors.Is(err, flag.ErrHelp), usage, line)
		}
		assert.Equal(t, want, got, line)
	}
	f := flag.NewFlagSet("x", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	_, _, err := InChinese(Chinese()).ParseFlags(f, []string{"-x"})
	require.ErrorContains(t, err, "命令行：")
}

func TestIsOutOfReach(t *testing.T) {
	t.Parallel()
	for code, want := range map[wechat.Code]bool{
		wechat.ErrDailyQuota: true, wechat.ErrInvalidAppSecret: false, wechat.ErrInvalidAppID: false,
	} {
		assert.Equal(t, want, IsOutOfReach(fmt.Errorf("wrapped: %w", &wechat.Error{Code: code})), code)
	}
	assert.False(t, IsOutOfReach(nil))
	assert.False(t, IsOutOfReach(errors.New("x")))
}

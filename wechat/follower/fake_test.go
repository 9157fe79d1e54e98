package follower_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/follower"
)

const fine = `{"errcode":0,"errmsg":"ok"}`

// call is one Call as a Caller saw it, encoded as the wechat Client does.
type call struct {
	method, path, body string
	reads              bool // changes nothing, and may be repeated
}

// fake answers every call with the same JSON or error, or with answers one after the other, or as
// serve says.
type fake struct {
	calls   []call
	answer  string
	answers []string
	err     error
	serve   func(c call) (answer string, err error)
}

func (f *fake) Call(_ context.Context, method, path string, in, out any) error {
	c := call{method: method, path: path}
	if in != nil {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(in); err != nil {
			return err
		}
		c.body = strings.TrimSuffix(buf.String(), "\n")
		r, ok := in.(interface{ Repeatable() bool })
		q, both := in.(interface{ ReadOnly() bool })
		c.reads = ok && both && r.Repeatable() && q.ReadOnly()
	}
	f.calls = append(f.calls, c)
	answer, err := f.answer, f.err
	switch {
	case f.serve != nil:
		answer, err = f.serve(c)
	case len(f.answers) > 0:
		answer, f.answers = f.answers[0], f.answers[1:]
	}
	if err != nil {
		if refused, ok := out.(interface{ Refused([]byte) }); ok {
			refused.Refused([]byte(answer))
		}
		return err
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal([]byte(answer), out)
}

// newClient is NewClient for a Caller that is there.
func newClient(c follower.Caller) *follower.Client {
	client, err := follower.NewClient(c)
	if err != nil {
		panic(err)
	}
	return client
}

// kindName is what an error says of its kind, as wechat.KindOf asks it.
func kindName(t *testing.T, err error) string {
	t.Helper()
	var named interface{ KindName() string }
	require.ErrorAs(t, err, &named)
	return named.KindName()
}

// coded is an error as the platform's are.
type coded int

func (c coded) Error() string { return fmt.Sprintf("errcode %d", int(c)) }
func (c coded) ErrCode() int  { return int(c) }

// KindName tells the kinds of the codes that the tests use.
func (c coded) KindName() string {
	switch c {
	case 45009:
		return "daily quota"
	case 48001:
		return "account"
	}
	return "recipient"
}

// openids returns n of them.
func openids(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("o%d", i)
	}
	return list
}

// quoted is a JSON array of openids.
func quoted(list []string) string {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(b)
}

package menu_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/menu"
)

const fine = `{"errcode":0,"errmsg":"ok"}`

// call is one Call as a Caller saw it, encoded as the wechat Client does.
type call struct {
	method, path, body string
	repeatable         bool
}

// fake answers every call with the same JSON or error.
type fake struct {
	calls  []call
	answer string
	err    error
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
		c.repeatable = ok && r.Repeatable()
	}
	f.calls = append(f.calls, c)
	if f.err != nil || out == nil {
		return f.err
	}
	return json.Unmarshal([]byte(f.answer), out)
}

// newClient is NewClient for a Caller that is there.
func newClient(c menu.Caller) *menu.Client {
	client, err := menu.NewClient(c)
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

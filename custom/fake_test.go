package custom_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
)

const fine = `{"errcode":0,"errmsg":"ok"}`

// call is one Call as a Caller saw it, encoded as the wechat Client does.
type call struct {
	method, path, body string
	repeatable         bool
}

// fake answers every call with the same JSON or error, or with answers one after the other.
type fake struct {
	calls   []call
	answer  string
	answers []string
	err     error
	sent    *http.Request // what Do was given
	upload  []byte        // and its body
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
	if len(f.answers) > 0 {
		f.answer, f.answers = f.answers[0], f.answers[1:]
	}
	return json.Unmarshal([]byte(f.answer), out)
}

func (f *fake) Do(req *http.Request) (*http.Response, error) {
	f.sent = req
	f.upload, _ = io.ReadAll(req.Body)
	if f.err != nil {
		return nil, f.err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(f.answer))}, nil
}

// newClient is NewClient for a Caller that is there.
func newClient(c custom.Caller) *custom.Client {
	client, err := custom.NewClient(c)
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

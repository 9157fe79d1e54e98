package callback

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onChain trusts what has come over WeChat's own chain.
func onChain(r *http.Request) bool { return r.Header.Get("X-WX-SOURCE") != "" }

// cloudPush is a push as WeChat Cloud Run makes it: without a query.
func cloudPush(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/wx-9f2c", strings.NewReader(body))
	r.Header.Set("X-WX-SOURCE", "wx_client")
	return r
}

const cloudText = `{"ToUserName":"gh_919b00572d95","FromUserName":"oVneZ57wJnV-ObtCiGv26PRrOz2g","CreateTime":1651049934,"MsgType":"text","Content":"回复文本","MsgId":23637352235060880}`

func newCloudServer(t *testing.T, h Handler, change func(*Config)) *Server {
	t.Helper()
	cfg := Config{Account: Account{AppID: "wxcloud"}, Trust: onChain, Logger: quiet()}
	if change != nil {
		change(&cfg)
	}
	s, err := NewServer(cfg, h)
	require.NoError(t, err)
	return s
}

func TestCloudRun(t *testing.T) {
	t.Parallel()
	var got []Message
	s := newCloudServer(t, HandlerFunc(func(ctx context.Context, m Message) (Reply, error) {
		got = append(got, m)
		assert.Equal(t, "wxcloud", AppIDFrom(ctx))
		return Text{Content: "您好"}, nil
	}), nil)
	w := serve(s, cloudPush(cloudText))
	assert.Equal(t, http.StatusOK, w.status)
	assert.Equal(t, "application/json; charset=utf-8", w.header.Get("Content-Type"))
	assert.Contains(t, w.body.String(), `"ToUserName":"oVneZ57wJnV-ObtCiGv26PRrOz2g","FromUserName":"gh_919b00572d95"`)
	assert.Contains(t, w.body.String(), `"MsgType":"text","Content":"您好"}`)
	require.Len(t, got, 1)
	assert.EqualValues(t, 23637352235060880, got[0].Head().MsgID, "beyond 2^53")
	again := serve(s, cloudPush(cloudText))
	assert.Equal(t, w.body.String(), again.body.String(), "a repeat")
	require.Len(t, got, 1)

	w = serve(s, cloudPush(textPush(7)))
	text, err := textReply(pushed{}, w.status, w.body.Bytes())
	require.NoError(t, err, "XML is answered in XML")
	assert.Equal(t, "您好", text)
	old := strings.Replace(textPush(8), "1348831860", "1000000000", 1)
	assert.Equal(t, http.StatusOK, serve(s, cloudPush(old)).status, "there is no timestamp that could be stale")
	r := cloudPush(textPush(9))
	r.URL.RawQuery = "signature=%zz&openid=oVICTIM;x"
	assert.Equal(t, http.StatusOK, serve(s, r).status, "whatever the query is")
	for name, body := range map[string]string{"empty": "", "nonsense": "hello", "cut": cloudText[:50], "no MsgType": `{"a":1}`} {
		assert.Equal(t, http.StatusBadRequest, serve(s, cloudPush(body)).status, name)
	}
	r = cloudPush(cloudText)
	r.Method = http.MethodGet
	w = serve(s, r)
	assert.Equal(t, http.StatusMethodNotAllowed, w.status)
	assert.Equal(t, "HEAD, POST", w.header.Get("Allow"))
}

var probes = map[string]string{
	"JSON": `{"action":"CheckContainerPath"}`, "XML": `<xml><action>CheckContainerPath</action></xml>`, "bare": "CheckContainerPath",
	"JSON with blanks": " {\n\"action\" : \"CheckContainerPath\" }\n", "bare with blanks": "CheckContainerPath\r\n",
	"XML with CDATA": "<xml>\n<action><![CDATA[CheckContainerPath]]></action>\n</xml>",
}

// The probe is answered whoever asks. Nothing else of a request that is not trusted is looked at.
func TestCloudRunProbeAndStrangers(t *testing.T) {
	t.Parallel()
	var outcomes []Outcome
	s := newCloudServer(t, HandlerFunc(func(context.Context, Message) (Reply, error) { t.Error("handled"); return nil, nil }),
		func(c *Config) {
			c.Hook = func(_ context.Context, d Delivery) { outcomes = append(outcomes, d.Outcome) }
		})
	for name, body := range probes {
		for _, trusted := range []bool{false, true} {
			r := cloudPush(body)
			if !trusted {
				r.Header.Del("X-WX-SOURCE")
			}
			w := serve(s, r)
			assert.Equal(t, http.StatusOK, w.status, name)
			assert.Equal(t, "success", w.body.String(), name)
			assert.Equal(t, OutcomeEchoed, outcomes[len(outcomes)-1])
		}
	}
	for name, body := range map[string]string{
		"a message": cloudText, "XML": textPush(1), "nothing": "", "another word": "CheckContainerPaths", "another action": `{"action":"Check"}`,
		"a probe and more": `{"action":"CheckContainerPath","MsgType":"text"}`, "a long probe": "CheckContainerPath" + strings.Repeat(" ", 250),
		"an endless one": strings.Repeat("CheckContainerPath", 100_000),
	} {
		r := cloudPush(body)
		r.Header.Del("X-WX-SOURCE")
		counted := &countingBody{r: strings.NewReader(body)}
		r.Body = io.NopCloser(counted)
		w := serve(s, r)
		assert.Equal(t, http.StatusForbidden, w.status, name)
		assert.Equal(t, OutcomeRefused, outcomes[len(outcomes)-1])
		assert.LessOrEqual(t, counted.n, 256, "%s: bytes read", name)
	}
}

type countingBody struct {
	r io.Reader
	n int
}

func (c *countingBody) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

// A stranger whose body does not come is not waited for any longer than anybody else.
func TestCloudRunSlowStranger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newStation(t, Config{Account: Account{AppID: "wxcloud"}, Trust: onChain, Logger: quiet()}, texter("x"))
		conn, err := st.pipes.dial(t.Context(), "", "")
		require.NoError(t, err)
		began := time.Now()
		go func() { _, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{") }()
		got, err := io.ReadAll(conn)
		require.NoError(t, err)
		assert.Contains(t, string(got), "403 Forbidden")
		assert.LessOrEqual(t, time.Since(began), countsFor+time.Second)
		require.NoError(t, conn.Close())
		st.close(t)
	})
}

// Trust is asked before the body is read, and for each request.
func TestTrustComesFirst(t *testing.T) {
	t.Parallel()
	body := &untouched{}
	asked := 0
	s := newCloudServer(t, texter("x"), func(c *Config) {
		c.Trust = func(*http.Request) bool { asked++; assert.False(t, body.read); return true }
	})
	r := cloudPush(cloudText)
	r.Body = body
	serve(s, r)
	assert.True(t, body.read)
	assert.Equal(t, 1, asked)
}

// With Select the accounts have an AppID and no Token.
func TestCloudRunOfSeveralAccounts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		account Account
		want    int
	}{
		"an AppID": {Account{AppID: "wx1"}, 200}, "none": {Account{}, 503}, "a Token": {Account{AppID: "wx1", Token: "t"}, 503},
	} {
		var seen string
		s := newCloudServer(t, HandlerFunc(func(ctx context.Context, _ Message) (Reply, error) { seen = AppIDFrom(ctx); return nil, nil }),
			func(c *Config) {
				c.Account, c.Select = Account{}, func(*http.Request) (Account, error) { return tt.account, nil }
			})
		assert.Equal(t, tt.want, serve(s, cloudPush(cloudText)).status, name)
		if tt.want == 200 {
			assert.Equal(t, "wx1", seen)
		}
	}
}

// A late reply goes by Late there too.
func TestCloudRunLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var late []string
		s := newCloudServer(t, &slow{takes: 6 * time.Second}, func(c *Config) {
			c.Late = func(_ context.Context, h Header, r Reply) error {
				late = append(late, fmt.Sprint(h.FromUserName, r))
				return nil
			}
		})
		assert.Equal(t, "success", serve(s, cloudPush(cloudText)).body.String())
		require.NoError(t, s.Shutdown(t.Context()))
		assert.Equal(t, []string{"oVneZ57wJnV-ObtCiGv26PRrOz2g{您的照片}"}, late)
	})
}

// An adapter may hand over a request without a body.
func TestTrustWithoutABody(t *testing.T) {
	t.Parallel()
	s, err := NewServer(Config{Account: Account{AppID: "wx"}, Trust: func(*http.Request) bool { return false }, Logger: quiet()}, texter("x"))
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Body = nil
	assert.Equal(t, 403, serve(s, r).status)
}

package wechat

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A renewal forces a new token, once, whatever becomes of it; a fetch never does.
func TestRenewalIsForcedOnce(t *testing.T) {
	t.Parallel()
	var bodies []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bodies = append(bodies, string(body)); len(bodies) == 2 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `{"access_token":"T","expires_in":7200}`)
	}))
	defer s.Close()
	c, err := New("wx1", "S", WithBaseURL(s.URL))
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	src := source{c.fetchStable, c.renewStable}
	_, err = src.Renew(t.Context())
	require.NoError(t, err)
	_, err = src.Renew(t.Context())
	assert.Equal(t, KindLost, KindOf(err))
	_, err = src.Token(t.Context())
	require.NoError(t, err)
	const head = `{"appid":"wx1","force_refresh":`
	const tail = `,"grant_type":"client_credential","secret":"S"}`
	assert.Equal(t, []string{head + "true" + tail, head + "true" + tail, head + "false" + tail}, bodies)
}

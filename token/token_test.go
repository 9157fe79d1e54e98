package token_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/token"
)

func TestPrintingShowsNoToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testPrinting)
}

func testPrinting(t *testing.T) {
	tok := token.Token{Value: "SECRET", Expiry: time.Unix(1_800_000_000, 0)}
	st := token.NewMemoryStore()
	c := newCache(t, token.SourceFunc(func(context.Context) (token.Token, error) {
		return token.Token{Value: "SECRET", Expiry: time.Now().Add(time.Hour)}, nil
	}), token.WithStore(st, "k"))
	require.ErrorIs(t, c.Invalidate(t.Context(), get(t, c)), token.ErrUnchanged)
	synctest.Wait() // reading a Cache by reflection is safe only when it is at rest
	holders := []any{tok, &tok, c, st, []token.Token{tok}, map[string]token.Token{"k": tok},
		struct{ T token.Token }{tok}, struct{ C *token.Cache }{c}, struct{ c *token.Cache }{c}, struct{ s *token.MemoryStore }{st}}
	var b strings.Builder
	for _, h := range holders {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
			fmt.Fprintf(&b, verb+"\n", h)
		}
		slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "h", h)
		slog.New(slog.NewTextHandler(&b, nil)).Info("m", "h", h)
	}
	for _, shape := range []string{"SECRET", fmt.Sprintf("%x", "SECRET"), fmt.Sprintf("%X", "SECRET")} {
		assert.NotContains(t, b.String(), shape)
	}
	assert.Contains(t, b.String(), "2027-01-15T08:00:00Z", "the moment is shown")
	assert.Equal(t, "token(none) token([redacted])", fmt.Sprint(token.Token{}, " ", token.Token{Value: "SECRET"}))
	_, err := json.Marshal(struct{ T token.Token }{tok})
	require.ErrorContains(t, err, "MarshalBinary")
	assert.NotContains(t, err.Error(), "SECRET")
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("Beijing", 8*3600)
	for name, tc := range map[string]struct {
		tok  token.Token
		want string
	}{
		"utc":           {token.Token{Value: "A", Expiry: time.Unix(1_800_000_000, 0).UTC()}, `{"access_token":"A","expires_at":1800000000}`},
		"other zone":    {token.Token{Value: "A", Expiry: time.Unix(1_800_000_000, 0).In(zone)}, `{"access_token":"A","expires_at":1800000000}`},
		"rounded down":  {token.Token{Value: "A", Expiry: time.Unix(1_800_000_000, 999_999_999)}, `{"access_token":"A","expires_at":1800000000}`},
		"no expiry":     {token.Token{Value: "A"}, `{"access_token":"A","expires_at":0}`},
		"awkward value": {token.Token{Value: `"\微`}, `{"access_token":"\"\\微","expires_at":0}`},
	} {
		data, err := tc.tok.MarshalBinary()
		require.NoError(t, err, name)
		assert.Equal(t, tc.want, string(data), name)
		var back token.Token
		require.NoError(t, back.UnmarshalBinary(data), name)
		assert.Equal(t, tc.tok.Value, back.Value, name)
		assert.True(t, back.Expiry.Equal(tc.tok.Expiry.Truncate(time.Second)), name)
	}
	_, err := token.Token{}.MarshalBinary()
	require.Error(t, err)
	var b bytes.Buffer
	require.NoError(t, gob.NewEncoder(&b).Encode(token.Token{Value: "A"}), "gob takes the binary form")
}

func TestDecodingRefusesWhatIsNoToken(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		``, `{}`, `null`, `"SECRET"`, `SECRET`, `{"access_token":"SECRET"`, `{"access_token":"SECRET","expires_at":"1"}`,
		`{"access_token":["SECRET"]}`, `{"access_token":""}`, `{"token":"SECRET"}`, `{"access_token":"SECRET","expires_at":1}x`,
	} {
		tok := token.Token{Value: "before"}
		err := tok.UnmarshalBinary([]byte(data))
		require.Error(t, err, data)
		assert.NotContains(t, err.Error(), "SECRET")
		assert.Equal(t, "before", tok.Value, data)
	}
	var tok token.Token
	require.NoError(t, tok.UnmarshalBinary([]byte(` {"expires_at": 5, "more": [1], "access_token": "A"} `)))
	assert.Equal(t, "A", tok.Value)
	assert.EqualValues(t, 5, tok.Expiry.Unix())
}

func TestExpired(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	for name, tc := range map[string]struct {
		tok  token.Token
		want bool
	}{
		"none":           {token.Token{}, true},
		"no value":       {token.Token{Expiry: now.Add(time.Hour)}, true},
		"no expiry":      {token.Token{Value: "v"}, true},
		"over":           {token.Token{Value: "v", Expiry: now.Add(-time.Second)}, true},
		"over long ago":  {token.Token{Value: "v", Expiry: time.Unix(-1, 0)}, true},
		"at this moment": {token.Token{Value: "v", Expiry: now}, true},
		"elsewhere":      {token.Token{Value: "v", Expiry: now.In(time.FixedZone("UTC+8", 8*3600))}, true},
		"a moment left":  {token.Token{Value: "v", Expiry: now.Add(1)}, false},
		"hours left":     {token.Token{Value: "v", Expiry: now.Add(2 * time.Hour)}, false},
	} {
		assert.Equal(t, tc.want, tc.tok.Expired(now), name)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "wxhome:token:wx0123456789abcdef:stable:api.weixin.qq.com",
		token.Key("wx0123456789abcdef", "stable", "api.weixin.qq.com"))
}

func FuzzUnmarshalBinary(f *testing.F) {
	for _, seed := range []string{`{"access_token":"a","expires_at":1}`, `{"access_token":"a"}`, `{"access_token":"a","expires_at":-62135596800}`, `null`, `{`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var tok token.Token
		if tok.UnmarshalBinary(data) != nil {
			assert.Equal(t, token.Token{}, tok)
			return
		}
		assert.NotEmpty(t, tok.Value)
		again, err := tok.MarshalBinary()
		require.NoError(t, err)
		var back token.Token
		require.NoError(t, back.UnmarshalBinary(again))
		assert.Equal(t, tok.Value, back.Value)
		assert.True(t, tok.Expiry.Equal(back.Expiry))
	})
}

package callback

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	late := func(context.Context, Header, Reply) error { return nil }
	for name, tt := range map[string]struct {
		in           Config
		lapse        int
		grace, fresh time.Duration
	}{
		"nothing":            {Config{}, 2, patience, DefaultFreshness},
		"Late":               {Config{Late: late}, 0, DefaultGrace, DefaultFreshness},
		"Late and lapse":     {Config{Late: late, Lapse: 1}, 1, DefaultGrace, DefaultFreshness},
		"no lapse":           {Config{Lapse: -1}, 0, patience, DefaultFreshness},
		"a short grace":      {Config{Late: late, Grace: time.Millisecond, Freshness: -1}, 0, time.Millisecond, -1},
		"a grace of minutes": {Config{Grace: time.Minute}, 2, time.Minute, DefaultFreshness},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.in.withDefaults()
			require.NoError(t, err)
			assert.Equal(t, tt.lapse, got.Lapse)
			assert.Equal(t, tt.grace, got.Grace)
			assert.Equal(t, tt.fresh, got.Freshness)
			assert.EqualValues(t, 1<<20, got.BodyLimit)
			assert.EqualValues(t, 32<<20, got.BodyMemory)
			assert.Equal(t, 30*time.Second, got.HandlerTimeout)
			assert.Equal(t, 2*time.Minute, got.LateTimeout)
			assert.Equal(t, 4096, got.MaxInFlight)
			assert.Equal(t, 8192, got.Remember)
		})
	}
}

func TestNewServerRefuses(t *testing.T) {
	t.Parallel()
	good := testAccount(false)
	pick := func(*http.Request) (Account, error) { return Account{}, nil }
	trusted := func(*http.Request) bool { return true }
	h := texter("x")
	for name, tt := range map[string]struct {
		cfg  Config
		h    Handler
		want string
	}{
		"no token":             {Config{}, h, "the account has no Token"},
		"AES key, no AppID":    {Config{Account: Account{Token: "t", AESKey: pushKey}}, h, "no AppID"},
		"AES key, no token":    {Config{Account: Account{AppID: "a", AESKey: pushKey}}, h, "no Token"},
		"a short AES key":      {Config{Account: Account{AppID: "a", Token: "t", AESKey: "abc"}}, h, "AESKey has 3 characters"},
		"a bad AES key":        {Config{Account: Account{AppID: "a", Token: "t", AESKey: "!" + pushKey[1:]}}, h, "AESKey has a character"},
		"a bad previous key":   {Config{Account: Account{AppID: "a", Token: "t", AESKey: pushKey, PreviousAESKey: "x"}}, h, "PreviousAESKey"},
		"a previous key alone": {Config{Account: Account{AppID: "a", Token: "t", PreviousAESKey: pushKey}}, h, "no AESKey"},
		"account and Select":   {Config{Account: good, Select: pick}, h, "both Account and Select are set"},
		"grace":                {Config{Account: good, Grace: -1}, h, "Grace is negative"},
		"timeout":              {Config{Account: good, HandlerTimeout: -1}, h, "HandlerTimeout is negative"},
		"body limit":           {Config{Account: good, BodyLimit: -1}, h, "BodyLimit is negative"},
		"huge body limit":      {Config{Account: good, BodyLimit: 1 << 30}, h, "BodyLimit is over 16777216"},
		"in flight":            {Config{Account: good, MaxInFlight: -1}, h, "MaxInFlight is negative"},
		"remember":             {Config{Account: good, Remember: -1}, h, "Remember is negative"},
		"lapse":                {Config{Account: good, Lapse: 3}, h, "Lapse is over 2"},
		"late timeout":         {Config{Account: good, LateTimeout: -1}, h, "LateTimeout is negative"},
		"body memory":          {Config{Account: good, BodyMemory: -1}, h, "BodyMemory is negative"},
		"all at once":          {Config{Account: good, Grace: -1, Lapse: 9, Remember: -2}, h, "Grace is negative\nRemember is negative"},
		"of all parts": {
			Config{Account: Account{AESKey: "abc", PreviousAESKey: "x"}, Lapse: 9}, nil,
			"Lapse is over 2; WeChat delivers a message three times in all, and one delivery has to be answered\n" +
				"callback: the account has no AppID\ncallback: the account has no Token; anybody could sign with an empty one\n" +
				"callback: AESKey has 3 characters; copy the 43 of the console\n" +
				"callback: PreviousAESKey has 1 characters; copy the 43 of the console\ncallback: the handler is nil",
		},
		"of plain mode":       {Config{Account: Account{PreviousAESKey: "x"}}, h, "empty one\ncallback: the account has a PreviousAESKey and no AESKey"},
		"of Trust":            {Config{Account: Account{Token: "t"}, Trust: trusted}, h, "encryption\ncallback: the account has no AppID, which"},
		"Trust and a token":   {Config{Account: good, Trust: trusted}, h, "a Token or an AESKey beside Config.Trust"},
		"Trust and a key":     {Config{Account: Account{AppID: "a", AESKey: pushKey}, Trust: trusted}, h, "a Token or an AESKey beside Config.Trust"},
		"Trust without AppID": {Config{Trust: trusted}, h, "no AppID"},
		"no handler":          {Config{Account: good}, nil, "the handler is nil"},
		"nil function":        {Config{Account: good}, HandlerFunc(nil), "the handler is nil"},
		"nil mux":             {Config{Account: good}, (*Mux)(nil), "the handler is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := NewServer(tt.cfg, tt.h)
			require.ErrorContains(t, err, tt.want)
			assert.Regexp(t, "^callback: ", err.Error())
			assert.Nil(t, s)
			assert.NotContains(t, err.Error(), pushKey[1:])
		})
	}
}

// Neither a Config nor a Server shows a secret, however it is printed.
func TestPrintingShowsNoSecret(t *testing.T) {
	t.Parallel()
	cfg := Config{Account: Account{AppID: "wxapp", Token: "t0ken", AESKey: pushOldKey, PreviousToken: "0ld"}, Logger: quiet()}
	s, err := NewServer(cfg, texter("x"))
	require.NoError(t, err)
	assert.Equal(t, Account{}, s.cfg.Account, "a debugger's dump, too")
	for _, v := range []any{cfg, &cfg, s, s.accounts, &s.accounts, s.accounts.one, *s.accounts.one, []any{cfg}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			got := fmt.Sprintf(verb, v)
			for _, secret := range []string{"t0ken", pushOldKey, "0ld"} {
				assert.NotContains(t, got, secret, "%T %s", v, verb)
			}
		}
	}
	_, err = json.Marshal(cfg)
	assert.Error(t, err)
}

// A Config that is printed shows its settings.
func TestPrintingAConfig(t *testing.T) {
	t.Parallel()
	cfg := Config{
		Account: Account{AppID: "wxapp", Token: "t0ken", AESKey: pushOldKey}, Lapse: 1, Grace: 3 * time.Second, InOrder: true,
		HandlerTimeout: time.Minute, LateTimeout: 5 * time.Minute, Freshness: -1, BodyLimit: 7, BodyMemory: 8, MaxInFlight: 9, Remember: 10,
		Late: func(context.Context, Header, Reply) error { return nil }, Logger: quiet(),
	}
	const want = "callback.Config{Account:account(wxapp [redacted]) Late:set Logger:set Lapse:1 Grace:3s InOrder:true" +
		" HandlerTimeout:1m0s LateTimeout:5m0s Freshness:-1ns BodyLimit:7 BodyMemory:8 MaxInFlight:9 Remember:10}"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.Equal(t, want, fmt.Sprintf(verb, cfg))
		assert.Equal(t, want, fmt.Sprintf(verb, &cfg))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "config", cfg)
	assert.Contains(t, log.String(), "LateTimeout:5m0s")
	assert.NotContains(t, log.String(), "t0ken")
}

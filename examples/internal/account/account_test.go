package account

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const secret = "0123456789abcdef0123456789abcdef"

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestOpenChooses(t *testing.T) {
	t.Parallel()
	credentials := []string{EnvAppID, "wx0123456789abcdef", EnvAppSecret, secret}
	tests := []struct {
		name        string
		environment []string
		simulate    bool
		real        []string
		simulated   bool
		host        string
	}{
		{"nothing at all", nil, false, nil, true, "simulation"},
		{"credentials", credentials, false, nil, false, "api.weixin.qq.com"},
		{"credentials and flags", credentials, false, []string{"-db"}, false, "api.weixin.qq.com"},
		{"elsewhere", append(credentials, EnvBaseURL, "http://127.0.0.1:8080/wechat"), false, nil, false, "127.0.0.1"},
		{"credentials, simulated", credentials, true, nil, true, "simulation"},
		{"flags, simulated", nil, true, []string{"-db", "-cron"}, true, "simulation"},
		{"half, simulated", []string{EnvAppID, "wx0123456789abcdef"}, true, nil, true, "simulation"},
		{"copied with line ends", []string{EnvAppID, " wx0123456789abcdef\r\n", EnvAppSecret, secret + "\n"}, false, nil, false, "api.weixin.qq.com"},
		{"only spaces", []string{EnvAppID, " ", EnvAppSecret, "\n"}, false, nil, true, "simulation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := Open(Config{Getenv: environment(tt.environment...), Simulate: tt.simulate, Real: tt.real})
			require.NoError(t, err)
			defer a.Close()
			assert.Equal(t, tt.simulated, a.Simulated())
			assert.Equal(t, tt.host, a.Host)
			if tt.simulated {
				assert.NotEqual(t, "wx0123456789abcdef", a.AppID, "a simulation must never mark a real row")
			} else {
				assert.Equal(t, "wx0123456789abcdef", a.AppID)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		environment []string
		real        []string
		want        ConfigError
	}{
		{"no secret", []string{EnvAppID, "wx1"}, nil, ConfigError{Missing: []string{EnvAppSecret}, Given: []string{EnvAppID}}},
		{"no AppID", []string{EnvAppSecret, secret}, nil, ConfigError{Missing: []string{EnvAppID}, Given: []string{EnvAppSecret}}},
		{"only an address", []string{EnvBaseURL, "https://x.example"}, nil, ConfigError{Missing: []string{EnvAppID, EnvAppSecret}, Given: []string{EnvBaseURL}}},
		{"only flags", nil, []string{"-db", "-cron"}, ConfigError{Missing: []string{EnvAppID, EnvAppSecret}, Given: []string{"-db", "-cron"}}},
		{"no scheme", []string{EnvAppID, "wx1", EnvAppSecret, secret, EnvBaseURL, "gateway.example"}, nil, ConfigError{BadBaseURL: true}},
		{"another scheme", []string{EnvAppID, "wx1", EnvAppSecret, secret, EnvBaseURL, "ftp://gateway.example"}, nil, ConfigError{BadBaseURL: true}},
		{"no host", []string{EnvAppID, "wx1", EnvAppSecret, secret, EnvBaseURL, "https://"}, nil, ConfigError{BadBaseURL: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(Config{Getenv: environment(tt.environment...), Real: tt.real})
			e, ok := errors.AsType[*ConfigError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.want, *e)
			assert.NotContains(t, err.Error(), secret)
			for _, name := range append(tt.want.Missing, tt.want.Given...) {
				assert.Contains(t, err.Error(), name)
			}
		})
	}
}

func TestSimulationSends(t *testing.T) {
	t.Parallel()
	a, err := Open(Config{
		Getenv:    environment(),
		Templates: []template.Template{{ID: "T1", Content: "学生姓名{{thing1.DATA}}"}},
		Follower: func(_, openid string) wechattest.Follower {
			if openid == "oFollower" {
				return wechattest.Following
			}
			return wechattest.Left
		},
	})
	require.NoError(t, err)
	defer a.Close()
	message := template.Message{To: "oFollower", TemplateID: "T1", Data: template.Data{"thing1": {Value: "李雷"}}}
	_, err = a.Client.Template.Send(t.Context(), message)
	require.NoError(t, err)
	assert.EqualValues(t, 1, a.Simulation.AcceptedCount())
	message.To = "oSomebodyElse"
	_, err = a.Client.Template.Send(t.Context(), message)
	assert.Equal(t, wechat.KindRecipient, wechat.KindOf(err))
}

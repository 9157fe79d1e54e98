package main

import (
	"bytes"
	"errors"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

func noEnvironment(string) string { return "" }

func TestRunSimulates(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, noEnvironment, &out))
	assert.Regexp(t, regexp.MustCompile(`^Simulation: nothing leaves this machine\..*\naccepted, msgid \d+\n$`), out.String())
}

// TestRunAgainstServer has a server in the place of WeChat, reached as a
// private gateway would be.
func TestRunAgainstServer(t *testing.T) {
	t.Parallel()
	s := wechattest.New(t)
	s.Follow("oParent")
	s.Unfollow("oGone")
	id := s.AddTemplate(template.Template{Content: "学生姓名{{thing1.DATA}}"})
	environment := func(name string) string {
		return map[string]string{
			account.EnvAppID: s.AppID, account.EnvAppSecret: s.AppSecret, account.EnvBaseURL: s.URL,
		}[name]
	}
	tests := []struct {
		name, to, template, prints string
		fails                      error
	}{
		{"a follower", "oParent", id, "accepted, msgid ", nil},
		{"one who left", "oGone", id, "does not follow", nil},
		{"an unknown template", "oParent", "unknown", "", wechat.ErrInvalidTemplateID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := run(t.Context(), []string{"-to", tt.to, "-template", tt.template}, environment, &out)
			require.ErrorIs(t, err, tt.fails)
			assert.Contains(t, out.String(), tt.prints)
		})
	}
	var out bytes.Buffer
	require.ErrorContains(t, run(t.Context(), nil, environment, &out), "-to and -template")
}

func TestRunRefusesHalf(t *testing.T) {
	t.Parallel()
	_, isConfig := errors.AsType[*account.ConfigError](run(t.Context(), []string{"-to", "oParent"}, noEnvironment, &bytes.Buffer{}))
	assert.True(t, isConfig, "flags of a real message without credentials")
}

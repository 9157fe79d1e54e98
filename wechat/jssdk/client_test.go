package jssdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/wechat/jssdk"
)

// The official example.
const (
	ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
	nonce  = "Wm3WZYTPz0wzccnW"
	moment = 1414587457
)

func TestSignatureOfTheOfficialExample(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"http://mp.weixin.qq.com?params=value":        "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
		"http://mp.weixin.qq.com?params=value#/route": "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
		"http://mp.weixin.qq.com?params=value#":       "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
		"http://mp.weixin.qq.com":                     "f4d90daf4b3bca3078ab155816175ba34c443a7b",
	} {
		assert.Equal(t, want, jssdk.Signature(ticket, nonce, moment, page), page)
	}
}

// tickets is a source that counts.
type tickets struct {
	ticket string
	err    error
	asked  int
}

func (s *tickets) Ticket(context.Context) (string, error) {
	s.asked++
	return s.ticket, s.err
}

func newClient(s jssdk.TicketSource) *jssdk.Client {
	client, err := jssdk.NewClient("wxschool", s)
	if err != nil {
		panic(err)
	}
	return client
}

func TestConfig(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(&tickets{ticket: ticket})
		seen := map[string]bool{}
		for _, page := range []string{
			"https://school.example/", "http://school.example", "https://school.example:8443/a?b=1&c=%E4%B8%AD%2520&d=+", "https://school.example/照片?名=张三&q=a%26b",
			"https://学校.example/?a=<b>&c='\"", "HTTPS://school.example/", "https://[::1]/x?y=#z w", "https://school.example/#/照片?a=1#2", "https://school.example/100%25",
			"https://school.example/100%", "https://school.example/%zz?q=%", "https://school.example?u=%u6C49://x",
		} {
			config, err := c.Config(t.Context(), page)
			require.NoError(t, err, page)
			assert.Equal(t, "wxschool", config.AppID)
			assert.EqualValues(t, 946684800, config.Timestamp, "the bubble's clock")
			assert.Regexp(t, `^[A-Z2-7]{26,32}$`, config.NonceStr)
			assert.False(t, seen[config.NonceStr])
			seen[config.NonceStr] = true
			signed, _, _ := strings.Cut(page, "#")
			assert.Equal(t, jssdk.Signature(ticket, config.NonceStr, config.Timestamp, signed), config.Signature, "the bytes as they are")
			text, err := json.Marshal(config)
			require.NoError(t, err)
			assert.JSONEq(t, fmt.Sprintf(`{"appId":"wxschool","timestamp":946684800,"nonceStr":%q,"signature":%q}`, config.NonceStr, config.Signature), string(text))
		}
	})
}

func TestPagesThatAreRefused(t *testing.T) {
	t.Parallel()
	const (
		empty = "jssdk: the page's URL is empty: give location.href"
		whole = "jssdk: the page's URL must begin with http:// or https:// and a host: give location.href"
		odd   = "jssdk: the page's URL has a blank, a control character or broken UTF-8: give location.href as the browser has it"
	)
	for page, want := range map[string]string{
		"": empty, "#": whole, "/page": whole, "//school.example/": whole, "school.example/page": whole, "ftp://school.example/": whole,
		"javascript:alert(1)": whole, "https://": whole, "https:///page": whole, "https://#a": whole, "https:school.example": whole, "https%3A%2F%2Fschool.example%2F": whole,
		"https://school.example:port/": whole, "https://%zz/": whole, "https://?a=https://school.example/": whole, "https//school.example/?a=://b": whole,
		"https://school.example:port?a": whole, "https://school.example/a b": odd, " https://school.example/": odd, "https://school.example/\n": odd,
		"https://school.example/\x7f": odd, "https://school.example/\xff": odd,
	} {
		s := &tickets{ticket: ticket}
		config, err := newClient(s).Config(t.Context(), page)
		require.EqualError(t, err, want, page)
		require.ErrorIs(t, err, jssdk.ErrInvalidArgument)
		assert.Equal(t, "request", kindName(t, err))
		assert.Zero(t, config)
		assert.Zero(t, s.asked)
	}
}

func TestWithoutATicket(t *testing.T) {
	t.Parallel()
	own := errors.New("no ticket")
	config, err := newClient(&tickets{ticket: ticket, err: own}).Config(t.Context(), "https://school.example/")
	assert.Equal(t, own, err, "the source's error, untouched")
	assert.Zero(t, config)
	config, err = newClient(&tickets{}).Config(t.Context(), "https://school.example/")
	require.EqualError(t, err, "jssdk: the TicketSource gave an empty ticket")
	assert.Equal(t, "token", kindName(t, err))
	assert.NotErrorIs(t, err, jssdk.ErrInvalidArgument)
	assert.Zero(t, config)
	var none context.Context
	_, err = newClient(&tickets{ticket: ticket}).Config(none, "https://school.example/")
	require.ErrorIs(t, err, jssdk.ErrInvalidArgument)
}

// nilSource is a source that may be nil without a pointer.
type nilSource func()

func (nilSource) Ticket(context.Context) (string, error) { return "", nil }

func TestNewClientOfNothing(t *testing.T) {
	t.Parallel()
	for _, s := range []jssdk.TicketSource{nil, (*tickets)(nil), nilSource(nil)} {
		client, err := jssdk.NewClient("wxschool", s)
		require.ErrorIs(t, err, jssdk.ErrInvalidArgument)
		assert.Nil(t, client)
	}
	client, err := jssdk.NewClient("", &tickets{})
	require.EqualError(t, err, "jssdk: the AppID is empty")
	assert.Equal(t, "request", kindName(t, err))
	assert.Nil(t, client)
}

// kindName is what an error says of its kind, as wechat.KindOf asks it.
func kindName(t *testing.T, err error) string {
	t.Helper()
	var named interface{ KindName() string }
	require.ErrorAs(t, err, &named)
	return named.KindName()
}

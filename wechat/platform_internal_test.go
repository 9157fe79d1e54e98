package wechat

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What is read of a platform's answers is whole, or nothing is.
func FuzzPlatformAnswers(f *testing.F) {
	for _, answer := range []string{
		`{"total_count":2,"list":[{"authorizer_appid":"wxA","refresh_token":"RA","auth_time":1558000607},{"authorizer_appid":"wxB","auth_time":"1"}]}`,
		`{"authorizer_access_token":"T","expires_in":7200,"authorizer_refresh_token":"R"}`, `{"authorizer_access_token":"T","expires_in":"-9"}`,
		`{"authorization_info":{"authorizer_appid":"wxA","authorizer_refresh_token":"R","func_info":[{"funcscope_category":{"id":"7"}}]}}`,
		`{"errcode":61023}`, `{"total_count":9223372036854775807,"list":[{},null]}`, `{"expires_in":9223372036854775807,"authorizer_access_token":"T"}`, `null`, `[]`, ``,
	} {
		f.Add(answer)
	}
	now := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, answer string) {
		var one authorizerAnswer
		if decodeBytes([]byte(answer), &one, true) == nil {
			token := one.token(now)
			assert.Equal(t, token.Value == "", token.Expiry.IsZero())
			assert.False(t, token.Value != "" && !token.Expiry.After(now), "a token that has ended")
		}
		var list authorizerList
		if decodeBytes([]byte(answer), &list, true) == nil {
			assert.Len(t, list.all(), len(list.List))
		}
		var granted authorizationAnswer
		if decodeBytes([]byte(answer), &granted, true) == nil {
			assert.Len(t, granted.authorization().Functions, len(granted.Info.Functions))
		}
	})
}

package follower

import (
	"context"
	"fmt"
	"net/http"
)

// maxRemark is the most bytes of a remark: the platform wants fewer than 30 (40092).
const maxRemark = 29

// SetRemark sets the account's own name (备注名) for the follower openID, which [Info] returns as Remark. It
// has at most 29 bytes, which is 9 Chinese characters. An empty remark removes it.
//
// POST /cgi-bin/user/info/updateremark
func (c *Client) SetRemark(ctx context.Context, openID, remark string) error {
	tooLong := ""
	if n := len(remark); n > maxRemark {
		tooLong = fmt.Sprintf("the remark has %d bytes, at most %d (a Han character has 3): shorten it", n, maxRemark)
	}
	if err := badArguments(badOpenID(openID), tooLong, badOptional("the remark", remark)); err != nil {
		return err
	}
	in := struct {
		OpenID string `json:"openid"`
		Remark string `json:"remark"`
	}{openID, remark}
	return c.caller.Call(ctx, http.MethodPost, "/cgi-bin/user/info/updateremark", in, nil)
}

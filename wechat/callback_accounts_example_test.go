package wechat_test

import (
	"context"
	"fmt"
	"log"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// school is one of several accounts on one server.
type school struct {
	client  *wechat.Client
	account callback.Account
}

// answerSchools serves the pushes of all schools, each at the path /wechat/ and its AppID.
func answerSchools(schools map[string]school, handler callback.Handler) (*callback.Server, error) {
	return callback.NewServer(callback.Config{
		Select: func(r *http.Request) (callback.Account, error) {
			s, ok := schools[strings.TrimPrefix(r.URL.Path, "/wechat/")]
			if !ok {
				return callback.Account{}, callback.ErrUnknownAccount
			}
			return s.account, nil
		},
		Late: func(ctx context.Context, h callback.Header, r callback.Reply) error {
			s, ok := schools[callback.AppIDFrom(ctx)]
			if !ok {
				return fmt.Errorf("no client for the account %s", callback.AppIDFrom(ctx))
			}
			return s.client.SendReply(ctx, h.FromUserName, r)
		},
	}, handler)
}

// Ten accounts share a server. A reply that is too late or, as here, too long for the response is
// sent by the Client of the account that the message was for.
func ExampleClient_SendReply_severalAccounts() {
	weixin := wechattest.NewServer(wechattest.InMemory()) // in place of WeChat
	defer weixin.Close()
	const token = "tokenOfTheConsole"
	schools, accounts := map[string]school{}, map[string]*wechattest.Account{}
	for i := range 10 {
		appID := fmt.Sprintf("wxschool%d", i)
		accounts[appID] = weixin.AddAccount(appID, "secret")
		schools[appID] = school{accounts[appID].Client(), callback.Account{AppID: appID, Token: token}}
	}
	mux := new(callback.Mux)
	callback.On(mux, func(context.Context, *callback.TextMessage) (callback.Reply, error) {
		return callback.Text{Content: strings.Repeat("很长的报告。", 150)}, nil // 2,700 bytes
	})
	server, err := answerSchools(schools, mux)
	if err != nil {
		log.Fatal(err)
	}
	// http.Handle("/wechat/", server)

	for appID, account := range accounts {
		at := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // what the console says
			r.URL.Path = "/wechat/" + appID
			server.ServeHTTP(w, r)
		})
		account.SetCallback(wechattest.Callback{Handler: at, Token: token})
		if _, err := account.Push(context.Background(), wechattest.Text("oParentOf_"+appID, "报告")); err != nil {
			log.Fatal(err)
		}
	}
	_ = server.Shutdown(context.Background()) // waits for Late
	parts := map[string]int{}
	for _, sent := range weixin.Accepted() {
		parts[sent.AppID+" to "+sent.To]++
	}
	for _, pair := range slices.Sorted(maps.Keys(parts)) {
		fmt.Println(pair, parts[pair], "parts")
	}
	// Output:
	// wxschool0 to oParentOf_wxschool0 2 parts
	// wxschool1 to oParentOf_wxschool1 2 parts
	// wxschool2 to oParentOf_wxschool2 2 parts
	// wxschool3 to oParentOf_wxschool3 2 parts
	// wxschool4 to oParentOf_wxschool4 2 parts
	// wxschool5 to oParentOf_wxschool5 2 parts
	// wxschool6 to oParentOf_wxschool6 2 parts
	// wxschool7 to oParentOf_wxschool7 2 parts
	// wxschool8 to oParentOf_wxschool8 2 parts
	// wxschool9 to oParentOf_wxschool9 2 parts
}

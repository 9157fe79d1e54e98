package wechat_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// A page that greets whoever opens it in WeChat. A real one keeps what it has learned in a
// session cookie, redirects to a clean address, and compares the state with a random one that
// it has set as a cookie.
func ExampleClient_WebAuthOpenID() {
	server := wechattest.NewServer()
	defer server.Close()
	server.SetWebAuthDomain("school.example")
	server.Visit(wechattest.Visitor{OpenID: "oParent"})
	client := server.Client()

	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := r.URL.Query().Get("code")
		if code == "" {
			address, err := client.WebAuthURL("https://school.example/page", "RANDOM")
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			http.Redirect(w, r, address, http.StatusFound)
			return
		}
		visitor, err := client.WebAuthOpenID(r.Context(), code)
		switch {
		case wechat.KindOf(err) == wechat.KindRequest:
			http.Error(w, "open the page again", http.StatusBadRequest) // a reload
		case err != nil:
			http.Error(w, "try again later", http.StatusBadGateway)
		case visitor.Snapshot:
			http.Error(w, "tap 使用完整服务", http.StatusForbidden)
		default:
			fmt.Fprintln(w, "hello", visitor.OpenID)
		}
	})
	fmt.Print(browse(server, page, "/page"))
	// Output: hello oParent
}

// A page that greets its visitor by name. What a visitor has agreed to lasts for 30 days: keep the
// refresh token as a password, and the one that each refresh returns.
func ExampleClient_WebAuthUserInfo() {
	server := wechattest.NewServer()
	defer server.Close()
	server.SetWebAuthDomain("school.example")
	server.Visit(wechattest.Visitor{OpenID: "oParent", Nickname: "张三"})
	client := server.Client()

	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := r.URL.Query().Get("code")
		if code == "" {
			address, err := client.WebAuthURL("https://school.example/page", "RANDOM", wechat.AskUserInfo())
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			http.Redirect(w, r, address, http.StatusFound)
			return
		}
		auth, err := client.WebAuthOpenID(r.Context(), code)
		if err != nil {
			http.Error(w, "open the page again", http.StatusBadRequest)
			return
		}
		user, err := client.WebAuthUserInfo(r.Context(), auth, wechat.SimplifiedChinese)
		if wechat.KindOf(err) == wechat.KindToken { // days later, with an auth of a session
			if auth, err = client.WebAuthRefresh(r.Context(), auth.RefreshToken()); err == nil {
				user, err = client.WebAuthUserInfo(r.Context(), auth, wechat.SimplifiedChinese)
			}
		}
		if err != nil {
			http.Error(w, "try again later", http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, "hello", user.Nickname)
	})
	fmt.Print(browse(server, page, "/page"))
	// Output: hello 张三
}

// browse does what WeChat's browser does.
func browse(server *wechattest.Server, page http.Handler, address string) string {
	for {
		address, _, _ = strings.Cut(address, "#") // which no browser sends
		r, answer := httptest.NewRequest(http.MethodGet, address, nil), httptest.NewRecorder()
		r.Header.Set("User-Agent", wechattest.UserAgent)
		if r.URL.Path == "/page" {
			page.ServeHTTP(answer, r)
		} else {
			server.ServeHTTP(answer, r)
		}
		if address = answer.Header().Get("Location"); address == "" {
			return answer.Body.String()
		}
	}
}

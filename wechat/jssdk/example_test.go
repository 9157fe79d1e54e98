package jssdk_test

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/org/wxhome/wechat/jssdk"
)

// page shows all that a page has to do. html/template writes the Config as the object that wx.config
// takes, and escapes it.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<script src="https://res.wx.qq.com/open/js/jweixin-1.6.0.js"></script>
<script>
wx.config(Object.assign({{.}}, {debug: false, jsApiList: ["updateAppMessageShareData"]}));
wx.ready(() => wx.updateAppMessageShareData({title: "照片", link: location.href.split("#")[0]}));
wx.error(res => console.log(res.errMsg)); // config:invalid signature
</script>
`))

// A server that renders its pages signs each page as it does so. In a program the client is the field
// JSSDK of a wechat.Client.
func ExampleClient_Config() {
	client, err := jssdk.NewClient("wxschool", &tickets{ticket: "TICKET"})
	if err != nil {
		fmt.Println(err)
		return
	}
	const base = "https://school.example" // not r.Host, which the client chooses
	handler := func(w http.ResponseWriter, r *http.Request) {
		config, err := client.Config(r.Context(), base+r.RequestURI)
		if err != nil {
			http.Error(w, "try again later", http.StatusBadGateway)
			return
		}
		_ = page.Execute(w, config)
	}
	answer := httptest.NewRecorder()
	handler(answer, httptest.NewRequest(http.MethodGet, "/photo?of=%E5%BC%A0", nil))
	fmt.Println(answer.Code, strings.Contains(answer.Body.String(), `wx.config(Object.assign({"appId":"wxschool","timestamp":`))
	// Output: 200 true
}

// A page that fetches its Config sends its own address:
//
//	fetch("/jssdk?url=" + encodeURIComponent(location.href)).then(r => r.json()).then(c =>
//		wx.config({...c, jsApiList: ["scanQRCode"]}))
//
// The server signs only pages on its own host.
func ExampleClient_Config_ajax() {
	client, err := jssdk.NewClient("wxschool", &tickets{ticket: "TICKET"})
	if err != nil {
		fmt.Println(err)
		return
	}
	sign := func(r *http.Request) (jssdk.Config, error) {
		address := r.FormValue("url") // unescaped once
		if !strings.HasPrefix(address, "https://school.example/") {
			return jssdk.Config{}, fmt.Errorf("not a page of ours")
		}
		return client.Config(r.Context(), address)
	}
	for _, address := range []string{"https%3A%2F%2Fschool.example%2F%3Fa%3D%25E5%25BC%25A0%23%2Froute", "https%3A%2F%2Fevil.example%2F"} {
		config, err := sign(httptest.NewRequest(http.MethodGet, "/jssdk?url="+address, nil).WithContext(context.Background()))
		fmt.Println(len(config.Signature), err)
	}
	// Output:
	// 40 <nil>
	// 0 not a page of ours
}

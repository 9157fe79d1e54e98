package wechat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/org/wxhome/token"
)

// CloudbaseTokenFile is where WeChat Cloud Run (微信云托管) keeps the token of a container, for
// [WithCloudbaseToken].
const CloudbaseTokenFile = "/.tencentcloudbase/wx/cloudbase_access_token"

// cloudHost is the one host that the sidecar of a container answers for, by plain http.
const cloudHost = "http://api.weixin.qq.com"

// maxTokenFile bounds what is read of a token's file. WeChat's tokens have 512 bytes at most.
const maxTokenFile = 4 << 10

// WithoutToken is for a container of WeChat Cloud Run (微信云托管) whose open-interface service
// (开放接口服务) is on: calls carry no token, and the container's sidecar vouches for them. They go to
// http://api.weixin.qq.com unless [WithBaseURL] says otherwise; only with this option may a base
// URL be plain http to a host of WeChat's. The AppSecret may be empty.
//
// List each path in the console and publish a new version. What is missing there is an error 41001
// (service off, or an old version), 85107 or HTTP 502 (path not listed), or 85113 (first minutes
// of a first version). In a shared environment (资源复用) name the account by a wrapper of
// [WithTransport] that sets the query to from_appid=APPID.
//
// Client.Token gives an error. Calls that send a secret are refused: web authorization,
// [Client.ClearQuotaBySecret]. Make another Client for them.
func WithoutToken() Option {
	return func(o *settings) error { o.tokenless = true; return o.once("WithoutToken") }
}

// WithCloudbaseToken is for a container of WeChat Cloud Run (微信云托管) that calls
// https://api.weixin.qq.com with the container's token (微信令牌): calls carry
// cloudbase_access_token in place of access_token, and only paths that are listed in the console
// are allowed. file is [CloudbaseTokenFile], or a copy of it. It is read about once a minute, since
// the platform renews it every 10 minutes. The AppSecret may be empty.
func WithCloudbaseToken(file string) Option {
	return func(o *settings) error {
		if file == "" {
			return errors.New("WithCloudbaseToken: the file's name is empty; it is CloudbaseTokenFile in a container")
		}
		if err := o.once("WithCloudbaseToken"); err != nil {
			return err
		}
		o.cloud = tokenFile(file)
		return nil
	}
}

// tokenFile reads a token from a file. It has no Expiry, so that the Cache reads it again after a
// minute.
func tokenFile(name string) token.SourceFunc {
	return func(context.Context) (token.Token, error) {
		f, err := os.Open(name)
		if err != nil {
			return token.Token{}, fmt.Errorf("read the Cloud Run token: %w", err)
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxTokenFile+1))
		text = bytes.TrimSpace(text)
		switch {
		case err != nil:
			return token.Token{}, fmt.Errorf("read the Cloud Run token: %w", err)
		case len(text) == 0:
			return token.Token{}, fmt.Errorf("the Cloud Run token in %s is empty", name)
		case len(text) > maxTokenFile || bytes.ContainsFunc(text, notPrintable):
			return token.Token{}, fmt.Errorf("%s holds no Cloud Run token", name)
		}
		return token.Token{Value: string(text)}, nil
	}
}

// noToken is the source of a Client without tokens.
func noToken(context.Context) (token.Token, error) {
	return token.Token{}, refuse("this Client has no token: it was made with WithoutToken")
}

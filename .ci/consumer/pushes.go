package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/wechat/wechattest"
)

// useCallbacks receives pushes by a server of its own, in safe mode, and takes one apart by hand.
func useCallbacks(ctx context.Context, simulation *wechattest.Server) error {
	account := callback.Account{AppID: simulation.AppID, Token: "token", AESKey: strings.Repeat("a", 43)}
	mux := new(callback.Mux)
	callback.On(mux, func(_ context.Context, m *callback.TextMessage) (callback.Reply, error) {
		return callback.Text{Content: "收到：" + m.Content}, nil
	})
	callback.On(mux, func(context.Context, *callback.TemplateSendJobFinishEvent) (callback.Reply, error) {
		return nil, nil
	})
	mux.OnEvent("user_get_card", func(context.Context, *callback.Unknown) (callback.Reply, error) {
		return nil, nil
	})
	deliveries := 0
	server, err := callback.NewServer(callback.Config{
		Account: account,
		Hook:    func(context.Context, callback.Delivery) { deliveries++ },
	}, mux)
	if err != nil {
		return err
	}
	if err := pushText(server, account, "照片"); err != nil {
		return err
	}
	if err := want("deliveries", deliveries, 1); err != nil {
		return err
	}
	m, err := callback.Parse([]byte(`{"MsgType":"event","Event":"subscribe","FromUserName":"OPENID","EventKey":"qrscene_7"}`))
	if err != nil {
		return err
	}
	if _, ok := m.(*callback.SubscribeEvent); !ok {
		return fmt.Errorf("a new follower came as %T", m)
	}
	return server.Shutdown(ctx)
}

// pushText sends an encrypted text as WeChat does, and opens the answer.
func pushText(h http.Handler, account callback.Account, text string) error {
	crypter, err := callback.NewCrypter(account)
	if err != nil {
		return err
	}
	now, nonce := time.Now().Unix(), "4711"
	stamp := strconv.FormatInt(now, 10)
	body := crypter.Sealer().Seal(nil, callback.XML, []byte(`<xml><ToUserName>gh_1</ToUserName>`+
		`<FromUserName>OPENID</FromUserName><CreateTime>1763913600</CreateTime><MsgType>text</MsgType>`+
		`<Content>`+text+`</Content><MsgId>1</MsgId></xml>`), now, nonce)
	envelope, err := callback.ParseEnvelope(body)
	if err != nil {
		return err
	}
	address := "/wechat?encrypt_type=aes&timestamp=" + stamp + "&nonce=" + nonce +
		"&msg_signature=" + callback.Signature(account.Token, stamp, nonce, envelope.Encrypt)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, address, bytes.NewReader(body)))
	if answer.Code != http.StatusOK {
		return errors.New(answer.Body.String())
	}
	if envelope, err = callback.ParseEnvelope(answer.Body.Bytes()); err != nil {
		return err
	}
	signature := callback.Signature(account.Token, stamp, nonce, envelope.Encrypt)
	reply, _, err := crypter.Open(nil, signature, stamp, nonce, envelope.Encrypt)
	if err != nil {
		return err
	}
	return want("the reply has its text", strings.Contains(string(reply), "收到："+text), true)
}

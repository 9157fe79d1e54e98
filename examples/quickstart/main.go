// Quickstart sends one template message (模板消息).
//
// Without credentials it talks to a simulation inside itself, and nothing
// leaves the machine:
//
//	go run ./examples/quickstart
//
// With credentials it talks to WeChat. The template must have the keyword
// thing1, as 学生姓名{{thing1.DATA}}:
//
//	WECHAT_APPID=wx... WECHAT_APPSECRET=... go run ./examples/quickstart -to OPENID -template TEMPLATE_ID
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/org/wxhome/examples/internal/account"
	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	to := flags.String("to", "", "the follower's `openid`")
	templateID := flags.String("template", "", "the template's `id`, from the account's own list")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var given []string
	flags.Visit(func(f *flag.Flag) { given = append(given, "-"+f.Name) })
	a, err := account.Open(account.Config{
		Getenv: getenv, Real: given,
		Templates: []template.Template{{ID: "demo-template", Content: "学生姓名{{thing1.DATA}}"}},
		Follower:  func(_, _ string) wechattest.Follower { return wechattest.Following },
	})
	if err != nil {
		return err
	}
	defer a.Close()
	if a.Simulated() {
		fmt.Fprintln(stdout, "Simulation: nothing leaves this machine. (模拟运行，不会发出任何消息)")
		*to, *templateID = "oDemoParent", "demo-template"
	}
	if *to == "" || *templateID == "" {
		return errors.New("-to and -template are needed")
	}
	return send(ctx, a.Client, *to, *templateID, stdout)
}

// send is the heart of the program: one call, and what may become of it.
func send(ctx context.Context, client *wechat.Client, to, templateID string, stdout io.Writer) error {
	id, err := client.Template.Send(ctx, template.Message{
		To:         to,
		TemplateID: templateID,
		Data:       template.Data{"thing1": {Value: "张三"}},
	})
	switch {
	case wechat.KindOf(err) == wechat.KindRecipient:
		fmt.Fprintln(stdout, "this person does not follow the account:", err)
		return nil
	case err != nil:
		return err
	}
	fmt.Fprintln(stdout, "accepted, msgid", id)
	return nil
}

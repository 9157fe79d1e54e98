package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/examples/internal/bind"
)

// bind redeems a code.
func (b *Bot) bind(ctx context.Context, openid, typed string) (callback.Reply, error) {
	if !looksLikeCode(typed) {
		return say(stepsText), nil
	}
	got, err := b.cfg.Bindings.Bind(ctx, openid, typed)
	if err != nil {
		return b.refused(err)
	}
	if got.Already {
		return say("您已经绑定了" + fullName(got.Child) + "，不需要再次绑定。发送“照片”查看最新的照片。"), nil
	}
	return say("绑定成功：" + fullName(got.Child) + "。发送“照片”查看最新的照片。\n\n" + keptText), nil
}

// refused says why a code was not taken. An error of the database is returned,
// and the parent asked to try again.
func (b *Bot) refused(err error) (callback.Reply, error) {
	wrong, isWrong := errors.AsType[*bind.WrongError](err)
	locked, isLocked := errors.AsType[*bind.LockedError](err)
	switch {
	case isLocked:
		return say("绑定码输错次数过多，请在 " + clockOf(locked.Until) + " 之后再试。如有疑问请联系老师。"), nil
	case isWrong:
		return say(fmt.Sprintf("绑定码不正确，请核对后重新发送“绑定 绑定码”。还可以再试 %d 次。", wrong.Left)), nil
	case errors.Is(err, bind.ErrUsed):
		return say("这个绑定码已经用过了。每个绑定码只能绑定一位家长，请向老师索取新的绑定码。"), nil
	case errors.Is(err, bind.ErrExpired):
		return say("这个绑定码已经过期，请向老师索取新的绑定码。"), nil
	case errors.Is(err, bind.ErrNoCode):
		return say(stepsText), nil
	}
	b.cfg.Log.Error("a binding failed", "error", err)
	return say("系统繁忙，这次没有绑定成功，请稍后重新发送。"), nil
}

// unbind deletes bindings: the only one, or those that rest names.
func (b *Bot) unbind(ctx context.Context, openid, rest string) (callback.Reply, error) {
	children, err := b.cfg.Bindings.Children(ctx, openid)
	if err != nil {
		return nil, err
	}
	if len(children) == 0 {
		return say("您还没有绑定孩子，没有需要解除的绑定。"), nil
	}
	chosen := chooseChildren(children, rest)
	if len(chosen) == 0 {
		return say(askWhich(children, rest)), nil
	}
	ids := make([]string, len(chosen))
	for i, c := range chosen {
		ids[i] = c.StudentID
	}
	if _, err := b.cfg.Bindings.Unbind(ctx, openid, ids...); err != nil {
		return nil, err
	}
	text := "已解除与" + namesOf(chosen) + "的绑定，绑定记录已经删除。"
	if left := len(children) - len(chosen); left > 0 {
		text += fmt.Sprintf("您还绑定着 %d 个孩子。", left)
	}
	return say(text + "如需再次绑定，请向老师索取新的绑定码。"), nil
}

var allWords = []string{"全部", "所有", "都解绑", "all"}

// chooseChildren returns whom rest means: by number, by name or student id, or
// all; the only child where rest is empty. None: it is not clear.
func chooseChildren(children []bind.Child, rest string) []bind.Child {
	rest = strings.TrimSpace(rest)
	n := number(rest)
	switch {
	case rest == "" && len(children) == 1, slices.Contains(allWords, strings.ToLower(rest)):
		return children
	case rest == "":
		return nil
	}
	for _, is := range []func(bind.Child) bool{
		func(c bind.Child) bool { return c.StudentID == rest },
		func(c bind.Child) bool { return c.Name == rest || strings.EqualFold(c.StudentID, rest) },
	} {
		named := slices.DeleteFunc(slices.Clone(children), func(c bind.Child) bool { return !is(c) })
		if len(named) == 1 {
			return named
		}
	}
	if n >= 1 && n <= len(children) {
		return children[n-1 : n]
	}
	return nil
}

// askWhich lists the children to choose from.
func askWhich(children []bind.Child, rest string) string {
	var text strings.Builder
	if rest != "" {
		text.WriteString("没有找到要解绑的孩子。")
	}
	fmt.Fprintf(&text, "您绑定了 %d 个孩子：\n", len(children))
	for i, c := range children {
		if i == maxNames {
			text.WriteString("……\n")
			break
		}
		fmt.Fprintf(&text, "%d. %s\n", i+1, fullName(c))
	}
	text.WriteString("请回复“解绑 1”这样的序号，或“解绑 全部”。")
	return text.String()
}

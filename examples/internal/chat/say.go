package chat

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/org/wxhome/examples/internal/bind"
	"github.com/org/wxhome/examples/internal/db"
)

// What parents read.
const (
	stepsText = "绑定孩子后即可查看照片：\n" +
		"1. 向老师索取绑定码（10 位，每位家长一个）；\n" +
		"2. 在这里发送“绑定 绑定码”，例如：绑定 ACDEF23456；\n" +
		"3. 发送“照片”，查看孩子最新的照片。\n\n" +
		"发送“解绑”可随时解除绑定。"

	helpText = "您可以发送：\n" +
		"照片：查看孩子最新的照片\n" +
		"绑定 绑定码：绑定孩子（绑定码请向老师索取）\n" +
		"解绑：解除绑定\n" +
		"我的编号：查看您的编号"

	notBoundText = "您还没有绑定孩子。\n\n" + stepsText

	keptText = "我们只保存：您在本公众号的编号（openid）、孩子的学号和绑定时间，仅用于给您发送照片。\n" +
		"发送“解绑”即可删除，取消关注也会自动删除。"
)

// maxReply is how many bytes a reply or a message has at most, with room left
// for what counts differently.
const maxReply = 2000

// cut shortens a text to limit bytes without breaking a character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const mark = "…"
	end := limit - len(mark)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}

// maxName is how many characters of a name are said.
const maxName = 20

// nameOf is what a child is called. A name is data: it makes no link.
func nameOf(c bind.Child) string {
	name := strings.NewReplacer("<", "＜", ">", "＞", "\n", " ").Replace(c.Name)
	if name == "" {
		return "学号 " + c.StudentID
	}
	if r := []rune(name); len(r) > maxName {
		return string(r[:maxName]) + "…"
	}
	return name
}

// fullName is the name with the class, where there is one.
func fullName(c bind.Child) string {
	if c.Class == "" {
		return nameOf(c)
	}
	return nameOf(c) + "（" + cut(strings.NewReplacer("<", "＜", ">", "＞").Replace(c.Class), 60) + "）"
}

// maxNames is how many names a list has before it ends with how many there are.
const maxNames = 10

// namesOf lists children by name.
func namesOf(children []bind.Child) string {
	names := make([]string, 0, maxNames)
	for _, c := range children[:min(len(children), maxNames)] {
		names = append(names, nameOf(c))
	}
	list := strings.Join(names, "、")
	if len(children) > maxNames {
		list += "等"
	}
	return list
}

// clockOf is a moment as parents read it.
func clockOf(t time.Time) string { return t.In(db.Beijing).Format("15:04") }

// dayOf is a photo's moment; "" where it is not known.
func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(db.Beijing).Format("1月2日 15:04")
}

// linked is words that open an address.
func linked(address, words string) string {
	address = strings.NewReplacer(`"`, "%22", "<", "%3C", ">", "%3E").Replace(address)
	return `<a href="` + address + `">` + words + `</a>`
}

package menu_test

import (
	"context"
	"fmt"

	"github.com/org/wxhome/wechat/menu"
)

// In a program the client is the field Menu of a wechat.Client.

func ExampleClient_Create() {
	client, err := menu.NewClient(&fake{answer: `{"errcode":0,"errmsg":"ok"}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println(client.Create(ctx, []menu.Button{
		{Type: menu.Click, Name: "今日照片", Key: "PHOTO"},
		{Name: "更多", SubButtons: []menu.Button{
			{Type: menu.View, Name: "帮助", URL: "https://school.example/help"},
			{Type: menu.ScanCodeWaitMsg, Name: "扫码绑定", Key: "BIND"},
		}},
	}))

	fmt.Println(client.Create(ctx, []menu.Button{
		{Type: menu.Click, Name: "今天最新的照片", Key: "PHOTO"},
		{Name: "更多", SubButtons: []menu.Button{{Type: menu.View, Name: "帮助"}}},
	}))
	// Output:
	// <nil>
	// menu: button[0].name has 21 bytes, at most 16 (a Chinese character has 3); button[1].sub_button[0].url is empty
}

// Teachers, who have the tag 134, see another menu than parents.
func ExampleClient_AddConditional() {
	client, err := menu.NewClient(&fake{answer: `{"menuid":"208379533"}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	buttons := []menu.Button{{Type: menu.View, Name: "班级", URL: "https://school.example/class"}}
	id, err := client.AddConditional(context.Background(), buttons, menu.Rule{TagID: 134})
	fmt.Println(id, err)
	// Output: 208379533 <nil>
}

func ExampleClient_Get() {
	client, err := menu.NewClient(&fake{answer: `{"menu":{"button":[{"type":"click","name":"照片","key":"PHOTO","sub_button":[]}],"menuid":208396938},` +
		`"conditionalmenu":[{"button":[{"type":"view","name":"班级","url":"https://school.example/class","sub_button":[]}],"matchrule":{"tag_id":"134"},"menuid":208379533}]}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	menus, err := client.Get(context.Background())
	if err != nil {
		fmt.Println(err) // 46003 where there is none
		return
	}
	fmt.Println(menus.Default.Buttons[0].Name)
	for _, m := range menus.Conditional {
		fmt.Println(m.ID, m.Rule.TagID, m.Buttons[0].Type)
	}
	// Output:
	// 照片
	// 208379533 134 view
}

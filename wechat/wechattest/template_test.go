package wechattest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

const (
	pathAdd         = "/cgi-bin/template/api_add_template"
	pathDelete      = "/cgi-bin/template/del_private_template"
	pathList        = "/cgi-bin/template/get_all_private_template"
	pathSetIndustry = "/cgi-bin/template/api_set_industry"
	pathIndustry    = "/cgi-bin/template/get_industry"
)

func TestTemplateList(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	assert.Equal(t, `{"template_list":[]}`, w.get(w.authorized(pathList)).Body)
	id := w.s.AddTemplate(template.Template{Title: "标题", Content: "姓名{{thing1.DATA}}", Example: "姓名：<张三>"})
	assert.Regexp(t, `^[A-Za-z0-9_-]{43}$`, id)
	a := w.get(w.authorized(pathList))
	assert.Equal(t, `{"template_list":[{"template_id":"`+id+`","title":"标题","primary_industry":"","deputy_industry":"",`+
		`"content":"姓名{{thing1.DATA}}","example":"姓名：<张三>"}]}`, a.Body)
	assert.Equal(t, "text/plain", a.Header.Get("Content-Type"))
	assert.Panics(t, func() { w.s.AddTemplate(template.Template{ID: id, Content: "{{thing1.DATA}}"}) })
	assert.Panics(t, func() { w.s.AddTemplate(template.Template{Content: "{{thing1}}"}) })
}

func TestAddAndDeleteTemplate(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	a := w.call(pathAdd, `{"template_id_short":"43231","keyword_name_list":["更新时间","学生姓名"]}`)
	requireCode(t, 0, a)
	assert.Regexp(t, `^\{"errcode":0,"errmsg":"ok","template_id":"[A-Za-z0-9_-]{43}"\}$`, a.Body)
	assert.Contains(t, w.get(w.authorized(pathList)).Body, `"content":"更新时间{{time2.DATA}}\n学生姓名{{thing1.DATA}}\n"`)
	requireCode(t, 0, w.call(pathAdd, `{"template_id_short":"TM00015"}`))

	requireCode(t, 40246, w.call(pathAdd, `{"template_id_short":"43231","keyword_name_list":[]}`))
	requireCode(t, 40246, w.call(pathAdd, `{"template_id_short":"43231","keyword_name_list":["学生姓名","成绩"]}`))
	requireCode(t, 40246, w.call(pathAdd, `{"template_id_short":"43231","keyword_name_list":["学生姓名","学生姓名"]}`))
	requireCode(t, 40037, w.call(pathAdd, `{"template_id_short":"TM1"}`))
	requireCode(t, 47001, w.call(pathAdd, `{"template_id_short":43231}`))
	requireCode(t, 47001, w.call(pathAdd, `{"template_id_short":"43231","keyword_name_list":"学生姓名"}`))
	requireCode(t, 47001, w.call(pathAdd, `{"template_id_short":"43231","keyword_name_list":[ 1 , "a" ]}`))

	w.s.AddLibraryTemplate("77", template.Template{Title: "新", Content: "成绩：{{number1.DATA}}"})
	requireCode(t, 0, w.call(pathAdd, `{"template_id_short":"77","keyword_name_list":["成绩"]}`))
	for i := range 22 {
		w.s.AddTemplate(template.Template{ID: fmt.Sprint(i), Content: "{{thing1.DATA}}"})
	}
	requireCode(t, 45026, w.call(pathAdd, `{"template_id_short":"TM00015"}`))
	requireCode(t, 0, w.call(pathDelete, `{"template_id":"7"}`))
	requireCode(t, 40037, w.call(pathDelete, `{"template_id":"7"}`))
	requireCode(t, 47001, w.call(pathDelete, `{"template_id":7}`))
	requireCode(t, 0, w.call(pathAdd, `{"template_id_short":"TM00015"}`))
}

func TestIndustry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	w := newWire(t, wechattest.WithClock(func() time.Time { return now }))
	requireCode(t, 40102, w.get(w.authorized(pathIndustry)))
	for _, body := range []string{`{"industry_id1":"0","industry_id2":"4"}`, `{"industry_id1":"1","industry_id2":"42"}`, `{"industry_id1":"1"}`} {
		requireCode(t, 40102, w.call(pathSetIndustry, body))
	}
	requireCode(t, 47001, w.call(pathSetIndustry, `{"industry_id1":1,"industry_id2":4}`))

	requireCode(t, 0, w.call(pathSetIndustry, `{"industry_id1":"1","industry_id2":"16"}`))
	assert.Equal(t, `{"primary_industry":{"first_class":"IT科技","second_class":"互联网|电子商务"},`+
		`"secondary_industry":{"first_class":"教育","second_class":"培训"}}`, w.get(w.authorized(pathIndustry)).Body)
	requireCode(t, 43100, w.call(pathSetIndustry, `{"industry_id1":"2","industry_id2":"16"}`))

	requireCode(t, 0, w.call(pathAdd, `{"template_id_short":"TM00015"}`))
	w.s.AddTemplate(template.Template{ID: "category", Content: "{{thing1.DATA}}"})
	w.s.AddTemplate(template.Template{ID: "school", PrimaryIndustry: "教育", DeputyIndustry: "培训", Content: "{{keyword1.DATA}}"})
	w.s.Advance(11 * 24 * time.Hour) // December
	w.token = w.stable(false).Token
	requireCode(t, 0, w.call(pathSetIndustry, `{"industry_id1":"41","industry_id2":"16"}`))
	list := w.get(w.authorized(pathList)).Body
	assert.NotContains(t, list, "订单支付成功", "templates of an industry go with it")
	assert.Contains(t, list, "category")
	assert.Contains(t, list, "school")
}

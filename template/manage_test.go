package template_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

const fine = `{"errcode":0,"errmsg":"ok"}`

func TestManagementToTheLetter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		call   func(context.Context, *template.Client) (any, error)
		answer string
		want   call
		result any
	}{
		"list": {func(ctx context.Context, c *template.Client) (any, error) { return c.List(ctx) },
			`{"template_list":[{"template_id":"T","title":"领取奖金提醒","primary_industry":"IT科技","deputy_industry":"互联网|电子商务","content":"{{thing1.DATA}}","example":"e"},{"template_id":"U"}]}`,
			call{"GET", "/cgi-bin/template/get_all_private_template", "", false},
			[]template.Template{{"T", "领取奖金提醒", "IT科技", "互联网|电子商务", "{{thing1.DATA}}", "e"}, {ID: "U"}}},
		"empty list": {func(ctx context.Context, c *template.Client) (any, error) { return c.List(ctx) }, `{"template_list":[]}`,
			call{"GET", "/cgi-bin/template/get_all_private_template", "", false}, []template.Template{}},
		"add": {func(ctx context.Context, c *template.Client) (any, error) {
			return c.Add(ctx, "1234", "单号", "金额")
		},
			`{"errcode":0,"errmsg":"ok","template_id":"NEW"}`,
			call{"POST", "/cgi-bin/template/api_add_template", `{"template_id_short":"1234","keyword_name_list":["单号","金额"]}`, false}, "NEW"},
		"add without keywords": {func(ctx context.Context, c *template.Client) (any, error) { return c.Add(ctx, "TM00015") },
			`{"errcode":0,"errmsg":"ok","template_id":"NEW"}`,
			call{"POST", "/cgi-bin/template/api_add_template", `{"template_id_short":"TM00015"}`, false}, "NEW"},
		"delete": {func(ctx context.Context, c *template.Client) (any, error) { return nil, c.Delete(ctx, "T") }, fine,
			call{"POST", "/cgi-bin/template/del_private_template", `{"template_id":"T"}`, false}, nil},
		"industry": {func(ctx context.Context, c *template.Client) (any, error) { return c.Industry(ctx) },
			`{"primary_industry":{"first_class":"运输与仓储","second_class":"快递"},"secondary_industry":{"first_class":"IT科技","second_class":"互联网|电子商务"}}`,
			call{"GET", "/cgi-bin/template/get_industry", "", false},
			template.Industries{
				Primary:   template.Industry{FirstClass: "运输与仓储", SecondClass: "快递"},
				Secondary: template.Industry{FirstClass: "IT科技", SecondClass: "互联网|电子商务"},
			}},
		"set industry": {func(ctx context.Context, c *template.Client) (any, error) { return nil, c.SetIndustry(ctx, 1, 41) }, fine,
			call{"POST", "/cgi-bin/template/api_set_industry", `{"industry_id1":"1","industry_id2":"41"}`, false}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: tt.answer}
			got, err := tt.call(t.Context(), newClient(f))
			require.NoError(t, err)
			assert.Equal(t, tt.result, got)
			assert.Equal(t, []call{tt.want}, f.calls)
			_, err = tt.call(t.Context(), newClient(&fake{err: coded(48001)}))
			assert.Equal(t, coded(48001), err, "the Caller's error, untouched")
		})
	}
}

func TestManagementRefusals(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	c, ctx := newClient(f), t.Context()
	_, err := c.Add(ctx, "")
	require.ErrorIs(t, err, template.ErrInvalidArgument)
	require.ErrorIs(t, c.Delete(ctx, ""), template.ErrInvalidArgument)
	for _, pair := range [][2]int{{0, 4}, {1, 42}, {-1, 1}, {1, 0}} {
		require.ErrorIs(t, c.SetIndustry(ctx, pair[0], pair[1]), template.ErrInvalidArgument, pair)
	}
	assert.Empty(t, f.calls)
}

// An answer without the list is not one of an empty list.
func TestAnswersWithoutTheirList(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*template.Client) error{
		"templates":           func(c *template.Client) error { _, err := c.List(t.Context()); return err },
		"categories":          func(c *template.Client) error { _, err := c.SubscribeCategories(t.Context()); return err },
		"keywords":            func(c *template.Client) error { _, err := c.SubscribeKeywords(t.Context(), 1); return err },
		"subscribe templates": func(c *template.Client) error { _, err := c.SubscribeTemplates(t.Context()); return err },
		"titles": func(c *template.Client) error {
			for _, err := range c.SubscribeTitles(t.Context(), 1) {
				return err
			}
			return nil
		},
	} {
		err := read(newClient(&fake{answer: fine}))
		require.ErrorContains(t, err, "template: the answer has no list of ", name)
		assert.Equal(t, "lost", kindName(t, err))
		require.NoError(t, read(newClient(&fake{answer: `{"template_list":[],"data":null}`})), name)
	}
	for answer, fails := range map[string]bool{`{"count":0}`: false, `{"count":"3"}`: true} {
		failed := false
		for _, err := range newClient(&fake{answer: answer}).SubscribeTitles(t.Context(), 1) {
			failed = err != nil
		}
		assert.Equal(t, fails, failed, answer)
	}
}

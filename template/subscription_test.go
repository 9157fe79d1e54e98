package template_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

func TestSubscriptionsToTheLetter(t *testing.T) {
	t.Parallel()
	type client = *template.Client
	for name, tt := range map[string]struct {
		call   func(context.Context, client) (any, error)
		answer string
		want   call
		result any
	}{
		"categories": {func(ctx context.Context, c client) (any, error) { return c.SubscribeCategories(ctx) },
			`{"data":[{"id":616,"name":"公交"}]}`, call{"GET", "/wxaapi/newtmpl/getcategory", "", false},
			[]template.Category{{ID: 616, Name: "公交"}}},
		"keywords": {func(ctx context.Context, c client) (any, error) { return c.SubscribeKeywords(ctx, 99) },
			`{"count":3,"data":[{"kid":1,"name":"物品名称","example":"名称","rule":"thing"}]}`,
			call{"GET", "/wxaapi/newtmpl/getpubtemplatekeywords?tid=99", "", false},
			[]template.SubscribeKeyword{{KID: 1, Name: "物品名称", Example: "名称", Rule: "thing"}}},
		"add": {func(ctx context.Context, c client) (any, error) {
			return c.AddSubscribeTemplate(ctx, 401, []int{1, 2}, "测试数据")
		}, `{"errcode":0,"errmsg":"ok","priTmplId":"NEW"}`,
			call{"POST", "/wxaapi/newtmpl/addtemplate", `{"tid":"401","kidList":[1,2],"sceneDesc":"测试数据"}`, false}, "NEW"},
		"add without scene": {func(ctx context.Context, c client) (any, error) {
			return c.AddSubscribeTemplate(ctx, 401, []int{5, 4, 3, 2, 1}, "")
		}, `{"errcode":0,"errmsg":"ok","priTmplId":"NEW"}`,
			call{"POST", "/wxaapi/newtmpl/addtemplate", `{"tid":"401","kidList":[5,4,3,2,1]}`, false}, "NEW"},
		"list": {func(ctx context.Context, c client) (any, error) { return c.SubscribeTemplates(ctx) },
			`{"data":[{"priTmplId":"T","title":"标题","content":"物品名称:{{thing1.DATA}}\n","example":"物品名称:名称\n","type":2,` +
				`"keywordEnumValueList":[{"enumValueList":["客厅","餐厅"],"keywordCode":"enum_string2.DATA"},{"enumValueList":["a"],"keywordCode":"phrase3"}]},{"priTmplId":"U","type":3}]}`,
			call{"GET", "/wxaapi/newtmpl/gettemplate", "", false},
			[]template.SubscribeTemplate{{
				ID: "T", Title: "标题", Content: "物品名称:{{thing1.DATA}}\n", Example: "物品名称:名称\n", Type: template.OneTime,
				Enums: map[string][]string{"enum_string2": {"客厅", "餐厅"}, "phrase3": {"a"}},
			}, {ID: "U", Type: template.LongTerm}}},
		"delete": {func(ctx context.Context, c client) (any, error) { return nil, c.DeleteSubscribeTemplate(ctx, "T") },
			fine, call{"POST", "/wxaapi/newtmpl/deltemplate", `{"priTmplId":"T"}`, false}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{answer: tt.answer}
			got, err := tt.call(t.Context(), newClient(f))
			require.NoError(t, err)
			assert.Equal(t, tt.result, got)
			assert.Equal(t, []call{tt.want}, f.calls)
			got, err = tt.call(t.Context(), newClient(&fake{err: coded(200011)}))
			assert.Equal(t, coded(200011), err)
			assert.Empty(t, got)
		})
	}
}

// titles is a page of n templates, of total.
func titles(n, total int) string {
	one := strings.TrimSuffix(strings.Repeat(`{"tid":99,"title":"标题","type":2,"categoryId":"616"},`, n), ",")
	return fmt.Sprintf(`{"count":%d,"data":[%s]}`, total, one)
}

func TestSubscribeTitlesWalkThePages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers []string
		want    int
	}{
		"one page":           {[]string{titles(1, 1)}, 1},
		"none":               {[]string{titles(0, 0)}, 0},
		"a whole page":       {[]string{titles(30, 30)}, 30},
		"two pages":          {[]string{titles(30, 31), titles(1, 31)}, 31},
		"fewer than it says": {[]string{titles(30, 95), titles(0, 95)}, 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, n := &fake{answers: tt.answers}, 0
			for got, err := range newClient(f).SubscribeTitles(t.Context(), 2, 616) {
				require.NoError(t, err)
				assert.Equal(t, template.SubscribeTitle{TID: 99, Title: "标题", Type: template.OneTime, CategoryID: 616}, got)
				n++
			}
			assert.Equal(t, tt.want, n)
			require.Len(t, f.calls, len(tt.answers))
			for i, got := range f.calls {
				assert.Equal(t, call{"GET", fmt.Sprintf("/wxaapi/newtmpl/getpubtemplatetitles?ids=2,616&start=%d&limit=30", 30*i), "", false}, got)
			}
		})
	}
}

func TestSubscribeTitlesEnd(t *testing.T) {
	t.Parallel()
	f := &fake{answer: titles(30, 90)}
	for range newClient(f).SubscribeTitles(t.Context(), 1) {
		break
	}
	assert.Len(t, f.calls, 1, "with the loop")
	n := 0
	for _, err := range newClient(&fake{err: coded(200016)}).SubscribeTitles(t.Context(), 1) {
		assert.Equal(t, coded(200016), err)
		n++
	}
	for _, err := range newClient(f).SubscribeTitles(t.Context()) {
		require.ErrorIs(t, err, template.ErrInvalidArgument)
		n++
	}
	assert.Equal(t, 2, n, "each with one error")
	assert.Len(t, f.calls, 1)
}

func TestSubscriptionRefusals(t *testing.T) {
	t.Parallel()
	f := &fake{answer: fine}
	c, ctx := newClient(f), t.Context()
	for want, kids := range map[string][]int{
		"template: 0 keywords are given, there must be 2 to 5": nil,
		"template: 1 keywords are given, there must be 2 to 5": {1},
		"template: 6 keywords are given, there must be 2 to 5": {1, 2, 3, 4, 5, 6},
	} {
		_, err := c.AddSubscribeTemplate(ctx, 1, kids, "")
		require.ErrorIs(t, err, template.ErrInvalidArgument)
		require.EqualError(t, err, want)
	}
	_, err := c.AddSubscribeTemplate(ctx, 1, []int{1, 2}, strings.Repeat("景", 16))
	require.EqualError(t, err, "template: the scene has 16 characters, at most 15")
	require.ErrorIs(t, c.DeleteSubscribeTemplate(ctx, ""), template.ErrInvalidArgument)
	assert.Empty(t, f.calls)
	_, err = c.AddSubscribeTemplate(ctx, 1, []int{1, 2}, strings.Repeat("景", 15))
	require.NoError(t, err, "at the limit")
}

package media_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/media"
)

// shelf answers batchget_material out of a library of so many.
type shelf struct {
	platform
	total  int // what it says
	has    int
	failAt int // offset of a page that fails; 0: none
	asked  []string
}

func (s *shelf) Call(_ context.Context, _, _ string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	var page struct{ Offset, Count int }
	if err := json.Unmarshal(text, &page); err != nil {
		return err
	}
	s.asked = append(s.asked, fmt.Sprintf("%d+%d", page.Offset, page.Count))
	if s.failAt > 0 && page.Offset == s.failAt {
		return coded(-1)
	}
	var items []string
	for i := page.Offset; i < min(page.Offset+page.Count, s.has); i++ {
		items = append(items, fmt.Sprintf(`{"media_id":"M%d"}`, i))
	}
	return json.Unmarshal(fmt.Appendf(nil, `{"total_count":%d,"item":[%s]}`, s.total, strings.Join(items, ",")), out)
}

func collect(t *testing.T, s *shelf, most int) (ids []string, err error) {
	t.Helper()
	for item, err := range newClient(s).Materials(t.Context(), media.Image) {
		if err != nil {
			assert.Zero(t, item)
			return ids, err
		}
		if ids = append(ids, item.MediaID); len(ids) == most {
			break
		}
	}
	return ids, nil
}

func TestMaterials(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		shelf *shelf
		most  int
		want  int
		asked []string
	}{
		"empty":             {&shelf{}, 0, 0, []string{"0+20"}},
		"one page":          {&shelf{total: 20, has: 20}, 0, 20, []string{"0+20"}},
		"three pages":       {&shelf{total: 41, has: 41}, 0, 41, []string{"0+20", "20+20", "40+20"}},
		"left early":        {&shelf{total: 41, has: 41}, 20, 20, []string{"0+20"}},
		"left on page two":  {&shelf{total: 41, has: 41}, 21, 21, []string{"0+20", "20+20"}},
		"total exaggerates": {&shelf{total: 1000, has: 25}, 0, 25, []string{"0+20", "20+20", "25+20"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ids, err := collect(t, tt.shelf, tt.most)
			require.NoError(t, err)
			require.Len(t, ids, tt.want)
			for i, id := range ids {
				assert.Equal(t, fmt.Sprintf("M%d", i), id)
			}
			assert.Equal(t, tt.asked, tt.shelf.asked)
		})
	}
	s := &shelf{total: 41, has: 41, failAt: 20}
	ids, err := collect(t, s, 0)
	assert.Equal(t, coded(-1), err)
	assert.Len(t, ids, 20)
	assert.Len(t, s.asked, 2, "an error ends it")
}

func TestListMaterialRefusals(t *testing.T) {
	t.Parallel()
	p := &platform{answer: "{}"}
	for _, tt := range []struct {
		kind          media.Kind
		offset, count int
	}{{media.Thumb, 0, 1}, {"", 0, 1}, {media.Image, -1, 1}, {media.Image, 0, 0}, {media.Image, 0, 21}} {
		_, err := p.client().ListMaterial(t.Context(), tt.kind, tt.offset, tt.count)
		require.ErrorIs(t, err, media.ErrInvalidArgument)
	}
	for item, err := range p.client().Materials(t.Context(), "gif") {
		require.ErrorIs(t, err, media.ErrInvalidArgument)
		assert.Zero(t, item)
	}
	assert.Empty(t, p.sent)
}

// An answer without the list is neither an empty list nor the end of one.
func TestListWithoutItsEntries(t *testing.T) {
	t.Parallel()
	for answer, fails := range map[string]bool{
		`{"errcode":0,"errmsg":"ok"}`: true, `{"total_count":3}`: true, `{"total_count":3,"item":null}`: true,
		`{"total_count":0}`: false, `{"item":[]}`: false, `{"total_count":"3","item":[]}`: false,
	} {
		ended := error(nil)
		for _, err := range newClient(&platform{answer: answer}).Materials(t.Context(), media.Image) {
			ended = err
		}
		assert.Equal(t, fails, ended != nil, "%s: %v", answer, ended)
	}
}

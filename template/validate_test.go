package template_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*template.Message)
		want   string // empty: valid
	}{
		"good":              {func(*template.Message) {}, ""},
		"longest id":        {func(m *template.Message) { m.ClientMsgID = strings.Repeat("x", 64) }, ""},
		"no id":             {func(m *template.Message) { m.ClientMsgID = "" }, ""},
		"longest url":       {func(m *template.Message) { m.URL = strings.Repeat("x", 2048) }, ""},
		"mini program":      {func(m *template.Message) { m.MiniProgram = &template.MiniProgram{AppID: "wx1"} }, ""},
		"zero mini program": {func(m *template.Message) { m.MiniProgram = &template.MiniProgram{} }, ""},
		"no recipient":      {func(m *template.Message) { m.To = "" }, "template: the message has no recipient (To is empty)"},
		"no template":       {func(m *template.Message) { m.TemplateID = "" }, "template: the message names no template (TemplateID is empty)"},
		"no data":           {func(m *template.Message) { m.Data = nil }, "template: the message has no values (Data is empty)"},
		"long id":           {func(m *template.Message) { m.ClientMsgID = strings.Repeat("x", 65) }, "template: ClientMsgID has 65 bytes, at most 64"},
		"long url":          {func(m *template.Message) { m.URL = strings.Repeat("x", 2049) }, "template: URL has 2049 bytes, at most 2048"},
		"no appid":          {func(m *template.Message) { m.MiniProgram = &template.MiniProgram{PagePath: "p"} }, "template: MiniProgram has a page and no AppID"},
		"first bad value": {func(m *template.Message) { m.Data = template.Data{"thing3": {}, "thing1": {Value: "a"}, "thing2": {}} },
			"template: thing2: the value is empty"},
		"suffix": {func(m *template.Message) { m.Data = template.Data{"thing1.DATA": {Value: "a"}} },
			"template: thing1.DATA: the keyword must be written without .DATA"},
		"no keyword": {func(m *template.Message) { m.Data = template.Data{"": {Value: "a"}} },
			"template: a value has no keyword (Data has an empty key)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := message()
			tt.change(&m)
			err := m.Validate()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.want)
			require.ErrorIs(t, err, template.ErrInvalidMessage)
			assert.NotContains(t, err.Error(), "OPENID")
		})
	}
}

package callback

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTextsEnd(t *testing.T) {
	t.Parallel()
	one, three := texts["text"], texts["link"]
	const end, d, u = "]]></Title>", "<Description><![CDATA[", "<Url><![CDATA["
	for _, tt := range []struct {
		name  string
		texts *kindTexts
		text  string // what has to be the text, before the last of which s goes on
		rest  string
		none  bool
	}{
		{"one: the last", one, "a]]></Content>b", "]]></Content><MsgId>1</MsgId>", false},
		{"one: none", one, "", "a]]></Content ></xml>", true},
		{"followed", three, "a", end + d, false},
		{"followed after blanks", three, "a", end + " \r\n\t" + d + "b" + end + d, false},
		{"followed by the last of the later ones", three, "a", end + u + "b" + end + d, false},
		{"blanks before CDATA", three, "a", end + "<Description>\n<![CDATA[b" + end + d, false},
		{"not followed, then followed", three, "a" + end + "b", end + d, false},
		{"one without CDATA before one with it", three, "a" + end + "<Description>b</Description>c" + end + "<Url/>", end + d, false},
		{"one without CDATA", three, "a" + end + "b", end + "<Description>c</Description>" + u, false},
		{"an empty one", three, "a" + end + "b", end + "\n<Url/>" + end, false},
		{"one that goes on", three, "a" + end + "<Description>b", end + "<MsgId>", false},
		{"one with attributes", three, "a" + end + "<Description c='d'>b", end + "<MsgId>", false},
		{"one with a longer name", three, "a" + end + "<Descriptions><![CDATA[b", end + "<MsgId>", false},
		{"an end tag", three, "a" + end + "</Description><![CDATA[b", end + "<MsgId>", false},
		{"an earlier one of the kind", three, "a" + end + "<Title><![CDATA[b", end + "<MsgId>", false},
		{"none of the later ones: the last", three, "a" + end + "b" + end + "c", end + "<MsgId>", false},
		{"a later one before the first end", three, "a" + d + "b", end + "<MsgId>", false},
		{"something between: the first", three, "a", end + "<New/>" + d + "b" + end + "c", false},
		{"something between, and a later one in it", three, "a", end + "<New>" + u + "b]]></Url></New>" + end + "c", false},
		{"none", three, "", "a" + d, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := len(tt.text)
			if tt.none {
				want = -1
			}
			assert.Equal(t, want, tt.texts.end(0, tt.text+tt.rest))
		})
	}
}

// TestTextsAreSearchedOnce checks that a second element of a name is not searched: a body could
// have thousands, each searched up to its end.
func TestTextsAreSearchedOnce(t *testing.T) {
	t.Parallel()
	r := reader{doc: "<![CDATA[a]]></Content>", document: document{texts: texts["text"]}}
	text, ok := r.personsText(1, "xml", "Content")
	assert.True(t, ok)
	assert.Equal(t, "a", text)
	r.pos = 0
	_, ok = r.personsText(1, "xml", "Content")
	assert.False(t, ok)
}

// TestTextsAreComplete compares the table with the platform's reference, chapter 6.9.
func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	var all []string
	for kind, at := range texts {
		for _, name := range at.names {
			all = append(all, strings.TrimPrefix(kind+" "+at.parent+">"+name, " "))
		}
		if _, typed := kinds[kind]; !typed {
			assert.Contains(t, []string{"event/user_enter_tempsession", "event/user_get_card", "event/user_view_card", "event/user_consume_card"}, kind)
		}
		assert.LessOrEqual(t, len(at.names), 8, "reader.searched has a bit for each")
	}
	assert.ElementsMatch(t, []string{
		"text >Content", "voice >Recognition", "location >Label", "link >Title", "link >Description", "link >Url", "file >Title", "file >Description",
		"miniprogrampage >Title", "miniprogrampage >AppId", "miniprogrampage >PagePath", "event/scancode_push ScanCodeInfo>ScanResult",
		"event/scancode_waitmsg ScanCodeInfo>ScanResult", "event/location_select SendLocationInfo>Label", "event/location_select SendLocationInfo>Poiname",
		"event/user_enter_tempsession >SessionFrom", "event/user_get_card >OuterStr", "event/user_view_card >OuterStr",
		"event/user_consume_card >VerifyCode", "event/user_consume_card >RemarkAmount", "event/user_consume_card >OuterStr",
	}, all)
}

// written are the elements for texts of people, with a push in which a text is written as it is.
// Path is where Value finds it.
var written = []struct {
	push func(typed string) string
	path []string
}{
	{typing, []string{"Content"}},
	{voiceOf, []string{"Recognition"}},
	{labelOf, []string{"Label"}},
	{func(s string) string { return scanOf("scancode_push", s) }, []string{"ScanCodeInfo", "ScanResult"}},
	{func(s string) string { return scanOf("scancode_waitmsg", s) }, []string{"ScanCodeInfo", "ScanResult"}},
	{func(s string) string { return eventOf("user_enter_tempsession", cdataOf("SessionFrom", s)) }, []string{"SessionFrom"}},
	{func(s string) string { return gotCard(s, "u") }, []string{"OuterStr"}},
	{func(s string) string { return eventOf("user_view_card", cdataOf("OuterStr", s)) }, []string{"OuterStr"}},
	{func(s string) string { return consumed(s, "1", "o") }, []string{"VerifyCode"}},
	{func(s string) string { return consumed("v", s, "o") }, []string{"RemarkAmount"}},
	{func(s string) string { return consumed("v", "1", s) }, []string{"OuterStr"}},
	{func(s string) string { return linkOf(s, "d", "u") }, []string{"Title"}},
	{func(s string) string { return linkOf("t", s, "u") }, []string{"Description"}},
	{func(s string) string { return linkOf("t", "d", s) }, []string{"Url"}},
	{func(s string) string { return fileOf(s, "d") }, []string{"Title"}},
	{func(s string) string { return fileOf("t", s) }, []string{"Description"}},
	{func(s string) string { return pageOf(s, "wx", "p") }, []string{"Title"}},
	{func(s string) string { return pageOf("t", s, "p") }, []string{"AppId"}},
	{func(s string) string { return pageOf("t", "wx", s) }, []string{"PagePath"}},
	{func(s string) string { return chosenOf(s, "p") }, []string{"SendLocationInfo", "Label"}},
	{func(s string) string { return chosenOf("l", s) }, []string{"SendLocationInfo", "Poiname"}},
}

// FuzzTexts writes any text as it is into each element that holds texts of people: whose message
// it is and its id come back, and so does the text.
func FuzzTexts(f *testing.F) {
	for i := range written {
		for _, s := range hostileTexts {
			f.Add(uint8(i), s)
		}
		f.Add(uint8(i), "]]></Label>\\s0")
		f.Add(uint8(i), "a]]></Title>\n<Description> <![CDATA[b]]></Description>c]]></Title><Url/>")
		f.Add(uint8(i), "]]></Label><Poiname><![CDATA[]]></AppId><PagePath><![CDATA[]]></Content>")
	}
	f.Fuzz(func(t *testing.T, which uint8, typed string) {
		w := written[int(which)%len(written)]
		m, err := Parse([]byte(w.push(typed)))
		require.NoError(t, err)
		benign, err := Parse([]byte(w.push("a")))
		require.NoError(t, err)
		require.IsType(t, benign, m)
		if u, ok := m.(*Unknown); ok {
			require.NoError(t, u.Err)
		}
		head, want := *m.Head(), *benign.Head()
		head.Raw, want.Raw = Raw{}, Raw{}
		require.Equal(t, want, head)
		at, raw := textsOf(&head), m.Head().Raw
		whole := cleaned(typed)
		for _, name := range at.names {
			if len(at.names) > 1 && strings.Contains(typed, "]]></"+name+">") {
				checkShared(t, at, raw, w.push)
				return
			}
		}
		require.Equal(t, whole, raw.Value(w.path...))
		checkElsewhere(t, at, raw, benign.Head().Raw, w.path)
	})
}

// cleaned is what Parse documents that it does to a text.
func cleaned(typed string) string {
	return normalize(strings.ReplaceAll(typed, "]]]]><![CDATA[>", "]]>"))
}

// checkElsewhere checks that all texts but the one at path are those of benign.
func checkElsewhere(t *testing.T, at *kindTexts, raw, benign Raw, path []string) {
	for _, name := range at.names {
		if name != path[len(path)-1] {
			other := append(path[:len(path)-1:len(path)-1], name)
			require.Equal(t, benign.Values(other...), raw.Values(other...))
		}
	}
}

// checkShared checks that all that stands between the first start and the last end of the kind's
// texts is in them, but for the tags between two of them.
func checkShared(t *testing.T, at *kindTexts, raw Raw, push func(string) string) {
	start := strings.Index(push("a"), "<"+at.names[0]+">")
	last := "]]></" + at.names[len(at.names)-1] + ">"
	all := cleaned(raw.text[start : strings.LastIndex(raw.text, last)+len(last)])
	var path []string
	if at.parent != "" {
		path = []string{at.parent}
	}
	pattern := "^"
	for _, name := range at.names {
		values := raw.Values(append(path[:len(path):len(path)], name)...)
		require.LessOrEqual(t, len(values), 1)
		for _, v := range values {
			pattern += fmt.Sprintf(`[\x00-\x20]*<%s>[\x00-\x20]*<!\[CDATA\[%s\]\]></%s>`, name, regexp.QuoteMeta(v), name)
		}
	}
	require.Regexp(t, pattern+"$", all)
}

// FuzzTextsOfOthers writes any text into an element of a kind that Parse does not know: whose
// message it is and its id come back.
func FuzzTextsOfOthers(f *testing.F) {
	for _, s := range hostileTexts {
		f.Add(s)
	}
	f.Add(`]]></A><b a="`)
	f.Add("]]></A></xml><?")
	f.Add("]]></A><MsgId>1</MsgId></B>")
	f.Add("]]></A><MsgId>1</MsgId><b><A><![CDATA[")
	f.Fuzz(func(t *testing.T, typed string) {
		m, err := Parse([]byte(pushOf("hologram", cdataOf("A", typed))))
		require.NoError(t, err)
		require.IsType(t, &Unknown{}, m)
		m.Head().Raw = Raw{}
		m.Head().MsgDataID, m.Head().Idx = "", 0
		require.Equal(t, sender("hologram"), *m.Head())
	})
}

// FuzzTextsJSON writes any text into a message in JSON: all comes back.
func FuzzTextsJSON(f *testing.F) {
	for _, s := range hostileTexts {
		f.Add(s)
	}
	f.Add("\"},{\\\"\\u0000\u2028\xff\\")
	f.Fuzz(func(t *testing.T, typed string) {
		body := appendJSON([]byte(`{"ToUserName":"gh_1","FromUserName":"oSTRANGER","CreateTime":1551481349,"MsgType":"text","Content":`), typed)
		m, err := Parse(append(body, `,"MsgId":22211872600753510}`...))
		require.NoError(t, err)
		m.Head().Raw = Raw{}
		require.Equal(t, typedAs(clean(typed)), m)
	})
}

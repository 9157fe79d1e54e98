package callback

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseBodies(t *testing.T) {
	t.Parallel()
	between := regexp.MustCompile(`([^]])>(<[/A-Za-z])`)
	for _, tt := range bodies {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for way, body := range map[string]string{
				"xml": tt.xml, "json": tt.json,
				"xml in the opposite order":  reordered(t, tt.xml),
				"xml with more in it":        strings.Replace(tt.xml, "<xml>", "<xml><New><Content>no</Content><List><item>1</item></List></New><a/><b x='1>2'/>", 1),
				"xml on lines, declared":     "\uFEFF<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- c --><xml>\n" + between.ReplaceAllString(tt.xml[len("<xml>"):], "$1>\r\n  $2") + "\n<!-- c -->\n",
				"xml with the event raised":  strings.Replace(tt.xml, "<Event>", "<Event><![CDATA[]]>", 1),
				"json in a wrapper":          `{"xml":` + tt.json + "}",
				"json after blanks and more": "\uFEFF\n {\"New\":{\"List\":[[1],{\"a\":null}],\"Content\":true}," + tt.json[1:] + "\n",
			} {
				got, err := Parse([]byte(body))
				require.NoError(t, err, way)
				assert.Equal(t, tt.want, got, way)
			}
		})
	}
}

// reordered returns body with the elements below the root in the opposite order, but for those
// that are repeated.
func reordered(t *testing.T, body string) string {
	var root struct {
		Elements []struct {
			XMLName xml.Name
			Inner   string `xml:",innerxml"`
		} `xml:",any"`
	}
	require.NoError(t, xml.Unmarshal([]byte(body), &root))
	var parts []string
	repeated := ""
	for _, e := range root.Elements {
		part := "<" + e.XMLName.Local + ">" + e.Inner + "</" + e.XMLName.Local + ">"
		if e.XMLName.Local == "List" {
			repeated += part
			continue
		}
		parts = append(parts, part)
	}
	slices.Reverse(parts)
	return "<xml>" + repeated + strings.Join(parts, "") + "</xml>"
}

// TestBodiesAreComplete fails when a kind is added without a body for it, or a type without a
// place in kinds.
func TestBodiesAreComplete(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, tt := range bodies {
		m, ok := tt.want.(known)
		require.True(t, ok)
		seen[m.kind()] = true
		assert.IsType(t, tt.want, newKnown(m.Head().MsgType, m.Head().Event))
	}
	for kind := range kinds {
		assert.True(t, seen[kind], kind)
	}
	assert.Len(t, kinds, 40)
}

func TestEventNamesInAnyCase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"TEMPLATESENDJOBFINISH", "templatesendjobfinish", "TemplateSendJobFinish"} {
		m, err := Parse([]byte("<xml><MsgType>EVENT</MsgType><Event>" + name + "</Event><Status>success</Status></xml>"))
		require.NoError(t, err)
		require.IsType(t, &TemplateSendJobFinishEvent{}, m)
		assert.Equal(t, name, m.Head().Event, "as it came")
	}
}

// text wraps inner XML as a text message; content as the value of a JSON one.
func text(inner string) string { return "<xml><MsgType>text</MsgType>" + inner + "</xml>" }

func TestParseIsLenient(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"text without CDATA", text("<Content>plain</Content>"), "plain"},
		{"the five entities", text("<Content>&lt;&gt;&amp;&apos;&quot;</Content>"), `<>&'"`},
		{"character references", text("<Content>&#20320;&#x597d;&#x1F600;&#0000065;</Content>"), "你好😀A"},
		{"entities in CDATA are text", text("<Content><![CDATA[&lt;&#65;]]></Content>"), "&lt;&#65;"},
		{"unknown references", text("<Content>&nbsp;&x; & &#; &#xG; &#1114112; &; a&amp</Content>"), "&nbsp;&x; & &#; &#xG; &#1114112; &; a&amp"},
		{"references to what XML cannot hold", text("<Content>a&#0;b&#x1F;c&#xD800;</Content>"), "abc\uFFFD"},
		{"no entity is expanded twice", text("<Content>&amp;lt;</Content>"), "&lt;"},
		{"empty", text("<Content></Content>"), ""},
		{"empty tag", text("<Content/>"), ""},
		{"empty CDATA", text("<Content><![CDATA[]]></Content>"), ""},
		{"missing", text(""), ""},
		{"CDATA beside text", text("<Content>a<![CDATA[<b>]]>c<![CDATA[d]]> &amp;e</Content>"), "a<b>cd &e"},
		{"the end of CDATA split", text("<Content><![CDATA[x]]]]><![CDATA[>y]]></Content>"), "x]]>y"},
		{"brackets before the end", text("<Content><![CDATA[[[x]]]]></Content>"), "[[x]]"},
		{"comments and instructions inside", text("<Content>a<!-- <b> -->b<?p <c> ?>c</Content>"), "abc"},
		{"attributes", text(`<Content a="1>2" b='</Content>' >x</Content >`), "x"},
		{"control characters", text("<Content><![CDATA[a\x00b\x08c\x1fd]]></Content>"), "abcd"},
		{"control characters in text", text("<Content>a\x00b\x0b&lt;\x0c</Content>"), "ab<"},
		{"control characters in nothing but text", text("<Content>a\x00b\r\n</Content>"), "ab\n"},
		{"control characters in CDATA beside text", text("<Content>a<![CDATA[\x00\r\nb]]></Content>"), "a\nb"},
		{"tab and line feed stay", text("<Content><![CDATA[a\tb\nc]]></Content>"), "a\tb\nc"},
		{"line breaks are unified", text("<Content><![CDATA[a\r\nb\rc\r]]></Content>"), "a\nb\nc\n"},
		{"broken UTF-8", text("<Content><![CDATA[a\xffb\xe4\xbd]]></Content>"), "a\uFFFDb\uFFFD\uFFFD"},
		{"no characters", text("<Content><![CDATA[a\uFFFEb\uFFFF]]></Content>"), "ab"},
		{"blanks stay", text("<Content>  a  </Content>"), "  a  "},
		{"repeated: the last", text("<Content>a</Content><Content>b</Content>"), "b"},
		{"other letters are another name", text("<content>a</content><CONTENT>b</CONTENT>"), ""},
		{"the same name deeper", text("<Other><Content>a</Content></Other>"), ""},
		{"elements inside", text("<Content>a<b>c</b>d</Content>"), ""},
		{"elements with references inside", text("<Content>a<b>&amp;</b>d</Content>"), ""},
		{"elements with elements inside", text("<Content>a<b>c<d/></b>e</Content>"), ""},
		{"long", text("<Content><![CDATA[" + strings.Repeat("长", 10_000) + "]]></Content>"), strings.Repeat("长", 10_000)},
		{"controls after the root", text("<Content>a</Content>") + "\x00\n<!-- b --><?c?>", "a"},
		{"another root", "<root><MsgType>text</MsgType><Content>a</Content></root>", "a"},
		{"JSON escapes", `{"MsgType":"text","Content":"a\u4f60\n\"\u0000\u0008b\r\nc"}`, "a你\n\"b\r\nc"},
		{"JSON with raw controls", "{\"MsgType\":\"text\",\"Content\":\"a\tb\nc\x01d\\\\\"}", "a\tb\ncd\\"},
		{"JSON with a raw control after a backslash", "{\"MsgType\":\"text\",\"Content\":\"a\\\t\"b\"}", `a"b`},
		{"JSON with broken UTF-8", "{\"MsgType\":\"text\",\"Content\":\"a\xffb\"}", "a\uFFFDb"},
		{"JSON null", `{"MsgType":"text","Content":null,"MsgId":null}`, ""},
		{"JSON number for text", `{"MsgType":"text","Content":12345678901234567890}`, "12345678901234567890"},
		{"JSON bool for text", `{"MsgType":"text","Content":false}`, "false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := Parse([]byte(tt.body))
			require.NoError(t, err)
			assert.Equal(t, &TextMessage{Header: Header{MsgType: "text"}, Content: tt.want}, m)
		})
	}
}

func TestParseNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{
		"": 0, "0": 0, " 12\n": 12, "-5": -5, "+5": 5, "9223372036854775807": 1<<63 - 1, "4102444800": 4102444800,
	} {
		m, err := Parse([]byte(text("<CreateTime>" + in + "</CreateTime>")))
		require.NoError(t, err, in)
		assert.Equal(t, want, m.Head().CreateTime, in)
	}
	m, err := Parse([]byte(text("<MsgId>1</MsgId><MsgID>2</MsgID>")))
	require.NoError(t, err)
	assert.EqualValues(t, 2, m.Head().MsgID, "both spellings are one field")
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("<a>", 100_000)
	for name, tt := range map[string]struct{ body, why string }{
		"empty":                       {"", "it is empty"},
		"blanks":                      {" \r\n\t\x00", "it is empty"},
		"not a format":                {"success", "it begins with neither < nor {"},
		"a JSON array":                {`[{"MsgType":"text"}]`, "it begins with neither < nor {"},
		"DTD":                         {`<!DOCTYPE xml [<!ENTITY a "b">]>` + text("<Content>&a;</Content>"), "it has a DTD"},
		"DTD after a declaration":     {`<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd">` + text(""), "it has a DTD"},
		"DTD inside":                  {text("<Content><!ENTITY x 'y'></Content>"), "it has a DTD"},
		"nested 100,000 deep":         {"<xml><MsgType>text</MsgType>" + deep + strings.ReplaceAll(deep, "<", "</") + "</xml>", "it has more than 16 levels"},
		"nested and never closed":     {deep, "it has more than 16 levels"},
		"JSON nested 100,000 deep":    {`{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}", "it has more than 16 levels"},
		"JSON objects 100,000 deep":   {strings.Repeat(`{"xml":`, 100_000) + "1" + strings.Repeat("}", 100_000), "it has more than 16 levels"},
		"too many elements":           {text(strings.Repeat("<a/>", 5000)), "it has more than 4096 elements"},
		"JSON with too many elements": {`{"a":[` + strings.Repeat("1,", 5000) + `1]}`, "it has more than 4096 elements"},
		"too long":                    {text(strings.Repeat(" ", maxBody)), "it has more than 16 MiB"},
		"no end":                      {"<", "it ends early"},
		"no end of a comment":         {"<!-- ", "it ends early"},
		"no end of CDATA":             {text("<Content><![CDATA[x"), "it ends early"},
		"no end of CDATA's start":     {"<xml><![CDA", "it ends early"},
		"no end of an instruction":    {"<?xml ", "it ends early"},
		"no end of an attribute":      {`<xml a="b>`, "it ends early"},
		"no end of a tag":             {"<xml<b>", "a tag has no end"},
		"no end tag":                  {"<xml><a>1</a>", "it ends early"},
		"no root":                     {"<!-- nothing -->", "it ends early"},
		"a wrong end tag":             {"<xml><a>1</b></xml>", "its tags do not match"},
		"more in an end tag":          {"<xml><a>1</a b></xml>", "its tags do not match"},
		"only an end tag":             {"</xml>", "its tags do not match"},
		"no name":                     {"<xml>< a>1</a></xml>", "a tag has no name"},
		"two roots":                   {text("") + text(""), "something follows its end"},
		"text after the root":         {text("") + "x", "something follows its end"},
		"no MsgType":                  {"<xml><ToUserName>gh_1</ToUserName></xml>", "it has no MsgType"},
		"an empty root":               {"<xml/>", "it has no MsgType"},
		"JSON without a MsgType":      {"{}", "it has no MsgType"},
		"encrypted":                   {"<xml><ToUserName>gh_1</ToUserName><Encrypt>x</Encrypt></xml>", "it is encrypted and has to be decrypted first"},
		"JSON cut":                    {`{"MsgType":"text","Content":"secret`, "it is not JSON, or ends early"},
		"JSON cut after a key":        {`{"MsgType":`, "it is not JSON, or ends early"},
		"JSON with a comma too many":  {`{"MsgType":"text",}`, "it is not JSON, or ends early"},
		"JSON with controls, cut":     {"{\"MsgType\":\"te\nxt", "it is not JSON, or ends early"},
		"JSON and more":               {`{"MsgType":"text"}{}`, "something follows its end"},
		"a time that is none":         {text("<CreateTime>secret</CreateTime>"), "CreateTime is not a number, or too large"},
		"a time with an element in":   {text("<CreateTime>1x<!-- --></CreateTime>"), "CreateTime is not a number, or too large"},
		"an id that is too large":     {text("<MsgId>9223372036854775808</MsgId>"), "MsgId is not a number, or too large"},
		"a JSON time with a fraction": {`{"MsgType":"text","CreateTime":1.5}`, "CreateTime is not a number, or too large"},
		"a place that is none":        {"<xml><MsgType>location</MsgType><Location_X>NaN</Location_X></xml>", "Location_X is not a number"},
		"an endless place":            {"<xml><MsgType>location</MsgType><Location_Y>-Infinity</Location_Y></xml>", "Location_Y is not a number"},
		"a place without end":         {"<xml><MsgType>location</MsgType><Location_Y>1e999</Location_Y></xml>", "Location_Y is not a number"},
		"a wrong number deep inside": {"<xml><MsgType>event</MsgType><Event>pic_weixin</Event><SendPicsInfo><Count>x</Count></SendPicsInfo></xml>",
			"SendPicsInfo>Count is not a number, or too large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Parse([]byte(tt.body))
			require.ErrorIs(t, err, ErrMalformed)
			require.EqualError(t, err, "callback: malformed message: "+tt.why)
			assert.Nil(t, m)
		})
	}
}

// TestParseTruncated cuts every body everywhere: no prefix is a message.
func TestParseTruncated(t *testing.T) {
	t.Parallel()
	for _, tt := range bodies {
		for _, body := range []string{tt.xml, tt.json} {
			for i := range len(body) {
				_, err := Parse([]byte(body[:i]))
				require.ErrorIs(t, err, ErrMalformed, body[:i])
			}
		}
	}
}

// TestParseCostsNoMoreThanItsBody has bodies that would take very long, or very much memory,
// if pieces were joined one by one, or paths were built for what is not known.
func TestParseCostsNoMoreThanItsBody(t *testing.T) {
	for name, body := range map[string]string{
		"pieces of text":     text("<Content>" + strings.Repeat("a<!---->", 200_000) + "</Content>"),
		"references":         text("<Content>" + strings.Repeat("&amp;", 300_000) + "</Content>"),
		"ampersands":         text("<Content>" + strings.Repeat("&", 1_000_000) + "</Content>"),
		"long names":         text(nest(strings.Repeat("n", 30_000), 15, strings.Repeat("<a/>", 4000))),
		"starts of CDATA":    text("<Content><![CDATA[" + strings.Repeat("<![CDATA[", 100_000) + "]]></Content>"),
		"brackets":           text("<Content><![CDATA[" + strings.Repeat("]", 1_000_000) + "]]></Content>"),
		"many attributes":    text("<a " + strings.Repeat("b='c' ", 200_000) + "/>"),
		"controls":           text("<Content>" + strings.Repeat("\x01", 1_000_000) + "</Content>"),
		"JSON with controls": "{\"MsgType\":\"text\",\"Content\":\"" + strings.Repeat("\x01", 1_000_000) + "\"}",
	} {
		in := []byte(body)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(in)
		runtime.ReadMemStats(&after)
		require.NoError(t, err, name)
		assert.Less(t, (after.TotalAlloc-before.TotalAlloc)/uint64(len(body)), uint64(12), name)
	}
}

func nest(name string, depth int, inner string) string {
	return strings.Repeat("<"+name+">", depth) + inner + strings.Repeat("</"+name+">", depth)
}

// TestParseKeepsNothing changes the body after it was parsed.
func TestParseKeepsNothing(t *testing.T) {
	t.Parallel()
	for _, body := range []string{text("<Content>a</Content>"), `{"MsgType":"text","Content":"a"}`} {
		for _, in := range []string{body, strings.Replace(body, "text", "card", 1)} {
			b := []byte(in)
			m, err := Parse(b)
			require.NoError(t, err)
			before := fmt.Sprintf("%+v", m)
			copy(b, bytes.Repeat([]byte("x"), len(b)))
			assert.Equal(t, before, fmt.Sprintf("%+v", m))
		}
	}
}

func TestHeaderTime(t *testing.T) {
	t.Parallel()
	assert.True(t, Header{}.Time().IsZero())
	assert.True(t, time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).Equal(Header{CreateTime: 1795168800}.Time()))
	m := &TextMessage{}
	m.Head().FromUserName = "o"
	assert.Equal(t, "o", m.FromUserName, "Head is no copy")
}

func TestFormatOf(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Format{"<": XML, " \n<xml>": XML, "\uFEFF<": XML, "{": JSON, "\x00\t{}": JSON} {
		got, err := FormatOf([]byte(body))
		require.NoError(t, err, body)
		assert.Equal(t, want, got, body)
	}
	for _, body := range []string{"", " ", "\uFEFF", "x", "[", "\xff<"} {
		_, err := FormatOf([]byte(body))
		require.ErrorIs(t, err, ErrMalformed, body)
	}
}

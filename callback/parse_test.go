package callback

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"reflect"
	"regexp"
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
				assert.Equal(t, tt.want, parsed(t, body), way)
			}
		})
	}
}

// parsed parses body, and returns the message without its Raw, which it has checked.
func parsed(t testing.TB, body string) Message {
	t.Helper()
	m, err := Parse([]byte(body))
	require.NoError(t, err, body)
	assert.Equal(t, Raw{body}, m.Head().Raw)
	m.Head().Raw = Raw{}
	return m
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
		{"repeated: the first", text("<Content>a</Content><Content>b</Content>"), "a"},
		{"repeated: the first, though empty", text("<Content/><Content>b</Content>"), ""},
		{"a pretty-printer's blanks round CDATA", text("<Content>\n  <![CDATA[ a ]]>\n</Content>"), " a "},
		{"CDATA that does not end its element", text("<Content><![CDATA[a]]>&amp;<![CDATA[b]]><!-- c --></Content>"), "a&b"},
		{"an end tag with a blank", text("<Content><![CDATA[a]]></Content\n>"), "a"},
		{"a comment that ends at once", text("<!--><Content>a</Content>--><Content>b</Content>"), "b"},
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
		{"JSON with escapes that it does not have", `{"MsgType":"text","Content":"\a\u12\ud800\ud800\u0041\uD83D\uDE00\/\"\\"}`, `\a\u12` + "\uFFFD\uFFFDA😀" + `/"\`},
		{"JSON with a comma too many", `{"MsgType":"text","Content":"a",}`, "a"},
		{"JSON with a bare word", `{"MsgType":text,"Content":NaN}`, "NaN"},
		{"JSON with blanks in names", `{" MsgType ":"text"," Content":"a","FromUserName":{"MsgType":"image"}}`, "a"},
		{"JSON with a name twice", `{"MsgType":"text","Content":"a","MsgType":"image","Content":"b"}`, "a"},
		{"JSON with broken UTF-8", "{\"MsgType\":\"text\",\"Content\":\"a\xffb\"}", "a\uFFFDb"},
		{"JSON null", `{"MsgType":"text","Content":null,"MsgId":null}`, ""},
		{"JSON number for text", `{"MsgType":"text","Content":12345678901234567890}`, "12345678901234567890"},
		{"JSON bool for text", `{"MsgType":"text","Content":false}`, "false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, &TextMessage{Header: Header{MsgType: "text"}, Content: tt.want}, parsed(t, tt.body))
		})
	}
}

func TestParseNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{
		"": 0, "0": 0, " 12\n": 12, "-5": -5, "+5": 5, "9223372036854775807": 1<<63 - 1, "4102444800": 4102444800,
		"49d72d67_1555": 0, "1.5": 0, "9223372036854775808": 0, "1x<!-- -->": 0, "secret": 0, "0x10": 0, "1_0": 0, "NaN": 0,
		"CAIQg/PKxgYY2sC9tpuAgAMg9/zKaw==": 0,
	} {
		m, err := Parse([]byte(text("<CreateTime>" + in + "</CreateTime><MsgId>" + in + "</MsgId>")))
		require.NoError(t, err, in)
		assert.Equal(t, want, m.Head().CreateTime, in)
		assert.Equal(t, want, m.Head().MsgID, in)
	}
	m, err := Parse([]byte(text("<MsgId>1</MsgId><MsgID>2</MsgID>")))
	require.NoError(t, err)
	assert.EqualValues(t, 2, m.Head().MsgID, "both spellings are one field")
	for in, want := range map[string]int64{`1.5`: 0, `"7"`: 7, `" 7 "`: 7, `1e400`: 0, `99999999999999999999`: 0, `"49d72d67_1555"`: 0, `null`: 0, `true`: 0, `{}`: 0, `[]`: 0} {
		m, err := Parse([]byte(`{"MsgType":"text","CreateTime":` + in + `,"MsgId":` + in + "}"))
		require.NoError(t, err, in)
		assert.Equal(t, want, m.Head().CreateTime, in)
		assert.Equal(t, want, m.Head().MsgID, in)
	}
}

// TestParseNumbersOfKinds has numbers that are none in the fields of every kind that has some.
func TestParseNumbersOfKinds(t *testing.T) {
	t.Parallel()
	digits := regexp.MustCompile(`>-?[0-9][0-9.]*<`)
	for _, tt := range bodies {
		for _, no := range []string{"NaN", "-Infinity", "1e999", "1e-9x", "49d72d67_1555", "99999999999999999999", "", "二"} {
			m, err := Parse([]byte(digits.ReplaceAllString(tt.xml, ">"+no+"<")))
			require.NoError(t, err, tt.name)
			checkFinite(t, reflect.ValueOf(m).Elem())
			assert.IsType(t, tt.want, m)
		}
	}
}

// checkFinite checks that v holds no number that stands for none.
func checkFinite(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Float64:
		assert.False(t, math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0))
	case reflect.Struct:
		for i := range v.NumField() {
			checkFinite(t, v.Field(i))
		}
	}
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
		"nested and never closed":     {deep, "it has more than 16 levels"},
		"JSON nested 100,000 deep":    {`{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}", "it has more than 16 levels"},
		"JSON objects 100,000 deep":   {strings.Repeat(`{"xml":`, 100_000) + "1" + strings.Repeat("}", 100_000), "it has more than 16 levels"},
		"JSON with too many elements": {`{"a":[` + strings.Repeat("1,", 5000) + `1]}`, "it has more than 4096 elements"},
		"too long":                    {text(strings.Repeat(" ", maxBody)), "it has more than 16 MiB"},
		"no end":                      {"<", "it ends early"},
		"no end of a comment":         {"<!-- ", "it ends early"},
		"no end of CDATA's start":     {"<xml><![CDA", "it ends early"},
		"no end of an instruction":    {"<?xml ", "it ends early"},
		"no end of an attribute":      {`<xml a="b>`, "it ends early"},
		"no end of a tag":             {"<xml<b>", "a tag has no end"},
		"no end tag":                  {"<xml><a>1</a>", "it ends early"},
		"no root":                     {"<!-- nothing -->", "it ends early"},
		"a wrong end tag":             {"<xml><a>1</b></xml>", "its tags do not match"},
		"more in an end tag":          {"<xml><a>1</a b></xml>", "its tags do not match"},
		"only an end tag":             {"</xml>", "a tag has no name"},
		"no name":                     {"<xml>< a>1</a></xml>", "a tag has no name"},
		"no end of a MsgType":         {"<xml><MsgType><![CDATA[text]]></MsgTyp", "it ends early"},
		"MsgType too deep":            {"<xml><a><MsgType>text</MsgType></a>", "it ends early"},
		"an empty MsgType":            {"<xml><MsgType></MsgType><MsgType>text</MsgType></xml>", "it has no MsgType"},
		"a MsgType with others in it": {"<xml><MsgType><a>text</a></MsgType></xml>", "it has no MsgType"},
		"JSON, a MsgType that is cut": {`{"MsgType":"text`, "it is not JSON, or ends early"},
		"no MsgType":                  {"<xml><ToUserName>gh_1</ToUserName></xml>", "it has no MsgType"},
		"an empty root":               {"<xml/>", "it has no MsgType"},
		"JSON without a MsgType":      {"{}", "it has no MsgType"},
		"encrypted":                   {"<xml><ToUserName>gh_1</ToUserName><Encrypt>x</Encrypt></xml>", "it is encrypted and has to be decrypted first; a Server needs the account's AESKey"},
		"JSON cut after a key":        {`{"MsgType":`, "it is not JSON, or ends early"},
		"JSON with controls, cut":     {"{\"MsgType\":\"te\nxt", "it is not JSON, or ends early"},
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

// TestParseUnreadable has bodies with a good head that cannot be read behind it: the program still
// learns who sent what.
func TestParseUnreadable(t *testing.T) {
	t.Parallel()
	const head = "<xml><ToUserName>gh_1</ToUserName><FromUserName>o</FromUserName><CreateTime>5</CreateTime><MsgType>text</MsgType>"
	const jsonHead = `{"ToUserName":"gh_1","FromUserName":"o","CreateTime":5,"MsgType":"text",`
	want := Header{ToUserName: "gh_1", FromUserName: "o", CreateTime: 5, MsgType: "text"}
	withID := want
	withID.MsgID = 7
	deep := strings.Repeat("<a>", 100_000)
	for name, tt := range map[string]struct {
		body, why string
		want      Header
	}{
		"cut":                       {head + "<Content><![CDATA[secret", "it ends early", want},
		"cut within a character":    {head + "<Content><![CDATA[照片]]></Content><New>\xe7\x85", "it ends early", want},
		"cut within a tag":          {head + "<Conte", "it ends early", want},
		"tags that do not match":    {head + "<a>1</b><MsgId>7</MsgId></xml>", "its tags do not match", withID},
		"an end tag too many":       {head + "</a><MsgId>7</MsgId></xml>", "its tags do not match", withID},
		"two ids behind it":         {head + "<a>1</b><MsgId>9</MsgId><MsgId> 7 </MsgId></xml>", "its tags do not match", withID},
		"an id that is none":        {head + "<a>1</b><MsgId>7_1</MsgId></xml>", "its tags do not match", want},
		"an id that was typed":      {head + "<A><![CDATA[]]></A><MsgId>9</MsgId></B>]]></A><MsgId>7</MsgId></xml>", "its tags do not match", withID},
		"an id before it":           {head + "<MsgId>7</MsgId><a>1</b></xml>", "its tags do not match", withID},
		"a tag without a name":      {head + "< a>1</a></xml>", "a tag has no name", want},
		"DTD":                       {head + "<!ENTITY x 'y'><MsgId>7</MsgId></xml>", "it has a DTD", withID},
		"DTD in an element":         {head + "<a><!DOCTYPE x></a></xml>", "it has a DTD", want},
		"100,000 deep":              {head + deep + strings.ReplaceAll(deep, "<", "</") + "<MsgId>7</MsgId></xml>", "it has more than 16 levels", withID},
		"too many elements":         {head + strings.Repeat("<a/>", 5000) + "<MsgId>7</MsgId></xml>", "it has more than 4096 elements", withID},
		"something behind the root": {head + "<MsgId>7</MsgId></xml>x", "something follows its end", withID},
		"a second root":             {head + "</xml><xml><FromUserName>oVICTIM</FromUserName></xml>", "something follows its end", want},
		"no end of an attribute":    {head + `<a b="></xml>`, "it ends early", want},
		"JSON cut":                  {jsonHead + `"Content":"secret`, "it is not JSON, or ends early", want},
		"JSON cut after a name":     {jsonHead + `"MsgId":7,"Content":`, "it is not JSON, or ends early", withID},
		"JSON with an id typed":     {jsonHead + `"MsgId":7,"Content":"<MsgId>9</MsgId>`, "it is not JSON, or ends early", withID},
		"JSON without a colon":      {jsonHead + `"Content" "a"}`, "it is not JSON, or ends early", want},
		"JSON without a name":       {jsonHead + `:1}`, "it is not JSON, or ends early", want},
		"JSON in another's brace":   {jsonHead + `"a":[1}}`, "it is not JSON, or ends early", want},
		"JSON and more":             {jsonHead + `"MsgId":7}{"FromUserName":"oVICTIM"}`, "something follows its end", withID},
		"JSON 100,000 deep":         {jsonHead + `"a":` + strings.Repeat("[", 100_000), "it has more than 16 levels", want},
		"JSON, too many elements":   {jsonHead + `"a":[` + strings.Repeat("1,", 5000) + "1]}", "it has more than 4096 elements", want},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := parsed(t, tt.body)
			u, ok := m.(*Unknown)
			require.True(t, ok, "%T", m)
			require.ErrorIs(t, u.Err, ErrMalformed)
			require.EqualError(t, u.Err, "callback: malformed message: "+tt.why)
			assert.Equal(t, tt.want, u.Header)
			assert.Empty(t, u.kind(), "no handler of a TextMessage takes it")
			assert.Equal(t, "gh_1", Raw{tt.body}.Value("ToUserName"))
		})
	}
	u, ok := parsed(t, "<xml><AppId>wx</AppId><InfoType>component_verify_ticket</InfoType><a>").(*Unknown)
	require.True(t, ok)
	assert.Equal(t, "component_verify_ticket", u.InfoType)
	require.ErrorIs(t, u.Err, ErrMalformed)
	u, ok = parsed(t, "<xml><MsgType>event</MsgType><Event>user_get_card</Event><CardId>c</CardId><a></b>").(*Unknown)
	require.True(t, ok)
	assert.Equal(t, "event/user_get_card", u.kind(), "its handler takes an Unknown anyhow")
}

// TestParseTruncated cuts every body everywhere: no prefix is a message of its kind, and from the
// end of MsgType on each says whose it is.
func TestParseTruncated(t *testing.T) {
	t.Parallel()
	for _, tt := range bodies {
		for _, body := range []string{tt.xml, tt.json} {
			good := strings.Index(body, `"Event"`)
			if end := strings.Index(body, "</MsgType>"); end >= 0 {
				good = end + len("</MsgType>")
			}
			if good < 0 {
				good = strings.Index(body, `"MsgType":`) + len(`"MsgType":`) + len(tt.want.Head().MsgType) + 2
			}
			for i := range len(body) {
				m, err := Parse([]byte(body[:i]))
				if i < good && err != nil {
					require.ErrorIs(t, err, ErrMalformed, body[:i])
					continue
				}
				require.NoError(t, err, body[:i])
				require.IsType(t, &Unknown{}, m)
				require.Equal(t, tt.want.Head().FromUserName, m.Head().FromUserName)
				require.Equal(t, body[:i], string(m.Head().Raw.Bytes()))
			}
		}
	}
}

// TestParseCostsNoMoreThanItsBody has bodies that would take hours, or gigabytes, if anything of
// them were looked at or copied again and again.
func TestParseCostsNoMoreThanItsBody(t *testing.T) {
	const size = 4 << 20
	many := func(s string) string { return strings.Repeat(s, size/len(s)) }
	title := func(s string) string { return pushOf("link", "<Title><![CDATA["+s) }
	for name, body := range map[string]string{
		"pieces of text":            text("<Content>" + many("a<!---->") + "</Content>"),
		"pieces of CDATA":           text("<New>" + many("<![CDATA[a]]>") + "</New>"),
		"references":                text("<Content>" + many("&amp;") + "</Content>"),
		"ampersands":                text("<Content>" + many("&") + "</Content>"),
		"references without an end": text("<Content>" + many("&#") + "</Content>"),
		"elements":                  text(many("<a/>")),
		"elements with text":        text(many("<a>1</a>")),
		"elements in one another":   text(many("<a>")),
		"long names":                text(nest(strings.Repeat("n", 30_000), 15, strings.Repeat("<a/>", 4000))),
		"a name":                    "<xml><MsgType>text</MsgType><" + many("a"),
		"starts of CDATA":           typing(many("<![CDATA[")),
		"starts without an end":     text("<Content>" + many("<![CDATA[")),
		"texts without an end":      text(many("<Content><![CDATA[")),
		"texts that go on":          text(many("<Content><![CDATA[a]]>b</Content>")),
		"ends of CDATA":             typing(many("]]>")),
		"ends of CDATA, split":      typing(many("]]]]><![CDATA[>")),
		"ends of the text":          typing(many("]]></Content>")),
		"ends of a text of several": linkOf(many("]]></Title>"), "d", "u"),
		"ends without an end":       title(many("]]></Title>")),
		"ends and blanks":           title(many("]]></Title>" + strings.Repeat(" ", 100))),
		"ends and later texts":      title(many("]]></Title><Description>")),
		"ends and whole ones":       title(many("]]></Title><Url></Url>")),
		"ends and names":            title(many("]]></Title><Descriptio")),
		"later texts":               title("]]></Title>x" + many("<Description>") + many("<Url ")),
		"later texts and blanks":    title("]]></Title>x" + many("<Description>"+strings.Repeat(" ", 100))),
		"brackets":                  typing(many("]")),
		"many attributes":           text("<a " + many("b='c' ") + "/>"),
		"an attribute":              text("<a b='" + many("<c>")),
		"comments":                  text(many("<!--")),
		"instructions":              text(many("<?a?>")),
		"controls":                  text("<Content>" + many("\x01") + "</Content>"),
		"broken UTF-8":              typing(many("\xe7\x85")),
		"ends within a character":   text(many("照") + "\xe7\x85"),
		"blanks":                    text(many(" ")),
		"ids":                       text("</a>" + many("<MsgId>")),
		"ciphertexts":               text(many("<Encrypt>")),
		"ciphertexts without ends":  text(many("<Encrypt><![CDATA[")),
		"names of ciphertexts":      text(many("<Encrypted>")),
		"JSON with controls":        `{"MsgType":"text","Content":"` + many("\x01") + `"}`,
		"JSON with escapes":         `{"MsgType":"text","Content":"` + many("\\") + `"}`,
		"JSON with pairs":           `{"MsgType":"text","Content":"` + many(`\ud800`) + `"}`,
		"JSON without an end":       `{"MsgType":"text","Content":"` + many("a"),
		"JSON with commas":          `{"MsgType":"text"` + many(",") + "}",
		"JSON names":                `{"MsgType":"text"` + many(`,"Encrypt"  `) + "}",
		"JSON values":               `{"MsgType":"text"` + many(`,"a":1`) + "}",
		"JSON ciphertexts":          `{"MsgType":"text"` + many(`,"Encrypt":"`) + "}",
		"JSON brackets":             `{"MsgType":"text","a":` + many("["),
		"JSON word":                 `{"MsgType":"text","a":` + many("a"),
	} {
		in, start := []byte(body), time.Now()
		got := allocated(func() {
			m, err := Parse(in)
			require.NoError(t, err, name)
			assert.Contains(t, []string{"text", "link"}, m.Head().MsgType, name)
		})
		assert.Less(t, got/uint64(len(body)), uint64(16), name)
		got = allocated(func() { _, _, _ = ciphertext(in) })
		assert.LessOrEqual(t, got/uint64(len(body)), uint64(1), name)
		got = allocated(func() { splitEncrypt(in) })
		assert.Less(t, got/uint64(len(body)), uint64(16), name)
		assert.NotEmpty(t, Raw{body}.Value("MsgType"))
		assert.Less(t, time.Since(start), 30*time.Second, name)
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
			before := fmt.Sprintf("%+v %s", m, m.Head().Raw.Bytes())
			copy(b, bytes.Repeat([]byte("x"), len(b)))
			assert.Equal(t, before, fmt.Sprintf("%+v %s", m, m.Head().Raw.Bytes()))
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

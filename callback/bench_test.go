package callback

import (
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	benchText = "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName>\n" +
		"<FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName>\n" +
		"<CreateTime>1395658920</CreateTime>\n" +
		"<MsgType><![CDATA[text]]></MsgType>\n" +
		"<Content><![CDATA[照片 please]]></Content>\n" +
		"<MsgId>1234567890123456</MsgId>\n</xml>"
	benchLocation = "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName>\n" +
		"<FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName>\n" +
		"<CreateTime>1395658920</CreateTime>\n" +
		"<MsgType><![CDATA[event]]></MsgType>\n" +
		"<Event><![CDATA[LOCATION]]></Event>\n" +
		"<Latitude>23.137466</Latitude>\n" +
		"<Longitude>113.352425</Longitude>\n" +
		"<Precision>119.385040</Precision>\n</xml>"
)

// BenchmarkParse parses a text message and a location event. The floor is one pass over one copy
// that knows nothing of the kinds of messages and trusts what it reads.
func BenchmarkParse(b *testing.B) {
	for _, kind := range []struct {
		name, body string
		floor, std func([]byte) (Message, error)
	}{
		{"text", benchText, floorText, stdText},
		{"location", benchLocation, floorLocation, stdLocation},
	} {
		body := []byte(kind.body)
		want, err := Parse(body)
		require.NoError(b, err)
		for _, impl := range []struct {
			name  string
			parse func([]byte) (Message, error)
		}{{"floor", kind.floor}, {"wxhome", Parse}, {"encoding-xml", kind.std}} {
			got, err := impl.parse(body)
			require.NoError(b, err)
			require.Equal(b, want, got, "all do the same work")
			b.Run(kind.name+"/impl="+impl.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := impl.parse(body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// floorScan hands each element of doc, which is flat, to set.
func floorScan(doc string, set func(name, text string)) {
	doc = doc[len("<xml>"):]
	for {
		doc = doc[strings.IndexByte(doc, '<')+1:]
		end := strings.IndexByte(doc, '>')
		name := doc[:end]
		if name[0] == '/' {
			return
		}
		doc = doc[end+1:]
		if doc[0] == '<' {
			end = strings.Index(doc, "]]>")
			set(name, doc[len("<![CDATA["):end])
			doc = doc[end+len("]]></")+len(name)+1:]
		} else {
			end = strings.IndexByte(doc, '<')
			set(name, doc[:end])
			doc = doc[end+len("</")+len(name)+1:]
		}
	}
}

func floorHead(h *Header, name, text string) {
	switch name {
	case "ToUserName":
		h.ToUserName = text
	case "FromUserName":
		h.FromUserName = text
	case "CreateTime":
		h.CreateTime, _ = strconv.ParseInt(text, 10, 64)
	case "MsgType":
		h.MsgType = text
	case "Event":
		h.Event = text
	case "MsgId":
		h.MsgID, _ = strconv.ParseInt(text, 10, 64)
	}
}

func floorText(body []byte) (Message, error) {
	m := &TextMessage{Header: Header{Raw: Raw{string(body)}}}
	floorScan(m.Raw.text, func(name, text string) {
		if name == "Content" {
			m.Content = text
			return
		}
		floorHead(&m.Header, name, text)
	})
	return m, nil
}

func floorLocation(body []byte) (Message, error) {
	m := &LocationEvent{Header: Header{Raw: Raw{string(body)}}}
	floorScan(m.Raw.text, func(name, text string) {
		switch name {
		case "Latitude":
			m.Latitude, _ = strconv.ParseFloat(text, 64)
		case "Longitude":
			m.Longitude, _ = strconv.ParseFloat(text, 64)
		case "Precision":
			m.Precision, _ = strconv.ParseFloat(text, 64)
		default:
			floorHead(&m.Header, name, text)
		}
	})
	return m, nil
}

// stdHead has the Header's fields under the names that they have on the wire.
type stdHead struct {
	ToUserName   string
	FromUserName string
	CreateTime   int64
	MsgType      string
	Event        string
	MsgID        int64  `xml:"MsgId"`
	MsgDataID    string `xml:"MsgDataId"`
	Idx          int
	BusinessID   int64 `xml:"BusinessId"`
	Raw          Raw   `xml:"-"`
}

func stdText(body []byte) (Message, error) {
	var in struct {
		stdHead
		Content string
		MenuID  string `xml:"bizmsgmenuid"`
	}
	err := xml.Unmarshal(body, &in)
	in.Raw = Raw{string(body)}
	return &TextMessage{Header: Header(in.stdHead), Content: in.Content, MenuID: in.MenuID}, err
}

func stdLocation(body []byte) (Message, error) {
	var in struct {
		stdHead
		Latitude, Longitude, Precision float64
	}
	err := xml.Unmarshal(body, &in)
	in.Raw = Raw{string(body)}
	return &LocationEvent{Header(in.stdHead), in.Latitude, in.Longitude, in.Precision}, err
}

// sealed is a push in the safe mode, and what it takes to answer it.
type sealed struct {
	crypter *Crypter
	body    []byte
	nonce   string
	stamp   int64
	sum     string
}

func sealedText(b testing.TB) sealed {
	c, err := NewCrypter(Account{AppID: "wx8f3a1c0d9b7e2465", Token: "Mp_Token-2026", AESKey: "WK59PFkl0JfI2yyVlbPegBPrUhRZdsvDQuc8dWrdE03"})
	require.NoError(b, err)
	s := sealed{crypter: c, nonce: "839201746", stamp: 1763913600}
	e, err := ParseEnvelope(c.Sealer().Seal(nil, XML, []byte(benchText), s.stamp, s.nonce))
	require.NoError(b, err)
	s.body = []byte("<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><Encrypt><![CDATA[" + e.Encrypt + "]]></Encrypt></xml>")
	s.sum = Signature("Mp_Token-2026", "1763913600", s.nonce, e.Encrypt)
	return s
}

// BenchmarkCrypter takes a text message in the safe mode out of its envelope and puts a text
// reply into one. The floor does the hashing, the AES and the base64, on buffers that it has.
func BenchmarkCrypter(b *testing.B) {
	s := sealedText(b)
	reply, err := AppendReply(nil, XML, &Header{ToUserName: "gh_7f083739789a", FromUserName: "oia2TjuEGTNoeX76QEjQNrcURxG8"},
		Text{Content: "您好"}, time.Unix(s.stamp, 0))
	require.NoError(b, err)
	b.Run("impl=floor", func(b *testing.B) {
		b.ReportAllocs()
		floor := floorCrypter(b, s, reply)
		for b.Loop() {
			floor()
		}
	})
	b.Run("impl=wxhome", func(b *testing.B) {
		b.ReportAllocs()
		var in, out []byte
		for b.Loop() {
			e, err := ParseEnvelope(s.body)
			if err != nil {
				b.Fatal(err)
			}
			plain, sealer, err := s.crypter.Open(in[:0], s.sum, "1763913600", s.nonce, e.Encrypt)
			if err != nil || len(plain) != len(benchText) {
				b.Fatal(err, len(plain))
			}
			in, out = plain, sealer.Seal(out[:0], e.Format, reply, s.stamp, s.nonce)
		}
	})
}

// settable is what a block mode of package aes can do besides.
type settable interface {
	cipher.BlockMode
	SetIV([]byte)
}

func floorCrypter(b *testing.B, s sealed, reply []byte) func() {
	key := s.crypter.keys[0]
	open, ok := cipher.NewCBCDecrypter(key.block, key.iv).(settable)
	require.True(b, ok)
	seal, ok := cipher.NewCBCEncrypter(key.block, key.iv).(settable)
	require.True(b, ok)
	e, err := ParseEnvelope(s.body)
	require.NoError(b, err)
	encrypt := []byte(e.Encrypt)
	signed := append([]byte("17639136008392017461763913600Mp_Token-2026"), encrypt...)
	in := make([]byte, base64.StdEncoding.DecodedLen(len(encrypt)))
	size := prefixSize + len(reply) + len(s.crypter.appID)
	size += padSize - size%padSize
	text, out := make([]byte, size), make([]byte, base64.StdEncoding.EncodedLen(size))
	answered := append([]byte("17639136008392017461763913600Mp_Token-2026"), out...)
	var sum [signatureSize]byte
	return func() {
		digest := sha1.Sum(signed)
		hex.Encode(sum[:], digest[:])
		n, _ := base64.StdEncoding.Decode(in, encrypt)
		open.SetIV(key.iv)
		open.CryptBlocks(in[:n], in[:n])
		seal.SetIV(key.iv)
		seal.CryptBlocks(text, text)
		base64.StdEncoding.Encode(out, text)
		digest = sha1.Sum(answered)
		hex.Encode(sum[:], digest[:])
	}
}

// BenchmarkAppendReply encodes a text reply into a buffer that it has.
func BenchmarkAppendReply(b *testing.B) {
	b.ReportAllocs()
	var dst []byte
	in := &Header{ToUserName: "gh_7f083739789a", FromUserName: "oia2TjuEGTNoeX76QEjQNrcURxG8", MsgType: "text"}
	for b.Loop() {
		var err error
		if dst, err = AppendReply(dst[:0], XML, in, Text{Content: "您好，照片马上就到"}, time.Unix(1763913600, 0)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify checks the signature of a push in plain mode.
func BenchmarkVerify(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if !Verify("899cf89e464efb63f54ddac96b0a0a235f53aa78", "AAAAA", "1714037059", "486452656", "") {
			b.Fatal("the signature is right")
		}
	}
}

package wechat_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

// The Examples in this file are the recipes of recipes.md, word for word; TestRecipes compares them.
// The first paragraph of each sets the scene and is not in the recipe.

// kitchen is an account with a client, a picture, and a server whose clock jumps ten seconds each
// time that somebody looks at it, so that no recipe has to wait.
func kitchen() (client *wechat.Client, ctx context.Context, photo io.Reader, done func()) {
	now := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	server := wechattest.NewServer(wechattest.InMemory(), wechattest.WithClock(func() time.Time { now = now.Add(10 * time.Second); return now }))
	server.Follow("OPENID_1", "OPENID_2")
	return server.Client(), context.Background(), strings.NewReader("\xff\xd8\xff\xe0 a JPEG"), server.Close
}

// addDraft adds a draft as the recipe does.
func addDraft(ctx context.Context, client *wechat.Client, photo io.Reader) (mediaID string, err error) {
	cover, err := client.Media.AddMaterial(ctx, media.Image, "cover.jpg", photo)
	if err != nil {
		return "", err
	}
	draft := map[string]any{"articles": []any{map[string]any{"title": "运动会", "content": "<p>…</p>", "thumb_media_id": cover.MediaID}}}
	var answer struct {
		MediaID string `json:"media_id"`
	}
	err = client.Call(ctx, http.MethodPost, "/cgi-bin/draft/add", draft, &answer)
	return answer.MediaID, err
}

func ExampleClient_Call_addDraft() {
	client, ctx, photo, done := kitchen()
	defer done()

	cover, err := client.Media.AddMaterial(ctx, media.Image, "cover.jpg", photo)
	if err != nil {
		fmt.Println(err)
		return
	}
	draft := map[string]any{"articles": []any{map[string]any{
		"article_type":       "news",
		"title":              "运动会",    // up to 32 characters
		"author":             "王老师",    // 16
		"digest":             "孩子们的一天", // 120
		"content":            "<p>今天我们去了操场。</p>",
		"content_source_url": "https://school.example/sports",
		"thumb_media_id":     cover.MediaID,
	}}}
	var answer struct {
		MediaID string `json:"media_id"`
	}
	err = client.Call(ctx, http.MethodPost, "/cgi-bin/draft/add", draft, &answer)
	fmt.Println(answer.MediaID != "", err)
	// Output: true <nil>
}

func ExampleClient_Call_changeDraft() {
	client, ctx, photo, done := kitchen()
	defer done()
	mediaID, err := addDraft(ctx, client, photo)
	if err != nil {
		fmt.Println(err)
		return
	}

	var draft struct {
		Articles []map[string]any `json:"news_item"`
	}
	err = client.Call(ctx, http.MethodPost, "/cgi-bin/draft/get", map[string]string{"media_id": mediaID}, &draft)
	if err != nil || len(draft.Articles) == 0 {
		fmt.Println("no article", err)
		return
	}
	first := draft.Articles[0]
	first["title"] = "秋季运动会"
	delete(first, "url") // WeChat's own
	change := map[string]any{"media_id": mediaID, "index": 0, "articles": first}
	err = client.Call(ctx, http.MethodPost, "/cgi-bin/draft/update", change, nil)
	fmt.Println(err)
	// Output: <nil>
}

func ExampleClient_Call_listDrafts() {
	client, ctx, photo, done := kitchen()
	defer done()
	if _, err := addDraft(ctx, client, photo); err != nil {
		fmt.Println(err)
		return
	}

	for offset := 0; ; {
		var page struct {
			Total int `json:"total_count"`
			Items []struct {
				MediaID string `json:"media_id"`
				Content struct {
					Articles []struct {
						Title string `json:"title"`
					} `json:"news_item"`
				} `json:"content"`
			} `json:"item"`
		}
		query := map[string]int{"offset": offset, "count": 20, "no_content": 1}
		if err := client.Call(ctx, http.MethodPost, "/cgi-bin/draft/batchget", query, &page); err != nil {
			fmt.Println(err)
			return
		}
		for _, draft := range page.Items {
			for _, article := range draft.Content.Articles {
				fmt.Println(article.Title)
			}
		}
		offset += len(page.Items)
		if len(page.Items) == 0 || offset >= page.Total {
			break
		}
	}
	// Output: 运动会
}

func ExampleClient_Call_publish() {
	client, ctx, photo, done := kitchen()
	defer done()
	mediaID, err := addDraft(ctx, client, photo)
	if err != nil {
		fmt.Println(err)
		return
	}

	var job struct {
		PublishID json.RawMessage `json:"publish_id"` // a string or a number
	}
	err = client.Call(ctx, http.MethodPost, "/cgi-bin/freepublish/submit", map[string]string{"media_id": mediaID}, &job)
	if err != nil {
		fmt.Println(err)
		return
	}
	const running = 1
	var state struct {
		Status    int    `json:"publish_status"`
		ArticleID string `json:"article_id"`
	}
	for state.Status = running; state.Status == running; {
		if err := client.Call(ctx, http.MethodPost, "/cgi-bin/freepublish/get", job, &state); err != nil {
			fmt.Println(err)
			return
		}
		if state.Status == running {
			time.Sleep(10 * time.Second) // a server waits for callback.PublishJobFinishEvent instead
		}
	}
	fmt.Println("status", state.Status, state.ArticleID != "") // 0 is published
	// Output: status 0 true
}

func ExampleClient_Call_unpublish() {
	client, ctx, photo, done := kitchen()
	defer done()
	articleID, err := publish(ctx, client, photo)
	if err != nil {
		fmt.Println(err)
		return
	}

	gone := map[string]any{"article_id": articleID, "index": 1} // 0: all articles
	err = client.Call(ctx, http.MethodPost, "/cgi-bin/freepublish/delete", gone, nil)
	fmt.Println(err)
	// Output: <nil>
}

// publish publishes a draft.
func publish(ctx context.Context, client *wechat.Client, photo io.Reader) (articleID string, err error) {
	mediaID, err := addDraft(ctx, client, photo)
	if err != nil {
		return "", err
	}
	var job, state struct {
		PublishID string `json:"publish_id"`
		ArticleID string `json:"article_id"`
	}
	if err = client.Call(ctx, http.MethodPost, "/cgi-bin/freepublish/submit", map[string]string{"media_id": mediaID}, &job); err == nil {
		err = client.Call(ctx, http.MethodPost, "/cgi-bin/freepublish/get", map[string]string{"publish_id": job.PublishID}, &state)
	}
	return state.ArticleID, err
}

func ExampleClient_Call_massPreview() {
	client, ctx, _, done := kitchen()
	defer done()

	preview := map[string]any{
		"touser":  "OPENID_1", // or "towxname" and a WeChat id, 100 times a day
		"msgtype": "text",
		"text":    map[string]string{"content": "明天放假。"},
	}
	err := client.Call(ctx, http.MethodPost, "/cgi-bin/message/mass/preview", preview, nil)
	fmt.Println(err)
	// Output: <nil>
}

func ExampleClient_Call_massSendByTag() {
	client, ctx, _, done := kitchen()
	defer done()

	message := map[string]any{
		"filter":      map[string]any{"is_to_all": false, "tag_id": 2},
		"msgtype":     "text",
		"text":        map[string]string{"content": "明天放假。"},
		"clientmsgid": "holiday-2026-11-02", // the same for each attempt, another one for each message
	}
	var answer struct {
		MsgID int64 `json:"msg_id"`
	}
	var err error
	for range 3 {
		err = client.Call(ctx, http.MethodPost, "/cgi-bin/message/mass/sendall", message, &answer)
		if kind := wechat.KindOf(err); kind != wechat.KindLost && kind != wechat.KindBusy {
			break
		}
		time.Sleep(5 * time.Second) // the answer was lost: WeChat knows the key for 24 hours
	}
	switch {
	case errors.Is(err, wechat.ErrClientMsgIDExists):
		fmt.Println("an earlier attempt was accepted")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println("accepted:", answer.MsgID != 0)
	}
	// Output: accepted: true
}

func ExampleClient_Call_massSendToOpenIDs() {
	client, ctx, photo, done := kitchen()
	defer done()
	mediaID, err := addDraft(ctx, client, photo)
	if err != nil {
		fmt.Println(err)
		return
	}

	message := map[string]any{
		"touser":              []string{"OPENID_1", "OPENID_2"}, // 2 to 10,000
		"msgtype":             "mpnews",
		"mpnews":              map[string]string{"media_id": mediaID}, // a draft
		"send_ignore_reprint": 0,
		"clientmsgid":         "sports-2026-11-02",
	}
	var sent struct {
		MsgID int64 `json:"msg_id"`
	}
	if err := client.Call(ctx, http.MethodPost, "/cgi-bin/message/mass/send", message, &sent); err != nil {
		fmt.Println(err)
		return
	}
	var state struct {
		Status string `json:"msg_status"` // SENDING, SEND_SUCCESS, SEND_FAIL or DELETE
	}
	query := map[string]string{"msg_id": strconv.FormatInt(sent.MsgID, 10)}
	err = client.Call(ctx, http.MethodPost, "/cgi-bin/message/mass/get", query, &state)
	fmt.Println(state.Status, err)
	// Output: SEND_SUCCESS <nil>
}

// sealed makes calls with API encryption and signature. It is a Caller for the packages of wxhome:
// custom.NewClient(&sealed{...}) sends customer-service messages through it.
type sealed struct {
	client  *wechat.Client
	aead    cipher.AEAD               // AES-256-GCM with the symmetric key of the console
	aeadSN  string                    // number of the symmetric key
	private *rsa.PrivateKey           // its public key is in the console
	wechats map[string]*rsa.PublicKey // public keys of WeChat's certificates, by serial number
}

// Call encrypts and signs in, sends it, and decodes the decrypted answer into out.
func (s *sealed) Call(ctx context.Context, method, path string, in, out any) error {
	if method != http.MethodPost {
		return s.client.Call(ctx, method, path, in, out)
	}
	path, query, _ := strings.Cut(path, "?")
	address, now := "https://api.weixin.qq.com"+path, time.Now().Unix()
	body, err := s.seal(address, query, now, in)
	if err != nil {
		return err
	}
	signature, err := s.signature(address, now, body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Wechatmp-Appid", s.client.AppID())
	req.Header.Set("Wechatmp-TimeStamp", strconv.FormatInt(now, 10))
	req.Header.Set("Wechatmp-Signature", signature)
	resp, err := s.client.Do(req)
	if err != nil {
		return err // an errcode that is not encrypted is here too
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	return s.open(address, resp.Header, answer, out)
}

// envelope is an encrypted body.
type envelope struct {
	IV   []byte `json:"iv"` // []byte is base64 in JSON
	Data []byte `json:"data"`
	Tag  []byte `json:"authtag"`
}

func (s *sealed) aad(address string, timestamp int64) []byte {
	return fmt.Appendf(nil, "%s|%s|%d|%s", address, s.client.AppID(), timestamp, s.aeadSN)
}

// unescaped encodes v as JSON without \u escapes for <, > and &. WeChat shows such escapes literally or refuses them.
func unescaped(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// seal encrypts the members of in together with the parameters of the query.
func (s *sealed) seal(address, query string, timestamp int64, in any) ([]byte, error) {
	plain, err := unescaped(in)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	decoder := json.NewDecoder(bytes.NewReader(plain))
	decoder.UseNumber() // ids have more digits than a float64
	if err := decoder.Decode(&members); err != nil || members == nil {
		return nil, errors.New("the body must be a JSON object")
	}
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	for name := range parameters {
		members[name] = parameters.Get(name)
	}
	members["_n"], members["_appid"], members["_timestamp"] = rand.Text(), s.client.AppID(), timestamp
	if plain, err = unescaped(members); err != nil {
		return nil, err
	}
	iv := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(iv) // never fails
	text := s.aead.Seal(nil, iv, plain, s.aad(address, timestamp))
	tag := len(text) - s.aead.Overhead()
	return unescaped(envelope{iv, text[:tag], text[tag:]})
}

// pss holds the parameters of RSA-PSS that WeChat requires.
var pss = &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}

func digest(address, appID string, timestamp int64, body []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n%s", address, appID, timestamp, body))
	return sum[:]
}

func (s *sealed) signature(address string, timestamp int64, body []byte) (string, error) {
	signature, err := rsa.SignPSS(rand.Reader, s.private, crypto.SHA256, digest(address, s.client.AppID(), timestamp, body), pss)
	return base64.StdEncoding.EncodeToString(signature), err
}

var errForged = errors.New("the answer is not signed by WeChat, is not for this account, or is old")

// open verifies and decrypts an answer.
func (s *sealed) open(address string, header http.Header, body []byte, out any) error {
	timestamp, err := strconv.ParseInt(header.Get("Wechatmp-TimeStamp"), 10, 64)
	age := time.Since(time.Unix(timestamp, 0)).Abs()
	key := s.wechats[header.Get("Wechatmp-Serial")]
	if err != nil || key == nil || age > 5*time.Minute || header.Get("Wechatmp-Appid") != s.client.AppID() {
		return errForged
	}
	signature, err := base64.StdEncoding.DecodeString(header.Get("Wechatmp-Signature"))
	if err != nil || rsa.VerifyPSS(key, crypto.SHA256, digest(address, s.client.AppID(), timestamp, body), signature, pss) != nil {
		return errForged
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil || len(e.IV) != s.aead.NonceSize() {
		return errForged
	}
	plain, err := s.aead.Open(nil, e.IV, append(e.Data, e.Tag...), s.aad(address, timestamp))
	if err != nil {
		return err
	}
	var inner struct {
		Code      *wechat.Code `json:"errcode"`
		AppID     string       `json:"_appid"`
		Timestamp int64        `json:"_timestamp"`
	}
	switch err := json.Unmarshal(plain, &inner); {
	case err != nil:
		return err
	case inner.AppID != s.client.AppID() || inner.Timestamp != timestamp:
		return errForged
	case inner.Code != nil && *inner.Code != 0:
		return *inner.Code
	case out == nil:
		return nil
	}
	return json.Unmarshal(plain, out)
}

func ExampleClient_Do_encrypted() {
	client, ctx, aesKey, private, certificate, done := sealedKitchen()
	defer done()

	block, err := aes.NewCipher(aesKey) // 32 bytes: the console has them in base64
	if err != nil {
		fmt.Println(err)
		return
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		fmt.Println(err)
		return
	}
	caller := &sealed{client, aead, "KEY_NUMBER", private, map[string]*rsa.PublicKey{"SERIAL": certificate}}
	service, err := custom.NewClient(caller)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = service.Send(ctx, "OPENID", custom.Text{Content: "您好"})
	fmt.Println(err)
	// Output: <nil>
}

// sealedKitchen is an account of which WeChat wants encrypted calls.
func sealedKitchen() (client *wechat.Client, ctx context.Context, aesKey []byte, private *rsa.PrivateKey, certificate *rsa.PublicKey, done func()) {
	w := newSealedWeChat()
	return w.server.Client(), context.Background(), w.aesKey, w.ours, &w.wechats.PublicKey, w.server.Close
}

// sealedWeChat is WeChat's side of encrypted calls, written apart from the recipe.
type sealedWeChat struct {
	server        *wechattest.Server
	aesKey        []byte
	aead          cipher.AEAD
	ours, wechats *rsa.PrivateKey
	plain         string                                       // what was decrypted last
	sent          []map[string]any                             // what was decrypted
	answer        string                                       // what is answered, decrypted
	spoil         func(header http.Header, body []byte) []byte // of an answer; nil: nothing
}

func newSealedWeChat() *sealedWeChat {
	w := &sealedWeChat{server: wechattest.NewServer(wechattest.InMemory()), aesKey: bytes.Repeat([]byte{7}, 32), answer: `"errcode":0,"errmsg":"ok"`}
	var errOurs, errWeChats, errBlock, errGCM error
	w.ours, errOurs = rsa.GenerateKey(rand.Reader, 2048)
	w.wechats, errWeChats = rsa.GenerateKey(rand.Reader, 2048)
	block, errBlock := aes.NewCipher(w.aesKey)
	w.aead, errGCM = cipher.NewGCM(block)
	if err := errors.Join(errOurs, errWeChats, errBlock, errGCM); err != nil {
		panic(err)
	}
	w.server.Handle(customPath, http.HandlerFunc(w.serve))
	return w
}

func (w *sealedWeChat) serve(rw http.ResponseWriter, r *http.Request) {
	const address = "https://api.weixin.qq.com" + customPath
	body, _ := io.ReadAll(r.Body)
	appID, stamp := r.Header.Get("Wechatmp-Appid"), r.Header.Get("Wechatmp-TimeStamp")
	sum := sha256.Sum256([]byte(address + "\n" + appID + "\n" + stamp + "\n" + string(body)))
	signature, _ := base64.StdEncoding.DecodeString(r.Header.Get("Wechatmp-Signature"))
	if rsa.VerifyPSS(&w.ours.PublicKey, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: 32}) != nil {
		_, _ = io.WriteString(rw, `{"errcode":40234,"errmsg":"invalid signature"}`)
		return
	}
	var in map[string]string
	_ = json.Unmarshal(body, &in)
	part := func(name string) []byte { b, _ := base64.StdEncoding.DecodeString(in[name]); return b }
	plain, err := w.aead.Open(nil, part("iv"), append(part("data"), part("authtag")...), []byte(address+"|"+appID+"|"+stamp+"|KEY_NUMBER"))
	var sent map[string]any
	if err != nil || json.Unmarshal(plain, &sent) != nil || fmt.Sprint(sent["_appid"]) != appID || r.URL.Query().Get("access_token") == "" {
		_, _ = io.WriteString(rw, `{"errcode":47001,"errmsg":"data format error"}`)
		return
	}
	w.sent, w.plain = append(w.sent, sent), string(plain)
	iv := make([]byte, 12)
	_, _ = rand.Read(iv)
	answer := w.aead.Seal(nil, iv, []byte(`{`+w.answer+`,"_n":"x","_appid":"`+appID+`","_timestamp":`+stamp+`}`), []byte(address+"|"+appID+"|"+stamp+"|KEY_NUMBER"))
	base := base64.StdEncoding.EncodeToString
	out := []byte(`{"iv":"` + base(iv) + `","data":"` + base(answer[:len(answer)-16]) + `","authtag":"` + base(answer[len(answer)-16:]) + `"}`)
	sum = sha256.Sum256([]byte(address + "\n" + appID + "\n" + stamp + "\n" + string(out)))
	signed, _ := rsa.SignPSS(rand.Reader, w.wechats, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: 32})
	h := rw.Header()
	h.Set("Wechatmp-Appid", appID)
	h.Set("Wechatmp-TimeStamp", stamp)
	h.Set("Wechatmp-Serial", "SERIAL")
	h.Set("Wechatmp-Signature", base(signed))
	if w.spoil != nil {
		out = w.spoil(h, out)
	}
	_, _ = rw.Write(out)
}

// caller is the recipe over w.
func (w *sealedWeChat) caller() *sealed {
	return &sealed{w.server.Client(), w.aead, "KEY_NUMBER", w.ours, map[string]*rsa.PublicKey{"SERIAL": &w.wechats.PublicKey}}
}

// The recipe for encrypted calls refuses what it has to refuse.
func TestSealedRecipe(t *testing.T) {
	t.Parallel()
	w := newSealedWeChat()
	defer w.server.Close()
	s, in := w.caller(), map[string]any{"touser": "OPENID", "id": int64(9007199254740993), "link": "<a&b>"}
	var out struct {
		N int64 `json:"n"`
	}
	w.answer = `"errcode":0,"n":9007199254740993`
	require.NoError(t, s.Call(t.Context(), http.MethodPost, customPath+"?a=1&b=%E7%85%A7", in, &out))
	assert.Equal(t, int64(9007199254740993), out.N)
	require.Len(t, w.sent, 1)
	assert.Equal(t, []any{"OPENID", "1", "照", s.client.AppID()}, []any{w.sent[0]["touser"], w.sent[0]["a"], w.sent[0]["b"], w.sent[0]["_appid"]})
	assert.NotEmpty(t, w.sent[0]["_n"])
	assert.Contains(t, w.plain, `"id":9007199254740993,"link":"<a&b>"`)
	require.Error(t, s.Call(t.Context(), http.MethodPost, customPath, []int{1}, nil), "no object")

	w.answer = `"errcode":45015,"errmsg":"response out of time limit"`
	err := s.Call(t.Context(), http.MethodPost, customPath, in, nil)
	require.ErrorIs(t, err, wechat.ErrOutOfWindow)
	assert.Equal(t, wechat.KindWindow, wechat.KindOf(err))

	w.answer = `"errcode":0`
	for name, spoil := range map[string]func(h http.Header, body []byte) []byte{
		"body": func(_ http.Header, body []byte) []byte {
			return bytes.Replace(body, []byte(`"iv":"`), []byte(`"iv":"A`), 1)
		},
		"unsigned":  func(h http.Header, body []byte) []byte { h.Del("Wechatmp-Signature"); return body },
		"serial":    func(h http.Header, body []byte) []byte { h.Set("Wechatmp-Serial", "OTHER"); return body },
		"account":   func(h http.Header, body []byte) []byte { h.Set("Wechatmp-Appid", "wx0"); return body },
		"timestamp": func(h http.Header, body []byte) []byte { h.Set("Wechatmp-TimeStamp", "1700000000"); return body },
		"none":      func(h http.Header, body []byte) []byte { h.Del("Wechatmp-TimeStamp"); return body },
		"plain":     func(http.Header, []byte) []byte { return []byte(`{"errcode":0}`) },
	} {
		w.spoil = spoil
		require.ErrorIs(t, s.Call(t.Context(), http.MethodPost, customPath, in, nil), errForged, name)
	}
	w.spoil = nil
	s.private = w.wechats
	require.ErrorIs(t, s.Call(t.Context(), http.MethodPost, customPath, in, nil), wechat.ErrInvalidAPISignature)
}

// TestRecipes holds recipes.md against this file: each Go block is the body of an Example, without
// its first paragraph and its Output, or declarations; each Example is in it and named there.
func TestRecipes(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../recipes.md")
	require.NoError(t, err)
	source, err := os.ReadFile("recipes_test.go")
	require.NoError(t, err)
	fset := gotoken.NewFileSet()
	file, err := parser.ParseFile(fset, "recipes_test.go", source, parser.ParseComments)
	require.NoError(t, err)
	bodies := map[string]string{} // name of an Example by its text
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(f.Name.Name, "Example") {
			continue
		}
		body := string(source[fset.Position(f.Body.Lbrace).Offset+1 : fset.Position(f.Body.Rbrace).Offset])
		_, body, ok = strings.Cut(body, "\n\n")
		require.True(t, ok, f.Name.Name)
		body, _, ok = strings.Cut(body, "\t// Output:")
		require.True(t, ok, "%s does not run", f.Name.Name)
		bodies[strings.ReplaceAll(strings.TrimPrefix(body, "\t"), "\n\t", "\n")] = f.Name.Name
	}
	named := slices.Collect(maps.Values(bodies))
	for _, block := range regexp.MustCompile("(?s)(?:`(Example\\w+)`[^\n]*\n\n)?```go\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		name, found := bodies[block[2]]
		if !found {
			assert.Contains(t, string(source), "\n"+block[2], "this block is in no Example, and no declaration of recipes_test.go")
			continue
		}
		assert.Equal(t, name, block[1], "the line before the block names the Example")
		delete(bodies, block[2])
	}
	assert.Empty(t, bodies, "these are not in recipes.md, or differ")
	assert.GreaterOrEqual(t, len(named), 8)
}

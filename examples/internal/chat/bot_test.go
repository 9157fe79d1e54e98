package chat_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/callback"
	"github.com/org/wxhome/custom"
	"github.com/org/wxhome/examples/internal/bind"
	"github.com/org/wxhome/examples/internal/chat"
	"github.com/org/wxhome/examples/internal/db"
	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/photofile"
	"github.com/org/wxhome/examples/internal/push"
	"github.com/org/wxhome/examples/internal/receipt"
	"github.com/org/wxhome/examples/internal/school"
	"github.com/org/wxhome/media"
	"github.com/org/wxhome/wechat"
	"github.com/org/wxhome/wechat/wechattest"
)

const testKey = "a key for the tests of this package"

// talk is a bot with a school, a simulated WeChat and folder of photos.
type talk struct {
	t      *testing.T
	db     *db.DB
	store  *bind.Store
	bot    *chat.Bot
	mux    *callback.Mux
	wechat *wechattest.Server
	files  fstest.MapFS
	log    *lockedBuffer
	msgID  int64
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newTalk(t *testing.T, address string, change func(*chat.Config)) *talk {
	t.Helper()
	d := dbtest.Open(t, address)
	s := wechattest.New(t, wechattest.InMemory(), wechattest.WithFollowers(school.Follower))
	tk := &talk{t: t, db: d, wechat: s, files: fstest.MapFS{}, log: new(lockedBuffer), mux: new(callback.Mux)}
	client := s.Client(wechat.WithMaxAttempts(1))
	var err error
	tk.store, err = bind.Open(t.Context(), bind.Config{DB: d, Keys: []string{testKey}})
	require.NoError(t, err)
	receipts, err := receipt.Open(t.Context(), receipt.Config{Ledger: d, AppID: s.AppID, Key: testKey})
	require.NoError(t, err)
	photos, err := photofile.New(photofile.Config{Files: tk.files})
	require.NoError(t, err)
	uploads, err := media.NewCache(client.Media, 100)
	require.NoError(t, err)
	cfg := chat.Config{
		Bindings: tk.store, Receipts: receipts, School: d, Photos: photos, Uploads: uploads, Sender: client.Custom,
		Links: chat.LedgerLinks{Ledger: d, AppID: s.AppID, Make: func(row int64) string { return fmt.Sprintf("https://school.example/photo/%d", row) }},
		Log:   slog.New(slog.NewTextHandler(tk.log, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	tk.bot, err = chat.New(cfg)
	require.NoError(t, err)
	tk.bot.Register(tk.mux)
	t.Cleanup(func() { assert.NoError(t, tk.bot.Shutdown(context.Background())) })
	return tk
}

func each(t *testing.T, f func(t *testing.T, tk *talk)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, address string) {
		t.Parallel()
		f(t, newTalk(t, address, nil))
	})
}

// head is what WeChat puts before every push.
func (tk *talk) head(openid, kind string) callback.Header {
	tk.msgID++
	return callback.Header{ToUserName: "gh_school", FromUserName: openid, CreateTime: time.Now().Unix(), MsgType: kind, MsgID: tk.msgID}
}

// push hands a message to the bot, waits for its errands and returns the text that is answered.
func (tk *talk) push(m callback.Message) string {
	tk.t.Helper()
	reply, err := tk.mux.Handle(tk.t.Context(), m)
	require.NoError(tk.t, err)
	tk.bot.Idle()
	if reply == nil {
		return ""
	}
	head := m.Head()
	_, err = callback.AppendReply(nil, callback.XML, head, reply, time.Now())
	require.NoError(tk.t, err, "WeChat would refuse the reply")
	switch r := reply.(type) {
	case callback.Text:
		return r.Content
	case callback.Transfer:
		return "(agent)"
	}
	return fmt.Sprintf("%T", reply)
}

func (tk *talk) says(openid, text string) string {
	tk.t.Helper()
	tk.wechat.Interact(wechattest.Wrote, openid)
	return tk.push(&callback.TextMessage{Header: tk.head(openid, "text"), Content: text})
}

func (tk *talk) taps(openid, key string) string {
	tk.t.Helper()
	tk.wechat.Interact(wechattest.TappedMenu, openid)
	return tk.push(&callback.ClickEvent{Header: tk.head(openid, "event"), EventKey: key})
}

// pupil adds a pupil, with a photo unless the file is empty, and returns codes for two parents.
func (tk *talk) pupil(id, name, file string) []string {
	tk.t.Helper()
	codes, _, err := tk.store.Issue(tk.t.Context(), bind.Order{
		Pupils: []school.Pupil{{StudentID: id, StudentName: name, Class: "一年级1班"}}, PerPupil: 2, Lifetime: time.Hour,
	})
	require.NoError(tk.t, err)
	if file != "" {
		tk.photo(id, name, file, "2026-11-20 18:00:00")
	}
	return []string{codes[0].Code, codes[1].Code}
}

func (tk *talk) photo(id, name, file, at string) {
	tk.t.Helper()
	_, err := tk.db.ExecContext(tk.t.Context(), `INSERT INTO student_photo (student_id, student_name, photo_url, photo_update_time) VALUES (?, ?, ?, ?)`,
		id, name, "https://photos.example/"+file, at)
	require.NoError(tk.t, err)
}

// picture is a PNG that differs by n.
func picture(n int) *fstest.MapFile {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, n, 1))) // a buffer takes everything
	return &fstest.MapFile{Data: b.Bytes()}
}

// sent are the messages to an openid: the bytes of a picture, or a text.
func (tk *talk) sent(openid string) (pictures [][]byte, texts []string) {
	tk.t.Helper()
	uploads := map[string][]byte{}
	for _, u := range tk.wechat.Uploads() {
		uploads[u.MediaID] = u.Data
	}
	for _, a := range tk.wechat.Accepted() {
		if a.To != openid {
			continue
		}
		switch m := a.Custom.(type) {
		case custom.Image:
			require.Contains(tk.t, uploads, m.MediaID)
			pictures = append(pictures, uploads[m.MediaID])
		case custom.Text:
			texts = append(texts, m.Content)
		}
	}
	return pictures, texts
}

func TestConversation(t *testing.T) {
	each(t, func(t *testing.T, tk *talk) {
		tk.files["1.png"] = picture(1)
		codes := tk.pupil("S1", "张三", "1.png")
		greeting := tk.push(&callback.SubscribeEvent{Header: tk.head("oMother", "event")})
		assert.Contains(t, greeting, "欢迎关注")
		assert.Contains(t, greeting, "绑定 绑定码")
		assert.Contains(t, tk.says("oMother", "照片"), "还没有绑定")
		assert.Contains(t, tk.says("oMother", "绑定"), "索取绑定码")
		assert.Contains(t, tk.says("oMother", "绑定不了怎么办"), "索取绑定码", "a question is no try")

		answer := tk.says("oMother", "绑定"+strings.ToLower(codes[0]))
		assert.Contains(t, answer, "绑定成功：张三（一年级1班）")
		assert.Contains(t, answer, "openid", "what is stored")
		assert.Contains(t, answer, "解绑", "how to leave")
		assert.Contains(t, tk.says("oMother", "绑定 "+codes[0]), "已经绑定")
		assert.Contains(t, tk.says("oFather", "绑定 "+codes[0]), "已经用过")
		assert.Contains(t, tk.says("oFather", "绑定："+codes[1]+"。"), "绑定成功")

		for _, words := range []string{"照片", "我的孩子照片", "查询照片"} {
			assert.Equal(t, "正在发送张三（11月20日 18:00）的照片，请稍候。", tk.says("oMother", words))
		}
		pictures, texts := tk.sent("oMother")
		require.Len(t, pictures, 3)
		assert.Empty(t, texts)
		assert.Equal(t, tk.files["1.png"].Data, pictures[0])
		tk.says("oFather", "照片")
		pictures, _ = tk.sent("oFather")
		require.Len(t, pictures, 1)
		assert.Len(t, tk.wechat.Uploads(), 1, "uploaded once, for both")

		assert.Contains(t, tk.says("oMother", "我的编号"), "oMother")
		assert.Contains(t, tk.says("oMother", "今天天气"), "您可以发送")
		assert.Contains(t, tk.says("oMother", "解绑"), "已解除与张三的绑定")
		assert.Contains(t, tk.says("oMother", "照片"), "还没有绑定")
		assert.Contains(t, tk.says("oMother", "解绑"), "没有需要解除")
		pictures, _ = tk.sent("oMother")
		assert.Len(t, pictures, 3)
		assert.NotContains(t, tk.log.String(), "oMother", "no openid in the log")
	})
}

func TestWrongCodesLock(t *testing.T) {
	t.Parallel()
	tk := newTalk(t, dbtest.SQLite(t), nil)
	codes := tk.pupil("S1", "张三", "")
	for left := 4; left > 0; left-- {
		assert.Contains(t, tk.says("oA", "绑定 AAAAAAAAAA"), fmt.Sprintf("还可以再试 %d 次", left))
	}
	assert.Contains(t, tk.says("oA", "绑定 AAAAAAAAAA"), "之后再试")
	assert.Contains(t, tk.says("oA", "绑定 "+codes[0]), "之后再试")
	assert.NotContains(t, tk.log.String(), "AAAAAAAAAA")
}

func TestBindingByQRCode(t *testing.T) {
	t.Parallel()
	tk := newTalk(t, dbtest.SQLite(t), nil)
	codes := tk.pupil("S1", "张三", "")
	assert.Contains(t, tk.push(&callback.SubscribeEvent{Header: tk.head("oA", "event"), EventKey: "qrscene_" + codes[0]}), "欢迎关注学校公众号！\n\n绑定成功")
	assert.Contains(t, tk.push(&callback.ScanEvent{Header: tk.head("oB", "event"), EventKey: codes[1]}), "绑定成功")
	assert.Contains(t, tk.push(&callback.SubscribeEvent{Header: tk.head("oC", "event"), EventKey: "qrscene_123"}), "欢迎关注")
	assert.Empty(t, tk.push(&callback.ScanEvent{Header: tk.head("oC", "event"), EventKey: "123"}), "a scene of another use")
}

func TestNobodySeesAnotherChild(t *testing.T) {
	each(t, func(t *testing.T, tk *talk) {
		tk.files["1.png"], tk.files["2.png"] = picture(1), picture(2)
		first, second := tk.pupil("S1", "张三", "1.png"), tk.pupil("S2", "李四", "2.png")
		tk.says("oA", "绑定 "+first[0])
		tk.says("oB", "绑定 "+second[0])
		for range 2 {
			tk.says("oA", "照片")
			tk.taps("oB", chat.KeyPhoto)
			tk.says("oA", "照片 2")
			tk.says("oA", "解绑 李四")
			tk.says("oC", "照片")
		}
		pictures, _ := tk.sent("oA")
		assert.Equal(t, [][]byte{tk.files["1.png"].Data, tk.files["1.png"].Data}, pictures)
		pictures, _ = tk.sent("oB")
		assert.Equal(t, [][]byte{tk.files["2.png"].Data, tk.files["2.png"].Data}, pictures)
		pictures, _ = tk.sent("oC")
		assert.Empty(t, pictures)
	})
}

// TestUnboundMeanwhile: a photo that was asked for is not sent once the binding is gone.
func TestUnboundMeanwhile(t *testing.T) {
	t.Parallel()
	opened, proceed := make(chan struct{}), make(chan struct{})
	tk := newTalk(t, dbtest.SQLite(t), func(c *chat.Config) { c.Photos = &slowPhotos{c.Photos, opened, proceed} })
	tk.files["1.png"], tk.files["2.png"] = picture(1), picture(2)
	tk.says("oA", "绑定 "+tk.pupil("S1", "张三", "1.png")[0])
	tk.says("oA", "绑定 "+tk.pupil("S2", "李四", "2.png")[0])
	tk.wechat.Interact(wechattest.Wrote, "oA")
	_, err := tk.mux.Handle(t.Context(), &callback.TextMessage{Header: tk.head("oA", "text"), Content: "照片"})
	require.NoError(t, err)
	<-opened
	_, err = tk.store.Unbind(t.Context(), "oA", "S2")
	require.NoError(t, err)
	close(proceed)
	tk.bot.Idle()
	pictures, texts := tk.sent("oA")
	assert.Len(t, pictures, 1)
	assert.Empty(t, texts)
}

// TestTheWindowClosesMeanwhile: what WeChat would refuse is not tried.
func TestTheWindowClosesMeanwhile(t *testing.T) {
	t.Parallel()
	opened, proceed := make(chan struct{}), make(chan struct{})
	var late atomic.Bool
	tk := newTalk(t, dbtest.SQLite(t), func(c *chat.Config) {
		c.Photos = &slowPhotos{c.Photos, opened, proceed}
		c.Now = func() time.Time {
			if late.Load() {
				return time.Now().Add(time.Minute)
			}
			return time.Now()
		}
	})
	tk.files["1.png"], tk.files["2.png"] = picture(1), picture(2)
	tk.push(&callback.SubscribeEvent{Header: tk.head("oA", "event"), EventKey: "qrscene_" + tk.pupil("S1", "张三", "1.png")[0]})
	tk.push(&callback.ScanEvent{Header: tk.head("oA", "event"), EventKey: tk.pupil("S2", "李四", "2.png")[0]})
	tk.wechat.Interact(wechattest.TappedMenu, "oA")
	_, err := tk.mux.Handle(t.Context(), &callback.ClickEvent{Header: tk.head("oA", "event"), EventKey: chat.KeyPhoto})
	require.NoError(t, err)
	<-opened
	late.Store(true)
	close(proceed)
	tk.bot.Idle()
	pictures, texts := tk.sent("oA")
	assert.Len(t, pictures, 1)
	assert.Empty(t, texts)
	assert.Contains(t, tk.log.String(), "the window has closed")
}

// slowPhotos tells when the first photo is opened, and waits to be let on.
type slowPhotos struct {
	chat.Photos
	opened, proceed chan struct{}
}

func (s *slowPhotos) Open(ctx context.Context, address string) (*photofile.File, error) {
	select {
	case <-s.proceed:
	default:
		close(s.opened)
		<-s.proceed
	}
	return s.Photos.Open(ctx, address)
}

func TestTheWindowIsKept(t *testing.T) {
	t.Parallel()
	tk := newTalk(t, dbtest.SQLite(t), nil)
	for i := 1; i <= 7; i++ {
		file := fmt.Sprintf("%d.png", i)
		tk.files[file] = picture(i)
		tk.says("oA", "绑定 "+tk.pupil(fmt.Sprintf("S%d", i), fmt.Sprintf("孩子%d", i), file)[0])
	}
	tk.says("oA", "绑定 "+tk.pupil("S8", "小八", "")[0])

	answer := tk.says("oA", "照片")
	assert.Contains(t, answer, "还有 2 张：请发送“照片 6”")
	assert.Contains(t, answer, "小八还没有照片")
	pictures, _ := tk.sent("oA")
	require.Len(t, pictures, 5)
	answer = tk.says("oA", "照片 6")
	assert.Contains(t, answer, "孩子6")
	assert.NotContains(t, answer, "请发送“照片")
	pictures, texts := tk.sent("oA")
	require.Len(t, pictures, 7)
	assert.Empty(t, texts)
	for i := range pictures {
		assert.Equal(t, tk.files[fmt.Sprintf("%d.png", i+1)].Data, pictures[i], "each child once")
	}
	assert.Contains(t, tk.says("oA", "照片 8"), "没有第 8 张")
	assert.NotContains(t, tk.log.String(), "45047")
}

func TestATapAllowsThree(t *testing.T) {
	t.Parallel()
	tk := newTalk(t, dbtest.SQLite(t), func(c *chat.Config) { c.Text = chat.Allowance{Messages: 0, For: time.Hour} })
	for i := 1; i <= 4; i++ {
		file := fmt.Sprintf("%d.png", i)
		tk.files[file] = picture(i)
		tk.says("oA", "绑定 "+tk.pupil(fmt.Sprintf("S%d", i), fmt.Sprintf("孩子%d", i), file)[0])
	}
	assert.Contains(t, tk.taps("oA", chat.KeyPhoto), "还有 1 张：请发送“照片 4”")
	pictures, _ := tk.sent("oA")
	assert.Len(t, pictures, 3)
	assert.Contains(t, tk.says("oA", "照片"), "微信限制了连续发送的条数", "an allowance of none")
	assert.Contains(t, tk.taps("oA", chat.KeyHelp), "您可以发送")
	assert.Empty(t, tk.taps("oA", "NEWS"), "the school's own")
}

func TestAnIDThatWeChatForgot(t *testing.T) {
	t.Parallel()
	tk := newTalk(t, dbtest.SQLite(t), nil)
	tk.files["1.png"] = picture(1)
	tk.says("oA", "绑定 "+tk.pupil("S1", "张三", "1.png")[0])
	tk.says("oA", "照片")
	tk.wechat.Fail("/cgi-bin/message/custom/send", 1, wechattest.Fault{Code: 40007})
	tk.says("oA", "照片")
	pictures, texts := tk.sent("oA")
	assert.Len(t, pictures, 2)
	assert.Empty(t, texts)
	assert.Len(t, tk.wechat.Uploads(), 2, "uploaded again, once")
	tk.wechat.Fail("/cgi-bin/message/custom/send", 2, wechattest.Fault{Code: 40007})
	tk.says("oA", "照片")
	_, texts = tk.sent("oA")
	require.Len(t, texts, 1, "twice is enough")
	assert.Contains(t, texts[0], "暂时无法发送")
}

func TestANewPhotoAtAnOldAddress(t *testing.T) {
	t.Parallel()
	tk := newTalk(t, dbtest.SQLite(t), nil)
	tk.files["1.png"] = picture(1)
	tk.says("oA", "绑定 "+tk.pupil("S1", "张三", "1.png")[0])
	tk.says("oA", "照片")
	tk.files["1.png"] = picture(2)
	_, err := tk.db.ExecContext(t.Context(), "UPDATE student_photo SET photo_update_time = '2026-11-21 18:00:00'")
	require.NoError(t, err)
	tk.says("oA", "照片")
	tk.photo("S1", "张三", "3.png", "2026-11-19 18:00:00") // older
	tk.says("oA", "照片")
	pictures, _ := tk.sent("oA")
	assert.Equal(t, [][]byte{picture(1).Data, picture(2).Data, picture(2).Data}, pictures)
}

func TestWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	heic := append([]byte("\x00\x00\x00\x20ftypheic\x00\x00\x00\x00heicmif1"), make([]byte, 100)...)
	tests := []struct {
		name   string
		file   []byte // nil: there is none
		fault  *wechattest.Fault
		want   string
		linked bool
	}{
		{"a format of iPhones", heic, nil, "格式（HEIC）", true},
		{"WebP", append([]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), make([]byte, 100)...), nil, "格式（WebP）", true},
		{"no file", nil, nil, "文件不存在", false},
		{"no picture", []byte("<html>not a photo, but long enough to be looked at</html>"), nil, "设置有误", false},
		{"a picture too large", append(picture(1).Data, make([]byte, 10<<20)...), nil, "太大", false},
		{"an upload that fails", picture(1).Data, &wechattest.Fault{Code: 45009}, "暂时无法发送", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tk := newTalk(t, dbtest.SQLite(t), nil)
			if tt.file != nil {
				tk.files["bad"] = &fstest.MapFile{Data: tt.file}
			}
			tk.files["good"] = picture(9)
			tk.says("oA", "绑定 "+tk.pupil("S1", "张三", "bad")[0])
			tk.says("oA", "绑定 "+tk.pupil("S2", "李四", "good")[0])
			row := tk.message("oA", "S1", "https://photos.example/bad")
			tk.message("oB", "S1", "https://photos.example/bad")
			tk.message("oA", "S1", "https://photos.example/another")
			if tt.fault != nil {
				tk.wechat.Fail("/cgi-bin/media/upload", 1, *tt.fault)
			}
			assert.Contains(t, tk.says("oA", "照片"), "正在发送张三")
			pictures, texts := tk.sent("oA")
			require.Len(t, texts, 1)
			assert.Contains(t, texts[0], "张三")
			assert.Contains(t, texts[0], tt.want)
			link := fmt.Sprintf(`<a href="https://school.example/photo/%d">`, row)
			if tt.linked {
				assert.Contains(t, texts[0], link, "the parent's own row about this photo")
			} else {
				assert.NotContains(t, texts[0], "<a")
			}
			require.Len(t, pictures, 1, "the other child's comes all the same")
			assert.NotContains(t, texts[0], "photos.example", "no address of the photo")
		})
	}
}

// message adds a row to the ledger and returns its id.
func (tk *talk) message(openid, student, photo string) int64 {
	tk.t.Helper()
	_, err := push.Unfinished(tk.t.Context(), push.Config{AppID: tk.wechat.AppID, Ledger: tk.db}) // makes the ledger
	require.NoError(tk.t, err)
	tk.msgID++
	done, err := tk.db.ExecContext(tk.t.Context(), `INSERT INTO push_message
(appid, campaign, openid, student_id, content, client_msg_id, state, owner, sending_at, msgid, errcode, error, attempts, updated_at)
VALUES (?, ?, ?, ?, ?, 'm', 'accepted', '', ?, ?, 0, '', 1, 0)`, tk.wechat.AppID, fmt.Sprintf("c%d", tk.msgID), openid, student,
		`{"photo_url":"`+photo+`"}`, time.Now().Unix(), tk.msgID)
	require.NoError(tk.t, err)
	id, err := done.LastInsertId()
	require.NoError(tk.t, err)
	return id
}

func TestRefusedMessagesEndTheErrand(t *testing.T) {
	t.Parallel()
	tk := newTalk(t, dbtest.SQLite(t), nil)
	for i := 1; i <= 3; i++ {
		file := fmt.Sprintf("%d.png", i)
		tk.files[file] = picture(i)
		tk.says("oA", "绑定 "+tk.pupil(fmt.Sprintf("S%d", i), "孩子", file)[0])
	}
	tk.wechat.Fail("/cgi-bin/message/custom/send", 1, wechattest.Fault{Code: 45015})
	tk.says("oA", "照片")
	pictures, texts := tk.sent("oA")
	assert.Empty(t, pictures, "the window is shut: nothing more is tried")
	assert.Empty(t, texts)
	assert.Contains(t, tk.log.String(), "45015")
	tk.wechat.Fail("/cgi-bin/message/custom/send", 1, wechattest.Fault{Reset: wechattest.ResetAfter})
	tk.says("oA", "照片")
	pictures, texts = tk.sent("oA")
	assert.Len(t, pictures, 3, "a lost answer is not repeated, and the others are sent")
	assert.Empty(t, texts)
}

func TestUnbindOneOfSeveral(t *testing.T) {
	t.Parallel()
	tk := newTalk(t, dbtest.SQLite(t), nil)
	for i := 1; i <= 3; i++ {
		tk.says("oA", "绑定 "+tk.pupil(fmt.Sprintf("S%d", i), fmt.Sprintf("孩子%d", i), "")[0])
	}
	answer := tk.says("oA", "解绑")
	assert.Contains(t, answer, "2. 孩子2（一年级1班）")
	assert.Contains(t, answer, "解绑 1")
	assert.Contains(t, tk.says("oA", "解绑 9"), "没有找到")
	answer = tk.says("oA", "解绑 2")
	assert.Contains(t, answer, "已解除与孩子2的绑定")
	assert.Contains(t, answer, "还绑定着 2 个孩子")
	assert.Contains(t, tk.says("oA", "解绑孩子3"), "已解除与孩子3的绑定")
	children, err := tk.store.Children(t.Context(), "oA")
	require.NoError(t, err)
	require.Len(t, children, 1)
	assert.Equal(t, "S1", children[0].StudentID)
	assert.Contains(t, tk.says("oA", "解绑 全部"), "已解除")
}

func TestWhoLeavesIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, tk *talk) {
		leave := map[string]func(openid string) callback.Message{
			"oUnsubscribed": func(openid string) callback.Message {
				return &callback.UnsubscribeEvent{Header: tk.head(openid, "event")}
			},
			"oRevoked": func(openid string) callback.Message {
				return &callback.UserAuthorizationRevokeEvent{Header: tk.head("oPlatform", "event"), Withdrawal: callback.Withdrawal{OpenID: openid}}
			},
			"oCancelled": func(openid string) callback.Message {
				return &callback.UserAuthorizationCancellationEvent{Header: tk.head("oPlatform", "event"), Withdrawal: callback.Withdrawal{OpenID: openid}}
			},
		}
		for openid, event := range leave {
			code := tk.pupil("S-"+openid, "张三", "")[0]
			tk.says(openid, "绑定 "+code)
			tk.message(openid, "S-"+openid, "x")
			tk.push(&callback.TemplateSendJobFinishEvent{Header: tk.head(openid, "event"), Status: callback.StatusDelivered})
			count := func(table, column string) (n int) {
				require.NoError(t, tk.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table+" WHERE "+column+" = ?", openid).Scan(&n))
				return n
			}
			assert.Equal(t, 1, count("parent_wechat_bind", "wechat_openid"))
			assert.Equal(t, 1, count("push_message", "openid"))
			assert.Equal(t, 1, count("push_receipt", "openid"))
			assert.Empty(t, tk.push(event(openid)))
			assert.Zero(t, count("parent_wechat_bind", "wechat_openid"))
			assert.Zero(t, count("push_message", "openid"))
			assert.Zero(t, count("push_receipt", "openid"))
		}
		_, err := tk.mux.Handle(t.Context(), &callback.UserAuthorizationRevokeEvent{Header: tk.head("oPlatform", "event")})
		require.Error(t, err, "an event that names no user deletes nobody's data")
	})
}

func TestFallbacks(t *testing.T) {
	t.Parallel()
	for fallback, want := range map[chat.Fallback]string{"": "您可以发送", chat.FallbackHelp: "您可以发送", chat.FallbackAgent: "(agent)", chat.FallbackSilent: ""} {
		tk := newTalk(t, dbtest.SQLite(t), func(c *chat.Config) { c.Fallback = fallback })
		got := tk.says("oA", "老师您好")
		voice := tk.push(&callback.VoiceMessage{Header: tk.head("oA", "voice"), MediaID: "M"})
		if want == "" {
			assert.Empty(t, got+voice)
			continue
		}
		assert.Contains(t, got, want)
		assert.Contains(t, voice, want)
		assert.Empty(t, tk.push(&callback.ViewEvent{Header: tk.head("oA", "event")}), "events are left alone")
	}
}

func TestDatabaseFailures(t *testing.T) {
	t.Parallel()
	tk := newTalk(t, dbtest.SQLite(t), nil)
	require.NoError(t, tk.db.Close())
	assert.Contains(t, tk.says("oA", "绑定 ACDEF23456"), "系统繁忙")
	_, err := tk.mux.Handle(t.Context(), &callback.TextMessage{Header: tk.head("oA", "text"), Content: "照片"})
	require.Error(t, err)
	_, err = tk.mux.Handle(t.Context(), &callback.UnsubscribeEvent{Header: tk.head("oA", "event")})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "oA")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := chat.New(chat.Config{})
	require.Error(t, err)
}

func TestAHundredParentsAtOnce(t *testing.T) {
	t.Parallel()
	tk := newTalk(t, dbtest.SQLite(t), nil)
	for i := range 100 {
		file := fmt.Sprintf("%d.png", i)
		tk.files[file] = picture(i + 1)
		tk.says(fmt.Sprintf("oParent%d", i), "绑定 "+tk.pupil(fmt.Sprintf("S%d", i), "孩子", file)[0])
	}
	var group sync.WaitGroup
	for i := range 100 {
		m := &callback.TextMessage{Header: tk.head(fmt.Sprintf("oParent%d", i), "text"), Content: "照片"}
		group.Go(func() {
			_, err := tk.mux.Handle(t.Context(), m)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	tk.bot.Idle()
	for i := range 100 {
		pictures, _ := tk.sent(fmt.Sprintf("oParent%d", i))
		require.Len(t, pictures, 1)
		assert.Equal(t, picture(i+1).Data, pictures[0])
	}
}

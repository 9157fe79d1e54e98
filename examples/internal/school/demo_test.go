package school

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/template"
	"github.com/org/wxhome/wechat/wechattest"
)

var update = flag.Bool("update", false, "write demo.csv anew")

// TestDemoFile holds the embedded file to what makes it.
func TestDemoFile(t *testing.T) {
	t.Parallel()
	want := generateDemo()
	if *update {
		require.NoError(t, os.WriteFile("demo.csv", []byte(want), 0o644))
		return
	}
	assert.True(t, want == demoFile, "demo.csv is stale: go test -run TestDemoFile -update ./internal/school")
}

func TestDemoSchool(t *testing.T) {
	t.Parallel()
	parents, children, photos := map[string]int{}, map[string]bool{}, map[string]int{}
	states := map[wechattest.Follower]int{}
	unbound, reachable := 0, map[string]bool{}
	for row, err := range Read(strings.NewReader(demoFile)) {
		require.NoError(t, err)
		pair := row.OpenID + " " + row.StudentID
		if !children[pair] {
			parents[row.Mobile]++
		}
		children[pair] = true
		photos[row.StudentID]++
		if row.OpenID == "" {
			unbound++
			continue
		}
		state := Follower("", row.OpenID)
		states[state]++
		if state == wechattest.Following && row.PhotoURL != "" {
			reachable[pair] = true
			require.NoError(t, template.CheckValue("thing1", row.StudentName), "line %d", row.Line)
		}
	}
	assert.Len(t, parents, DemoParents)
	assert.NotZero(t, unbound)
	for _, state := range []wechattest.Follower{wechattest.Stranger, wechattest.Left, wechattest.Blacklisted, wechattest.Rejecting} {
		assert.NotZero(t, states[state], "followers in state %d", state)
	}
	assert.NotZero(t, countOver(parents, 1), "parents of two children")
	assert.NotZero(t, countOver(photos, 1), "students with several photos")
	assert.Greater(t, len(reachable), 1400)
}

func countOver(m map[string]int, limit int) (n int) {
	for _, v := range m {
		if v > limit {
			n++
		}
	}
	return n
}

func TestFollower(t *testing.T) {
	t.Parallel()
	tests := map[string]wechattest.Follower{
		"oDEMO-0000000000000000000001": wechattest.Following,
		"oSomebodysRealOpenID":         wechattest.Following,
		"oDEMO-left-00000000000000001": wechattest.Left,
		"oDEMO-stranger-0000000000001": wechattest.Stranger,
		"13800138000":                  wechattest.Stranger,
		"not an openid":                wechattest.Stranger,
		"":                             wechattest.Stranger,
	}
	for openID, want := range tests {
		assert.Equal(t, want, Follower("wx", openID), openID)
	}
}

const (
	surnames = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
	given    = "子涵梓轩浩宇欣怡诗琪雨桐一诺若曦思远嘉懿俊杰佳宁天佑语嫣博文静姝明哲心悦"
)

// specialNames are reachable children whose names are harder than most.
var specialNames = []string{
	"阿依古丽·买买提", "欧阳娜娜", "𬍛一诺", "㛃子涵", "Emma Li", "O'Brien 小宝", "司马相如", "王 小明",
	"迪丽热巴·迪力木拉提·阿布都热合", "龘靐齉", "张\"小\"三", "李,四",
}

// generateDemo makes the demo school. Nothing in it is random.
func generateDemo() string {
	var b strings.Builder
	b.WriteString("parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time\n")
	student := 0
	for parent := range DemoParents {
		kids := 1
		if parent%25 == 7 {
			kids = 2
		}
		for range kids {
			student++
			writeChild(&b, parent, student)
		}
	}
	return b.String()
}

func writeChild(b *strings.Builder, parent, student int) {
	id := fmt.Sprintf("S2026%04d", student)
	line := func(url, at string) {
		fmt.Fprintf(b, "1390000%04d,%s,%s,%s,%s,%s\n", parent, demoParent(parent), id, quoted(demoName(student)), url, at)
	}
	if student%97 == 50 {
		line("", "") // no photo yet
		return
	}
	shots := 1
	if student%40 == 3 {
		shots = 3 // the last is the newest
	}
	for shot := range shots {
		line(fmt.Sprintf("https://photos.example.com/2026/11/%s-%d.jpg", id, shot+1),
			fmt.Sprintf("2026-11-%02d %02d:%02d:00", 16+shot+student%3, 8+student%9, student%60))
	}
}

func demoParent(parent int) string {
	kind := demoOpenID
	switch {
	case parent%100 == 31:
		return "" // not bound
	case parent%150 == 42:
		kind = demoLeft
	case parent%500 == 77:
		kind = demoStranger
	case parent%500 == 177:
		kind = demoBlacklisted
	case parent%500 == 277:
		kind = demoRejecting
	}
	return fmt.Sprintf("%s%0*d", kind, 28-len(kind), parent+1) // 28 characters, as real ones have
}

func demoName(student int) string {
	if student%120 == 11 {
		return specialNames[student/120%len(specialNames)]
	}
	family, first := []rune(surnames), []rune(given)
	return string([]rune{family[student*7%len(family)], first[student*11%len(first)], first[(student*5+student/36)%len(first)]})
}

// quoted writes a value for a CSV file.
func quoted(s string) string {
	if strings.ContainsAny(s, `",`) {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

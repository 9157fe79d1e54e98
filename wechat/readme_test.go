package wechat_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readmes(t *testing.T) (english, chinese string) {
	t.Helper()
	var texts []string
	for _, name := range []string{"../README.md", "../README.zh-CN.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		texts = append(texts, string(text))
	}
	return texts[0], texts[1]
}

func TestReadmesSendToAllFollowersAsTheExampleDoes(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("followers_example_test.go")
	require.NoError(t, err)
	english, chinese := readmes(t)
	for _, text := range []string{english, chinese} {
		block := regexp.MustCompile("(?s)```go\n(messages := .*?)\n```").FindStringSubmatch(text)
		require.NotNil(t, block)
		assert.LessOrEqual(t, strings.Count(block[1], "\n")+1, 15)
		assert.Contains(t, string(source), "\n\t"+strings.ReplaceAll(block[1], "\n", "\n\t")+"\n")
	}
}

// The code and the links in a row of a table are the same in both languages.
func TestReadmesHaveTheSameTables(t *testing.T) {
	t.Parallel()
	rows := func(text string) (all []string) {
		for _, row := range regexp.MustCompile(`(?m)^\|.*$`).FindAllString(text, -1) {
			spans := regexp.MustCompile("`[^`]+`|\\]\\([^)]+\\)").FindAllString(row, -1)
			slices.Sort(spans) // a translation may change their order
			all = append(all, strings.Join(spans, " "))
		}
		return all
	}
	english, chinese := readmes(t)
	a, b := rows(english), rows(chinese)
	assert.Len(t, b, len(a))
	assert.Greater(t, len(a), 50)
	for i := range min(len(a), len(b)) {
		assert.Equal(t, a[i], b[i])
	}
}

func TestReadmesNameFilesThatExist(t *testing.T) {
	t.Parallel()
	english, chinese := readmes(t)
	for _, link := range regexp.MustCompile(`\]\(([\w./-]+)\)`).FindAllStringSubmatch(english+chinese, -1) {
		assert.FileExists(t, "../"+link[1])
	}
}

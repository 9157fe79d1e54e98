//go:build unix

package main

import (
	"bufio"
	"image/png"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/org/wxhome/examples/internal/db/dbtest"
	"github.com/org/wxhome/examples/internal/school"
)

// asProgram makes the test binary the program itself.
const asProgram = "WXHOME_TEST_AS_PHOTOBOT"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		_ = os.Unsetenv(asProgram)
		main()
	}
	if os.Getenv(asSlowProgram) != "" {
		os.Exit(slowMain())
	}
	os.Exit(m.Run())
}

var (
	linkForm    = regexp.MustCompile(`http://\S+/photo/\S+`)
	pictureForm = regexp.MustCompile(`src="([^"]+picture[^"]*)"`)
)

// TestTerminated: the built program serves after the conversation, and SIGTERM ends it gently.
func TestTerminated(t *testing.T) {
	t.Parallel()
	address := dbtest.SQLite(t)
	d := dbtest.Open(t, address)
	_, err := school.EnsureDemo(t.Context(), d.DB)
	require.NoError(t, err)
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, "-simulate", "-db", address, "-addr", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), asProgram+"=1", "LC_ALL=C")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines, all := bufio.NewScanner(out), ""
	for !strings.Contains(all, "went as it should") && lines.Scan() {
		all += lines.Text() + "\n"
	}
	link := linkForm.FindString(strings.Split(all, "link, which works")[1])
	require.NotEmpty(t, link, all)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	page := fetch(t, browser, link)
	src := pictureForm.FindStringSubmatch(page)
	require.NotNil(t, src, page)
	at, err := url.Parse(link)
	require.NoError(t, err)
	at, err = at.Parse(src[1])
	require.NoError(t, err)
	_, err = png.Decode(strings.NewReader(fetch(t, browser, at.String())))
	require.NoError(t, err, "the picture itself")
	assert.NotContains(t, page, "photos.example.com", "no address of the photo")

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(out)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	assert.Contains(t, string(rest), "all work is done")
	assert.Zero(t, table(t, d, "student_photo WHERE student_id = 'PHOTOBOT-DEMO'"))
}

func fetch(t *testing.T, client *http.Client, address string) string {
	t.Helper()
	answer, err := client.Get(address)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, string(text))
	return string(text)
}

func TestDrawings(t *testing.T) {
	t.Parallel()
	f, err := drawings{}.Open("a/b.png")
	require.NoError(t, err)
	info, err := f.Stat()
	require.NoError(t, err)
	assert.Positive(t, info.Size())
	picture, err := png.Decode(f)
	require.NoError(t, err)
	assert.Equal(t, 360, picture.Bounds().Dx())
	require.NoError(t, f.Close())
	for _, bad := range []string{".", "../x", "/x", ""} {
		_, err := drawings{}.Open(bad)
		require.Error(t, err, bad)
	}
}

package school

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
)

const (
	header  = "parent_mobile,wechat_openid,student_id,student_name,photo_url,photo_update_time\n"
	chinese = "学生姓名,照片更新时间,学号,家长微信openid,家长手机号,照片地址\n"
)

var nine05 = time.Date(2026, 11, 20, 9, 5, 0, 0, Beijing)

// readAll reads a file to its end or to its first problem.
func readAll(text string) (rows []Row, err error) {
	for row, err := range Read(strings.NewReader(text)) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func toGBK(t *testing.T, s string) string {
	t.Helper()
	b, err := simplifiedchinese.GBK.NewEncoder().String(s)
	require.NoError(t, err)
	return b
}

func TestReadForms(t *testing.T) {
	t.Parallel()
	li := Row{
		Line: 2, Mobile: "13800138000", OpenID: "oLi", StudentID: "007", StudentName: "李雷",
		PhotoURL: "https://p.example/1.jpg", PhotoTime: nine05,
	}
	english := header + "13800138000,oLi,007,李雷,https://p.example/1.jpg,2026/11/20 9:05\n"
	turned := chinese + "李雷,2026-11-20 09:05:00,007,oLi,13800138000,https://p.example/1.jpg\n"
	tests := map[string]string{
		"English header":     english,
		"Chinese header":     turned,
		"byte order mark":    "\uFEFF" + english,
		"mark and Chinese":   "\uFEFF" + turned,
		"GBK":                toGBK(t, turned),
		"GBK English header": toGBK(t, english),
		"CRLF":               strings.ReplaceAll(english, "\n", "\r\n"),
		"no last line end":   strings.TrimSuffix(english, "\n"),
		"empty lines after":  english + "\r\n\n,,,,,\n , ,,,,\n",
		"quotes":             header + `"13800138000","oLi","007","李雷","https://p.example/1.jpg","2026/11/20 9:05"`,
		"spaces":             strings.ReplaceAll(english, ",", " ,\t") + "\n",
		"full-width spaces":  strings.ReplaceAll(english, "李雷", "　李雷　"),
		"case and spaces":    strings.Replace(english, "parent_mobile,wechat_openid", " Parent_Mobile , WECHAT_OPENID", 1),
		"quoted header":      strings.Replace(english, "student_name", `"student_name"`, 1),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := readAll(text)
			require.NoError(t, err)
			assert.Equal(t, []Row{li}, rows)
		})
	}
}

// TestReadLineNumbers counts lines as a text editor does: empty lines and
// line breaks within quotes count too.
func TestReadLineNumbers(t *testing.T) {
	t.Parallel()
	text := "note," + header +
		"x,1380013,oA,1,甲,,\n" +
		"\n" +
		"\"two\nlines\",1380014,oB,2,乙,,\n" +
		",,,,,,\n" +
		"x,1380015,oC,3,丙,,\n"
	rows, err := readAll(text)
	require.NoError(t, err)
	var got []string
	for _, row := range rows {
		got = append(got, fmt.Sprint(row.Line, row.StudentName))
	}
	assert.Equal(t, []string{"2甲", "4乙", "7丙"}, got)
}

func TestReadTimes(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, Beijing)
	tests := map[string]time.Time{
		"2026/11/20 9:05":           nine05,
		"2026/11/20  9:05:00":       nine05,
		"2026-11-20 09:05":          nine05,
		"2026-11-20 09:05:00.250":   nine05,
		"2026-11-20T09:05:00":       nine05,
		"2026-11-20T09:05:00+08:00": nine05,
		"2026-11-20T01:05:00Z":      nine05,
		"2026.11.20 9:05":           nine05,
		"2026年11月20日 9:05":          nine05,
		"2026年11月20日9:05":           nine05,
		"2026/11/20 9：05":           nine05,
		"2026/11/20":                day,
		"2026年11月20日":               day,
	}
	for text, want := range tests {
		got, ok := parseTime(text)
		assert.True(t, ok, text)
		assert.True(t, want.Equal(got), "%s: %s", text, got)
	}
	for _, text := range []string{"", "yesterday", "9:05", "2026/13/20", "2026/2/30", "20/11/2026", "26/11/20", "2026-11-20 25:00", "1926-11-20"} {
		_, ok := parseTime(text)
		assert.False(t, ok, text)
	}
}

// TestReadRefuses puts one bad value into the second of two lines.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	good := []string{"13800138000", "oLi", "007", "李雷", "https://p.example/1.jpg", "2026/11/20 9:05"}
	tests := []struct {
		name   string
		column column
		value  string
		want   Problem
	}{
		{"no mobile", colMobile, "", ProblemMissing},
		{"no student", colStudentID, "", ProblemMissing},
		{"no name", colStudentName, "  ", ProblemMissing},
		{"no time for the photo", colPhotoTime, "", ProblemMissing},
		{"mobile as Excel shows it", colMobile, "1.38E+10", ProblemExcel},
		{"student as Excel shows it", colStudentID, "2.026E+13", ProblemExcel},
		{"student without point", colStudentID, "2E+13", ProblemExcel},
		{"narrow column", colPhotoTime, "########", ProblemNarrow},
		{"mobile of letters", colMobile, "none", ProblemMobile},
		{"mobile in the place of the openid", colOpenID, "13800138000", ProblemOpenID},
		{"openid with a space", colOpenID, "o Li", ProblemOpenID},
		{"openid in Chinese", colOpenID, "未绑定", ProblemOpenID},
		{"openid of 65 letters", colOpenID, strings.Repeat("o", 65), ProblemTooLong},
		{"name of 600 characters", colStudentName, strings.Repeat("李", 600), ProblemTooLong},
		{"name with a line break", colStudentName, "\"李\n雷\"", ProblemControl},
		{"name cut by an encoding", colStudentName, "李\uFFFD", ProblemEncoding},
		{"photo without scheme", colPhotoURL, "p.example/1.jpg", ProblemURL},
		{"photo that is a script", colPhotoURL, "javascript:alert(1)", ProblemURL},
		{"no date", colPhotoTime, "soon", ProblemDate},
		{"date as a serial number", colPhotoTime, "46346.378", ProblemSerial},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bad := append([]string(nil), good...)
			bad[tt.column] = tt.value
			rows, err := readAll(header + strings.Join(good, ",") + "\n" + strings.Join(bad, ",") + "\n")
			e, ok := errors.AsType[*FileError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.want, e.Problem, e.Error())
			assert.Equal(t, 3, e.Line)
			assert.Equal(t, tt.column.String(), e.Column)
			assert.Less(t, len(e.Error()), 400)
			assert.Len(t, rows, 1)
		})
	}
}

func TestReadBrokenFiles(t *testing.T) {
	t.Parallel()
	line := "13800138000,oLi,007,李雷,,\n"
	tests := []struct {
		name, text string
		want       Problem
		line       int
	}{
		{"empty", "", ProblemEmpty, 0},
		{"a mark and no more", "\uFEFF", ProblemEmpty, 0},
		{"empty lines", "\n\r\n\n", ProblemEmpty, 0},
		{"no header", line, ProblemNoColumn, 1},
		{"a column missing", strings.Replace(header, ",photo_url", "", 1), ProblemNoColumn, 1},
		{"a column misspelt", strings.Replace(header, "photo_url", "foto_url", 1), ProblemNoColumn, 1},
		{"a column twice", strings.Replace(header, "photo_url", "照片地址,photo_url", 1), ProblemTwice, 1},
		{"semicolons", strings.ReplaceAll(header, ",", ";"), ProblemSeparator, 1},
		{"tabs", strings.ReplaceAll(header, ",", "\t"), ProblemSeparator, 1},
		{"a field too few", header + line + "13800138000,oLi,007,李雷,\n", ProblemFields, 3},
		{"a field too many", header + line + strings.Replace(line, ",oLi", ",oLi,x", 1), ProblemFields, 3},
		{"quote in the middle", header + line + `13800138000,oLi,007,李"雷,,` + "\n", ProblemQuote, 3},
		{"quote never closed", header + line + `13800138000,oLi,007,"李雷,,` + "\n" + line, ProblemQuote, 3},
		{"UTF-16", "\xFF\xFEp\x00a\x00", ProblemUTF16, 0},
		{"mark, then GBK", "\uFEFF" + header + toGBK(t, line), ProblemEncoding, 0},
		{"neither UTF-8 nor GBK", header + "13800138000,oLi,007,\xff\xff,,\n", ProblemEncoding, 2},
		{"binary", "\x89PNG\r\n\x1a\n\x00\x00\x00", ProblemNoColumn, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := readAll(tt.text)
			e, ok := errors.AsType[*FileError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.want, e.Problem, e.Error())
			assert.Equal(t, tt.line, e.Line)
			assert.NotContains(t, e.Error(), "Problem(", "every problem has a text")
		})
	}
}

// TestReadUTF8AcrossReads puts characters of every length across the ends of
// the reads that look for the encoding.
func TestReadUTF8AcrossReads(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"é", "李", "𬍛"} {
		for pad := range 8 {
			filler := strings.Repeat("x", 1<<16-len(header)-20-pad)
			text := header + strings.Repeat("1380013,oA,1,"+name+",,\n", 1) + "1380013,oA,1," + name + ",,\n"
			text = strings.Replace(text, "time\n", "time,"+filler+"\n", 1)
			text = strings.ReplaceAll(text, ",,\n", ",,,\n")
			rows, err := readAll(text)
			require.NoError(t, err)
			require.Len(t, rows, 2)
			assert.Equal(t, name, rows[1].StudentName, "pad %d", pad)
		}
	}
}

func TestReadPassesOnReadErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for after := range 3 {
		file := &brokenFile{Reader: bytes.NewReader([]byte(header + "13800138000,oLi,007,李雷,,\n")), reads: after, err: broken}
		for _, err := range Read(file) {
			if err != nil {
				require.ErrorIs(t, err, broken)
				break
			}
			require.Equal(t, 2, after, "with fewer reads there is no row")
		}
	}
}

// brokenFile fails after so many reads.
type brokenFile struct {
	*bytes.Reader
	reads int
	err   error
}

func (f *brokenFile) Read(b []byte) (int, error) {
	if f.reads--; f.reads < 0 {
		return 0, f.err
	}
	return f.Reader.Read(b)
}

var _ io.ReadSeeker = (*brokenFile)(nil)

func TestHeaderNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, names := range Columns() {
		for _, name := range names {
			assert.False(t, seen[name], name)
			assert.Equal(t, strings.ToLower(name), name)
			seen[name] = true
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(header + "13800138000,oLi,007,李雷,https://p.example/1.jpg,2026/11/20 9:05\n"))
	f.Add([]byte("\uFEFF" + chinese))
	f.Add([]byte(header + "\"13800138000\"\n,2.026E+13,\xc0\xee,"))
	f.Fuzz(func(t *testing.T, text []byte) {
		last := 1
		for row, err := range Read(bytes.NewReader(text)) {
			if err != nil {
				if _, ok := errors.AsType[*FileError](err); !ok {
					t.Fatalf("not a FileError: %v", err)
				}
				return
			}
			if row.Line <= last || row.Mobile == "" || row.StudentID == "" || row.StudentName == "" {
				t.Fatalf("a row that should have been refused: %+v", row)
			}
			if (row.PhotoURL == "") != row.PhotoTime.IsZero() || row.OpenID != "" && !IsOpenID(row.OpenID) {
				t.Fatalf("half a row: %+v", row)
			}
			last = row.Line
		}
	})
}

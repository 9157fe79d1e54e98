package school_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/org/wxhome/examples/internal/school"
)

func TestReadRoster(t *testing.T) {
	t.Parallel()
	const text = "学号,姓名,班级,备注\r\nS1,张三,一年级1班,x\r\n,,,\r\nS2,李四,,\r\nS1,张三,一年级1班,twice\r\n"
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(text)
	require.NoError(t, err)
	want := []school.Pupil{
		{Line: 2, StudentID: "S1", StudentName: "张三", Class: "一年级1班"},
		{Line: 4, StudentID: "S2", StudentName: "李四"},
	}
	for name, file := range map[string]string{
		"UTF-8": text, "with BOM": "\uFEFF" + text, "GBK": gbk,
		"English, other order": "class,Student_Name,student_id\n一年级1班,张三,S1\n\n,李四,S2\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := school.ReadRoster(strings.NewReader(file))
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestReadRosterRefuses(t *testing.T) {
	t.Parallel()
	const header = "student_id,student_name,class\n"
	tests := []struct {
		name, file string
		want       school.FileError
	}{
		{"an empty file", "", school.FileError{Problem: school.ProblemEmpty}},
		{"semicolons", "student_id;student_name;class\n", school.FileError{Line: 1, Problem: school.ProblemSeparator}},
		{"no class", "student_id,student_name\n", school.FileError{Line: 1, Column: "class", Value: "班级", Problem: school.ProblemNoColumn}},
		{"a column twice", "student_id,学号,student_name,class\n", school.FileError{Line: 1, Column: "student_id", Value: "学号", Problem: school.ProblemTwice}},
		{"no id", header + ",张三,1\n", school.FileError{Line: 2, Column: "student_id", Problem: school.ProblemMissing}},
		{"no name", header + "S1,,1\n", school.FileError{Line: 2, Column: "student_name", Problem: school.ProblemMissing}},
		{"Excel's number", header + "2.026E+13,张三,1\n", school.FileError{Line: 2, Column: "student_id", Value: "2.026E+13", Problem: school.ProblemExcel}},
		{"a short line", header + "S1,张三\n", school.FileError{Line: 2, Problem: school.ProblemFields, Limit: 3}},
		{"two names", header + "S1,张三,1\nS1,李四,1\n", school.FileError{Line: 3, Column: "student_id", Value: "S1", Problem: school.ProblemConflict, Other: 2}},
		{"two classes", header + "S1,张三,1\nS1,张三,2\n", school.FileError{Line: 3, Column: "student_id", Value: "S1", Problem: school.ProblemConflict, Other: 2}},
		{"a quote", header + "S1,\"张三,1\n", school.FileError{Line: 2, Problem: school.ProblemQuote}},
		{"a line break", header + "S1,张三,\"1\n班\"\n", school.FileError{Line: 2, Column: "class", Value: "1\n班", Problem: school.ProblemControl}},
		{"a narrow column", header + "S1,张三,###\n", school.FileError{Line: 2, Column: "class", Value: "###", Problem: school.ProblemNarrow}},
		{"a long class", header + "S1,张三," + strings.Repeat("班", 65) + "\n", school.FileError{Line: 2, Column: "class", Value: strings.Repeat("班", 40) + "…", Problem: school.ProblemTooLong, Limit: 64}},
		{"UTF-16", "\xff\xfes\x00t\x00", school.FileError{Problem: school.ProblemUTF16}},
		{"broken text", header + "S1,张三,\xff\xff\n", school.FileError{Line: 2, Column: "class", Problem: school.ProblemEncoding}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pupils, err := school.ReadRoster(strings.NewReader(tt.file))
			var got *school.FileError
			require.ErrorAs(t, err, &got)
			assert.Equal(t, tt.want, *got)
			assert.Nil(t, pupils)
		})
	}
	_, err := school.ReadRoster((*os.File)(nil))
	require.Error(t, err)
}

func FuzzReadRoster(f *testing.F) {
	f.Add("student_id,student_name,class\nS1,张三,1\n")
	f.Add("\uFEFF学号,姓名,班级\n")
	f.Fuzz(func(t *testing.T, file string) {
		pupils, err := school.ReadRoster(strings.NewReader(file))
		if err != nil && pupils != nil {
			t.Error("pupils beside an error")
		}
		for _, p := range pupils {
			if p.StudentID == "" || p.StudentName == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}

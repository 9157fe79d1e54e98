package school

import (
	"slices"
	"strings"
)

// A column is one of the six of a CSV file.
type column int

const (
	colMobile column = iota
	colOpenID
	colStudentID
	colStudentName
	colPhotoURL
	colPhotoTime
	columns // how many there are
)

// columnNames are the names that a header may give to each column, the first
// of them the English one. Spaces in them, and case, do not count.
var columnNames = [columns][]string{
	colMobile:      {"parent_mobile", "家长手机号", "家长手机", "家长电话", "手机号"},
	colOpenID:      {"wechat_openid", "家长微信openid", "微信openid", "openid"},
	colStudentID:   {"student_id", "学生编号", "学生学号", "学号"},
	colStudentName: {"student_name", "学生姓名", "姓名"},
	colPhotoURL:    {"photo_url", "照片地址", "照片链接", "照片url"},
	colPhotoTime:   {"photo_update_time", "照片更新时间", "更新时间"},
}

func (c column) String() string { return columnNames[c][0] }

// Columns returns for each column of a CSV file the names that its header may
// have, the English one first.
func Columns() [][]string {
	all := make([][]string, columns)
	for i, names := range columnNames {
		all[i] = slices.Clone(names)
	}
	return all
}

// layout says where in a record each column is.
type layout [columns]int

// readHeader finds the columns. Columns that it does not know are left alone.
func readHeader(record []string) (layout, error) {
	var l layout
	for c := range columns {
		l[c] = -1
	}
	for i, name := range record {
		c, ok := columnOf(name)
		switch {
		case !ok:
			continue
		case l[c] >= 0:
			return l, &FileError{Line: 1, Column: c.String(), Value: excerpt(name), Problem: ProblemTwice}
		}
		l[c] = i
	}
	for c := range columns {
		if l[c] >= 0 {
			continue
		}
		if len(record) == 1 && strings.ContainsAny(record[0], ";\t；") {
			return l, &FileError{Line: 1, Problem: ProblemSeparator}
		}
		return l, &FileError{Line: 1, Column: c.String(), Value: columnNames[c][1], Problem: ProblemNoColumn}
	}
	return l, nil
}

func columnOf(name string) (column, bool) {
	name = strings.ToLower(strings.Join(strings.Fields(name), ""))
	for c := range columns {
		if slices.Contains(columnNames[c], name) {
			return c, true
		}
	}
	return 0, false
}

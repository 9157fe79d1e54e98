package school

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

const byteOrderMark = "\uFEFF"

// decoded returns the file's text as UTF-8 without a byte order mark. What is
// not UTF-8 is taken for GBK (in its modern form GB18030), which is what
// Excel's plain CSV is on a Chinese Windows. The file is read once to find
// out, so that no memory is needed for a large one.
func decoded(file io.ReadSeeker) (io.Reader, error) {
	isUTF8, err := checkUTF8(file)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("school: read the file again: %w", err)
	}
	text := bufio.NewReaderSize(file, 1<<16)
	start, err := text.Peek(len(byteOrderMark))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("school: read the file: %w", err)
	}
	hasMark := string(start) == byteOrderMark
	switch {
	case len(start) >= 2 && (string(start[:2]) == "\xFF\xFE" || string(start[:2]) == "\xFE\xFF"):
		return nil, &FileError{Problem: ProblemUTF16}
	case hasMark && !isUTF8:
		return nil, &FileError{Problem: ProblemEncoding}
	case hasMark:
		_, _ = text.Discard(len(byteOrderMark)) // it is in the buffer
		return text, nil
	case isUTF8:
		return text, nil
	}
	return transform.NewReader(text, simplifiedchinese.GB18030.NewDecoder()), nil
}

// checkUTF8 reports whether all of a file is UTF-8.
func checkUTF8(r io.Reader) (bool, error) {
	buf := make([]byte, 1<<16)
	kept := 0 // bytes of a character that the last read cut in two
	for {
		n, err := r.Read(buf[kept:])
		chunk := buf[:kept+n]
		whole := len(chunk) - cutTail(chunk)
		if !utf8.Valid(chunk[:whole]) {
			return false, nil
		}
		kept = copy(buf, chunk[whole:])
		switch {
		case errors.Is(err, io.EOF):
			return kept == 0, nil
		case err != nil:
			return false, fmt.Errorf("school: read the file: %w", err)
		}
	}
}

// cutTail returns how many bytes at the end begin a character without ending it.
func cutTail(b []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		tail := b[len(b)-i:]
		if utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return i
		}
	}
	return 0
}

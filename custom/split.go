package custom

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// SplitText cuts a text into parts of at most [MaxText] bytes, each for a [Text] of its own, in
// their order. It cuts where a line or a sentence ends; in a sentence that is too long by itself
// after a comma, or else between words. It never cuts within a character, an emoji that is made
// of several, or a link <a ...>label</a> that fits into one part.
//
// White space at a cut is dropped, bytes that are no UTF-8 become U+FFFD, and all else is kept:
// a text within the limit comes back as it is. There are no parts of an empty text, nor of a
// longer one of nothing but white space.
//
// A follower's window holds five messages or fewer: see [Client.Send].
func SplitText(text string) []string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	var parts []string
	for len(text) > MaxText {
		at := cut(text)
		if part := strings.TrimRightFunc(text[:at], unicode.IsSpace); part != "" {
			parts = append(parts, part)
		}
		text = strings.TrimLeftFunc(text[at:], unicode.IsSpace)
	}
	if text != "" {
		parts = append(parts, text)
	}
	return parts
}

// A seam is a place to cut a text at, the better the greater.
type seam int

const (
	inCharacter seam = iota // only where one character goes on and on
	inWord
	afterWord
	afterClause
	afterSentence
	seams
)

// cut returns where to cut a text of more than MaxText bytes: the last of the best places.
func cut(text string) int {
	var last [seams]int
	var r reader
	l := links{text: text[:min(len(text), 2*MaxText)]} // none that fits goes on beyond
	for at := 0; ; {
		size := l.length(at)
		after, width := utf8.DecodeRuneInString(text[at:])
		if at > 0 {
			s := r.seam(after)
			if size > 0 && s == inWord {
				s = afterWord
			}
			last[s] = at
		}
		if size == 0 {
			size = width
		} else {
			after = linkEnd
		}
		r.read(after)
		if at += size; at > MaxText {
			break
		}
	}
	best := afterSentence
	for last[best] == 0 { // the end of the first character is some seam
		best--
	}
	return last[best]
}

// linkEnd stands for a link as a whole: a character of the kind that words are not made of.
const linkEnd = '\uFFFC'

// links finds the links of a text, from its beginning to its end.
type links struct {
	text string
	end  int // the first </a> from the last link on; the text's length: there is none
}

// length returns the length of the link at a place; 0: there is none, or one that does not fit
// into one part.
func (l *links) length(at int) int {
	const end = "</a>"
	rest := l.text[at:]
	if len(rest) < 3 || rest[0] != '<' || rest[1]|0x20 != 'a' || !unicode.IsSpace(rune(rest[2])) {
		return 0
	}
	l.end = max(l.end, at)
	for l.end < len(l.text) && !strings.EqualFold(l.text[l.end:min(l.end+len(end), len(l.text))], end) {
		l.end++
	}
	if size := l.end + len(end) - at; l.end < len(l.text) && size <= MaxText {
		return size
	}
	return 0
}

// A reader knows of the text before a place what tells whether to cut there.
type reader struct {
	before rune
	ender  rune // before, or what is before the closing quotes and brackets
	flag   bool // before is the first half of a flag
}

func (r *reader) read(c rune) {
	r.flag = isFlagHalf(c) && !r.flag
	r.before = c
	if !strings.ContainsRune(closers, c) {
		r.ender = c
	}
}

const (
	closers     = "”’」』）》】〉\"')]"
	wideEnders  = "。！？…"
	latinEnders = ".!?"
	wideCommas  = "，、：；"
	latinCommas = ",:;"
)

// seam tells what a cut before the character after would be.
func (r *reader) seam(after rune) seam {
	// What is Latin ends only before a space or Chinese: 3.14 and example.com go on.
	loose := unicode.IsSpace(after) || isWide(after)
	switch {
	case r.joins(after):
		return inCharacter
	case isLineBreak(r.before) || isLineBreak(after):
		return afterSentence
	case strings.ContainsRune(closers+wideEnders+latinEnders+wideCommas+latinCommas, after):
		return inWord // none of these begins a line
	case strings.ContainsRune(wideEnders, r.ender), loose && strings.ContainsRune(latinEnders, r.ender):
		return afterSentence
	case strings.ContainsRune(wideCommas, r.before), loose && strings.ContainsRune(latinCommas, r.before):
		return afterClause
	case loose || unicode.IsSpace(r.before) || isWide(r.before):
		return afterWord
	}
	return inWord
}

// joins reports whether after is drawn together with what is before it.
func (r *reader) joins(after rune) bool {
	const joiner = '\u200D'
	switch {
	case r.before == '\r' && after == '\n', r.before == joiner, after == joiner, r.flag && isFlagHalf(after):
		return true
	case after >= 0x1F3FB && after <= 0x1F3FF, after >= 0xE0020 && after <= 0xE007F: // skin tones, tags of a flag
		return true
	}
	return unicode.Is(unicode.M, after)
}

func isLineBreak(c rune) bool { return c == '\n' || c == '\r' || c == '\u2028' || c == '\u2029' }
func isFlagHalf(c rune) bool  { return c >= 0x1F1E6 && c <= 0x1F1FF }

// isWide reports whether c is of a script without spaces between words, an emoji or a sign.
func isWide(c rune) bool { return c >= 0x2E80 }

package terminal

import (
	"slices"
	"unicode"
)

// An editor is the text that is being typed: of one line or of several, with a place in it.
type editor struct {
	text   []rune
	at     int    // the cursor is before text[at]
	killed []rune // what Ctrl-Y brings back
}

// maxTyped bounds what may be typed or pasted. Larger messages are sent from a file.
const maxTyped = 1 << 20

func (e *editor) String() string { return string(e.text) }

// set replaces the text, and goes to its end.
func (e *editor) set(text string) {
	e.text = []rune(text)
	e.at = len(e.text)
}

// insert adds text at the cursor, and reports whether there was room for it.
func (e *editor) insert(text string) bool {
	added := []rune(text)
	if len(e.text)+len(added) > maxTyped {
		return false
	}
	e.text = slices.Insert(e.text, e.at, added...)
	e.at += len(added)
	return true
}

// move goes to another place, at most to either end.
func (e *editor) move(to int) { e.at = min(max(to, 0), len(e.text)) }

// before and after are the places one character away. What is drawn above or below a character, and takes no
// column, belongs to it.
func (e *editor) before() int {
	at := max(e.at-1, 0)
	for at > 0 && attached(e.text[at]) {
		at--
	}
	return at
}

func (e *editor) after() int {
	at := min(e.at+1, len(e.text))
	for at < len(e.text) && attached(e.text[at]) {
		at++
	}
	return at
}

func attached(r rune) bool { return r >= 0x300 && unicode.IsPrint(r) && columnsOf(r) == 0 }

// wordBefore and wordAfter are the places where a word of letters and digits begins, or ends.
func (e *editor) wordBefore() int {
	at := e.at
	for at > 0 && !inWord(e.text[at-1]) {
		at--
	}
	for at > 0 && inWord(e.text[at-1]) {
		at--
	}
	return at
}

func (e *editor) wordAfter() int {
	at := e.at
	for at < len(e.text) && !inWord(e.text[at]) {
		at++
	}
	for at < len(e.text) && inWord(e.text[at]) {
		at++
	}
	return at
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || attached(r) }

// spaceBefore is the place where what stands between spaces begins.
func (e *editor) spaceBefore() int {
	at := e.at
	for at > 0 && unicode.IsSpace(e.text[at-1]) {
		at--
	}
	for at > 0 && !unicode.IsSpace(e.text[at-1]) {
		at--
	}
	return at
}

// lineStart and lineEnd are the ends of the line, of several, that the cursor is in.
func (e *editor) lineStart() int {
	at := e.at
	for at > 0 && e.text[at-1] != '\n' {
		at--
	}
	return at
}

func (e *editor) lineEnd() int {
	at := e.at
	for at < len(e.text) && e.text[at] != '\n' {
		at++
	}
	return at
}

// remove takes off what is between the cursor and another place.
func (e *editor) remove(other int) {
	from, to := min(e.at, other), max(e.at, other)
	e.text = slices.Delete(e.text, from, to)
	e.at = from
}

// kill is remove, and keeps what was taken off for yank.
func (e *editor) kill(other int) {
	if from, to := min(e.at, other), max(e.at, other); from < to {
		e.killed = slices.Clone(e.text[from:to])
	}
	e.remove(other)
}

func (e *editor) yank() bool { return e.insert(string(e.killed)) }

// transpose exchanges the two characters around the cursor, or at the end the last two.
func (e *editor) transpose() {
	at := min(e.at, len(e.text)-1)
	if at < 1 {
		return
	}
	e.text[at-1], e.text[at] = e.text[at], e.text[at-1]
	e.at = at + 1
}

// up and down go to the line above or below, and report whether there is one.
func (e *editor) up() bool {
	start := e.lineStart()
	if start == 0 {
		return false
	}
	column := e.at - start
	e.at = start - 1
	above := e.lineStart()
	e.at = min(above+column, e.at)
	return true
}

func (e *editor) down() bool {
	end := e.lineEnd()
	if end == len(e.text) {
		return false
	}
	column := e.at - e.lineStart()
	e.at = end + 1
	e.at = min(e.at+column, e.lineEnd())
	return true
}

// key does what a key does to the text, and reports whether it does anything.
func (e *editor) key(k key) bool {
	switch {
	case k.code == keyPaste:
		return e.insert(k.text)
	case k.code == keyRune && !k.ctrl && !k.alt:
		return e.insert(string(k.r))
	case k.code == keyRune && k.ctrl:
		return e.ctrlKey(k.r)
	case k.code == keyRune && k.alt:
		return e.altKey(k.r)
	case k.code == keyBackspace && (k.alt || k.ctrl):
		e.kill(e.wordBefore())
	case k.code == keyBackspace:
		e.remove(e.before())
	case k.code == keyDelete && (k.alt || k.ctrl):
		e.kill(e.wordAfter())
	case k.code == keyDelete:
		e.remove(e.after())
	case k.code == keyLeft && (k.alt || k.ctrl):
		e.move(e.wordBefore())
	case k.code == keyRight && (k.alt || k.ctrl):
		e.move(e.wordAfter())
	case k.code == keyLeft:
		e.move(e.before())
	case k.code == keyRight:
		e.move(e.after())
	case k.code == keyHome && k.ctrl:
		e.move(0)
	case k.code == keyEnd && k.ctrl:
		e.move(len(e.text))
	case k.code == keyHome:
		e.move(e.lineStart())
	case k.code == keyEnd:
		e.move(e.lineEnd())
	default:
		return false
	}
	return true
}

func (e *editor) ctrlKey(letter rune) bool {
	switch letter {
	case 'a':
		e.move(e.lineStart())
	case 'e':
		e.move(e.lineEnd())
	case 'b':
		e.move(e.before())
	case 'f':
		e.move(e.after())
	case 'd':
		e.remove(e.after())
	case 'k':
		e.kill(e.lineEnd())
	case 'u':
		e.kill(e.lineStart())
	case 'w':
		e.kill(e.spaceBefore())
	case 'y':
		return e.yank()
	case 't':
		e.transpose()
	default:
		return false
	}
	return true
}

func (e *editor) altKey(letter rune) bool {
	switch letter {
	case 'b', 'B':
		e.move(e.wordBefore())
	case 'f', 'F':
		e.move(e.wordAfter())
	case 'd', 'D':
		e.kill(e.wordAfter())
	case '<':
		e.move(0)
	case '>':
		e.move(len(e.text))
	default:
		return false
	}
	return true
}

package terminal

import "fmt"

// A search looks through the history, backwards, for what is being typed (Ctrl-R).
type search struct {
	text   string
	at     int    // of the entry that is shown; len(entries) before any
	failed bool   // nothing older has text
	before string // the line as it was
}

// prompt stands ahead of the entry that was found.
func (s *search) prompt() string {
	failed := ""
	if s.failed {
		failed = "no more: "
	}
	return fmt.Sprintf("(search) %s%s: ", failed, visible(s.text))
}

// look shows the youngest entry below a place that contains the text.
func (s *search) look(h *history, e *editor, below int) {
	entry, at := h.find(s.text, below)
	s.failed = at < 0
	if at >= 0 {
		s.at = at
		e.set(entry)
	}
}

// key does what a key does to a search. Done says that it is over; then passed says that the key is meant for
// the line.
func (s *search) key(k key, h *history, e *editor) (done, passed bool) {
	switch {
	case k.code == keyRune && k.ctrl && k.r == 'r':
		s.look(h, e, s.at)
	case k.code == keyRune && k.ctrl && k.r == 'g', k.code == keyEscape:
		e.set(s.before)
		return true, false
	case k.code == keyRune && !k.ctrl && !k.alt:
		s.text += string(k.r)
		s.look(h, e, s.at+1)
	case k.code == keyBackspace:
		if runes := []rune(s.text); len(runes) > 0 {
			s.text = string(runes[:len(runes)-1])
		}
		s.look(h, e, len(h.entries))
	default:
		return true, true
	}
	return false, false
}

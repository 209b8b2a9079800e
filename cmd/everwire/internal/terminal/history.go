package terminal

import "strings"

// A history is what was entered before, and the place of who leafs through it.
type history struct {
	entries []string
	at      int    // len(entries) is the line that is being typed
	draft   string // that line, while another one is shown
}

// maxHistory is how many entries are kept, in memory and in the file.
const maxHistory = 1000

// add appends an entry, unless it is empty or the one before again, or begins with a space: that is how a
// line is kept out of the history. It reports whether it did.
func (h *history) add(entry string) bool {
	defer h.bottom()
	if strings.TrimSpace(entry) == "" || entry[0] == ' ' {
		return false
	}
	if n := len(h.entries); n > 0 && h.entries[n-1] == entry {
		return false
	}
	h.entries = append(h.entries, entry)
	if over := len(h.entries) - maxHistory; over > 0 {
		h.entries = append([]string(nil), h.entries[over:]...)
	}
	return true
}

func (h *history) bottom() { h.at, h.draft = len(h.entries), "" }

// older returns the entry before the one that is shown; typed is what is there now.
func (h *history) older(typed string) (entry string, ok bool) {
	if h.at == 0 {
		return "", false
	}
	if h.at == len(h.entries) {
		h.draft = typed
	}
	h.at--
	return h.entries[h.at], true
}

// newer returns the entry after it, and at last what was being typed.
func (h *history) newer() (entry string, ok bool) {
	if h.at == len(h.entries) {
		return "", false
	}
	h.at++
	if h.at == len(h.entries) {
		return h.draft, true
	}
	return h.entries[h.at], true
}

// find returns the youngest entry below before that contains text, and its place; -1 if there is none.
func (h *history) find(text string, before int) (entry string, at int) {
	for i := min(before, len(h.entries)) - 1; i >= 0; i-- {
		if strings.Contains(h.entries[i], text) {
			return h.entries[i], i
		}
	}
	return "", -1
}

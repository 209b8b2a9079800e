package terminal

import (
	"slices"
	"strings"
	"time"
)

// A console is what the user sees and types.
type console struct {
	screen  screen
	lines   []string // to be drawn above the rows
	rows    int      // of the terminal
	editor  editor
	history history
	file    historyFile
	search  *search // nil while there is none
	hint    string  // in the place of the status, until the next key
	decoder decoder
	typedAt time.Time
	drawnAt time.Time
	drawDue bool // something has arrived
	more    bool // and more than one drawing shows
}

// resize learns how large the terminal is.
func (s *session) resize() {
	s.renderer.columns, s.rows = s.tty.size()
}

// resume is for a program that was stopped from outside: the shell has had the terminal meanwhile.
func (s *session) resume() {
	if err := s.tty.raw(); err != nil {
		s.say(failed, "the terminal: "+err.Error())
	}
	s.screen.forget()
	s.screen.write(pasteOn)
}

// suspend stops the program until the shell lets it go on.
func (s *session) suspend() {
	s.screen.erase()
	s.screen.write(pasteOff)
	if err := s.tty.suspend(); err != nil {
		s.say(failed, "cannot stop: "+err.Error())
	}
	s.screen.write(pasteOn)
	s.resize()
}

// draw shows what has changed.
func (s *session) draw() {
	s.resize()
	s.drawnAt = time.Now()
	columns := s.renderer.columns
	prompt := "> "
	if s.search != nil {
		prompt = s.search.prompt()
	}
	l := layOut(prompt, &s.editor, columns, max(min(s.rows/2, s.rows-2), 1), s.renderer.style)
	rows := l.rows
	if s.rows > 1 {
		bottom := s.status.line(s.drawnAt, columns, s.renderer.style)
		if s.hint != "" {
			bottom = s.renderer.paint(sgrYellow, cutColumns(s.hint, columns-1))
		}
		rows = append(slices.Clip(rows), bottom)
	}
	if err := s.screen.draw(s.lines, rows, l.row, l.column); err != nil {
		s.leaveWithin(patience) // nobody sees any more what happens
	}
	s.lines = nil
}

func (s *session) loadHistory() {
	entries, err := s.file.load()
	if err != nil {
		s.say(failed, "the history is not there: "+err.Error())
	}
	s.history.entries = entries
	s.history.bottom()
}

// remember adds a line to the history.
func (s *session) remember(line string) {
	if !s.history.add(line) {
		return
	}
	if err := s.file.append(line); err != nil {
		s.say(failed, "the history is not kept: "+err.Error())
		s.file = ""
	}
}

// hints are candidates in one line.
func hints(candidates []string) string {
	var shown []string
	for _, c := range candidates {
		shown = append(shown, visible(strings.TrimSpace(c)))
	}
	return strings.Join(shown, "  ")
}

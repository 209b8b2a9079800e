package terminal

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// A screen is the lower end of a terminal's screen: a few rows that change, below lines that stay and become
// the terminal's scrollback. Each change is one write, and marked as one (the private mode 2026), so that
// nothing flickers.
type screen struct {
	out  io.Writer
	live []string // the rows, as they were drawn
	row  int      // of the cursor, in live
	last []byte   // the write before, without what stays
}

// Control functions of ECMA-48, and private modes of xterm's and others'.
const (
	beginUpdate = "\x1b[?2026h"
	endUpdate   = "\x1b[?2026l"
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
	pasteOn     = "\x1b[?2004h"
	pasteOff    = "\x1b[?2004l"
	wrapOff     = "\x1b[?7l" // so that a row is one, even if the window has just become narrower
	wrapOn      = "\x1b[?7h"
	eraseBelow  = "\x1b[J"
	eraseAll    = "\x1b[H\x1b[2J"
)

// draw writes lines that stay, and below them the rows, with the cursor in one of them. Nothing of it may
// have control characters but those of a style; rows must be narrower than the screen. If nothing has
// changed, nothing is written.
func (s *screen) draw(lines, rows []string, row, column int) error {
	var live bytes.Buffer
	live.WriteString(wrapOff + strings.Join(rows, "\r\n") + wrapOn)
	if up := len(rows) - 1 - row; up > 0 {
		fmt.Fprintf(&live, "\x1b[%dA", up)
	}
	live.WriteString("\r")
	if column > 0 {
		fmt.Fprintf(&live, "\x1b[%dC", column)
	}
	if len(lines) == 0 && s.live != nil && bytes.Equal(live.Bytes(), s.last) {
		return nil
	}
	var b bytes.Buffer
	b.WriteString(beginUpdate + hideCursor)
	s.top(&b)
	for _, line := range lines {
		b.WriteString(line + "\r\n")
	}
	b.Write(live.Bytes())
	b.WriteString(showCursor + endUpdate)
	s.live, s.row, s.last = rows, row, live.Bytes()
	_, err := s.out.Write(b.Bytes())
	return err
}

// top goes to the first row and erases from there. When a window became narrower, some terminals have broken
// the rows in two and others have not: rows above the cursor's may then be left behind, but never is a line
// that stays erased.
func (s *screen) top(b *bytes.Buffer) {
	b.WriteString("\r")
	if s.row > 0 {
		fmt.Fprintf(b, "\x1b[%dA", s.row)
	}
	b.WriteString(eraseBelow)
}

// erase takes the rows off, and leaves the cursor where a shell's prompt may stand.
func (s *screen) erase() error {
	var b bytes.Buffer
	s.top(&b)
	s.forget()
	_, err := s.out.Write(b.Bytes())
	return err
}

// forget makes the next draw start where the cursor is, because the terminal was used by others.
func (s *screen) forget() { s.live, s.row, s.last = nil, 0, nil }

// write writes control functions.
func (s *screen) write(control string) error {
	_, err := io.WriteString(s.out, control)
	return err
}

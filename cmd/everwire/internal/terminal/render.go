package terminal

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/websocket"
)

// A kind is what a line on the screen is: who said it.
type kind int

const (
	received kind = iota
	sent
	note
	failed
)

// mark is what a line of the kind begins with, in the kind's colour.
func (k kind) mark() (mark, sgr string) {
	switch k {
	case received:
		return "<", sgrGreen
	case sent:
		return ">", sgrCyan
	case note:
		return "*", sgrDim
	}
	return "!", sgrRed
}

const (
	defaultShown = 4096 // octets of a text that are shown
	maxLines     = 200  // of one message
	octetsPerRow = 16
	shownDump    = 8 // a dump has so many times fewer octets than a text: it takes more room
)

// A renderer makes lines for the screen of what was sent, received and has happened. Its lines are safe to
// write.
type renderer struct {
	style
	timestamps bool
	json       bool
	shown      int // octets of a message that are shown; negative: all
	columns    int
}

// head is what a line begins with, and how wide that is.
func (r *renderer) head(at time.Time, k kind) (string, int) {
	mark, sgr := k.mark()
	head, width := r.paint(sgr, mark)+" ", 2
	if r.timestamps {
		stamp := at.Format("15:04:05.000") + " "
		head, width = r.paint(sgrDim, stamp)+head, len(stamp)+width
	}
	return head, width
}

// say makes lines of a note or an error.
func (r *renderer) say(at time.Time, k kind, text string) []string {
	_, sgr := k.mark()
	var lines []string
	for line := range strings.Lines(text) {
		shown, _ := visibleLine(strings.TrimRight(line, "\r\n"), 0, style{})
		lines = append(lines, r.paint(sgr, shown))
	}
	return r.stack(at, k, lines)
}

// message makes lines of a message. Where it is not shown whole, the last line says how long it is; hint, if
// not empty, says there what to do about it.
func (r *renderer) message(at time.Time, k kind, t websocket.MessageType, data []byte, hint string) []string {
	var lines []string
	whole := true
	switch {
	case t == websocket.Binary:
		lines, whole = r.binary(data, k)
	case len(data) == 0:
		lines = []string{r.paint(sgrDim, "(empty text)")}
	case r.json && k == received && isJSON(data):
		lines, whole = indentJSON(data, r.bound(4), r.maxLines(), r.style) // spaces count as well
	default:
		lines, whole = r.text(data, k)
	}
	if !whole {
		lines = append(lines, r.paint(sgrDim, "... cut: it has "+octets(int64(len(data)))+hint))
	}
	return r.stack(at, k, lines)
}

// stack puts the head before the first line, and the others below.
func (r *renderer) stack(at time.Time, k kind, lines []string) []string {
	head, width := r.head(at, k)
	for i, line := range lines {
		if i == 0 {
			lines[i] = head + line
		} else {
			lines[i] = strings.Repeat(" ", width) + line
		}
	}
	return lines
}

// bound is how many octets may be shown, times a factor.
func (r *renderer) bound(factor int) int {
	if r.shown < 0 {
		return int(^uint(0) >> 1)
	}
	return factor * r.shown
}

func (r *renderer) maxLines() int {
	if r.shown < 0 {
		return int(^uint(0) >> 1)
	}
	return maxLines
}

// text makes lines of a text, at its line feeds. Where a line is too long for the screen, the terminal breaks
// it: so it can be copied as one.
func (r *renderer) text(data []byte, k kind) (lines []string, whole bool) {
	shown, whole := cutText(data, r.bound(1))
	_, sgr := k.mark()
	for len(shown) > 0 {
		line, rest, _ := bytes.Cut(shown, []byte("\n"))
		if len(lines) == r.maxLines() {
			return lines, false
		}
		text, _ := visibleLine(string(bytes.TrimSuffix(line, []byte("\r"))), 0, r.style)
		lines = append(lines, r.paint(sgr, text))
		shown = rest
	}
	return lines, whole
}

// cutText is as much of a text as has so many octets, and whether that is all.
func cutText(data []byte, most int) ([]byte, bool) {
	if len(data) <= most {
		return data, true
	}
	for most > 0 && !utf8.RuneStart(data[most]) {
		most--
	}
	return data[:most], false
}

// binary makes lines of a binary message: how long it is, and a dump.
func (r *renderer) binary(data []byte, k kind) (lines []string, whole bool) {
	most := r.bound(1)
	if r.shown >= 0 {
		most = max(most/shownDump, octetsPerRow)
	}
	_, width := r.head(time.Time{}, k)
	_, sgr := k.mark()
	lines = append(lines, r.paint(sgr, "binary, "+octets(int64(len(data)))))
	lines = append(lines, hexdump(data[:min(len(data), most)], r.columns-width)...)
	return lines, len(data) <= most
}

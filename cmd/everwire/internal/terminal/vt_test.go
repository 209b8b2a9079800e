//go:build unix

package terminal

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// awhile is how long a test waits for what must come.
const awhile = time.Minute

// A vt is a terminal's screen that reads strictly: of control functions it knows those that this package means to use, and
// every other one is an error.
type vt struct {
	mu            sync.Mutex
	changed       *sync.Cond
	columns, rows int
	cells         [][]string
	x, y          int
	scrollback    []string
	rest          []byte // not yet whole
	foreign       []string
	modes         map[string]bool
	colours       int // times that SGR was used
}

func newVT(columns, rows int) *vt {
	v := &vt{columns: columns, rows: rows, modes: map[string]bool{}}
	v.changed = sync.NewCond(&v.mu)
	for range rows {
		v.cells = append(v.cells, v.blank())
	}
	return v
}

func (v *vt) blank() []string {
	row := make([]string, v.columns)
	for i := range row {
		row[i] = " "
	}
	return row
}

// Write is what the program writes.
func (v *vt) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rest = append(v.rest, p...)
	for len(v.rest) > 0 {
		n := v.one(v.rest)
		if n == 0 {
			break
		}
		v.rest = v.rest[n:]
	}
	v.changed.Broadcast()
	return len(p), nil
}

func (v *vt) one(in []byte) int {
	switch {
	case in[0] == '\r':
		v.x = 0
		return 1
	case in[0] == '\n':
		v.lineFeed()
		return 1
	case in[0] == 0x1b:
		return v.sequence(in)
	case !utf8.FullRune(in):
		return 0
	}
	r, n := utf8.DecodeRune(in)
	if r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r == utf8.RuneError && n == 1 {
		v.foreign = append(v.foreign, fmt.Sprintf("%U", r))
		return n
	}
	v.put(r)
	return n
}

func (v *vt) put(r rune) {
	w := columnsOf(r)
	if w == 0 {
		v.cells[v.y][max(v.x-1, 0)] += string(r)
		return
	}
	if v.x+w > v.columns {
		if v.modes["no wrap"] {
			v.x = v.columns - w
		} else {
			v.x = 0
			v.lineFeed()
		}
	}
	v.cells[v.y][v.x] = string(r)
	if w == 2 {
		v.cells[v.y][v.x+1] = ""
	}
	v.x += w
}

func (v *vt) lineFeed() {
	if v.y < v.rows-1 {
		v.y++
		return
	}
	v.scroll()
}

func (v *vt) scroll() {
	v.scrollback = append(v.scrollback, strings.TrimRight(strings.Join(v.cells[0], ""), " "))
	v.cells = append(v.cells[1:], v.blank())
}

func (v *vt) sequence(in []byte) int {
	if len(in) < 2 {
		return 0
	}
	if in[1] != '[' {
		v.foreign = append(v.foreign, fmt.Sprintf("%q", in[:2]))
		return 2
	}
	i := 2
	for i < len(in) && in[i] >= 0x20 && in[i] < 0x40 {
		i++
	}
	if i == len(in) {
		return 0
	}
	v.csi(string(in[2:i]), in[i])
	return i + 1
}

func (v *vt) csi(params string, last byte) {
	n := 1
	fmt.Sscanf(params, "%d", &n)
	switch {
	case last == 'm':
		v.colours++
	case last == 'A':
		v.y = max(v.y-n, 0)
	case last == 'C':
		v.x = min(v.x+n, v.columns-1)
	case last == 'J' && params == "":
		v.erase(v.y, v.x)
	case last == 'J' && params == "2":
		v.erase(0, 0)
	case last == 'H' && params == "":
		v.x, v.y = 0, 0
	case params == "?7" && (last == 'h' || last == 'l'):
		v.modes["no wrap"] = last == 'l'
	case (last == 'h' || last == 'l') && (params == "?25" || params == "?2004" || params == "?2026"):
		v.modes[params] = last == 'h'
	default:
		v.foreign = append(v.foreign, "CSI "+params+string(last))
	}
}

func (v *vt) erase(y, x int) {
	for ; y < v.rows; y++ {
		for ; x < v.columns; x++ {
			v.cells[y][x] = " "
		}
		x = 0
	}
}

// resize does what xterm does: rows are cut, not broken.
func (v *vt) resize(columns, rows int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.columns = columns
	for i, row := range v.cells {
		row = append(row[:min(len(row), columns):min(len(row), columns)], v.blank()[min(len(row), columns):]...)
		v.cells[i] = row
	}
	for v.y >= rows {
		v.scroll()
		v.cells = v.cells[:len(v.cells)-1]
		v.y--
		v.rows--
	}
	for len(v.cells) > rows {
		v.cells = v.cells[:len(v.cells)-1]
	}
	for len(v.cells) < rows {
		v.cells = append(v.cells, v.blank())
	}
	v.rows = rows
	v.x = min(v.x, columns-1)
}

// text is everything, scrollback and screen.
func (v *vt) text() string {
	return strings.Join(append(append([]string(nil), v.scrollback...), v.shown()...), "\n")
}

func (v *vt) shown() (lines []string) {
	for _, row := range v.cells {
		lines = append(lines, strings.TrimRight(strings.Join(row, ""), " "))
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// all is text for who does not hold the lock.
func (v *vt) all() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.text()
}

// until waits until the text is as it should be, and returns it.
func (v *vt) until(t *testing.T, what string, ok func(text string) bool) string {
	t.Helper()
	timer := time.AfterFunc(awhile, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		ok = nil
		v.changed.Broadcast()
	})
	defer timer.Stop()
	v.mu.Lock()
	defer v.mu.Unlock()
	for ok != nil && !ok(v.text()) {
		v.changed.Wait()
	}
	if ok == nil {
		t.Fatalf("waiting for %s; the screen is\n%s", what, v.text())
	}
	return v.text()
}

// await waits for some text anywhere.
func (v *vt) await(t *testing.T, want string) string {
	t.Helper()
	return v.until(t, fmt.Sprintf("%q", want), func(text string) bool { return strings.Contains(text, want) })
}

// awaitLine waits for a row of the screen that begins like that.
func (v *vt) awaitLine(t *testing.T, want string) {
	t.Helper()
	v.until(t, fmt.Sprintf("a line %q", want), func(text string) bool {
		return strings.HasPrefix(text, want) || strings.Contains(text, "\n"+want)
	})
}

// within receives, or fails after a while.
func within[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(awhile):
		t.Fatalf("nothing came in %v", awhile)
		panic("not reached")
	}
}

package conform

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/everwire/everwire/conformance"
)

// A progress shows how far a run is: on a terminal by a line that changes, elsewhere by a line for each result. Results
// that are not good stay on the terminal, too.
type progress struct {
	out   io.Writer
	width func() int // of the terminal; nil if it is none
	color bool
	total int

	mu      sync.Mutex
	done    int
	short   int // results that are not good
	running []*conformance.Case
	drawn   time.Time
	shown   bool // a bar is on the line
}

func newProgress(out io.Writer, total int) *progress {
	p := &progress{out: out, total: total}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		p.width = func() int {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
				return w
			}
			return 80
		}
		p.color = os.Getenv("NO_COLOR") == ""
	}
	return p
}

func (p *progress) start(c *conformance.Case) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = append(p.running, c)
	p.draw(false)
}

func (p *progress) result(r *conformance.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.running, r.Case); i >= 0 {
		p.running = slices.Delete(p.running, i, i+1)
	}
	p.done++
	if !r.Good() {
		p.short++
	}
	if p.width == nil {
		fmt.Fprintln(p.out, line(r))
		return
	}
	if !r.Good() {
		p.erase()
		fmt.Fprintln(p.out, p.paint(line(r)))
	}
	p.draw(p.done == p.total)
}

// Write lets a client's program say something in between.
func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	return p.out.Write(text)
}

// finish takes the bar away.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

// line is a result in one line: its number first.
func line(r *conformance.Result) string {
	s := fmt.Sprintf("%-8s %-13s", r.Case.ID, r.Behavior)
	if r.Close != r.Behavior {
		s += fmt.Sprintf(" close %s", r.Close)
	}
	if why := reason(r); why != "" {
		first, _, _ := strings.Cut(why, "\n")
		s += " " + first
	}
	return strings.TrimRight(s, " ")
}

// reason says why a result is not plainly OK.
func reason(r *conformance.Result) string {
	if r.Behavior != conformance.OK {
		return r.Reason
	}
	if r.Close != conformance.OK {
		return r.CloseReason
	}
	return ""
}

const interval = 50 * time.Millisecond // between two bars

// draw draws the bar, now and then or now.
func (p *progress) draw(now bool) {
	if p.width == nil || !now && time.Since(p.drawn) < interval {
		return
	}
	p.erase()
	p.drawn, p.shown = time.Now(), true
	const cells = 24
	full := 0
	if p.total > 0 {
		full = cells * p.done / p.total
	}
	s := fmt.Sprintf("%s%s %d/%d", strings.Repeat("█", full), strings.Repeat("░", cells-full), p.done, p.total)
	if p.short > 0 {
		s += fmt.Sprintf("  %d short", p.short)
	}
	if len(p.running) > 0 {
		c := p.running[0] // the one that takes longest
		s += fmt.Sprintf("  %s %s", c.ID, c.Name)
		if more := len(p.running) - 1; more > 0 {
			s += fmt.Sprintf(" (and %d more)", more)
		}
	}
	fmt.Fprint(p.out, cut(s, p.width()-1))
}

func (p *progress) erase() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}

func (p *progress) paint(s string) string {
	if !p.color {
		return s
	}
	return "\x1b[31m" + s + "\x1b[0m"
}

// cut shortens a line to a width in characters.
func cut(s string, width int) string {
	r := []rune(s)
	if width < 1 || len(r) <= width {
		return s
	}
	return string(r[:width-1]) + "…"
}

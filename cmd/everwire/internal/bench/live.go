package bench

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/everwire/everwire/cmd/everwire/load"
)

const (
	redraw      = 200 * time.Millisecond // on a terminal
	plainEvery  = 5 * time.Second        // between two lines elsewhere
	soakEvery   = time.Minute
	barCells    = 28
	narrowCells = 10
)

// A live shows a run while it is under way: on a terminal by a few lines that change, elsewhere by a line now and then.
type live struct {
	out      io.Writer
	size     func() (width, height int) // of the terminal; nil if it is none
	color    bool
	settings *Settings
	moment   func() moment
	every    time.Duration

	shown []int // how wide the lines are that are on the terminal
	done  chan struct{}
	ended sync.WaitGroup
}

func newLive(out io.Writer, s *Settings, moment func() moment) *live {
	l := &live{out: out, settings: s, moment: moment, every: plainEvery}
	if s.Soak {
		l.every = soakEvery
	}
	if f, ok := terminal(out); ok && os.Getenv("TERM") != "dumb" {
		l.every = redraw
		l.color = os.Getenv("NO_COLOR") == ""
		l.size = func() (int, int) {
			w, h, err := term.GetSize(int(f.Fd()))
			if err != nil || w <= 0 {
				w = 80
			}
			if err != nil || h <= 0 {
				h = 24
			}
			return w, h
		}
	}
	return l
}

// terminal returns the terminal that w writes to, if it does.
func terminal(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// start shows the run until stop is called.
func (l *live) start() {
	l.done = make(chan struct{})
	l.ended.Go(func() {
		ticker := time.NewTicker(l.every)
		defer ticker.Stop()
		for {
			select {
			case <-l.done:
				return
			case <-ticker.C:
				l.show(l.moment())
			}
		}
	})
}

// stop takes the lines that change away. What is written from then on stands where they were.
func (l *live) stop() {
	close(l.done)
	l.ended.Wait()
	if len(l.shown) > 0 {
		width, _ := l.size()
		fmt.Fprint(l.out, l.home(width)+"\x1b[J")
		l.shown = nil
	}
}

func (l *live) show(m moment) {
	if !m.anythingThen {
		return
	}
	if l.size == nil {
		fmt.Fprintln(l.out, l.plain(m))
		return
	}
	width, height := l.size()
	lines := l.lines(m, width-1) // a full line would make some terminals begin another one
	lines = lines[:min(len(lines), max(1, height-1))]
	var b strings.Builder
	b.WriteString(l.home(width))
	l.shown = l.shown[:0]
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		line = cutTo(line, width-1)
		l.shown = append(l.shown, utf8.RuneCountInString(line))
		b.WriteString(l.paint(line, i, m) + "\x1b[K")
	}
	b.WriteString("\x1b[J")
	io.WriteString(l.out, b.String()) // whatever becomes of it, the run goes on
}

// home moves the cursor to where the first line begins. A terminal that has become narrower since has made several of a
// line.
func (l *live) home(width int) string {
	rows := 0
	for _, n := range l.shown {
		rows += max(1, (n+width-1)/max(1, width))
	}
	if rows <= 1 {
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA", rows-1)
}

// paint colours a line: the bar, and errors.
func (l *live) paint(line string, i int, m moment) string {
	switch {
	case !l.color:
		return line
	case i == 0:
		return "\x1b[1m" + line + "\x1b[0m"
	case m.errorsInAll > 0 && strings.HasPrefix(line, errorsLabel):
		return "\x1b[31m" + line + "\x1b[0m"
	}
	return line
}

const errorsLabel = "errors"

// label begins a line of what is shown.
func label(s string) string { return pad(s, 13) }

// lines are what a terminal shows; they may be too long for it.
func (l *live) lines(m moment, width int) []string {
	lines := []string{l.bar(m, width)}
	connections := countWords(m.open)
	if m.target > 0 && int64(m.target) != m.open {
		connections += " of " + countWords(int64(m.target))
	}
	connections += " open"
	if m.opening > 0 {
		connections += ", " + countWords(m.opening) + " opening"
	}
	lines = append(lines, label("connections")+connections)
	if l.settings.Scenario != load.Idle && m.phase != load.Connecting {
		things := " messages/s"
		if l.settings.Scenario == load.Handshake {
			things = " handshakes/s"
		}
		lines = append(lines, label("now")+rateWords(wholeRate(m.rate))+things+
			"  "+octetWords(m.in)+"/s in  "+octetWords(m.out)+"/s out")
	}
	if m.now.Count > 0 {
		lines = append(lines, label("latency")+"p50 "+timeWords(m.now.P50)+"  p99 "+timeWords(m.now.P99)+"  max "+timeWords(m.now.Max))
	}
	if m.all.Count > 0 {
		lines = append(lines, label("  in all")+"p50 "+timeWords(m.all.P50)+"  p99 "+timeWords(m.all.P99)+"  max "+timeWords(m.all.Max))
	}
	if m.errorsInAll > 0 {
		lines = append(lines, label(errorsLabel)+errorWords(m.failures))
	}
	return lines
}

// errorWords are errors by kind, on one line.
func errorWords(all []Failure) string {
	parts := make([]string, len(all))
	for i, f := range all {
		parts[i] = countWords(f.Count) + " " + f.Kind
	}
	return strings.Join(parts, ", ")
}

// wholeRate is a rate without the digits that would flicker.
func wholeRate(x float64) float64 {
	if x < 10 {
		return x
	}
	return float64(int64(x + 0.5))
}

// share is how much of a phase is over, of 1, and how long the run still takes.
func (l *live) share(m moment) (of float64, left time.Duration) {
	s := l.settings
	switch m.phase {
	case load.Connecting:
		if m.target > 0 {
			of = float64(m.open) / float64(m.target)
		}
		return min(1, of), 0
	case load.Warming:
		left = s.Warmup - m.into + s.Duration
		of = float64(m.into) / float64(s.Warmup)
	case load.Measuring:
		left = s.Duration - m.into
		of = float64(m.into) / float64(max(1, s.Duration))
	default:
		return 1, 0
	}
	return min(1, max(0, of)), max(0, left)
}

// bar is the line that says how far the run is.
func (l *live) bar(m moment, width int) string {
	of, left := l.share(m)
	cells := barCells
	if width < 70 {
		cells = narrowCells
	}
	full := int(of * float64(cells))
	line := label(string(m.phase)) + strings.Repeat("█", full) + strings.Repeat("░", cells-full)
	switch m.phase {
	case load.Warming, load.Measuring:
		line += fmt.Sprintf(" %3d %%  %s left", int(100*of), spanWords(left.Round(time.Second)))
	}
	return line
}

// plain is the line for a log.
func (l *live) plain(m moment) string {
	parts := []string{
		padLeft(spanWords(m.at.Round(time.Second)), 5), string(m.phase), countWords(m.open) + " open",
	}
	if l.settings.Scenario != load.Idle && m.phase != load.Connecting {
		parts = append(parts, rateWords(wholeRate(m.rate))+"/s")
	}
	if m.now.Count > 0 {
		parts = append(parts, "p50 "+timeWords(m.now.P50), "p99 "+timeWords(m.now.P99), "max "+timeWords(m.now.Max))
	}
	if m.errorsInAll > 0 {
		parts = append(parts, "errors: "+errorWords(m.failures))
	}
	return strings.Join(parts, "  ")
}

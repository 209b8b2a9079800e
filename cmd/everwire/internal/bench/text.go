package bench

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/everwire/everwire/cmd/everwire/load"
)

// TextOptions say how the summary is written.
type TextOptions struct {
	Width int // of the terminal in characters; 0: 80
	Color bool
}

// WriteText writes the summary for people.
func (r *Report) WriteText(w io.Writer, o TextOptions) error {
	if o.Width <= 0 {
		o.Width = 80
	}
	t := &text{TextOptions: o}
	t.heading(r)
	t.totals(r)
	t.times(r)
	t.spread(r)
	t.failures(r)
	t.checks(r)
	t.generator(r)
	_, err := io.WriteString(w, t.b.String())
	return err
}

// A text is a summary that is being written.
type text struct {
	TextOptions
	b strings.Builder
}

const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
	faint  = "2"
)

func (t *text) paint(style, s string) string {
	if !t.Color || style == "" || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

func (t *text) line(format string, args ...any) {
	fmt.Fprintf(&t.b, format+"\n", args...)
}

// title begins a part.
func (t *text) title(s string) { t.line("\n%s", t.paint(bold, s)) }

// pad fills s up with blanks, to the right of it or, for numbers, to the left.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s))) + s
}

// wrapped writes words in as many lines as the width asks for, with a first indent and another for what follows.
func (t *text) wrapped(style, first, rest, s string) {
	line, indent := first, utf8.RuneCountInString(first)
	used := indent
	for i, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case used+1+n > t.Width:
			t.line("%s", t.paint(style, line))
			line, used = rest, utf8.RuneCountInString(rest)
		default:
			line += " "
			used++
		}
		line += word
		used += n
	}
	t.line("%s", t.paint(style, line))
}

func (t *text) heading(r *Report) {
	t.line("%s", t.paint(bold, cutTo(r.Settings.URL, t.Width)))
	for _, s := range r.Settings.words() {
		t.wrapped("", "  ", "    ", s)
	}
	if r.Interrupted {
		t.wrapped(yellow, "  ", "  ", "Interrupted: this is what was measured until then.")
	}
}

// words says what load was made.
func (s *Settings) words() []string {
	var what string
	connections := plural(int64(s.Connections), "connection")
	if len(s.Stages) > 0 {
		connections = "up to " + connections
	}
	message := octetWords(float64(s.Size)) + " " + s.Source
	switch s.Source {
	case "template":
		message = "a template"
	case "file":
		message = octetWords(float64(s.Size)) + " from a file"
	case "text":
		message = octetWords(float64(s.Size))
	case "random":
		message = octetWords(float64(s.Size)) + " at random"
	}
	kind := "binary"
	if s.Text {
		kind = "text"
	}
	message += ", " + kind
	if s.Compress != "" && s.Compress != "off" {
		message += ", compressed"
		if s.Compress == "takeover" {
			message += " with context"
		}
	}
	switch s.Scenario {
	case load.Broadcast:
		what = connections + ", every message to all of them: " + message
	case load.Idle:
		what = connections + " that are held"
	case load.Handshake:
		what = connections + " at a time, opened and closed again and again"
	default:
		what = connections + ", echo: " + message
	}
	lines := []string{what, s.paceWords()}
	if len(s.Stages) > 0 {
		lines = append(lines, "stages "+stageWords(s.Stages))
	}
	return lines
}

// paceWords says when messages are sent, and for how long.
func (s *Settings) paceWords() string {
	thing := "message"
	if s.Scenario == load.Handshake {
		thing = "handshake"
	}
	var pace string
	switch {
	case s.Scenario == load.Idle && len(s.Stages) > 0:
		pace = "nothing is sent"
	case s.Scenario == load.Idle:
		pace = "nothing is sent but one message each, at first"
	case s.PerConnection > 0:
		pace = fmt.Sprintf("open loop: %s %ss/s on each connection", rateWords(s.PerConnection), thing)
	case s.Rate > 0:
		pace = fmt.Sprintf("open loop: %s %ss/s in all", rateWords(s.Rate), thing)
	case s.Scenario == load.Handshake:
		pace = "closed loop: as fast as they are answered"
	case s.Scenario == load.Broadcast:
		pace = fmt.Sprintf("closed loop: %s on the way at a time", plural(int64(s.InFlight), thing))
	default:
		pace = fmt.Sprintf("closed loop: %s on the way on each connection", plural(int64(s.InFlight), thing))
	}
	pace += ", for " + spanWords(s.Duration)
	if s.Warmup > 0 {
		pace += " after a warm-up of " + spanWords(s.Warmup)
	}
	return pace
}

func stageWords(stages []load.Stage) string {
	var parts []string
	for _, s := range stages {
		parts = append(parts, fmt.Sprintf("%s to %s", spanWords(s.Duration), countWords(int64(s.Connections))))
	}
	return strings.Join(parts, ", ")
}

const labelWidth = 16

// row writes a label and what belongs to it, and more in a column of its own where there is room.
func (t *text) row(label, value, more string) {
	const valueWidth = 26
	begin := "  " + t.paint(faint, pad(label, labelWidth-2))
	if more == "" || labelWidth+valueWidth+utf8.RuneCountInString(more) <= t.Width {
		t.line("%s", strings.TrimRight(begin+pad(value, valueWidth)+more, " "))
		return
	}
	t.line("%s%s", begin, value)
	t.line("%s%s", strings.Repeat(" ", labelWidth), more)
}

func (t *text) totals(r *Report) {
	t.line("")
	s := &r.Settings
	if s.Scenario != load.Idle {
		nouns := plural(r.Messages, noun(s.Scenario))
		rate := rateWords(r.Rate()) + " messages/s"
		switch s.Scenario {
		case load.Handshake:
			rate = rateWords(r.Rate()) + " handshakes/s"
		case load.Broadcast:
			rate = rateWords(r.Rate()) + " deliveries/s"
		}
		t.row("Throughput", rate, nouns+" in "+timeWords(r.Elapsed))
		if s.Scenario != load.Handshake {
			t.row("", octetWords(perSec(float64(r.Received), r.Elapsed))+"/s in",
				octetWords(perSec(float64(r.Sent), r.Elapsed))+"/s out")
		}
	} else {
		t.row("Held", plural(r.Peak, "connection"), "for "+timeWords(r.Elapsed))
	}
	if r.Connecting > 0 {
		t.row("Connected", plural(r.Peak, "connection"), "in "+timeWords(r.Connecting))
	} else if len(s.Stages) > 0 {
		t.row("Connected", countWords(r.Peak)+" at most", "")
	}
	if r.Checked > 0 {
		t.row("Checked", plural(r.Checked, "message"), "compared octet by octet")
	}
	if d, ok := r.drift(); ok {
		rate, p99 := d.words()
		t.row("Drift", rate, p99)
	}
	if r.Unsent > 0 {
		t.row("Unsent", plural(r.Unsent, "message"), "due when no connection was open")
	}
}

// times are the percentiles, one under the other.
func (t *text) times(r *Report) {
	columns := r.columns()
	if len(columns) == 0 {
		return
	}
	const width = 14
	head := strings.Repeat(" ", labelWidth-2)
	for _, c := range columns {
		head += padLeft(c.name, width)
	}
	t.title(head)
	for _, row := range timesRows {
		line := "  " + t.paint(faint, pad(row.name, labelWidth-4))
		for _, c := range columns {
			line += padLeft(timeWords(row.of(c.Stats)), width)
		}
		t.line("%s", line)
	}
}

// spread draws a small histogram.
func (t *text) spread(r *Report) {
	all := buckets(r.Latency, 10)
	if len(all) < 2 {
		return
	}
	t.title("How often")
	var highest, total int64
	for _, b := range all {
		highest, total = max(highest, b.Count), total+b.Count
	}
	const numbers = 34 // characters beside the bars
	width := min(40, t.Width-numbers)
	for _, b := range all {
		line := fmt.Sprintf("  %s … %s  ", padLeft(timeWords(b.From), 8), padLeft(timeWords(b.To), 8))
		share := padLeft(percentWords(float64(b.Count)/float64(total)), 8)
		if width < 4 {
			t.line("%s%s", line, share)
			continue
		}
		t.line("%s%s %s", line, pad(bar(float64(b.Count)/float64(highest), width), width), share)
	}
}

func (t *text) failures(r *Report) {
	if len(r.Failures) == 0 {
		return
	}
	t.line("\n%s  %s", t.paint(bold, "Errors"), t.paint(red, countWords(r.Errors())))
	widest := 0
	for _, f := range r.Failures {
		widest = max(widest, utf8.RuneCountInString(f.Kind))
	}
	for _, f := range r.Failures {
		indent := "  " + padLeft(countWords(f.Count), 7) + "  " + pad(f.Kind, widest) + "  "
		t.wrapped("", indent, strings.Repeat(" ", min(utf8.RuneCountInString(indent), t.Width/2)), f.Example)
	}
}

func (t *text) checks(r *Report) {
	if len(r.Checks) == 0 {
		return
	}
	t.title("Fails if")
	widest := 0
	for _, c := range r.Checks {
		widest = max(widest, utf8.RuneCountInString(c.Words()))
	}
	for _, c := range r.Checks {
		mark := t.paint(green, "✓")
		if c.Crossed {
			mark = t.paint(red, "✗")
		}
		t.line("  %s %s  %s", mark, pad(c.Words(), widest), c.said())
	}
}

// said is what a metric was, in words.
func (c Check) said() string {
	s := c.ActualWords()
	if c.Implied {
		s += " (unless told otherwise)"
	}
	return s
}

// generator says what making the load cost, and where that spoils the figures.
func (t *text) generator(r *Report) {
	warnings := r.warnings()
	if r.CPU > 0 || len(warnings) > 0 {
		t.line("")
	}
	if r.CPU > 0 { // which is not known of a run that broke off
		t.row("Generator", percentWords(min(1, r.Busy))+" busy", three(perSec(r.CPU.Seconds(), r.Elapsed))+" processors used")
	}
	for _, s := range warnings {
		t.wrapped(yellow, "  ! ", "    ", s)
	}
}

// cutTo shortens a line to a width in characters.
func cutTo(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	if width < 1 {
		return ""
	}
	return string([]rune(s)[:width-1]) + "…"
}

package interop

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A feature is a column of the table in docs/interop.md.
type feature string

const (
	text         feature = "text"
	binary       feature = "binary"
	largest      feature = "16 MiB"
	fragments    feature = "fragments"
	between      feature = "control frames between them"
	control      feature = "Ping, Pong"
	closing      feature = "closing, every code"
	failing      feature = "failing"
	flow         feature = "backpressure"
	subprotocols feature = "subprotocols"
	handshakes   feature = "headers, refusals"
	encrypted    feature = "TLS"
	unixSockets  feature = "Unix sockets"
	agreeing     feature = "agreeing on it"
	takeover     feature = "context takeover"
	window       feature = "window bits"
	inflated     feature = "inflating too much"
)

// columns are the features. Most are tried without and with compression, some with it only, some without.
var (
	columns = []feature{
		text, binary, largest, fragments, between, control, closing, failing, flow, subprotocols, handshakes, encrypted,
		unixSockets, agreeing, takeover, window, inflated,
	}
	withoutIt = []feature{handshakes}
	withIt    = []feature{agreeing, takeover, window, inflated}
)

// The table is what this run has seen; see docs/interop.md for its rows.
type table struct {
	mu      sync.Mutex
	rows    []*row
	pending int // scenarios that were expected and have not run
}

var seen table

// A row is about one piece of software in one role.
type row struct {
	them    *software
	role    string
	results []*result
}

// A result is what came of a scenario, with one face.
type result struct {
	in      *table
	key     string
	of      []feature
	deflate bool

	ran, failed bool
	reasons     []string // why it, or parts of it, were left out
	partly      bool     // something of it was not
}

// expect enters a scenario that is about to run, unless a -run pattern leaves it out. Run again, it has the same place.
func (tb *table) expect(them *software, role string, s scenario, face string, deflate bool) *result {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	i := slices.IndexFunc(tb.rows, func(r *row) bool { return r.them.name == them.name && r.role == role })
	if i < 0 {
		i = len(tb.rows)
		tb.rows = append(tb.rows, &row{them: them, role: role})
	}
	r := tb.rows[i]
	key := fmt.Sprint(face, s.name, deflate)
	for _, old := range r.results {
		if old.key == key {
			return old
		}
	}
	res := &result{in: tb, key: key, of: s.of, deflate: deflate}
	r.results = append(r.results, res)
	tb.pending++
	return res
}

// over notes that the scenario has run.
func (res *result) over(t *testing.T) {
	res.in.mu.Lock()
	defer res.in.mu.Unlock()
	if !res.ran {
		res.in.pending--
	}
	res.ran = true
	res.failed = res.failed || t.Failed()
	res.partly = res.partly || !t.Skipped()
}

// able skips a test whose part of the scenario the software cannot do.
func (p pairing) able(t *testing.T, part string) {
	t.Helper()
	if why, cannot := p.them.cannot[part]; cannot {
		p.partly(part)
		t.Skip("left out: " + why)
	}
}

// partly notes at the scenario why a part of it is left out, or goes another way.
func (p pairing) partly(part string) {
	why := p.them.cannot[part]
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if !slices.Contains(p.result.reasons, why) {
		p.result.reasons = append(p.result.reasons, why)
	}
}

// A mark is what a cell says about one way, without or with compression.
type mark struct {
	sign    string
	reasons []string
}

// mark sums up what was seen of a feature.
func (r *row) mark(f feature, deflate bool) mark {
	m := mark{sign: "–"}
	failed := false
	for _, res := range r.results {
		if res.deflate != deflate || !slices.Contains(res.of, f) {
			continue
		}
		if res.partly {
			m.sign = "✓"
		}
		failed = failed || res.failed
		for _, why := range res.reasons {
			if !slices.Contains(m.reasons, why) {
				m.reasons = append(m.reasons, why)
			}
		}
	}
	if failed {
		m.sign = "✗"
	}
	if m.sign == "–" && len(m.reasons) == 0 {
		why := r.them.cannot[string(f)]
		if why == "" {
			panic(fmt.Sprintf("nothing is said about %s of %s's %s, compressed %t", f, r.them.name, r.role, deflate))
		}
		m.reasons = []string{why}
	}
	return m
}

// markdown is the table as docs/interop.md has it.
func (tb *table) markdown() string {
	var notes []string
	var b strings.Builder
	b.WriteString("| software | version | role |")
	for _, f := range columns {
		fmt.Fprintf(&b, " %s |", f)
	}
	b.WriteString("\n" + strings.Repeat("|---", 3+len(columns)) + "|\n")
	rows := slices.SortedFunc(slices.Values(tb.rows), func(a, b *row) int {
		return strings.Compare(a.them.name+a.role, b.them.name+b.role)
	})
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s |", r.them.name, r.them.version, r.role)
		for _, f := range columns {
			var marks []mark
			if !slices.Contains(withIt, f) {
				marks = append(marks, r.mark(f, false))
			}
			if !slices.Contains(withoutIt, f) {
				marks = append(marks, r.mark(f, true))
			}
			b.WriteString(" " + cell(marks, &notes) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for i, why := range notes {
		fmt.Fprintf(&b, "%d. %s\n", i+1, why)
	}
	return b.String()
}

// cell writes marks with the numbers of their notes, and adds the notes that are new.
func cell(marks []mark, notes *[]string) string {
	var signs []string
	for _, m := range marks {
		var numbers []string
		for _, why := range m.reasons {
			i := slices.Index(*notes, why)
			if i < 0 {
				i = len(*notes)
				*notes = append(*notes, why)
			}
			numbers = append(numbers, fmt.Sprint(i+1))
		}
		sign := m.sign
		if len(numbers) > 0 {
			sign += "<sup>" + strings.Join(numbers, ",") + "</sup>"
		}
		signs = append(signs, sign)
	}
	return strings.Join(signs, " ")
}

const (
	document = "../docs/interop.md"
	begins   = "<!-- The table is written by: go test ./interop -update -->\n"
	ends     = "<!-- end of the table -->\n"
)

var update = flag.Bool("update", false, "write the table of docs/interop.md, if all software took part")

// check compares the table with the document's, or writes it there. A run that has not seen all that the document
// tells of says nothing against it.
func (tb *table) check() error {
	page, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	head, rest, ok1 := strings.Cut(string(page), begins)
	old, tail, ok2 := strings.Cut(rest, ends)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has lost the comments between which the table stands", document)
	}
	if *update {
		if tb.pending > 0 {
			return fmt.Errorf("not updated: %d scenarios have not run", tb.pending)
		}
		return os.WriteFile(document, []byte(head+begins+tb.markdown()+ends+tail), 0o644)
	}
	if tb.pending > 0 {
		return nil
	}
	for name := range tableRows(old) {
		if !slices.ContainsFunc(tb.rows, func(r *row) bool { return r.them.name+" "+r.role == name }) {
			return nil
		}
	}
	if now := tb.markdown(); withoutVersions(now) != withoutVersions(old) {
		return fmt.Errorf("%s does not tell what was seen; go test ./interop -update writes it:\n%s", document, now)
	}
	return nil
}

// tableRows yields the table's rows by software and role, each as its cells.
func tableRows(markdown string) func(func(string, []string) bool) {
	return func(yield func(string, []string) bool) {
		for line := range strings.Lines(markdown) {
			cells := strings.Split(line, " | ")
			if !strings.HasPrefix(line, "| ") || len(cells) < 3 || cells[0] == "| software" {
				continue
			}
			if !yield(strings.TrimPrefix(cells[0], "| ")+" "+cells[2], cells) {
				return
			}
		}
	}
}

// withoutVersions leaves out the second cell of each row: another machine has other versions.
func withoutVersions(markdown string) string {
	var b strings.Builder
	for line := range strings.Lines(markdown) {
		if cells := strings.Split(line, " | "); len(cells) > 3 {
			cells[1] = ""
			line = strings.Join(cells, " | ")
		}
		b.WriteString(line)
	}
	return b.String()
}

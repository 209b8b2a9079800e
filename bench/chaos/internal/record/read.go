package record

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A Run is all that was written down.
type Run struct {
	Members    []*Member
	Publishers []*Publisher
	Faults     []Fault
}

// A Member is what one member saw.
type Member struct {
	Name, Room string
	Opened     int // connections
	Joined     int
	TooOld     int
	Messages   []Message
}

// A Message is one that came to a member.
type Message struct {
	Time int64
	Node int // to which the member was connected
	At   Place
	ID   string

	Publisher string
	Number    int
	Sent      int64
}

// A Publisher is what one publisher did.
type Publisher struct {
	Name, Room string
	Messages   []Sent // one for each ID, in the order of the first attempts
}

// A Sent is a message that a publisher has tried to publish.
type Sent struct {
	ID       string
	Number   int
	Attempts int
	Node     int   // of the last attempt
	First    int64 // time of the first attempt
	Acked    int64 // zero: it was not acknowledged
	At       Place
}

// Read reads a directory.
func Read(dir string) (*Run, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	run := &Run{}
	for _, e := range entries {
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		err = run.read(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, e.Name()), err)
		}
	}
	return run, nil
}

// read reads one file.
func (r *Run) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	var take func(w *words)
	for n := 1; lines.Scan(); n++ {
		w := &words{rest: strings.Fields(lines.Text())}
		if first := w.plain(); take == nil || first == "fault" {
			take = r.begin(first, w)
		} else {
			w.verb = first
			take(w)
		}
		if w.err == nil && len(w.rest) > 0 {
			w.err = errors.New("there are more words")
		}
		if w.err != nil {
			return fmt.Errorf("line %d, %q: %w", n, lines.Text(), w.err)
		}
	}
	return lines.Err()
}

// begin takes the first line, and returns what takes the others.
func (r *Run) begin(kind string, w *words) func(*words) {
	switch kind {
	case "member":
		m := &Member{Name: w.text(), Room: w.text()}
		r.Members = append(r.Members, m)
		node := 0
		return func(w *words) { m.take(w, &node) }
	case "publisher":
		p := &Publisher{Name: w.text(), Room: w.text()}
		r.Publishers = append(r.Publishers, p)
		byID := make(map[string]int)
		return func(w *words) { p.take(w, byID) }
	case "fault":
		r.Faults = append(r.Faults, Fault{From: w.number(), To: w.number(), Kind: w.text()})
		return func(w *words) { w.err = errors.New("this is no fault") }
	}
	w.err = errors.New("this is the record of nobody")
	return nil
}

func (m *Member) take(w *words, node *int) {
	t := w.number()
	switch w.verb {
	case "open":
		m.Opened++
		*node = int(w.number())
	case "joined":
		m.Joined++
		w.place()
		w.number()
	case "message":
		m.Messages = append(m.Messages, Message{
			Time: t, Node: *node, At: w.place(), ID: w.text(), Publisher: w.text(), Number: int(w.number()), Sent: w.number(),
		})
	case "tooold":
		m.TooOld++
	case "closed":
		w.text()
	default:
		w.err = errors.New("a member does no such thing")
	}
}

func (p *Publisher) take(w *words, byID map[string]int) {
	t, number, id := w.number(), int(w.number()), w.text()
	i, known := byID[id]
	switch w.verb {
	case "sent":
		if !known {
			i = len(p.Messages)
			byID[id] = i
			p.Messages = append(p.Messages, Sent{ID: id, Number: number, First: t})
		}
		p.Messages[i].Attempts++
		p.Messages[i].Node = int(w.number())
	case "ack":
		at := w.place()
		if !known {
			w.err = errors.New("this was never sent")
			return
		}
		p.Messages[i].Acked, p.Messages[i].At = t, at
	default:
		w.err = errors.New("a publisher does no such thing")
	}
}

// words are the words of a line. After an error they are all empty.
type words struct {
	verb string
	rest []string
	err  error
}

func (w *words) plain() string {
	if len(w.rest) == 0 {
		if w.err == nil {
			w.err = errors.New("a word is missing")
		}
		return ""
	}
	first := w.rest[0]
	w.rest = w.rest[1:]
	return first
}

func (w *words) number() int64 {
	n, err := strconv.ParseInt(w.plain(), 10, 64)
	w.fail(err)
	return n
}

func (w *words) text() string {
	escaped, ok := strings.CutPrefix(w.plain(), "=")
	if !ok {
		w.fail(errors.New("a text is missing"))
	}
	text, err := url.QueryUnescape(escaped)
	w.fail(err)
	return text
}

func (w *words) place() Place {
	epoch := w.text()
	offset, err := strconv.ParseUint(w.plain(), 10, 64)
	w.fail(err)
	return Place{Epoch: epoch, Offset: offset}
}

func (w *words) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

package record

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A Writer writes one file. Its methods may be called concurrently; an error is told by Close.
type Writer struct {
	mu  sync.Mutex
	f   *os.File
	out *bufio.Writer
}

// A Place is that of a message in a room's log.
type Place struct {
	Epoch  string
	Offset uint64
}

// NewMember begins the file of a member; NewPublisher that of a publisher.
func NewMember(dir, name, room string) (*Writer, error) { return create(dir, "member", name, room) }

func NewPublisher(dir, name, room string) (*Writer, error) {
	return create(dir, "publisher", name, room)
}

func create(dir, kind, name, room string) (*Writer, error) {
	f, err := os.Create(filepath.Join(dir, kind+"-"+name))
	if err != nil {
		return nil, err
	}
	w := &Writer{f: f, out: bufio.NewWriter(f)}
	w.line("%s %s %s", kind, word(name), word(room))
	return w, nil
}

func (w *Writer) line(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(w.out, format+"\n", args...)
}

// word makes one word of any text.
func word(text string) string { return "=" + url.QueryEscape(text) }

func (w *Writer) Open(t time.Time, node int) { w.line("open %d %d", t.UnixNano(), node) }
func (w *Writer) TooOld(t time.Time)         { w.line("tooold %d", t.UnixNano()) }

func (w *Writer) Closed(t time.Time, why string) { w.line("closed %d %s", t.UnixNano(), word(why)) }

func (w *Writer) Joined(t time.Time, at Place, missed int) {
	w.line("joined %d %s %d %d", t.UnixNano(), word(at.Epoch), at.Offset, missed)
}

func (w *Writer) Message(t time.Time, at Place, id, publisher string, number int, sent int64) {
	w.line("message %d %s %d %s %s %d %d", t.UnixNano(), word(at.Epoch), at.Offset, word(id), word(publisher), number, sent)
}

func (w *Writer) Sent(t time.Time, number int, id string, node int) {
	w.line("sent %d %d %s %d", t.UnixNano(), number, word(id), node)
}

func (w *Writer) Ack(t time.Time, number int, id string, at Place) {
	w.line("ack %d %d %s %s %d", t.UnixNano(), number, word(id), word(at.Epoch), at.Offset)
}

// Close writes what is not written yet. The Writer must not be used any more.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.out.Flush()
	if e := w.f.Close(); err == nil {
		err = e
	}
	return err
}

// A Fault is when something was done to the nodes.
type Fault struct {
	Kind     string
	From, To int64
}

// WriteFaults writes the file of the faults.
func WriteFaults(dir string, faults []Fault) error {
	var text []byte
	for _, f := range faults {
		text = fmt.Appendf(text, "fault %d %d %s\n", f.From, f.To, word(f.Kind))
	}
	return os.WriteFile(filepath.Join(dir, "faults"), text, 0o644)
}

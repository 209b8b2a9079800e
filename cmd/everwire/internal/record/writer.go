package record

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
)

// A Writer writes a recording. Its methods, and those of its Connections, may be called concurrently.
//
// Each line is written at once, with one call of the io.Writer's Write: what has happened is in the file. After an
// error nothing more is written; Err tells it.
type Writer struct {
	header Header

	mu   sync.Mutex
	w    io.Writer
	last uint64
	err  error
}

// NewWriter begins a recording with its first line. Of h, Version does not matter.
func NewWriter(w io.Writer, h Header) *Writer {
	rw := &Writer{header: h, w: w}
	rw.write(&line{
		Type: typeRecording, Version: Version, Start: h.Start.UTC().Format(time.RFC3339Nano), Target: h.Target, Redacted: h.Redacted,
	})
	return rw
}

// Err returns the error that has ended the recording.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *Writer) write(l *line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if w.err = encoder.Encode(l); w.err == nil {
		_, w.err = w.w.Write(b.Bytes())
	}
}

// A Connection records one connection.
type Connection struct {
	w       *Writer
	id      uint64
	open    Open
	opened  bool
	early   []wire.Event // violations before it was opened
	endings [2]*Ending
}

// Connection begins a connection, of a client with an address. Give its See the Events of a wire.Decoder.
func (w *Writer) Connection(peer string) *Connection {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last++
	return &Connection{w: w, id: w.last, open: Open{Peer: peer}}
}

// ID returns the connection's number in the recording.
func (c *Connection) ID() uint64 { return c.id }

// See records an Event. It must not be called concurrently. The connection's entry comes with the answer to its
// handshake; interim answers (1xx) are left out.
func (c *Connection) See(e wire.Event) {
	switch {
	case e.Head != nil && e.From == wire.FromClient:
		c.open.Request = c.shown(e.Head)
	case e.Head != nil:
		c.open.Response = c.shown(e.Head)
		if status := e.Head.Status(); status >= 200 || status == 101 {
			c.begin(e)
		}
	case e.Frame != nil:
		c.begin(e)
		f := e.Frame
		c.write(e, Entry{Frame: &Frame{From: e.From, Header: f.Header, Payload: f.Payload, Cut: f.Cut}})
	case e.Violation != nil && !c.opened && len(c.early) < maxEarly:
		c.early = append(c.early, e)
	case e.Violation != nil:
		c.begin(e)
		c.write(e, Entry{Break: &Break{From: e.From, Error: e.Violation.Error()}})
	case e.End != nil:
		c.end(e)
	}
}

func (c *Connection) shown(h *wire.Head) *wire.Head {
	if c.w.header.Redacted {
		return h.Redacted()
	}
	return h
}

// begin writes the connection's first entry, if it is not written yet.
func (c *Connection) begin(e wire.Event) {
	if c.opened {
		return
	}
	c.opened = true
	c.write(e, Entry{Open: &c.open})
	for _, early := range c.early {
		early.Time = e.Time // times do not go back
		c.See(early)
	}
	c.early = nil
}

// maxEarly bounds how many violations there can be before a connection is opened; there are two.
const maxEarly = 8

func (c *Connection) end(e wire.Event) {
	ending := &Ending{Octets: e.End.Octets, Undecoded: e.End.Undecoded}
	if e.End.Err != nil {
		ending.Error = e.End.Err.Error()
	}
	c.endings[e.From] = ending
	if client, server := c.endings[wire.FromClient], c.endings[wire.FromServer]; client != nil && server != nil {
		c.begin(e)
		c.write(e, Entry{Close: &Close{Client: *client, Server: *server}})
	}
}

func (c *Connection) write(e wire.Event, entry Entry) {
	entry.Conn, entry.T = c.id, max(e.Time.Sub(c.w.header.Start), 0)
	c.w.write(lineOf(entry))
}

package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxLine bounds a line of a recording, in octets: enough for a frame of 64 MiB in base64.
const MaxLine = 96 << 20

// ErrUnfinished is the error of a recording whose last line is not whole, as when the machine stopped: all entries
// before it were returned.
var ErrUnfinished = errors.New("the recording's last line is not whole")

// A Mistake is what is wrong with a recording.
type Mistake struct {
	Line   int // counted from 1
	Reason string
}

func (m *Mistake) Error() string { return fmt.Sprintf("line %d: %s", m.Line, m.Reason) }

// A Reader reads a recording. It is not safe for concurrent use.
type Reader struct {
	r       *bufio.Reader
	maxLine int
	lines   int
	header  Header
	open    map[uint64]bool // connections: whether they are still open
}

// NewReader reads the first line of a recording. The error is a *Mistake if it is none, ErrUnfinished if there is
// nothing, or that of r.
func NewReader(r io.Reader) (*Reader, error) { return newReader(r, MaxLine) }

func newReader(r io.Reader, maxLine int) (*Reader, error) {
	rr := &Reader{r: bufio.NewReaderSize(r, 64<<10), maxLine: maxLine, open: map[uint64]bool{}}
	l, err := rr.line()
	switch {
	case err == io.EOF:
		return nil, ErrUnfinished
	case err != nil:
		return nil, err
	case l.Type != typeRecording:
		return nil, rr.mistake(`not a recording of everwire proxy: the first line must be {"type":"recording",…}`)
	case l.Version < 1:
		return nil, rr.mistake(`"version" must be a number from 1`)
	case l.Version > Version:
		return nil, rr.mistake(fmt.Sprintf("the recording's format is version %d, and this everwire knows %d: use a newer one", l.Version, Version))
	}
	start, err := time.Parse(time.RFC3339Nano, l.Start)
	if err != nil {
		return nil, rr.mistake(`"start" must be a time such as 2006-01-02T15:04:05Z`)
	}
	rr.header = Header{Version: l.Version, Start: start, Target: l.Target, Redacted: l.Redacted}
	return rr, nil
}

// Header returns the first line.
func (r *Reader) Header() Header { return r.header }

// Next returns the next entry. The error is io.EOF at the end, ErrUnfinished at an end inside a line, a *Mistake, or
// that of the reader below; after it, Next must not be called again.
//
// What Next returns is in order: an Open is the first of its connection, a Close the last.
func (r *Reader) Next() (Entry, error) {
	for {
		l, err := r.line()
		if err != nil {
			return Entry{}, err
		}
		e, known, err := l.entry()
		if err != nil {
			return Entry{}, r.mistake(err.Error())
		}
		if !known {
			continue
		}
		open, seen := r.open[e.Conn]
		switch {
		case e.Open != nil && seen:
			return Entry{}, r.mistake(fmt.Sprintf("connection %d is opened twice", e.Conn))
		case e.Open == nil && !open:
			return Entry{}, r.mistake(fmt.Sprintf("connection %d is not open", e.Conn))
		}
		r.open[e.Conn] = e.Close == nil
		return e, nil
	}
}

func (r *Reader) mistake(reason string) error { return &Mistake{r.lines, reason} }

// line reads a line that is not empty.
func (r *Reader) line() (*line, error) {
	for {
		r.lines++
		text, err := r.text()
		whole := err == nil
		if err != nil && err != io.EOF {
			return nil, err
		}
		if len(bytes.TrimSpace(text)) == 0 {
			if !whole {
				return nil, io.EOF
			}
			continue
		}
		l := &line{}
		if err := json.Unmarshal(text, l); err != nil {
			if !whole {
				return nil, ErrUnfinished
			}
			return nil, r.mistake("not a JSON object of a recording: " + err.Error())
		}
		return l, nil
	}
}

// text reads up to a line's end, or the input's, which is io.EOF.
func (r *Reader) text() (text []byte, err error) {
	for {
		part, err := r.r.ReadSlice('\n')
		if len(text)+len(part) > r.maxLine {
			return nil, r.mistake(fmt.Sprintf("longer than %d MiB", r.maxLine>>20))
		}
		text = append(text, part...)
		if err != bufio.ErrBufferFull {
			return text, err
		}
	}
}

package record

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket/frame"
)

// Types of lines.
const (
	typeRecording = "recording"
	typeOpen      = "open"
	typeFrame     = "frame"
	typeBreak     = "violation"
	typeClose     = "close"
)

// line is a line as it is in the file, of any type.
type line struct {
	Type string `json:"type"`

	// recording
	Version  int    `json:"version,omitempty"`
	Start    string `json:"start,omitempty"`
	Target   string `json:"target,omitempty"`
	Redacted bool   `json:"redacted,omitempty"`

	// all others
	Conn uint64   `json:"conn,omitempty"`
	T    *seconds `json:"t,omitempty"`

	// open
	Peer     string `json:"peer,omitempty"`
	Request  *head  `json:"request,omitempty"`
	Response *head  `json:"response,omitempty"`

	// frame and violation
	Dir string `json:"dir,omitempty"`

	// frame
	Op   string  `json:"op,omitempty"`
	Fin  *bool   `json:"fin,omitempty"`
	Rsv  uint8   `json:"rsv,omitempty"`
	Mask string  `json:"mask,omitempty"`
	Len  *int64  `json:"len,omitempty"`
	Text *string `json:"text,omitempty"`
	Data []byte  `json:"data,omitempty"`
	Cut  bool    `json:"cut,omitempty"`

	// of a Close frame, what is in its data
	Code   frame.CloseCode `json:"code,omitempty"`
	Reason string          `json:"reason,omitempty"`

	// violation
	Error string `json:"error,omitempty"`

	// close
	Client *ending `json:"client,omitempty"`
	Server *ending `json:"server,omitempty"`
}

type head struct {
	Line   string      `json:"line"`
	Fields [][2]string `json:"fields"`
}

type ending struct {
	Octets    int64  `json:"octets"`
	Undecoded int64  `json:"undecoded,omitempty"`
	Error     string `json:"error,omitempty"`
}

// seconds is a time with six decimals.
type seconds float64

func (s seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(s), 'f', 6, 64), nil
}

// maxText bounds a payload that is written as text, in octets: as six of them for one, which JSON may need, it still fits
// on a line.
const maxText = MaxLine / 8

// maxTime is the longest that a recording can be: about 31 years.
const maxTime = 1e9

func timeOf(d time.Duration) *seconds {
	s := seconds(d.Seconds())
	return &s
}

func (s *seconds) duration() (time.Duration, error) {
	if s == nil || math.IsNaN(float64(*s)) || *s < 0 || *s > maxTime {
		return 0, errors.New(`"t" must be a number of seconds from 0 to 1e9`)
	}
	return time.Duration(math.Round(float64(*s)*1e6)) * time.Microsecond, nil
}

func lineOf(e Entry) *line {
	l := &line{Conn: e.Conn, T: timeOf(e.T)}
	switch {
	case e.Open != nil:
		l.Type, l.Peer, l.Request, l.Response = typeOpen, e.Open.Peer, headOf(e.Open.Request), headOf(e.Open.Response)
	case e.Frame != nil:
		l.frame(e.Frame)
	case e.Break != nil:
		l.Type, l.Dir, l.Error = typeBreak, e.Break.From.String(), e.Break.Error
	case e.Close != nil:
		c, s := ending(e.Close.Client), ending(e.Close.Server)
		l.Type, l.Client, l.Server = typeClose, &c, &s
	}
	return l
}

func (l *line) frame(f *Frame) {
	l.Type, l.Dir, l.Op = typeFrame, f.From.String(), opName(f.Opcode)
	l.Fin, l.Rsv, l.Len, l.Cut = &f.Fin, f.Rsv, &f.Length, f.Cut
	if f.Masked {
		l.Mask = fmt.Sprintf("%02x%02x%02x%02x", byte(f.Key), byte(f.Key>>8), byte(f.Key>>16), byte(f.Key>>24))
	}
	if f.Opcode == frame.Close && len(f.Payload) > 0 {
		l.Code, l.Reason, _ = frame.ParseClose(f.Payload)
	}
	if len(f.Payload) <= maxText && f.Opcode != frame.Binary && f.Opcode != frame.Close && f.Rsv == 0 && utf8.Valid(f.Payload) {
		text := string(f.Payload)
		l.Text = &text
	} else {
		l.Data = f.Payload
	}
}

// entry reads what lineOf has made, or somebody else. It returns false for a type that it does not know.
func (l *line) entry() (e Entry, known bool, err error) {
	e.Conn = l.Conn
	if !slices.Contains([]string{typeOpen, typeFrame, typeBreak, typeClose}, l.Type) {
		return e, false, nil
	}
	if e.Conn == 0 {
		return e, true, errors.New(`"conn" must be a number from 1`)
	}
	if e.T, err = l.T.duration(); err != nil {
		return e, true, err
	}
	switch l.Type {
	case typeOpen:
		e.Open = &Open{Peer: l.Peer, Request: l.Request.head(), Response: l.Response.head()}
	case typeFrame:
		e.Frame, err = l.readFrame()
	case typeBreak:
		e.Break = &Break{Error: l.Error}
		e.Break.From, err = l.direction()
	case typeClose:
		e.Close = &Close{}
		if l.Client != nil {
			e.Close.Client = Ending(*l.Client)
		}
		if l.Server != nil {
			e.Close.Server = Ending(*l.Server)
		}
	}
	return e, true, err
}

func (l *line) direction() (wire.Direction, error) {
	for _, d := range []wire.Direction{wire.FromClient, wire.FromServer} {
		if l.Dir == d.String() {
			return d, nil
		}
	}
	return 0, errors.New(`"dir" must be "client" or "server"`)
}

func (l *line) readFrame() (*Frame, error) {
	f := &Frame{Payload: l.Data, Cut: l.Cut}
	var err error
	if f.From, err = l.direction(); err != nil {
		return nil, err
	}
	op := slices.IndexFunc(opNames[:], func(name string) bool { return name == l.Op })
	switch {
	case op < 0:
		return nil, fmt.Errorf(`"op" must be text, binary, continuation, close, ping, pong, or a reserved opcode such as 0x3`)
	case l.Fin == nil:
		return nil, errors.New(`"fin" must be true or false`)
	case l.Rsv > 7:
		return nil, errors.New(`"rsv" must be from 0 to 7`)
	case l.Text != nil && l.Data != nil:
		return nil, errors.New(`a frame has "text" or "data", not both`)
	}
	if l.Text != nil {
		f.Payload = []byte(*l.Text)
	}
	f.Fin, f.Rsv, f.Opcode, f.Length = *l.Fin, l.Rsv, frame.Opcode(op), int64(len(f.Payload))
	if l.Len != nil {
		f.Length = *l.Len
	}
	if f.Length < int64(len(f.Payload)) {
		return nil, errors.New(`"len" is less than the payload has`)
	}
	if l.Mask != "" {
		key, err := strconv.ParseUint(l.Mask, 16, 32)
		if err != nil || len(l.Mask) != 8 {
			return nil, errors.New(`"mask" must be eight hexadecimal digits`)
		}
		f.Masked = true
		f.Key = uint32(key>>24 | key>>8&0xff00 | key<<8&0xff0000 | key<<24)
	}
	return f, nil
}

// opNames are the opcodes' names, by their number.
var opNames = func() (names [16]string) {
	for i := range names {
		names[i] = strings.TrimPrefix(frame.Opcode(i).String(), "reserved ")
	}
	return names
}()

func opName(op frame.Opcode) string { return opNames[op&0xF] }

func headOf(h *wire.Head) *head {
	if h == nil {
		return nil
	}
	out := &head{Line: h.Line, Fields: make([][2]string, len(h.Fields))}
	for i, f := range h.Fields {
		out.Fields[i] = [2]string{f.Name, f.Value}
	}
	return out
}

func (h *head) head() *wire.Head {
	if h == nil {
		return nil
	}
	out := &wire.Head{Line: h.Line}
	for _, f := range h.Fields {
		out.Fields = append(out.Fields, wire.Field{Name: f[0], Value: f[1]})
	}
	return out
}

package inspect

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket/frame"
)

// A Journal writes what passes, for people: a line when a connection opens, one when it closes, one for what broke a
// rule, and what else its fields ask for.
type Journal struct {
	W io.Writer // nil: nothing is written

	Frames  bool // a line for each frame, and for what a compressed message is inflated to
	Raw     bool // do not inflate
	Heads   bool // the handshakes' heads
	Secrets bool // show Authorization, cookies, subprotocols and query strings
	Preview int  // octets of each payload; see wire.Printer

	// Explain, if set, says in one line why the target cannot be reached.
	Explain func(error) string

	mu sync.Mutex
}

// connection begins the lines about a connection.
func (j *Journal) connection(id uint64, peer net.Addr) *seen {
	s := &seen{journal: j, prefix: fmt.Sprintf("#%d ", id), peer: peer, began: time.Now()}
	s.printer = wire.Printer{
		W: j, Frames: j.Frames, NoHeads: !j.Heads, Secrets: j.Secrets, Preview: j.Preview, Stamps: true, Prefix: s.prefix,
	}
	return s
}

// Write has lines of several connections not mix.
func (j *Journal) Write(b []byte) (int, error) {
	if j.W == nil {
		return len(b), nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.W.Write(b)
}

// seen is what was seen of a connection.
type seen struct {
	journal *Journal
	printer wire.Printer
	prefix  string
	peer    net.Addr
	began   time.Time

	asked   *wire.Head
	plain   bool                              // the answer was an ordinary one, and its line has said all
	counts  [2]struct{ frames, octets int64 } // octets of payload
	endings int
	closed  *wire.Event // the first Close frame
	code    frame.CloseCode
	reason  string
}

func (s *seen) see(e wire.Event) {
	s.printer.Print(e)
	switch {
	case e.Head != nil && e.From == wire.FromClient:
		s.asked = e.Head
	case e.Head != nil:
		s.answered(e)
	case e.Frame != nil:
		n := &s.counts[e.From]
		n.frames++
		n.octets += e.Frame.Received
		if e.Frame.Opcode == frame.Close && s.closed == nil {
			s.closed = &e
			s.code, s.reason, _ = frame.ParseClose(e.Frame.Payload)
		}
	case e.End != nil:
		if e.End.Undecoded > 0 && s.asked == nil {
			s.asked = &wire.Head{Line: "?"}
		}
		if s.endings++; s.endings == 2 && s.asked != nil && !s.plain {
			s.end(e)
		}
	}
}

// answered is the line of a connection that opens, or is refused.
func (s *seen) answered(e wire.Event) {
	status := e.Head.Status()
	if status < 200 && status != 101 || s.asked == nil {
		return
	}
	s.plain = status != 101
	asked, answer := s.asked, e.Head
	if !s.journal.Secrets {
		asked, answer = asked.Redacted(), answer.Redacted()
	}
	method, path, _ := asked.Request()
	_, text, _ := strings.Cut(answer.Line, " ")
	more := ""
	for _, name := range []string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
		if v := answer.Get(name); v != "" && v != wire.Hidden {
			more += ", " + v
		}
	}
	s.say(e.Time, fmt.Sprintf("%s %s %s: %s%s", s.peer, wire.Visible(method), wire.Visible(path), wire.Visible(text), wire.Visible(more)))
}

// end is the line of a connection that has ended.
func (s *seen) end(e wire.Event) {
	how := "without a Close frame"
	if s.closed != nil {
		how = strings.TrimSpace(fmt.Sprintf("by the %s: %s %s", s.closed.From, s.code, quote(s.reason)))
	}
	c, v := s.counts[wire.FromClient], s.counts[wire.FromServer]
	s.say(e.Time, fmt.Sprintf("closed after %v, %s (→ %s, ← %s)",
		e.Time.Sub(s.began).Round(time.Millisecond), how, amount(c.frames, c.octets), amount(v.frames, v.octets)))
}

func amount(frames, octets int64) string {
	return several(frames, "frame") + " of " + several(octets, "octet")
}

func quote(s string) string {
	if s == "" {
		return ""
	}
	return `"` + wire.Visible(s) + `"`
}

// problem is a line about what went wrong.
func (s *seen) problem(err error) { s.say(time.Now(), "! "+wire.Visible(err.Error())) }

func (s *seen) say(at time.Time, text string) {
	fmt.Fprintf(s.journal, "%s %s%s\n", at.Format("15:04:05.000000"), s.prefix, text)
}

package interop

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// An event is what happened to an end of a connection, theirs or ours. See doc.go for the kinds there are and
// what each has.
type event struct {
	ID    int    `json:"id"` // 0 in a mailbox
	Event string `json:"event"`

	URL         string            `json:"url"`
	Subprotocol string            `json:"subprotocol"`
	Extensions  string            `json:"extensions"`
	Path        string            `json:"path"`
	Headers     map[string]string `json:"headers"` // by lower-case name
	Status      int               `json:"status"`
	Body        string            `json:"body"`

	Text   bool   `json:"text"`
	Size   int64  `json:"size"`
	SHA256 octets `json:"sha256"`
	Start  octets `json:"start"`
	Data   octets `json:"data"`

	Code   websocket.CloseCode `json:"code"`
	Reason string              `json:"reason"`
	Clean  bool                `json:"clean"`

	Error string `json:"error"`
	err   error  // of our end
}

// octets are in base64 on the wire.
type octets string

func (o *octets) UnmarshalText(text []byte) error {
	b, err := base64.StdEncoding.DecodeString(string(text))
	*o = octets(b)
	return err
}

func message(typ websocket.MessageType, data string) event {
	sum := sha256.Sum256([]byte(data))
	return event{
		Event: "message", Text: typ == websocket.Text, Size: int64(len(data)),
		SHA256: octets(sum[:]), Start: octets(data[:min(len(data), 100)]),
	}
}

func ping(data string) event { return event{Event: "ping", Data: octets(data)} }

func pong(data string) event { return event{Event: "pong", Data: octets(data)} }

func closed(code websocket.CloseCode, reason string, clean bool) event {
	return event{Event: "close", Code: code, Reason: reason, Clean: clean}
}

// lost is the close event of a connection that ended without a closing handshake.
func lost() event { return closed(websocket.CloseAbnormal, "", false) }

func (e event) String() string {
	switch e.Event {
	case "message":
		return fmt.Sprintf("message, text %t, of %d octets with hash %.3x: %.100q",
			e.Text, e.Size, string(e.SHA256), string(e.Start))
	case "ping", "pong":
		return fmt.Sprintf("%s of %q", e.Event, string(e.Data))
	case "close":
		return fmt.Sprintf("close with code %d, reason %q, clean %t", e.Code, e.Reason, e.Clean)
	case "error", "failed":
		return fmt.Sprintf("%s: %s", e.Event, e.Error)
	case "refused":
		return fmt.Sprintf("refused with status %d: %q", e.Status, e.Body)
	}
	return e.Event
}

// A mailbox holds what happened to an end of a connection until the test asks for it.
type mailbox struct {
	whose string

	mu      sync.Mutex
	waiting []event
	arrived chan struct{} // has room for one
}

func newMailbox(whose string) *mailbox {
	return &mailbox{whose: whose, arrived: make(chan struct{}, 1)}
}

func (m *mailbox) put(e event) {
	m.mu.Lock()
	m.waiting = append(m.waiting, e)
	m.mu.Unlock()
	select {
	case m.arrived <- struct{}{}:
	default: // who waits is told already
	}
}

// patience is how long a test waits for one event. To reach it is a failure, so it may be long.
const patience = time.Minute

// next waits for the next event.
func (m *mailbox) next(t *testing.T, what any) event {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		m.mu.Lock()
		if len(m.waiting) > 0 {
			e := m.waiting[0]
			m.waiting = m.waiting[1:]
			m.mu.Unlock()
			return e
		}
		m.mu.Unlock()
		select {
		case <-m.arrived:
		case <-late.C:
			t.Fatalf("%s: nothing happens; want %v", m.whose, what)
		}
	}
}

// want waits for the next event, which must be e.
func (m *mailbox) want(t *testing.T, e event) {
	t.Helper()
	m.compare(t, m.next(t, e), e)
}

// compare checks an event that has come.
func (m *mailbox) compare(t *testing.T, got, want event) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: %v; want %v", m.whose, got, want)
	}
}

// wantAny waits for the next event, which must be of that kind, and returns it.
func (m *mailbox) wantAny(t *testing.T, kind string) event {
	t.Helper()
	e := m.next(t, kind)
	if e.Event != kind {
		t.Fatalf("%s: %v; want %s", m.whose, e, kind)
	}
	return e
}

// wantLost waits until the connection has ended without a closing handshake. Whether that is an error as
// well is for the network to say.
func (m *mailbox) wantLost(t *testing.T) {
	t.Helper()
	e := m.next(t, lost())
	if e.Event == "error" {
		e = m.next(t, lost())
	}
	m.compare(t, e, lost())
}

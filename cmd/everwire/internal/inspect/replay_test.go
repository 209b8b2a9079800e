package inspect

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/record"
	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// replay plays a recording to a target and returns what was written.
func replay(t *testing.T, recording, target string, change func(*Replay)) (string, error) {
	t.Helper()
	var journal buffer
	r := &Replay{
		Target: target, Dial: &websocket.DialOptions{TLSConfig: cert.Client(), Proxy: websocket.NoProxy},
		Pace: Pace{Patience: time.Minute}, Compare: true,
	}
	r.Journal.W = &journal
	if change != nil {
		change(r)
	}
	err := r.Run(t.Context(), strings.NewReader(recording))
	return journal.String(), err
}

// recordTalk records a client's talk with a server that echoes.
func recordTalk(t *testing.T, opts websocket.AcceptOptions, compress bool) string {
	t.Helper()
	r := start(t, echo(t, false, opts), nil)
	d := dialing()
	d.Compression = websocket.Compression{Threshold: -1, Disabled: !compress}
	for i := range 2 {
		c, err := websocket.Dial(t.Context(), fmt.Sprintf("%s/room/%d?token=x", r.url, i), d)
		if err != nil {
			t.Fatal(err)
		}
		echoes(t, c, websocket.Text, []byte(strings.Repeat("hello ", 1000)))
		echoes(t, c, websocket.Binary, []byte{0, 1, 2})
		w, err := c.Writer(t.Context(), websocket.Text)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			io.WriteString(w, strings.Repeat("a fragment, ", 5000))
		}
		w.Close()
		if _, _, err := c.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.CloseRead(t.Context())
		if err := c.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(4000, "bye"); err != nil {
			t.Fatal(err)
		}
	}
	r.stop()
	return r.recorded.String()
}

func TestWhatWasRecordedIsPlayedAndTheSameComesBack(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		recording := recordTalk(t, websocket.AcceptOptions{Compression: all}, compressed)
		for _, row := range []struct {
			name   string
			server websocket.AcceptOptions
			change func(*Replay)
		}{
			{"as it was", websocket.AcceptOptions{Compression: all}, func(r *Replay) { r.Speed = 1 }},
			{"fast", websocket.AcceptOptions{Compression: all}, nil},
			{"to a server without compression", websocket.AcceptOptions{Compression: websocket.Compression{Disabled: true}}, nil},
			{"raw", websocket.AcceptOptions{Compression: all}, func(r *Replay) { r.Raw = true }},
			{"one connection", websocket.AcceptOptions{}, func(r *Replay) { r.Connection = 2 }},
		} {
			t.Run(fmt.Sprintf("compressed %v/%s", compressed, row.name), func(t *testing.T) {
				said, err := replay(t, recording, echo(t, false, row.server), row.change)
				want := "2 connections replayed, no differences\n"
				if row.name == "one connection" {
					want = "1 connection replayed, no differences\n"
				}
				if err != nil || !strings.HasSuffix(said, want) || !strings.Contains(said, "#2 GET /room/1?…: sent 8 of 8 frames, 3 messages came") {
					t.Errorf("%v\n%s", err, said)
				}
			})
		}
	}
}

func TestDifferencesAreTold(t *testing.T) {
	recording := recordTalk(t, websocket.AcceptOptions{}, false)
	for _, row := range []struct {
		name   string
		answer func(s *websocket.Socket, m websocket.Message, n int)
		ignore string
		want   []string
	}{
		{"another message", func(s *websocket.Socket, m websocket.Message, n int) {
			if n == 1 {
				s.SendText("hello hello hello hello hello hello hello hello Hello ")
				return
			}
			s.SendMessage(m)
		}, "", []string{`message 1 is text 54 …"o hello hello hello Hello " instead of text 6000 …"o hello hello hello hello`, "2 with differences"}},
		{"another type", func(s *websocket.Socket, m websocket.Message, n int) {
			if n == 2 {
				s.SendText("\x00\x01\x02")
				return
			}
			s.SendMessage(m)
		}, "", []string{`message 2 is text 3 "\x00\x01\x02" instead of binary 3 000102`}},
		{"one more", func(s *websocket.Socket, m websocket.Message, n int) {
			if s.SendMessage(m); n == 3 {
				s.SendText("more")
			}
		}, "", []string{`message 4 is more than was recorded: text 4 "more"`}},
		{"closed early", func(s *websocket.Socket, m websocket.Message, n int) {
			if n == 1 {
				s.Close(4321, "no")
			}
		}, "", []string{`message 1 is missing: text 6000 "hello`, `message 2 is missing: binary 3 000102`, `it was closed with 4321 "no" instead of 4000`, "sent 1 of 8 frames"}},
		{"what is left out", func(s *websocket.Socket, m websocket.Message, n int) {
			s.SendText(strings.ReplaceAll(m.Text(), "hello", "goodbye"))
		}, "(hello|goodbye|\x00\x01\x02)( |$)", []string{"message 2 is text"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			srv := &websocket.Server{}
			srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
				n := 0
				s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
					n++
					row.answer(s, m, n)
				})
			})
			h := httptest.NewServer(srv)
			defer h.Close()
			defer srv.Close()
			said, err := replay(t, recording, "ws"+strings.TrimPrefix(h.URL, "http"), func(r *Replay) {
				if row.ignore != "" {
					r.Ignore = append(r.Ignore, regexp.MustCompile(row.ignore))
				}
			})
			if !errors.Is(err, ErrDiffers) {
				t.Errorf("the error is %v", err)
			}
			for _, want := range row.want {
				if !strings.Contains(said, want) {
					t.Errorf("there is no %q in\n%s", want, said)
				}
			}
			if row.ignore != "" && strings.Contains(said, "message 1") {
				t.Errorf("what is to be left out is told:\n%s", said)
			}
		})
	}
}

// A pattern of a recording, of one connection, made by hand.
func recording(entries ...record.Entry) string {
	var b strings.Builder
	w := record.NewWriter(&b, record.Header{Start: time.Unix(1, 0)})
	c := w.Connection("peer")
	at := func(d time.Duration) time.Time { return time.Unix(1, 0).Add(d) }
	ask, _, _ := wire.ParseHead([]byte(upgrading), wire.FromClient)
	answer, _, _ := wire.ParseHead([]byte(upgraded), wire.FromServer)
	c.See(wire.Event{Time: at(0), Head: ask})
	c.See(wire.Event{Time: at(0), From: wire.FromServer, Head: answer})
	for _, e := range entries {
		f := &wire.Frame{Header: e.Frame.Header, Payload: e.Frame.Payload}
		if f.Length == 0 {
			f.Length = int64(len(f.Payload))
		}
		c.See(wire.Event{Time: at(e.T), From: e.Frame.From, Frame: f})
	}
	c.See(wire.Event{Time: at(0), End: &wire.End{}})
	c.See(wire.Event{Time: at(0), From: wire.FromServer, End: &wire.End{}})
	return b.String()
}

func frameAt(at time.Duration, from wire.Direction, op frame.Opcode, payload string, more bool) record.Entry {
	return record.Entry{T: at, Frame: &record.Frame{
		From: from, Header: frame.Header{Fin: !more, Opcode: op, Masked: from == wire.FromClient, Key: 7}, Payload: []byte(payload),
	}}
}

// A witness is a server that answers a handshake, and notes the frames that come and when.
type witness struct {
	mu     sync.Mutex
	events []wire.Event
	heads  []*wire.Head
	done   chan struct{}
}

func (w *witness) see(e wire.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case e.Frame != nil && e.From == wire.FromClient:
		f := *e.Frame
		f.Payload = append([]byte(nil), f.Payload...)
		e.Frame = &f
		w.events = append(w.events, e)
	case e.Head != nil:
		w.heads = append(w.heads, e.Head)
	}
}

func (w *witness) sawClose() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.events) > 0 && w.events[len(w.events)-1].Frame.Opcode == frame.Close
}

// frames waits for the end, and returns what came.
func (w *witness) frames() []wire.Event {
	<-w.done
	return w.events
}

func (w *witness) lines() (lines []string) {
	for _, e := range w.frames() {
		lines = append(lines, fmt.Sprintf("%v %q fin=%v", e.Frame.Opcode, e.Frame.Payload, e.Frame.Fin))
	}
	return lines
}

// serve answers one handshake, sends frames, and reads to the end.
func (w *witness) serve(t *testing.T, frames string) string {
	w.done = make(chan struct{})
	return far(t, func(nc net.Conn, br *bufio.Reader) {
		defer close(w.done)
		d := wire.NewDecoder(wire.Config{}, w.see)
		defer d.Close()
		head := requestOf(br)
		d.Write(wire.FromClient, []byte(head))
		ask, _, _ := wire.ParseHead([]byte(head), wire.FromClient)
		r := &Replay{}
		answer, err := r.answer(&script{open: &record.Open{Response: &wire.Head{Line: "HTTP/1.1 101 Yes"}}}, ask)
		if err != nil {
			t.Error(err)
		}
		d.Write(wire.FromServer, answer)
		nc.Write(append(answer, frames...))
		b := make([]byte, 4096)
		for {
			n, err := br.Read(b)
			d.Write(wire.FromClient, b[:n])
			if err != nil {
				return
			}
			if w.sawClose() {
				io.WriteString(nc, "\x88\x00")
			}
		}
	})
}

func TestFramesArePlayedAsTheyWere(t *testing.T) {
	w := &witness{}
	text := recording(
		frameAt(0, wire.FromServer, frame.Text, "go", false),
		frameAt(0, wire.FromClient, frame.Text, "Hel", true),
		frameAt(0, wire.FromClient, frame.Ping, "?", false),
		frameAt(0, wire.FromClient, frame.Pong, "not again", false),
		frameAt(0, wire.FromClient, frame.Continuation, "lo", false),
		frameAt(0, wire.FromClient, 3, "reserved", false),
		frameAt(0, wire.FromClient, frame.Close, "\x03\xe8", false),
	)
	said, err := replay(t, text, w.serve(t, "\x89\x01!\x81\x02go"), func(r *Replay) { r.Compare = false })
	lines := strings.Join(w.lines(), "\n")
	want := "pong \"!\" fin=true\ntext \"Hel\" fin=false\nping \"?\" fin=true\ncontinuation \"lo\" fin=true\nclose \"\\x03\\xe8\" fin=true"
	if lines != want {
		t.Errorf("got\n%s\nwant\n%s", lines, want)
	}
	if err != nil || !strings.Contains(said, "not sent: 1 frame (a frame has a reserved opcode)") {
		t.Errorf("%v\n%s\n%s", err, lines, said)
	}
}

func TestRawFramesArePlayedWithTheirKeysAndFaults(t *testing.T) {
	w := &witness{}
	unmasked := frameAt(0, wire.FromClient, 3, "reserved", false)
	unmasked.Frame.Masked, unmasked.Frame.Key, unmasked.Frame.Rsv = false, 0, 5
	text := recording(frameAt(0, wire.FromClient, frame.Pong, "again", false), unmasked, frameAt(0, wire.FromClient, frame.Close, "", false))
	_, err := replay(t, text, w.serve(t, ""), func(r *Replay) { r.Compare, r.Raw = false, true })
	came := w.frames()
	if err != nil || len(came) != 3 {
		t.Fatalf("%v, %d frames", err, len(came))
	}
	if a, b := came[0].Frame, came[1].Frame; a.Key != 7 || b.Masked || b.Rsv != 5 || b.Opcode != 3 || string(b.Payload) != "reserved" {
		t.Errorf("got %+v and %+v", a, b)
	}
}

func TestTheRequestIsMadeOfTheRecordedOne(t *testing.T) {
	w := &witness{}
	target := w.serve(t, "\x88\x00")
	text := recording(frameAt(0, wire.FromClient, frame.Close, "", false))
	if _, err := replay(t, text, target+"/base?v=1", func(r *Replay) {
		r.Dial.Header = http.Header{"Cookie": {"id=1"}}
		r.Dial.Subprotocols = []string{"chat"}
	}); err != nil {
		t.Fatal(err)
	}
	w.frames()
	h := w.heads[0]
	if h.Line != "GET /base/a?v=1 HTTP/1.1" || h.Get("X-Odd") != "kept  as it is" || h.Get("Cookie") != "id=1" ||
		"ws://"+h.Get("Host") != target || h.Get("Origin") != "http"+strings.TrimPrefix(target, "ws") ||
		h.Get("Sec-WebSocket-Protocol") != "chat" || h.Get("Sec-WebSocket-Key") == "dGhlIHNhbXBsZSBub25jZQ==" {
		t.Errorf("the request is %+v", h)
	}
}

func TestConnectionsThatFail(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	text := recording(frameAt(0, wire.FromClient, frame.Text, "hi", false), frameAt(0, wire.FromServer, frame.Text, "ho", false))
	for _, row := range []struct{ name, target, want string }{
		{"nobody is there", "ws://" + ln.Addr().String(), "cannot connect to "},
		{"a refusal", far(t, func(nc net.Conn, br *bufio.Reader) {
			requestOf(br)
			io.WriteString(nc, "HTTP/1.1 403 Forbidden\r\n\r\n")
		}), "the server answered the handshake with 403 Forbidden"},
		{"not a WebSocket server", far(t, func(nc net.Conn, br *bufio.Reader) { io.WriteString(nc, "SSH-2.0-x\r\n\r\n") }),
			"broke off: it is not HTTP/1.1"},
		{"an answer to something else", far(t, func(nc net.Conn, br *bufio.Reader) {
			requestOf(br)
			io.WriteString(nc, upgraded)
		}), "the server's answer is no handshake: "},
		{"an end without an answer", far(t, func(nc net.Conn, br *bufio.Reader) { requestOf(br) }), "broke off: unexpected EOF"},
	} {
		t.Run(row.name, func(t *testing.T) {
			said, err := replay(t, text, row.target, func(r *Replay) { r.Compare = false })
			if !errors.Is(err, ErrFailed) || !strings.Contains(said, row.want) || !strings.Contains(said, "1 connection replayed, 1 failed") {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}

func TestRecordingsThatCannotBePlayed(t *testing.T) {
	whole := recording(frameAt(0, wire.FromClient, frame.Text, "hi", false))
	for _, row := range []struct {
		name, text string
		connection uint64
		want       string
	}{
		{"no recording", "hello\n", 0, "line 1: "},
		{"nothing", "", 0, record.ErrUnfinished.Error()},
		{"no connection", strings.SplitAfter(whole, "\n")[0], 0, "the recording has no connection"},
		{"not that connection", whole, 7, "the recording has no connection 7: they are 1 alone"},
		{"not WebSocket", strings.ReplaceAll(whole, "UPGRADE", "x"), 0, "the recording has no WebSocket connection"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := replay(t, row.text, "ws://127.0.0.1:1", func(r *Replay) { r.Connection = row.connection })
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestARecordingThatWasCutIsPlayedUpToThere(t *testing.T) {
	text := recordTalk(t, websocket.AcceptOptions{}, false)
	lines := strings.SplitAfter(text, "\n")
	said, err := replay(t, strings.Join(lines[:5], "")+`{"type":"fra`, echo(t, false, websocket.AcceptOptions{}), nil)
	if err != nil || !strings.Contains(said, "the recording's last line is not whole") || !strings.Contains(said, "no differences") {
		t.Errorf("%v\n%s", err, said)
	}
}

func TestTheServerIsPlayed(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		for _, raw := range []bool{false, true} {
			t.Run(fmt.Sprintf("compressed %v, raw %v", compressed, raw), func(t *testing.T) {
				text := recordTalk(t, websocket.AcceptOptions{Compression: all}, compressed)
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				journal := &buffer{}
				compared := make(chan struct{})
				var once sync.Once
				r := &Replay{Raw: raw, Compare: true, Pace: Pace{Patience: time.Minute}}
				r.Journal.W = writerFunc(func(b []byte) (int, error) {
					n, err := journal.Write(b)
					if said := journal.String(); strings.Contains(said, `is text 14 "something else" instead of`) && strings.Count(said, " frames, ") == 3 {
						once.Do(func() { close(compared) }) // all three have been reported
					}
					return n, err
				})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- r.Serve(ctx, strings.NewReader(text), ln) }()
				said, err := replay(t, text, "ws://"+ln.Addr().String(), func(r *Replay) { r.Raw = raw })
				if err != nil || !strings.HasSuffix(said, "2 connections replayed, no differences\n") {
					t.Errorf("the clients: %v\n%s", err, said)
				}
				d := dialing()
				d.Compression = websocket.Compression{Threshold: -1, Disabled: !compressed}
				c, err := websocket.Dial(t.Context(), "ws://"+ln.Addr().String(), d)
				if err != nil {
					t.Fatal(err)
				}
				c.Write(t.Context(), websocket.Text, []byte("something else"))
				if _, data, err := c.Read(t.Context()); err != nil || string(data) != strings.Repeat("hello ", 1000) {
					t.Errorf("it said %.50q, %v", data, err)
				}
				c.Close(websocket.CloseNormal, "")
				select {
				case <-compared:
				case <-time.After(time.Minute):
				}
				cancel()
				if err := <-done; !errors.Is(err, ErrDiffers) || !strings.HasSuffix(journal.String(), "3 connections replayed, 1 with differences\n") ||
					!raw && !strings.Contains(journal.String(), "#2 GET /room/1?…: sent 4 of 4 frames, 3 messages came") {
					t.Errorf("the server: %v\n%s", err, journal.String())
				}
			})
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

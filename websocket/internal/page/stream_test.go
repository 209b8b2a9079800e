package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// A browser writes down what it is asked.
type browser struct {
	mu     sync.Mutex
	calls  []string
	amount int64 // what it says that it has not sent
	closed bool
	silent bool // does not write down pieces
	broken error
}

func (b *browser) Sendable() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.closed
}

func (b *browser) Send(op frame.Opcode, payload []byte, last bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return b.broken
	}
	if !b.silent {
		b.calls = append(b.calls, fmt.Sprintf("%v %q %v", op, payload, last))
	}
	return nil
}

func (b *browser) BufferedAmount() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.amount
}

func (b *browser) hold(amount int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.amount = amount
}

func (b *browser) Close(code frame.CloseCode, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.calls = append(b.calls, fmt.Sprintf("close %d %q", uint16(code), reason))
		b.closed = true
	}
}

func (b *browser) asked() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.calls)
}

func newStream(largest int64) (*Stream, *browser) {
	b := &browser{}
	return New(b, Addr("http://page"), Addr("server:80"), largest), b
}

// client makes a client's frames.
func client(parts ...func(*protocol.Sender, []byte) []byte) (out []byte) {
	var s protocol.Sender
	s.Init(protocol.Client)
	for _, part := range parts {
		out = part(&s, out)
	}
	return out
}

func message(op frame.Opcode, text string) func(*protocol.Sender, []byte) []byte {
	return func(s *protocol.Sender, dst []byte) []byte { return s.AppendMessage(dst, op, 0, []byte(text)) }
}

func fragment(op frame.Opcode, text string, fin bool) func(*protocol.Sender, []byte) []byte {
	return func(s *protocol.Sender, dst []byte) []byte {
		return s.AppendFragment(dst, op, 0, []byte(text), fin)
	}
}

func control(op frame.Opcode) func(*protocol.Sender, []byte) []byte {
	return func(s *protocol.Sender, dst []byte) []byte { return s.AppendControl(dst, op, []byte("x")) }
}

func goodbye(code frame.CloseCode, reason string) func(*protocol.Sender, []byte) []byte {
	return func(s *protocol.Sender, dst []byte) []byte { return s.AppendClose(dst, code, reason) }
}

func TestFramesBecomeMessages(t *testing.T) {
	for _, row := range []struct {
		name   string
		frames []byte
		want   []string
	}{
		{"text", client(message(frame.Text, "Grüße")), []string{`text "Grüße" true`}},
		{"binary", client(message(frame.Binary, "\x00\xff")), []string{`binary "\x00\xff" true`}},
		{"empty", client(message(frame.Text, ""), message(frame.Binary, "")), []string{`text "" true`, `binary "" true`}},
		{"several", client(message(frame.Text, "a"), message(frame.Binary, "b")), []string{`text "a" true`, `binary "b" true`}},
		{"fragments", client(fragment(frame.Text, "a", false), fragment(frame.Text, "b", false), fragment(frame.Text, "", true)),
			[]string{`text "a" false`, `text "b" false`, `text "" true`}},
		{"control frames", client(control(frame.Ping), fragment(frame.Text, "a", false), control(frame.Pong), fragment(frame.Text, "b", true)),
			[]string{`text "a" false`, `text "b" true`}},
		{"close", client(message(frame.Text, "a"), goodbye(1000, "Bye")), []string{`text "a" true`, `close 1000 "Bye"`}},
		{"close of the program's own", client(goodbye(4999, "")), []string{`close 4999 ""`}},
		{"close with a library's", client(goodbye(3000, "")), []string{`close 3000 ""`}},
		{"close without a code", client(goodbye(0, "")), []string{`close 0 ""`}},
		{"close as a page may not", client(goodbye(1009, "too big")), []string{`close 0 ""`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, b := newStream(0)
			defer s.Close()
			if n, err := s.Write(row.frames); n != len(row.frames) || err != nil {
				t.Fatalf("Write: %d of %d, %v", n, len(row.frames), err)
			}
			if got := b.asked(); !slices.Equal(got, row.want) {
				t.Errorf("the browser was asked %q, want %q", got, row.want)
			}
		})
	}
}

// However the frames are cut into writes, the messages are the same.
func TestFramesInPieces(t *testing.T) {
	frames := client(message(frame.Text, "Grüße"), fragment(frame.Binary, "ab", false), fragment(frame.Binary, "c", true), goodbye(1000, "Bye"))
	s, b := newStream(0)
	defer s.Close()
	for i := range frames {
		if n, err := s.Write(frames[i : i+1]); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	messages := ""
	for _, call := range b.asked() {
		var op, text string
		var last bool
		if _, err := fmt.Sscanf(call, "%s %q %v", &op, &text, &last); err != nil {
			messages += call
			continue
		}
		if messages += text; last {
			messages += " " + op + "; "
		}
	}
	if want := `Grüße text; abc binary; close 1000 "Bye"`; messages != want {
		t.Errorf("got %q, want %q", messages, want)
	}
}

// send delivers a message event.
func send(s *Stream, op frame.Opcode, text string) {
	s.Message(op, int64(len(text)), func(p []byte) { copy(p, text) })
}

func TestEventsBecomeFrames(t *testing.T) {
	const messages = "\x81\x06Gr\xc3\xbc\xc3\x9f\x82\x00"
	for _, row := range []struct {
		name string
		end  func(s *Stream)
		want string
		err  error
	}{
		{"closed with a code", func(s *Stream) { s.Closed(4000, "Bye", true) }, messages + "\x88\x05\x0f\xa0Bye", nil},
		{"closed without one", func(s *Stream) { s.Closed(1005, "", true) }, messages + "\x88\x00", nil},
		{"closed with one that no frame has", func(s *Stream) { s.Closed(1015, "x", true) }, messages + "\x88\x00", nil},
		{"ended", func(s *Stream) { s.Closed(1006, "", false) }, messages, nil},
		{"failed", func(s *Stream) { s.Failed(); s.Closed(1006, "", false) }, messages, errFailed},
		{"closed twice", func(s *Stream) { s.Closed(1006, "", false); s.Closed(1000, "", true) }, messages, nil},
		{"messages afterwards", func(s *Stream) { s.Closed(1006, "", false); send(s, frame.Text, "late") }, messages, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, _ := newStream(0)
			defer s.Close()
			send(s, frame.Text, "Grüß")
			send(s, frame.Binary, "")
			row.end(s)
			<-s.Ended()
			got, err := io.ReadAll(slowly{s})
			if string(got) != row.want || err != row.err {
				t.Errorf("read %q, %v, want %q, %v", got, err, row.want, row.err)
			}
		})
	}
}

// slowly reads one octet at a time.
type slowly struct{ io.Reader }

func (r slowly) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(1, len(p))]) }

func TestReadWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newStream(0)
		defer s.Close()
		go func() {
			time.Sleep(time.Second)
			send(s, frame.Text, "x")
		}()
		b := make([]byte, 10)
		if n, err := s.Read(b); string(b[:n]) != "\x81\x01x" || err != nil {
			t.Errorf("%q %v", b[:n], err)
		}
	})
}

func TestDeadlines(t *testing.T) {
	waits := map[string]func(*Stream) error{
		"read":  func(s *Stream) error { _, err := s.Read(make([]byte, 1)); return err },
		"write": func(s *Stream) error { _, err := s.Write(client(message(frame.Text, "x"))); return err },
	}
	sets := map[string]func(*Stream, time.Time) error{
		"read": (*Stream).SetReadDeadline, "write": (*Stream).SetWriteDeadline,
	}
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, b := newStream(0)
				defer s.Close()
				b.hold(highWater)
				began := time.Now()
				sets[name](s, began.Add(time.Minute))
				if err := wait(s); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Minute {
					t.Errorf("a deadline to come: %v after %v", err, time.Since(began))
				}
				if err := wait(s); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("a deadline that was: %v", err)
				}
				s.SetDeadline(time.Time{})
				go func() {
					time.Sleep(time.Minute)
					sets[name](s, time.Unix(1, 0))
				}()
				if err := wait(s); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("a deadline that is set meanwhile: %v", err)
				}
				sets[name](s, time.Time{})
				send(s, frame.Text, "x")
				b.hold(0)
				if err := wait(s); err != nil {
					t.Errorf("without a deadline: %v", err)
				}
				if got := b.asked(); name == "write" && !slices.Equal(got, []string{`text "x" true`}) {
					t.Errorf("the browser was asked %q", got)
				}
			})
		})
	}
}

func TestCloseEndsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := newStream(0)
		b.hold(highWater)
		results := make(chan error, 2)
		go func() { _, err := s.Read(make([]byte, 1)); results <- err }()
		go func() { _, err := s.Write(client(message(frame.Text, "x"))); results <- err }()
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := <-results; !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
		if err := s.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a second time: %v", err)
		}
		if err := s.SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a deadline: %v", err)
		}
		send(s, frame.Text, "late")
		if _, err := s.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: %v", err)
		}
		if got, want := b.asked(), []string{`close 0 ""`}; !slices.Equal(got, want) {
			t.Errorf("the browser was asked %q, want %q", got, want)
		}
		s.Closed(1005, "", true) // the browser's own event, later
	})
}

func TestWriteWaitsWhileTheBrowserHoldsMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := newStream(0)
		defer s.Close()
		b.hold(highWater - 1)
		s.Write(client(message(frame.Text, "at once")))
		b.hold(highWater)
		go func() {
			time.Sleep(time.Minute)
			b.hold(highWater - 1)
		}()
		began := time.Now()
		s.Write(client(message(frame.Text, "later")))
		if took := time.Since(began); took < time.Minute || took > time.Minute+pollInterval {
			t.Errorf("the second Write took %v", took)
		}
		if got, want := b.asked(), []string{`text "at once" true`, `text "later" true`}; !slices.Equal(got, want) {
			t.Errorf("the browser was asked %q, want %q", got, want)
		}
	})
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := newStream(0)
		if err := s.Flush(t.Context()); err != nil {
			t.Errorf("with nothing to send: %v", err)
		}
		b.hold(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.Flush(ctx); err != context.DeadlineExceeded {
			t.Errorf("with something: %v", err)
		}
		go func() {
			time.Sleep(time.Second)
			b.hold(0)
		}()
		if err := s.Flush(t.Context()); err != nil {
			t.Errorf("with something that is sent: %v", err)
		}
		b.hold(1)
		go func() {
			time.Sleep(time.Second)
			s.Closed(1006, "", false)
		}()
		if err := s.Flush(t.Context()); err != net.ErrClosed {
			t.Errorf("with something that is never sent: %v", err)
		}
		s.Close()
	})
}

func TestWritingAfterTheEnd(t *testing.T) {
	for _, row := range []struct {
		name   string
		end    func(s *Stream, b *browser)
		frames []byte
		err    error
	}{
		{"a message once it closed", func(s *Stream, _ *browser) { s.Closed(1000, "", true) }, client(message(frame.Text, "x")), errEnded},
		{"a message once it is closing", func(_ *Stream, b *browser) { b.closed = true }, client(message(frame.Text, "x")), errEnded},
		{"a close frame once it closed", func(s *Stream, _ *browser) { s.Closed(1000, "", true) }, client(goodbye(1000, "")), nil},
		{"a message the browser does not take", func(_ *Stream, b *browser) { b.broken = io.ErrShortBuffer }, client(message(frame.Text, "x")), io.ErrShortBuffer},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, b := newStream(0)
			defer s.Close()
			row.end(s, b)
			if _, err := s.Write(row.frames); !errors.Is(err, row.err) {
				t.Errorf("%v, want %v", err, row.err)
			}
			if got := b.asked(); len(got) > 0 {
				t.Errorf("the browser was asked %q", got)
			}
			if _, err := s.Write(client(goodbye(1000, ""))); !errors.Is(err, row.err) {
				t.Errorf("again: %v, want %v", err, row.err)
			}
		})
	}
}

func TestMessagesNobodyReadsAreBounded(t *testing.T) {
	big := strings.Repeat("x", Backlog/4)
	for _, row := range []struct {
		name    string
		largest int64
		sizes   []int64
		whole   int // messages that can be read
		err     error
	}{
		{"little", 0, []int64{Backlog / 4, Backlog / 4}, 2, nil},
		{"much", 0, []int64{Backlog / 4, Backlog / 4, Backlog / 4, Backlog / 4, 1}, 3, ErrBacklog},
		{"one too large", 1000, []int64{Backlog + 1}, 0, ErrBacklog},
		{"one large and allowed", Backlog + 1, []int64{Backlog + 1}, 1, nil},
		{"one large and no bound", 0, []int64{Backlog + 1}, 1, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, b := newStream(row.largest)
			defer s.Close()
			copied := 0
			for _, size := range row.sizes {
				s.Message(frame.Binary, size, func(p []byte) {
					copied++
					copy(p, big)
				})
			}
			if copied != row.whole {
				t.Errorf("%d messages were copied, want %d", copied, row.whole)
			}
			if row.err == nil {
				s.Closed(1006, "", false)
			}
			n, err := io.Copy(io.Discard, s)
			if err != row.err {
				t.Errorf("%v, want %v", err, row.err)
			}
			want := int64(0)
			for i, size := range row.sizes {
				if i < row.whole || len(row.sizes) == 1 {
					h := frame.Header{Opcode: frame.Binary, Length: size}
					want += int64(h.Size())
				}
				if i < row.whole {
					want += size
				}
			}
			if n != want {
				t.Errorf("%d octets were read, want %d", n, want)
			}
			if closed := slices.Equal(b.asked(), []string{`close 0 ""`}); closed != (row.err != nil) {
				t.Errorf("the browser was asked %q", b.asked())
			}
		})
	}
}

func TestReadingMakesRoom(t *testing.T) {
	s, b := newStream(0)
	defer s.Close()
	const size = Backlog / 2
	in := make([]byte, size+frame.MaxHeaderSize)
	for range 4 {
		s.Message(frame.Binary, size, func([]byte) {})
		if n, err := s.Read(in); n < size || err != nil {
			t.Fatal(n, err)
		}
	}
	if got := b.asked(); len(got) > 0 {
		t.Errorf("the browser was asked %q", got)
	}
}

func TestAMessageTooLargeToLeave(t *testing.T) {
	s, _ := newStream(0)
	defer s.Close()
	var sender protocol.Sender
	sender.Init(protocol.Client)
	if _, err := s.Write(sender.AppendFragment(nil, frame.Binary, 0, []byte{1}, false)); err != nil {
		t.Fatal(err)
	}
	s.size = MaxMessage - 1 // as if so much had been written
	if _, err := s.Write(sender.AppendFragment(nil, frame.Binary, 0, []byte{1}, false)); err != nil {
		t.Errorf("the last octet that fits: %v", err)
	}
	if _, err := s.Write(sender.AppendFragment(nil, frame.Binary, 0, []byte{1}, true)); !errors.Is(err, ErrMessageTooLarge) {
		t.Errorf("one more: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	s, _ := newStream(0)
	defer s.Close()
	got := fmt.Sprint(s.LocalAddr(), " ", s.RemoteAddr(), " ", s.RemoteAddr().Network())
	if want := "http://page server:80 websocket"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err := s.Write(bytes.Repeat([]byte{0xff}, 10))
	if err == nil || !strings.HasPrefix(err.Error(), "write websocket http://page->server:80: ") {
		t.Errorf("what is no frame: %v", err)
	}
}

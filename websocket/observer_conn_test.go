package websocket_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

// The conversation has every way by which a Conn sends and receives.
func TestObserverIsToldOfAConnsConversation(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		t.Run(fmt.Sprintf("compressed=%v", compressed), func(t *testing.T) { testConnConversation(t, compressed) })
	}
}

func testConnConversation(t *testing.T, compressed bool) {
	w := newWatch()
	opts := observed(w.observer())
	opts.Compression = compressed
	s, c := wstest.Conns(t, opts)
	text := strings.Repeat("to be or not to be, ", 5000)
	prepared := prepared(t, text)
	echoed := inBackground(func() error {
		for {
			typ, data, err := s.Read(forever)
			if err != nil {
				return err
			}
			if err := s.Write(forever, typ, data); err != nil {
				return err
			}
		}
	})
	for _, row := range []struct {
		send func() error
		size int
	}{
		{func() error { return c.Write(forever, websocket.Text, []byte("hello")) }, 5},
		{func() error { return c.Write(forever, websocket.Binary, nil) }, 0},
		{func() error { return c.Write(forever, websocket.Text, []byte(text)) }, len(text)},
		{func() error { return c.WritePrepared(forever, prepared) }, len(text)},
		{func() error {
			wr, err := c.Writer(forever, websocket.Text)
			must(t, err)
			_, err = io.Copy(wr, struct{ io.Reader }{strings.NewReader(text)}) // in fragments
			must(t, err)
			return wr.Close()
		}, len(text)},
	} {
		sent := inBackground(row.send)
		_, r, err := c.Reader(forever)
		must(t, err)
		back, err := io.ReadAll(r)
		must(t, err)
		must(t, <-sent)
		equal(t, "size", len(back), row.size)
	}
	pong := inBackground(func() error { return c.Ping(forever) })
	w.wait(t, s, func(s *sight) bool { return count(s.out, "pong 8") == 1 })
	must(t, c.WriteControl(forever, frame.Pong, []byte("unasked")))
	must(t, s.Write(forever, websocket.Text, []byte("last"))) // has the client read the Pong
	_, _, err := c.Read(forever)
	must(t, err)
	must(t, <-pong)
	must(t, c.Close(websocket.CloseNormal, "done"))
	if err := <-echoed; websocket.CloseCodeOf(err) != websocket.CloseNormal {
		t.Error(err)
	}
	server, client := w.waitOver(t, s), w.waitOver(t, c)

	messages := []string{"text 5", "binary 0", "text 100000", "text 100000", "text 100000"}
	each := func(verb string, more ...string) (lines []string) {
		for _, m := range messages {
			lines = append(lines, verb+" "+m)
		}
		return append(lines, more...)
	}
	wantLines(t, "the server's in", server.in, append([]string{"opened"},
		each("received", "ping 8", "pong 7", "close 6", `closed 1000 "done" true`)...)...)
	wantLines(t, "the client's out", client.out, each("sent", "ping 8", "pong 7", "close 6")...)
	wantLines(t, "the server's out", withoutPong(server.out), each("sent", "sent text 4", "close 2")...)
	wantLines(t, "the client's in", withoutPong(client.in), append([]string{"opened"},
		each("received", "received text 4", "close 2", `closed 1000 "" true`)...)...)
	equal(t, "octets of frames to the server", server.inWire, client.outWire)
	equal(t, "octets of frames to the client", client.inWire, server.outWire)
	equal(t, "octets of hello", client.outWire[0], 5+6)
	if wire := server.inWire[4]; compressed != (wire < 10_000) {
		t.Errorf("100,000 octets of text came in %d", wire)
	}
	equal(t, "Pongs from the server", count(server.out, "pong 8"), 1)
	equal(t, "Pongs to the client, and round trips", count(client.in, "pong 8")+count(client.in, "rtt true"), 2)
	equal(t, "handshakes", strings.Join(sorted(w.shook), ", "), "101 false <nil>, 101 true <nil>")
}

// withoutPong leaves out what comes of the server's Pong, which it writes beside its messages.
func withoutPong(lines []string) (rest []string) {
	for _, l := range lines {
		if l != "pong 8" && l != "rtt true" {
			rest = append(rest, l)
		}
	}
	return rest
}

func TestObserverIsToldHowAConnEnds(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(t *testing.T, s, c *websocket.Conn)
		want string // at the server's end
	}{
		{"Terminate", func(t *testing.T, s, c *websocket.Conn) { s.Terminate() }, `closed 1006 "" false`},
		{"cut by the peer", func(t *testing.T, s, c *websocket.Conn) {
			c.Terminate()
			s.Read(forever)
		}, `closed 1006 "" false`},
		{"too large", func(t *testing.T, s, c *websocket.Conn) {
			go c.Write(forever, websocket.Binary, make([]byte, 2<<20))
			s.Read(forever)
			go c.Read(forever)
		}, `closed 1006 "" false`},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWatch()
			s, c := wstest.Conns(t, observed(w.observer()))
			row.end(t, s, c)
			seen := w.waitOver(t, s)
			wantLines(t, "in", seen.in, "opened", row.want)
			c.Terminate()
			w.waitOver(t, c)
		})
	}
}

func TestObserverIsToldOfAConnsHeartbeatAndRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch()
		opts := observed(w.observer())
		opts.Accept.Rates = websocket.Rates{Messages: 1, Burst: time.Millisecond}
		opts.Dial.Heartbeat.Interval = -1
		s, c := wstest.Conns(t, opts)
		go c.Read(forever)
		read := inBackground(func() error {
			for {
				if _, _, err := s.Read(forever); err != nil {
					return err
				}
			}
		})
		must(t, c.Write(forever, websocket.Text, []byte("1")))
		must(t, c.Write(forever, websocket.Text, []byte("2")))
		time.Sleep(time.Minute)
		c.Terminate()
		<-read
		seen := w.waitOver(t, s)
		for _, want := range []string{"throttled true", "rtt true", "received text 1"} {
			if count(seen.in, want) == 0 {
				t.Errorf("no %q among %q", want, seen.in)
			}
		}
		equal(t, "Pings and round trips", count(seen.out, "ping 8"), count(seen.in, "rtt true"))
	})
}

func TestAPanicOfAnObserverEndsItsConn(t *testing.T) {
	for _, row := range []struct {
		name string
		o    *websocket.Observer
	}{
		{"Opened", &websocket.Observer{Opened: func(websocket.Connection) { panic("boom") }}},
		{"Received", &websocket.Observer{Received: func(websocket.Connection, websocket.MessageType, int64, int64) { panic("boom") }}},
		{"Sent", &websocket.Observer{Sent: func(websocket.Connection, websocket.MessageType, int64, int64) { panic("boom") }}},
		{"Control", &websocket.Observer{Control: func(_ websocket.Connection, op frame.Opcode, sent bool, _ int) {
			if op == frame.Ping {
				panic("boom")
			}
		}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			opts := &wstest.PairOptions{}
			opts.Accept.Observer = row.o
			s, c := wstest.Conns(t, opts)
			go func() {
				for {
					typ, data, err := s.Read(forever)
					if err != nil {
						return
					}
					s.Write(forever, typ, data)
				}
			}()
			go c.Ping(forever)
			go c.Write(forever, websocket.Text, []byte("x"))
			for {
				if _, _, err := c.Read(forever); err != nil {
					equal(t, "code", websocket.CloseCodeOf(err), websocket.CloseInternalError)
					break
				}
			}
			_, _, err := s.Read(forever)
			var e *websocket.PanicError
			if !errors.As(err, &e) || e.Value != "boom" {
				t.Errorf("Read: %v", err)
			}
		})
	}
}

func TestAPanicInClosedIsLogged(t *testing.T) {
	silenceLog(t)
	panics := &websocket.Observer{Closed: func(websocket.Connection, websocket.CloseEvent) { panic("boom") }}
	opts := observed(panics)
	s, c := wstest.Conns(t, opts)
	go s.Read(forever)
	must(t, c.Close(websocket.CloseNormal, ""))

	promise(t, func(t *testing.T, a arrangement) {
		j := newJournal()
		_, p := a.connect(t, observed(panics), j.listen, nil)
		p.Close(websocket.CloseNormal, "")
		j.waitFor(t, "close 1000")
	})
}

func TestNoAllocationOfAConnWithAnObserverThatCounts(t *testing.T) {
	if websocket.PoisonBuffers {
		t.Skip("the race detector allocates")
	}
	var n int64
	add := func(_ websocket.Connection, _ websocket.MessageType, octets, wire int64) { n += octets + wire }
	opts := &wstest.PairOptions{}
	opts.Accept.Observer = &websocket.Observer{Received: add, Sent: add}
	s, c := wstest.Conns(t, opts)
	data := bytes.Repeat([]byte("x"), 64)
	without := roundTripAllocations(t, c, s, data)
	opts.Accept.Observer = nil
	s, c = wstest.Conns(t, opts)
	if with := roundTripAllocations(t, c, s, data); with != without {
		t.Errorf("%v allocations with an Observer, %v without", without, with)
	}
	if n == 0 {
		t.Error("nothing was counted")
	}
}

// roundTripAllocations counts the allocations of sending a message there and back.
func roundTripAllocations(t *testing.T, there, back *websocket.Conn, data []byte) float64 {
	pass := func(from, to *websocket.Conn) {
		must(t, from.Write(forever, websocket.Binary, data))
		_, _, err := to.Read(forever)
		must(t, err)
	}
	return testing.AllocsPerRun(300, func() {
		pass(there, back)
		pass(back, there)
	})
}

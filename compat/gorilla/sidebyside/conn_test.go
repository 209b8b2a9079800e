package sidebyside

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket/frame"
)

// The types of messages, the same numbers in both packages.
const (
	textMessage   = 1
	binaryMessage = 2
	closeMessage  = 8
	pingMessage   = 9
	pongMessage   = 10
)

// scene is a scenario: a program's end of a connection, the peer, and the transcript.
type scene struct {
	*testing.T
	*pkg
	c    conn
	peer *peer
	log  *transcript
}

// reads reads a message and notes it.
func (s *scene) reads() error {
	typ, data, err := s.c.ReadMessage()
	if err != nil {
		s.log.add("read: %s", s.say(err))
	} else {
		s.log.add("read: %d %q", typ, data)
	}
	return err
}

func (s *scene) did(what string, err error) { s.log.add("%s: %s", what, s.say(err)) }

// receives has the peer receive n times.
func (s *scene) receives(n int) {
	for range n {
		s.log.add("peer: %s", s.peer.receive())
	}
}

// receivesCode has the peer receive a Close frame, whose reason does not matter.
func (s *scene) receivesCode() { s.log.add("peer: %.10s", s.peer.receive()) }

var scenes = []struct {
	name    string
	differs map[string]string // what gorilla's transcript says, and ours instead
	play    func(s *scene)
}{
	{"messages of both types", nil, func(s *scene) {
		s.peer.text("hé")
		s.peer.send(frame.Binary, true, "\x00\xFF")
		s.peer.text("")
		for range 3 {
			s.reads()
		}
		s.did("text", s.c.WriteMessage(textMessage, []byte("hé")))
		s.did("binary", s.c.WriteMessage(binaryMessage, []byte{0, 255}))
		s.did("empty", s.c.WriteMessage(textMessage, nil))
		s.receives(3)
	}},
	{"a large message", nil, func(s *scene) {
		large := strings.Repeat("0123456789", 20_000)
		s.peer.text(large)
		s.reads()
		go s.c.WriteMessage(binaryMessage, []byte(large))
		s.receives(1)
	}},
	{"fragments with a Ping between", nil, func(s *scene) {
		s.peer.send(frame.Text, false, "a")
		s.peer.send(frame.Ping, true, "?")
		s.peer.send(frame.Continuation, false, "b")
		s.peer.send(frame.Continuation, true, "")
		s.reads()
		s.receives(1)
	}},
	{"NextReader discards the rest", nil, func(s *scene) {
		s.peer.text("first")
		s.peer.text("second")
		s.peer.text("third")
		typ, r, err := s.c.NextReader()
		s.did("NextReader", err)
		two := make([]byte, 2)
		n, err := io.ReadFull(r, two)
		s.log.add("%d %q %s", typ, two[:n], s.say(err))
		s.reads()
		_, again, err := s.c.NextReader()
		s.did("NextReader", err)
		_, err = r.Read(two)
		s.did("the old reader", err)
		all, err := io.ReadAll(again)
		s.log.add("%q %s", all, s.say(err))
		_, err = again.Read(two)
		s.did("after the end", err)
	}},
	{"NextWriter", nil, func(s *scene) {
		w, err := s.c.NextWriter(textMessage)
		s.did("NextWriter", err)
		for _, part := range []string{"a", "", "bc"} {
			_, err = io.WriteString(w, part)
			s.did("write", err)
		}
		s.did("close", w.Close())
		s.receives(1)
	}},
	{"NextWriter and WriteMessage end an open message", nil, func(s *scene) {
		w, _ := s.c.NextWriter(textMessage)
		io.WriteString(w, "open")
		w, _ = s.c.NextWriter(binaryMessage)
		io.WriteString(w, "open too")
		s.did("write", s.c.WriteMessage(textMessage, []byte("whole")))
		s.receives(3)
	}},
	{"NextWriter of control frames", nil, func(s *scene) {
		w, err := s.c.NextWriter(pingMessage)
		s.did("NextWriter", err)
		io.WriteString(w, "?")
		s.did("close", w.Close())
		_, err = s.c.NextWriter(3)
		s.did("NextWriter of 3", err)
		s.receives(1)
	}},
	{"control frames are sent", nil, func(s *scene) {
		soon := time.Now().Add(patience)
		s.did("Ping", s.c.WriteControl(pingMessage, []byte("?"), soon))
		s.did("Pong", s.c.WriteControl(pongMessage, []byte("!"), time.Time{}))
		s.did("Ping as a message", s.c.WriteMessage(pingMessage, nil))
		s.did("not control", s.c.WriteControl(textMessage, nil, soon))
		s.did("too large", s.c.WriteControl(pingMessage, make([]byte, 126), soon))
		s.did("unknown", s.c.WriteMessage(3, nil))
		s.did("too late", s.c.WriteControl(pingMessage, nil, time.Now().Add(-time.Second)))
		s.receives(3)
	}},
	{"Pings are answered while reading", nil, func(s *scene) {
		s.peer.send(frame.Ping, true, "a body")
		s.peer.send(frame.Ping, true, "")
		s.peer.text("x")
		s.reads()
		s.receives(1)
	}},
	{"the program's Ping handler", nil, func(s *scene) {
		s.c.SetPingHandler(func(body string) error {
			s.log.add("Ping %q", body)
			return s.c.WriteControl(pongMessage, []byte("my own"), time.Time{})
		})
		s.peer.send(frame.Ping, true, "?")
		s.peer.text("x")
		s.reads()
		s.c.WriteMessage(textMessage, []byte("done"))
		s.receives(2)
	}},
	{"a Ping handler that does not answer, and the default again", nil, func(s *scene) {
		s.c.SetPingHandler(func(body string) error { s.log.add("Ping %q", body); return nil })
		s.peer.send(frame.Ping, true, "1")
		s.peer.text("x")
		s.reads()
		s.c.SetPingHandler(nil)
		s.peer.send(frame.Ping, true, "2")
		s.peer.text("x")
		s.reads()
		s.receives(1)
	}},
	{"a Ping handler around the default", nil, func(s *scene) {
		answer := s.c.PingHandler()
		s.c.SetPingHandler(func(body string) error { s.log.add("Ping %q", body); return answer(body) })
		s.peer.send(frame.Ping, true, "?")
		s.peer.text("x")
		s.reads()
		s.receives(1)
	}},
	{"the Pong handler", nil, func(s *scene) {
		s.did("the default", s.c.PongHandler()("x"))
		s.c.SetPongHandler(func(body string) error { s.log.add("Pong %q", body); return nil })
		s.peer.send(frame.Pong, true, "12345678")
		s.peer.text("x")
		s.reads()
	}},
	{"a handler's error ends reading", nil, func(s *scene) {
		s.c.SetPongHandler(func(string) error { return errProgram })
		s.peer.send(frame.Pong, true, "")
		s.peer.text("x")
		s.reads()
		s.reads()
		s.did("but not writing", s.c.WriteMessage(textMessage, []byte("still")))
		s.receives(1)
	}},
	{"handlers are called while a message is read", nil, func(s *scene) {
		s.c.SetPingHandler(func(body string) error { s.log.add("Ping %q", body); return nil })
		s.peer.send(frame.Text, false, "a")
		_, r, _ := s.c.NextReader()
		s.log.add("begun")
		s.peer.send(frame.Ping, true, "?")
		s.peer.send(frame.Continuation, true, "b")
		all, err := io.ReadAll(r)
		s.log.add("%q %s", all, s.say(err))
	}},
	{"the peer closes", nil, func(s *scene) {
		s.peer.closes(1000, "bye")
		err := s.reads()
		s.log.add("%t %t %t", s.isClose(err, 1001, 1000), s.isClose(err, 1001), s.isOther(err, 1001))
		s.reads()
		s.did("write", s.c.WriteMessage(textMessage, []byte("late")))
		s.did("Ping", s.c.WriteControl(pingMessage, nil, time.Time{}))
		s.receives(1)
		s.did("close", s.c.Close())
		s.receives(1)
	}},
	{"the peer closes and the program at once", nil, func(s *scene) {
		s.peer.closes(4001, "")
		s.reads()
		s.c.Close()
		s.receives(2)
	}},
	{"the peer closes without a code", nil, func(s *scene) {
		s.peer.send(frame.Close, true, "")
		s.reads()
		s.receives(1)
	}},
	{"the peer closes inside a message", nil, func(s *scene) {
		s.peer.send(frame.Text, false, "a")
		s.peer.closes(1001, "")
		_, r, err := s.c.NextReader()
		s.did("NextReader", err)
		all, err := io.ReadAll(r)
		s.log.add("%q %s", all, s.say(err))
	}},
	{"a Close handler with an answer of its own", nil, func(s *scene) {
		s.c.SetCloseHandler(func(code int, text string) error {
			s.log.add("Close %d %q", code, text)
			s.c.WriteMessage(textMessage, []byte("wait"))
			return s.c.WriteControl(closeMessage, s.format(4000, "mine"), time.Time{})
		})
		s.peer.closes(1000, "bye")
		s.reads()
		s.receives(2)
	}},
	{"a Close handler that leaves the answer for later", nil, func(s *scene) {
		s.c.SetCloseHandler(func(int, string) error { return nil })
		s.peer.closes(1000, "bye")
		s.reads()
		s.did("write", s.c.WriteMessage(textMessage, []byte("one more")))
		s.did("close", s.c.WriteMessage(closeMessage, s.format(1000, "now")))
		s.did("write", s.c.WriteMessage(textMessage, []byte("late")))
		s.reads()
		s.c.Close()
		s.receives(3)
	}},
	{"a Close handler's error", nil, func(s *scene) {
		s.c.SetCloseHandler(func(int, string) error { return errProgram })
		s.peer.closes(1000, "bye")
		s.reads()
		s.reads()
	}},
	{"the default Close handler, called", nil, func(s *scene) {
		s.did("the default", s.c.CloseHandler()(1001, "x"))
		s.receives(1)
	}},
	{"the program closes with a handshake", nil, func(s *scene) {
		s.did("Close frame", s.c.WriteMessage(closeMessage, s.format(1001, "going")))
		s.did("write", s.c.WriteMessage(textMessage, []byte("late")))
		s.did("NextWriter", second(s.c.NextWriter(textMessage)))
		s.did("Close frame", s.c.WriteControl(closeMessage, nil, time.Time{}))
		s.receives(1)
		s.peer.text("still coming")
		s.peer.closes(1001, "")
		s.reads()
		s.reads()
	}},
	{"the program closes and leaves", nil, func(s *scene) {
		s.c.WriteMessage(textMessage, []byte("last"))
		s.c.WriteControl(closeMessage, s.format(1000, ""), time.Time{})
		s.c.Close()
		s.receives(3)
	}},
	{"Close without a handshake", nil, func(s *scene) {
		s.did("close", s.c.Close())
		s.receives(1)
		s.reads()
		s.did("write", s.c.WriteMessage(textMessage, nil))
		s.did("close", s.c.Close())
	}},
	{"Close while a read waits", nil, func(s *scene) {
		waiting := make(chan struct{})
		s.c.SetPongHandler(func(string) error { close(waiting); return nil })
		done := make(chan struct{})
		go func() { defer close(done); s.reads() }()
		s.peer.send(frame.Pong, true, "")
		<-waiting
		s.c.Close()
		<-done
	}},
	{"the stream ends without a Close frame", nil, func(s *scene) {
		s.peer.nc.Close()
		err := s.reads()
		s.log.add("%t", s.isOther(err, 1001))
		s.reads()
	}},
	{"the stream ends inside a frame", nil, func(s *scene) {
		s.peer.nc.Write([]byte{0x82})
		s.peer.nc.Close()
		s.reads()
	}},
	{"a message at the limit, and past it", nil, func(s *scene) {
		s.c.SetReadLimit(5)
		s.peer.text("12345")
		s.reads()
		s.peer.text("123456")
		s.reads()
		s.reads()
		s.did("write", s.c.WriteMessage(textMessage, nil))
		s.c.Close()
		s.receivesCode()
	}},
	{"fragments past the limit", nil, func(s *scene) {
		s.c.SetReadLimit(5)
		s.peer.send(frame.Text, false, "123")
		s.peer.send(frame.Continuation, true, "456")
		s.reads()
		s.receivesCode()
	}},
	{"a limit that is raised", nil, func(s *scene) {
		s.c.SetReadLimit(1)
		s.c.SetReadLimit(0)
		s.peer.text("123456")
		s.reads()
	}},
	{"a reserved bit", nil, func(s *scene) {
		s.peer.raw(frame.Header{Fin: true, Opcode: frame.Text, Rsv: 2}, "x")
		s.reads()
		s.reads()
		s.c.Close()
		s.receivesCode()
	}},
	{"a reserved opcode", nil, func(s *scene) {
		s.peer.send(3, true, "")
		s.reads()
		s.receivesCode()
	}},
	{"a Close frame of one octet", map[string]string{
		"read: websocket: close 1005 (no status)": "read: another error", // ours fails the connection (RFC 6455 §5.5.1)
		"peer: Close  ": "peer: Close 03ea",
	}, func(s *scene) {
		s.peer.send(frame.Close, true, "x")
		s.log.add("%t", s.reads() != nil)
		s.receivesCode()
	}},
	{"a read deadline that passes", map[string]string{
		"moved: a timeout": "moved: ok", // ours goes on
	}, func(s *scene) {
		s.c.SetReadDeadline(time.Now().Add(time.Millisecond))
		s.reads()
		s.reads()
		s.c.SetReadDeadline(time.Time{})
		s.peer.text("x")
		_, _, err := s.c.ReadMessage()
		s.did("moved", err)
	}},
	{"a write deadline that has passed", map[string]string{
		"moved: a timeout": "moved: ok", // ours goes on
	}, func(s *scene) {
		s.c.SetWriteDeadline(time.Now().Add(-time.Second))
		s.did("write", s.c.WriteMessage(textMessage, []byte("x")))
		s.c.SetWriteDeadline(time.Time{})
		s.did("moved", s.c.WriteMessage(textMessage, []byte("x")))
	}},
	{"a write deadline that passes", nil, func(s *scene) {
		s.c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		large := make([]byte, 1<<20)
		for {
			if err := s.c.WriteMessage(binaryMessage, large); err != nil {
				s.did("write", err)
				return
			}
		}
	}},
	{"JSON", nil, func(s *scene) {
		s.did("write", s.c.WriteJSON(map[string]any{"a": "<1>"}))
		s.receives(1)
		s.log.add("%t", s.c.WriteJSON(func() {}) != nil)
		var v struct{ A int }
		s.peer.text(`{"a":1} {"a":2}`)
		s.did("read", s.c.ReadJSON(&v))
		s.log.add("%v", v)
		s.peer.text(`{`)
		s.did("read", s.c.ReadJSON(&v))
		s.peer.text(``)
		s.did("read", s.c.ReadJSON(&v))
		s.peer.send(frame.Binary, true, `{"a":3}`)
		s.did("read", s.readJSON(s.c, &v))
		s.log.add("%v", v)
		s.peer.closes(1000, "")
		s.did("read", s.c.ReadJSON(&v))
	}},
	{"joined messages", nil, func(s *scene) {
		s.peer.text("a")
		s.peer.text("")
		s.peer.send(frame.Binary, true, "bc")
		s.peer.closes(1000, "")
		all, err := io.ReadAll(s.join(s.c, "\n"))
		s.log.add("%q %s", all, s.say(err))
	}},
	{"a prepared message", nil, func(s *scene) {
		s.did("text", s.prepared(textMessage, []byte("to many"), s.c, s.c))
		s.did("Ping", s.prepared(pingMessage, []byte("?"), s.c))
		s.log.add("%t", s.prepared(3, nil) != nil)
		s.receives(3)
	}},
	{"reading on for ever", nil, func(s *scene) {
		s.peer.closes(1000, "")
		reads := 0
		defer func() { s.log.add("%v after %d", recover(), reads) }()
		for ; ; reads++ {
			s.c.ReadMessage()
		}
	}},
	{"what can be asked", nil, func(s *scene) {
		s.log.add("%q %s %t %t", s.c.Subprotocol(), s.c.RemoteAddr().Network(), s.c.NetConn() == s.c.UnderlyingConn(),
			s.c.LocalAddr().String() == s.peer.nc.RemoteAddr().String())
		s.c.EnableWriteCompression(true)
		for level := -4; level <= 11; level++ {
			s.log.add("level %d: %s", level, s.say(s.c.SetCompressionLevel(level)))
		}
	}},
}

func second[T any](_ T, err error) error { return err }

func TestConn(t *testing.T) {
	ends := map[string]func(*testing.T, *pkg) (conn, *peer){"server": serverAndPeer, "client": clientAndPeer}
	for end, connect := range ends {
		for _, sc := range scenes {
			t.Run(end+"/"+sc.name, func(t *testing.T) {
				compare(t, sc.differs, func(t *testing.T, p *pkg, log *transcript) {
					c, peer := connect(t, p)
					sc.play(&scene{t, p, c, peer, log})
				})
			})
		}
	}
}

func TestCloseErrorsAndBodies(t *testing.T) {
	compare(t, nil, func(t *testing.T, p *pkg, log *transcript) {
		for code := 998; code <= 1016; code++ {
			log.add("%x", p.format(code, "why"))
			if code != 1012 && code != 1013 { // gorilla has no names for these
				log.add("%s %s", p.closing(code, ""), p.closing(code, "why"))
			}
		}
		log.add("%t %t", p.isClose(io.EOF, 1006), p.isOther(io.EOF, 1006))
		log.add("%t %t", p.isClose(nil), p.isOther(nil))
	})
}

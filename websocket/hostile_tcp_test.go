package websocket_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// Ways in which a peer may leave: its half of the stream ended in order, or just TCP's half, or all of it at once.
var departures = []struct {
	name  string
	leave func(a *attacker)
}{
	{"half-close", func(a *attacker) { a.Conn.(interface{ CloseWrite() error }).CloseWrite() }},
	{"FIN", func(a *attacker) { a.tcp.CloseWrite() }},
	{"RST", (*attacker).reset},
}

// A peer may leave in every state. Our end learns of it at once, ends its half of the stream, and says 1006, but
// where the closing handshake was complete.
func TestAPeerThatLeavesInAnyState(t *testing.T) {
	for _, row := range []struct {
		name     string
		wire     func(a *attacker) string
		answered bool // with a Close frame, which is waited for before the peer leaves
		clean    bool // if the peer leaves in order
	}{
		{"open", func(*attacker) string { return "" }, false, false},
		{"after a message", func(a *attacker) string { return a.frame(0x82, "hello") }, false, false},
		{"in a header", func(a *attacker) string { return a.header(0x82, 1000)[:3] }, false, false},
		{"in a payload", func(a *attacker) string { return a.header(0x82, 1000) + "hello" }, false, false},
		{"between fragments", func(a *attacker) string { return a.frame(0x01, "hello") }, false, false},
		{"in a compressed message", func(a *attacker) string { return a.frame(0x41, "\xf2\x48") }, false, false},
		{"in a large compressed message", func(a *attacker) string {
			return a.header(0xC2, 1<<20) + "\x00\xff\xff\x00\x00" + string(make([]byte, 30<<10))
		}, false, false},
		{"in a Close frame", func(a *attacker) string { return a.frame(0x88, "\x03\xe8")[:3] }, false, false},
		{"after its Close frame", func(a *attacker) string { return a.frame(0x88, "\x03\xe8") }, false, true},
		{"after both Close frames", func(a *attacker) string { return a.frame(0x88, "\x03\xe8") }, true, true},
		{"after our Close frame", func(a *attacker) string { return a.frame(0x82, "close") }, true, false},
		{"after a violation", func(a *attacker) string { return a.frame(0xF2, "") }, true, false},
	} {
		for _, way := range departures {
			t.Run(row.name+"/"+way.name, func(t *testing.T) {
				besieged(t, closingDemands, func(t *testing.T, s *siege) {
					a := s.connect("permessage-deflate")
					must(t, second(io.WriteString(a, row.wire(a))))
					if row.answered {
						for {
							h, _, err := a.readFrame()
							must(t, err)
							if h.Opcode == 8 {
								break
							}
						}
					}
					began := time.Now()
					way.leave(a)
					e := s.ended(t)
					clean := row.clean && way.name != "RST"
					switch {
					case e.clean && e.code != websocket.CloseNormal, !e.clean && e.code != websocket.CloseAbnormal && !row.clean,
						clean && !e.clean, e.clean && !row.clean:
						t.Errorf("our end: %v, code %d, clean=%t", e.err, e.code, e.clean)
					case time.Since(began) > 10*time.Second:
						t.Errorf("it took %v", time.Since(began))
					}
				})
			})
		}
	}
}

// closingDemands are for an end that closes when it is told to; it never has to wait for its timeouts.
var closingDemands = demands{
	limits: websocket.Limits{CloseTimeout: time.Minute, LingerTime: time.Minute},
	setup: func(s *websocket.Socket) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if m.Text() == "close" {
				s.Close(websocket.CloseNormal, "")
			}
		})
	},
	read: func(c *websocket.Conn) (int64, error) {
		_, data, err := c.Read(forever)
		if string(data) == "close" {
			if err = c.Close(websocket.CloseNormal, ""); err == nil {
				err = &websocket.CloseError{Code: websocket.CloseNormal}
			}
		}
		return int64(len(data)), err
	},
}

// Before the handshake is complete there is nobody to tell.
func TestAPeerThatLeavesInTheHandshake(t *testing.T) {
	for _, n := range []int{0, 1, 20, len(exampleRequest)} {
		for _, way := range departures {
			besieged(t, demands{where: atServers}, func(t *testing.T, s *siege) {
				a := s.knock(t)
				if n > 0 {
					must(t, second(io.WriteString(a, exampleRequest[:n])))
				} else if tlsConn, secure := a.Conn.(*tls.Conn); secure {
					must(t, tlsConn.Handshake())
				}
				way.leave(a)
				if way.name != "RST" {
					resp, err := http.ReadResponse(bufio.NewReader(a), nil)
					if err == nil && resp.StatusCode != http.StatusBadRequest {
						t.Errorf("answered with %s", resp.Status)
					}
				}
				equal(t, "ends", len(s.ends), 0)
			})
		}
	}
}

// A server may leave our client at any point of the handshake.
func TestAServerThatLeavesInTheHandshake(t *testing.T) {
	answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	for _, n := range []int{0, 1, 20, len(answer)} {
		for _, way := range departures {
			besieged(t, demands{where: func(s *siege) bool { return s.client }}, func(t *testing.T, s *siege) {
				a, dialled := s.accept()
				must(t, second(http.ReadRequest(a.in)))
				must(t, second(io.WriteString(a, answer[:n])))
				way.leave(a)
				var refused *websocket.HandshakeError
				if err := <-dialled; !errors.As(err, &refused) {
					t.Errorf("the error is %v", err)
				}
				if !s.conn {
					equal(t, "code", s.ended(t).code, websocket.CloseAbnormal)
				}
			})
		}
	}
}

//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package websocket_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/everwire/everwire/internal/testcert"
	"github.com/everwire/everwire/websocket"
)

// sendBack answers every message.
func sendBack(s *websocket.Socket) {
	s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
}

func TestTLSOnALoopCarriesEverySize(t *testing.T) {
	certificate := testcert.New("127.0.0.1")
	for _, row := range []struct {
		name    string
		version uint16
		suite   uint16 // of TLS 1.2
	}{
		{"TLS 1.3", tls.VersionTLS13, 0},
		{"TLS 1.2 with GCM", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		{"TLS 1.2 with ChaCha20", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
		{"TLS 1.2 with CBC", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA},
		{"TLS 1.0", tls.VersionTLS10, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA},
	} {
		t.Run(row.name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			srv := &websocket.Server{TLSConfig: certificate.Server()}
			srv.TLSConfig.MinVersion, srv.TLSConfig.MaxVersion = row.version, row.version
			srv.OnConnection(func(s *websocket.Socket, _ *http.Request) { sendBack(s) })
			served := inBackground(func() error { return srv.ServeTLS(ln, "", "") })
			t.Cleanup(func() {
				srv.Close()
				<-served
			})
			client := certificate.Client()
			client.MinVersion = row.version
			if row.suite != 0 { // HTTP/2 would not let the server choose it alone
				client.CipherSuites = []uint16{row.suite}
			}
			c, err := websocket.Dial(forever, "wss://"+ln.Addr().String(), &websocket.DialOptions{TLSConfig: client})
			must(t, err)
			defer c.Close(websocket.CloseNormal, "")
			for _, size := range []int{0, 1, 125, 1185, 1186, 16383, 16384, 16385, 60 << 10, 64 << 10, 200_001, 1 << 20} {
				want := strings.Repeat("0123456789abcdef!", size/17+1)[:size]
				sent := inBackground(func() error { return c.Write(forever, websocket.Text, []byte(want)) })
				_, got, err := c.Read(forever)
				must(t, err)
				must(t, <-sent)
				if string(got) != want {
					t.Fatalf("%d octets came back as %d others", size, len(got))
				}
			}
		})
	}
}

// What TLS has read before the descriptor goes to the loop is in it, and must not wait for more.
func TestWhatComesWithTheHandshakeIsDeliveredOverTLS(t *testing.T) {
	address := secureServer(t, sendBack)
	request := exampleRequest + "\r\n"
	for _, row := range []struct {
		name string
		wire func(p *tlsPeer) string
	}{
		{"in its record", func(p *tlsPeer) string {
			return p.record(applicationRecord, request+masked("one")+masked("two"))
		}},
		{"in its segment", func(p *tlsPeer) string {
			return p.record(applicationRecord, request) + p.record(applicationRecord, masked("one")) + p.record(applicationRecord, masked("two"))
		}},
		{"in its record and segment, cut anywhere", func(p *tlsPeer) string {
			frames := masked("one") + masked("two")
			return p.record(applicationRecord, request+frames[:3]) + p.record(applicationRecord, frames[3:10]) +
				p.record(applicationRecord, "") + p.record(applicationRecord, frames[10:])
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := dialTLS(t, address)
			p.send(row.wire(p))
			p.wantText(exampleAnswer + "\r\n" + plain("one") + plain("two"))
		})
	}
}

// Records may come in pieces, and a piece may be all that is there for a long time.
func TestARecordMayComeOctetByOctet(t *testing.T) {
	p := dialTLS(t, secureServer(t, sendBack))
	p.upgrade()
	for i := range 3 {
		text := fmt.Sprint("number ", i)
		for _, octet := range []byte(p.record(applicationRecord, masked(text))) {
			p.send(string([]byte{octet}))
		}
		p.want(applicationRecord, plain(text))
	}
}

func TestAPausedSocketOverTLSLosesNothing(t *testing.T) {
	messages := make(chan string, 10)
	sockets := make(chan *websocket.Socket, 1)
	p := dialTLS(t, secureServer(t, func(s *websocket.Socket) {
		sockets <- s
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			s.Pause()
			messages <- m.Text()[:5]
		})
	}))
	p.upgrade()
	var others []*tlsPeer // that have the loops' buffers used for something else
	for address := secureServer(t, sendBack); len(others) < 2*runtime.GOMAXPROCS(0); {
		other := dialTLS(t, address)
		other.upgrade()
		others = append(others, other)
	}
	long := strings.Repeat(".", 7000) // so that TLS does not take all of them at once
	p.send(p.record(applicationRecord, masked("one  "+long)+masked("two  "+long)) +
		p.record(applicationRecord, masked("three"+long)) + p.record(applicationRecord, masked("four "+long)))
	s := <-sockets
	for _, want := range []string{"one  ", "two  ", "three", "four "} {
		equal(t, "message", <-messages, want)
		select {
		case m := <-messages:
			t.Fatalf("%q was delivered in spite of the pause", m)
		default:
		}
		for _, other := range others {
			wire := ""
			for range 6 {
				wire += other.record(applicationRecord, masked(long))
			}
			other.send(wire)
			other.wantText(strings.Repeat(plain(long), 6))
		}
		s.Resume()
	}
	p.send(p.record(applicationRecord, masked("five ")))
	equal(t, "message", <-messages, "five ")
}

// The peer's KeyUpdate has TLS write from within reading (RFC 8446 §4.6.3).
func TestKeysMayChange(t *testing.T) {
	const updateNotRequested, updateRequested = "\x18\x00\x00\x01\x00", "\x18\x00\x00\x01\x01"
	p := dialTLS(t, secureServer(t, sendBack))
	p.upgrade()
	for i := range 5 {
		text := fmt.Sprint("number ", i)
		wire := p.record(handshakeRecord, updateRequested)
		p.out.update()
		if i%2 == 0 { // alone: there is no output but the answer
			p.send(wire)
			p.want(handshakeRecord, updateNotRequested)
			p.in.update()
			p.send(p.record(applicationRecord, masked(text)))
		} else { // with a message behind it
			p.send(wire + p.record(applicationRecord, masked(text)))
			p.want(handshakeRecord, updateNotRequested)
			p.in.update()
		}
		p.want(applicationRecord, plain(text))
	}
}

// A large message is encrypted as the peer takes it, and all that was sent behind it comes behind it.
func TestALargeMessageOverTLSWaitsForThePeer(t *testing.T) {
	const size = 12 << 20 // more than the system takes for a peer that reads nothing
	large := strings.Repeat("large", size/5)
	answered := make(chan struct{})
	p := dialTLS(t, secureServer(t, func(s *websocket.Socket) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if m.Text() == "second" {
				s.SendText("behind it")
				close(answered)
				return
			}
			s.SendText(large)
		})
	}))
	p.upgrade()
	p.send(p.record(applicationRecord, masked("first")))
	p.send(p.record(applicationRecord, masked("second")))
	within(t, "the second message", answered)
	p.wantText(plain(large) + plain("behind it"))
}

// A socket ends its half of TLS before that of TCP, unless it is cut.
func TestTLSFarewell(t *testing.T) {
	const closeNotify = "\x01\x00"
	t.Run("Close", func(t *testing.T) {
		p := dialTLS(t, secureServer(t, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, _ websocket.Message) { s.Close(websocket.CloseNormal, "") })
		}))
		p.upgrade()
		p.send(p.record(applicationRecord, masked("close")))
		p.want(applicationRecord, "\x88\x02\x03\xe8")
		p.send(p.record(applicationRecord, (&attacker{masks: true}).frame(0x88, "\x03\xe8")))
		p.want(alertRecord, closeNotify)
		if _, _, err := p.receive(); err != io.EOF {
			t.Fatalf("behind the farewell: %v", err)
		}
	})
	t.Run("Terminate", func(t *testing.T) {
		p := dialTLS(t, secureServer(t, func(s *websocket.Socket) {
			s.OnMessage(func(s *websocket.Socket, _ websocket.Message) { s.Terminate() })
		}))
		p.upgrade()
		p.send(p.record(applicationRecord, masked("terminate")))
		if typ, data, err := p.receive(); !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("received a record of type %d, %q, %v; want a reset", typ, data, err)
		}
	})
}

// What a peer does to TLS, and what its socket learns of that, is the same on a loop as on a goroutine.
func TestThePeersEndOfTLS(t *testing.T) {
	const (
		closeNotify, badRecordMAC, unexpected = "\x01\x00", "\x02\x14", "\x02\x0a"
		abnormally                            = `close 1006 "" clean=false`
	)
	for _, row := range []struct {
		name   string
		end    func(p *tlsPeer)
		alert  string // that the peer gets
		events []string
	}{
		{"close_notify", func(p *tlsPeer) { p.send(p.record(alertRecord, closeNotify)) }, closeNotify,
			[]string{"open", "message last", abnormally}},
		{"FIN", func(p *tlsPeer) { p.CloseWrite() }, closeNotify, []string{"open", "message last", abnormally}},
		{"FIN in a record", func(p *tlsPeer) {
			p.send(p.record(applicationRecord, masked("lost"))[:10])
			p.CloseWrite()
		}, closeNotify, []string{"open", "message last", "error", abnormally}},
		{"a record that was tampered with", func(p *tlsPeer) {
			tampered := []byte(p.record(applicationRecord, masked("lost")))
			tampered[8]++
			p.send(string(tampered))
		}, badRecordMAC, []string{"open", "message last", "error", abnormally}},
		{"a message out of order", func(p *tlsPeer) { p.send(p.record(handshakeRecord, "\x14\x00\x00\x00")) }, unexpected,
			[]string{"open", "message last", "error", abnormally}},
	} {
		for _, driver := range []websocket.Driver{websocket.EventLoops, websocket.Goroutines} {
			t.Run(fmt.Sprintf("%s, driver %d", row.name, driver), func(t *testing.T) {
				j := newJournal()
				p := dialTLS(t, secureServerOn(t, driver, j.listen))
				p.upgrade(masked("last"))
				j.waitFor(t, "message")
				row.end(p)
				equal(t, "events", strings.Join(j.waitClose(t), ", "), strings.Join(row.events, ", "))
				if driver == websocket.EventLoops { // the other lets go of it if it is writing
					p.want(alertRecord, row.alert)
				}
			})
		}
	}
}

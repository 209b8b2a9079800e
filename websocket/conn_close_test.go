package websocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestCloseByEitherEndIsCleanAtBoth(t *testing.T) {
	check := func(t *testing.T, closer, peer *websocket.Conn) {
		reading := inBackground(func() error { _, _, err := peer.Read(forever); return err })
		wantError(t, "Close", closer.Close(4321, "that is all"), nil)
		var closed *websocket.CloseError
		if err := <-reading; !errors.As(err, &closed) || *closed != (websocket.CloseError{Code: 4321, Reason: "that is all"}) {
			t.Errorf("the peer reads %v", err)
		}
		wantError(t, "the peer's Close", peer.Close(websocket.CloseNormal, ""), nil)
		wantClosed(t, closer, 4321) // the peer answered with the same code
	}
	overStreams(t, func(t *testing.T, conns connPair) {
		t.Run("server", func(t *testing.T) { s, c := conns(t, nil); check(t, s, c) })
		t.Run("client", func(t *testing.T) { s, c := conns(t, nil); check(t, c, s) })
	})
	t.Run("takes no time", func(t *testing.T) {
		inMemory(t, func(t *testing.T, conns connPair) {
			s, c := conns(t, nil)
			start := time.Now()
			check(t, s, c)
			if took := time.Since(start); took != 0 {
				t.Errorf("it took %v", took)
			}
			wantNoGoroutines(t)
		})
	})
}

func TestCloseByBothEndsAtOnceIsClean(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		start := time.Now()
		server := inBackground(func() error { return s.Close(4001, "from the server") })
		wantError(t, "the client's Close", c.Close(4002, "from the client"), nil)
		wantError(t, "the server's Close", <-server, nil)
		wantClosed(t, c, 4001)
		wantClosed(t, s, 4002)
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
		wantNoGoroutines(t)
	})
}

func TestCloseTakesTheCodesThatMayBeSent(t *testing.T) {
	endAndRaw(t, websocket.Limits{CloseTimeout: time.Second}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		bad := []websocket.CloseCode{1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65535}
		for _, code := range bad {
			if err := c.Close(code, ""); err != websocket.ErrInvalidClose {
				t.Errorf("Close(%d): %v; want ErrInvalidClose", code, err)
			}
		}
		for name, reason := range map[string]string{"long": strings.Repeat("x", 124), "not UTF-8": "\xFF"} {
			if err := c.Close(websocket.CloseNormal, reason); err != websocket.ErrInvalidClose {
				t.Errorf("a reason that is %s: %v; want ErrInvalidClose", name, err)
			}
		}
		if err := c.Close(0, "a reason without a code"); err != websocket.ErrInvalidClose {
			t.Errorf("a reason without a code: %v; want ErrInvalidClose", err)
		}
		send(t, c, websocket.Text, "as it was")
		raw.wantFrame(frame.Text, "as it was")
	})
	good := []websocket.CloseCode{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999}
	for _, code := range good {
		bubbles(t, fmt.Sprint(int(code)), func(t *testing.T) {
			s, c := memoryConns(t, nil)
			reading := inBackground(func() error { _, _, err := c.Read(forever); return err })
			reason := strings.Repeat("ß", 61)
			wantError(t, "Close", s.Close(code, reason), nil)
			var closed *websocket.CloseError
			if err := <-reading; !errors.As(err, &closed) || *closed != (websocket.CloseError{Code: code, Reason: reason}) {
				t.Errorf("the peer reads %v", err)
			}
		})
	}
}

func TestCloseWithCode0HasNoBodyAndIs1005AtThePeer(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		closed := inBackground(func() error { return c.Close(0, "") })
		raw.wantFrame(frame.Close, "")
		raw.write(raw.frame(frame.Close, true, ""))
		raw.wantEnd()
		raw.nc.Close()
		wantError(t, "Close", <-closed, nil)
		wantClosed(t, c, websocket.CloseNoStatus)
	})
}

func TestPeersCloseIsAnsweredWithItsCode(t *testing.T) {
	for _, code := range []websocket.CloseCode{websocket.CloseNormal, websocket.CloseServiceRestart, 4999, websocket.CloseNoStatus} {
		t.Run(fmt.Sprint(int(code)), func(t *testing.T) {
			endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				raw.write(raw.closing(code, ""))
				wantClosed(t, c, code)
				raw.wantFrame(frame.Close, string(frame.AppendClose(nil, code, "")))
				raw.wantEnd()
				raw.nc.Close()
				wantError(t, "Close", c.Close(websocket.CloseNormal, ""), nil)
				wantNoGoroutines(t)
			})
		})
	}
}

func TestCloseWhosePeerNeverAnswersIsErrCloseTimeoutAfterExactlyCloseTimeout(t *testing.T) {
	for _, row := range []struct{ set, want time.Duration }{{0, 5 * time.Second}, {700 * time.Millisecond, 700 * time.Millisecond}} {
		limits := websocket.Limits{CloseTimeout: row.set}
		for name, peer := range map[string]func(raw *rawPeer){
			"it is silent": func(raw *rawPeer) {},
			"it sends on": func(raw *rawPeer) {
				for range 1000 {
					if _, err := raw.nc.Write(raw.text("more")); err != nil {
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
			},
			"it sends half a frame": func(raw *rawPeer) { raw.write(raw.header(frame.Binary, true, 1000)) },
		} {
			t.Run(fmt.Sprintf("%v/%s", row.want, name), func(t *testing.T) {
				endAndRaw(t, limits, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
					sending := make(chan struct{})
					go func() { defer close(sending); peer(raw) }()
					start := time.Now()
					wantError(t, "Close", c.Close(websocket.CloseNormal, ""), websocket.ErrCloseTimeout)
					if took := time.Since(start); took != row.want {
						t.Errorf("it took %v, want %v", took, row.want)
					}
					wantNoGoroutines(t)
					_, _, err := c.Read(forever)
					wantError(t, "Read", err, websocket.ErrCloseTimeout)
					wantError(t, "a second Close", c.Close(websocket.CloseNormal, ""), websocket.ErrCloseTimeout)
					<-sending
				})
			})
		}
	}
}

func TestCloseWhosePeerNeverReadsIsErrCloseTimeoutAfterExactlyCloseTimeout(t *testing.T) {
	check := func(t *testing.T, c *websocket.Conn) {
		stuck := inBackground(func() error { return c.Write(forever, websocket.Binary, make([]byte, 1<<20)) })
		synctest.Wait()
		start := time.Now()
		wantError(t, "Close", c.Close(websocket.CloseNormal, ""), websocket.ErrCloseTimeout)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		wantError(t, "the Write that was stuck", <-stuck, websocket.ErrClosed)
		wantNoGoroutines(t)
	}
	inMemory(t, func(t *testing.T, conns connPair) { s, _ := conns(t, nil); check(t, s) })
	inMemory(t, func(t *testing.T, conns connPair) { _, c := conns(t, nil); check(t, c) })
	t.Run("another reads", func(t *testing.T) {
		inMemory(t, func(t *testing.T, conns connPair) {
			s, _ := conns(t, nil)
			reading := s.CloseRead(forever)
			check(t, s)
			wantError(t, "CloseRead", context.Cause(reading), websocket.ErrCloseTimeout)
		})
	})
}

// The connection ends by itself, and our Close frame cannot leave.
func TestEndWhosePeerNeverReadsIsCutAfterCloseTimeout(t *testing.T) {
	for name, end := range map[string]func(c, peer *websocket.Conn){
		"a violation": func(c, peer *websocket.Conn) { peer.Write(forever, websocket.Text, make([]byte, 9)) },
		"its Close":   func(c, peer *websocket.Conn) { go peer.Close(websocket.CloseNormal, "") },
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, func(t *testing.T, conns connPair) {
				pair := &wstest.PairOptions{}
				pair.Accept.Limits.MessageSize = 8
				pair.Dial.Limits.CloseTimeout = -1
				var stalled *wstest.FaultyConn
				pair.Client = func(nc net.Conn) net.Conn { stalled = wstest.Faulty(nc); return stalled }
				s, c := conns(t, pair)
				stalled.Reads().CutAfter(0, wstest.CutSilent)
				stuck := inBackground(func() error { return s.Write(forever, websocket.Binary, make([]byte, 1<<20)) })
				reading := s.CloseRead(forever)
				synctest.Wait()
				start := time.Now()
				end(s, c)
				<-reading.Done()
				if took := time.Since(start); took != 0 {
					t.Errorf("who reads learned of it after %v", took)
				}
				wantError(t, "the Write that was stuck", <-stuck, websocket.ErrClosed)
				s.Close(websocket.CloseNormal, "")
				if took := time.Since(start); took != 5*time.Second {
					t.Errorf("it took %v", took)
				}
				stalled.Reads().Clear()
			})
		})
	}
}

func TestOctetsAfterThePeersCloseFrameAreIgnored(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.closing(websocket.CloseNormal, ""), raw.text("late"), raw.frame(frame.Ping, true, ""), []byte{0xFF, 0xFF, 0xFF})
		wantClosed(t, c, websocket.CloseNormal)
		raw.wantClose(websocket.CloseNormal)
		raw.write([]byte("GET / HTTP/1.1\r\n\r\n"))
		raw.wantEnd()
		raw.nc.Close()
		wantError(t, "Close", c.Close(websocket.CloseNormal, ""), nil)
		wantClosed(t, c, websocket.CloseNormal)
	})
}

func TestViolationIsAnsweredWithItsCode(t *testing.T) {
	for _, row := range []struct {
		name string
		wire func(p *rawPeer) []byte
		code websocket.CloseCode
	}{
		{"a reserved bit", func(p *rawPeer) []byte {
			return p.encode(frame.Header{Fin: true, Rsv: frame.Rsv2, Opcode: frame.Text, Masked: p.masks}, "")
		}, 1002},
		{"a reserved opcode", func(p *rawPeer) []byte { return p.frame(3, true, "") }, 1002},
		{"a reserved control opcode", func(p *rawPeer) []byte { return p.frame(0xB, true, "") }, 1002},
		{"the wrong mask", func(p *rawPeer) []byte {
			return p.encode(frame.Header{Fin: true, Opcode: frame.Text, Masked: !p.masks}, "")
		}, 1002},
		{"a fragmented Ping", func(p *rawPeer) []byte { return p.frame(frame.Ping, false, "") }, 1002},
		{"a large Ping", func(p *rawPeer) []byte { return p.frame(frame.Ping, true, strings.Repeat("x", 126)) }, 1002},
		{"a continuation of nothing", func(p *rawPeer) []byte { return p.frame(frame.Continuation, true, "") }, 1002},
		{"a message inside a message", func(p *rawPeer) []byte {
			return append(p.frame(frame.Text, false, ""), p.text("")...)
		}, 1002},
		{"a length that could be shorter", func(p *rawPeer) []byte { return []byte{0x82, 0x80 | 126, 0, 1} }, 1002},
		{"a Close frame of one octet", func(p *rawPeer) []byte { return p.frame(frame.Close, true, "x") }, 1002},
		{"a close code that may not be sent", func(p *rawPeer) []byte { return p.closing(1006, "") }, 1002},
		{"a close reason that is not UTF-8", func(p *rawPeer) []byte { return p.closing(1000, "\xFF") }, 1007},
		{"text that is not UTF-8", func(p *rawPeer) []byte { return p.text("\xFF") }, 1007},
		{"text that ends inside a character", func(p *rawPeer) []byte { return p.text("\xE2\x82") }, 1007},
		{"too large a message", func(p *rawPeer) []byte { return p.header(frame.Text, true, 1<<20+1) }, 1009},
	} {
		t.Run(row.name, func(t *testing.T) {
			endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				raw.write(row.wire(raw))
				_, _, err := c.Read(forever)
				var violation *websocket.ProtocolError
				if !errors.As(err, &violation) || violation.Code != row.code || !strings.HasPrefix(violation.Section, "RFC 6455 §") {
					t.Fatalf("Read: %#v", err)
				}
				if code := websocket.CloseCodeOf(err); code != websocket.CloseAbnormal {
					t.Errorf("here the code is %d, want 1006", code)
				}
				raw.wantClose(row.code)
				raw.wantEnd()
				raw.write(raw.text("ignored"), raw.closing(row.code, ""))
				raw.nc.Close()
				wantError(t, "Close", c.Close(websocket.CloseNormal, ""), err)
				wantNoGoroutines(t)
			})
		})
	}
}

// Programs call Close as soon as a Read fails.
func TestCloseAfterAViolationDoesNotReplaceItsCode(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			c, raw := serverAndRaw(t, nil)
			raw.write(raw.text("\xFF"))
			c.Read(forever)
			go c.Close(websocket.CloseNormal, "bye")
			raw.wantClose(websocket.CloseInvalidPayload)
			raw.wantEnd()
		})
	}
}

func TestPeerThatIsStillSendingReadsTheCloseFrame(t *testing.T) {
	t.Run("in memory, where a reset would destroy it", func(t *testing.T) {
		endAndRaw(t, websocket.Limits{MessageSize: 10}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
			reading := inBackground(func() error { _, _, err := c.Read(forever); return err })
			raw.write(raw.text(strings.Repeat("x", 1<<20-1000))) // and only then
			raw.wantClose(websocket.CloseMessageTooBig)
			raw.wantEnd()
			raw.nc.Close()
			wantError(t, "Read", <-reading, websocket.ErrMessageTooBig)
			wantError(t, "Close", c.Close(1000, ""), websocket.ErrMessageTooBig)
		})
	})
	for name, conns := range map[string]connPair{"TCP": tcpConns, "TLS": tlsConns} {
		t.Run(name, func(t *testing.T) {
			var uploads []<-chan error
			for range 8 {
				pair := &wstest.PairOptions{}
				pair.Accept.Limits.MessageSize = 1000
				s, c := conns(t, pair)
				go s.Read(forever)
				uploads = append(uploads, inBackground(func() error {
					return c.Write(forever, websocket.Binary, make([]byte, 16<<20))
				}))
				wantClosed(t, c, websocket.CloseMessageTooBig)
			}
			for _, uploaded := range uploads { // all of them wait for LingerTime
				if err := <-uploaded; err == nil {
					t.Error("16 MiB were uploaded to a server that takes 1,000 octets")
				}
			}
		})
	}
}

func TestConnLingeringIsBounded(t *testing.T) {
	// The raw peer has read our Close frame and FIN, and does not end its half.
	cut := func(t *testing.T, limits websocket.Limits, stay func(raw *rawPeer), want time.Duration) {
		endAndRaw(t, limits, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
			start := time.Now()
			raw.write(raw.closing(websocket.CloseNormal, ""))
			wantClosed(t, c, websocket.CloseNormal)
			raw.wantClose(websocket.CloseNormal)
			raw.wantEnd()
			stay(raw)
			wantError(t, "Close", c.Close(websocket.CloseNormal, ""), nil)
			if took := time.Since(start); took != want {
				t.Errorf("the stream was held for %v, want %v", took, want)
			}
			if _, err := raw.nc.Write(make([]byte, 1)); err == nil {
				t.Error("the stream is open")
			}
			wantNoGoroutines(t)
		})
	}
	flood := func(n int) func(raw *rawPeer) {
		return func(raw *rawPeer) { raw.nc.Write(make([]byte, n)); synctest.Wait() }
	}
	held := func(raw *rawPeer) { // more than is read
		written := make(chan struct{})
		go func() {
			defer close(written)
			raw.nc.Write(make([]byte, 3<<20))
		}()
		synctest.Wait()
		select {
		case <-written:
			t.Error("all of 3 MiB was read")
		default:
		}
	}
	slowly := func(raw *rawPeer) {
		start := time.Now()
		raw.nc.Write(make([]byte, 1<<20-1))
		if took := time.Since(start); took < 200*time.Millisecond || took > time.Second {
			t.Errorf("it took %v to read a MiB, not some 20 ms for each 64 KiB", took)
		}
	}
	still := func(raw *rawPeer) {}
	t.Run("by the default time", func(t *testing.T) { cut(t, websocket.Limits{}, still, 2*time.Second) })
	t.Run("by LingerTime", func(t *testing.T) { cut(t, websocket.Limits{LingerTime: time.Minute}, still, time.Minute) })
	t.Run("by the default octets", func(t *testing.T) { cut(t, websocket.Limits{}, held, 2*time.Second) })
	t.Run("slowly", func(t *testing.T) { cut(t, websocket.Limits{}, slowly, 2*time.Second) })
	t.Run("not by fewer", func(t *testing.T) { cut(t, websocket.Limits{}, flood(1<<20-1), 2*time.Second) })
	t.Run("by LingerBytes", func(t *testing.T) { cut(t, websocket.Limits{LingerBytes: 100}, held, 2*time.Second) })
	t.Run("not by octets", func(t *testing.T) { cut(t, websocket.Limits{LingerBytes: -1}, flood(3<<20), 2*time.Second) })
	t.Run("not at all", func(t *testing.T) { cut(t, websocket.Limits{LingerTime: -1}, still, 0) })
}

// wholeOnly is a stream that does not know halves.
type wholeOnly struct{ net.Conn }

func TestCloseTakesNoTimeOnAStreamWithoutHalves(t *testing.T) {
	for _, closer := range []string{"server", "client"} {
		bubbles(t, closer, func(t *testing.T) {
			wrap := func(nc net.Conn) net.Conn { return wholeOnly{nc} }
			s, c := memoryConns(t, &wstest.PairOptions{Server: wrap, Client: wrap})
			here, peer := s, c
			if closer == "client" {
				here, peer = c, s
			}
			start := time.Now()
			peers := inBackground(func() error { peer.Read(forever); return peer.Close(websocket.CloseNormal, "") })
			wantError(t, "Close", here.Close(websocket.CloseNormal, ""), nil)
			wantError(t, "the peer's Close", <-peers, nil)
			if took := time.Since(start); took != 0 {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestTerminateResetsAndReleasesWhoWaits(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		write := inBackground(func() error { return s.Write(forever, websocket.Binary, make([]byte, 1<<20)) })
		synctest.Wait()
		waiting := map[string]<-chan error{
			"Write":         write,
			"another Write": inBackground(func() error { return s.Write(forever, websocket.Text, nil) }),
			"Writer":        inBackground(func() error { _, err := s.Writer(forever, websocket.Text); return err }),
			"Read":          inBackground(func() error { _, _, err := s.Read(forever); return err }),
			"another Read":  inBackground(func() error { _, _, err := s.Read(forever); return err }),
			"Ping":          inBackground(func() error { return s.Ping(forever) }),
		}
		synctest.Wait()
		start := time.Now()
		s.Terminate()
		for name, result := range waiting {
			wantError(t, name, <-result, websocket.ErrClosed)
		}
		s.Terminate()
		wantError(t, "Close", s.Close(websocket.CloseNormal, ""), websocket.ErrClosed)
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
		for err := error(nil); err == nil; {
			if _, _, err = c.Read(forever); err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the peer reads %v; want a reset", err)
			}
		}
		wantNoGoroutines(t)
	})
}

func TestTerminateCutsAClosingShort(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, _ := conns(t, nil)
		closed := inBackground(func() error { return s.Close(websocket.CloseNormal, "") })
		synctest.Wait()
		start := time.Now()
		s.Terminate()
		wantError(t, "Close", <-closed, websocket.ErrClosed)
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

// A deferred Terminate must not destroy the Close frame that answers the peer's.
func TestTerminateLeavesAnEndThatIsUnderWay(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.closing(websocket.CloseNormal, "bye"))
		wantClosed(t, c, websocket.CloseNormal)
		c.Terminate()
		if h, _, err := raw.read(); err != nil || h.Opcode != frame.Close {
			t.Errorf("the peer receives %+v, %v; want a Close frame", h, err)
		}
		raw.nc.Close()
		wantError(t, "Close", c.Close(websocket.CloseNormal, ""), nil)
		wantNoGoroutines(t)
	})
	for range 20 {
		overStreams(t, func(t *testing.T, conns connPair) {
			s, c := conns(t, nil)
			served := make(chan struct{})
			go func() {
				defer close(served)
				defer s.Terminate()
				for err := error(nil); err == nil; {
					_, _, err = s.Read(forever)
				}
			}()
			wantError(t, "Close", c.Close(websocket.CloseNormal, ""), nil)
			<-served
		})
	}
}

func TestCloseIsIdempotentAndConcurrent(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		reading := inBackground(func() error { _, _, err := c.Read(forever); return err })
		var closing sync.WaitGroup
		for range 8 {
			closing.Go(func() {
				if err := s.Close(4000, "once"); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		}
		closing.Wait()
		wantError(t, "one more Close", s.Close(4000, "again"), nil)
		if err := <-reading; websocket.CloseCodeOf(err) != 4000 {
			t.Errorf("the peer reads %v", err)
		}
	})
	t.Run("sends one Close frame", func(t *testing.T) {
		endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
			var closing sync.WaitGroup
			for range 8 {
				closing.Go(func() { c.Close(4000, "once") })
			}
			raw.wantClose(4000)
			raw.write(raw.closing(4000, ""))
			raw.wantEnd()
			raw.nc.Close()
			closing.Wait()
		})
	})
}

func TestCloseDiscardsWhatArrivesUnlessSomebodyReadsIt(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.text("before"))
		_, r, _ := c.Reader(forever)
		io.ReadFull(r, make([]byte, 3))
		closed := inBackground(func() error { return c.Close(websocket.CloseNormal, "") })
		raw.wantClose(websocket.CloseNormal)
		raw.write(raw.text("discarded"), raw.frame(frame.Text, false, "also"), raw.closing(websocket.CloseNormal, ""))
		raw.wantEnd()
		raw.nc.Close()
		wantError(t, "Close", <-closed, nil)
		_, err := r.Read(make([]byte, 1))
		if websocket.CloseCodeOf(err) != websocket.CloseNormal {
			t.Errorf("the reader that was left: %v", err)
		}
	})
	t.Run("a reader", func(t *testing.T) {
		endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
			reading := inBackground(func() string { m, _ := readMessage(c, forever); return m })
			synctest.Wait()
			closed := inBackground(func() error { return c.Close(websocket.CloseNormal, "") })
			raw.wantClose(websocket.CloseNormal)
			raw.write(raw.text("still wanted"), raw.closing(websocket.CloseNormal, ""))
			if m := <-reading; m != "still wanted" {
				t.Errorf("the reader got %q", m)
			}
			raw.wantEnd()
			raw.nc.Close()
			wantError(t, "Close", <-closed, nil)
		})
	})
}

func TestCloseInsideMessagesEndsTheLoop(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		go func() {
			send(t, c, websocket.Text, "go on")
			send(t, c, websocket.Text, "bye")
			c.Read(forever)
		}()
		n := 0
		for m, err := range s.Messages(forever) {
			if err != nil {
				break
			}
			n++
			if m.Text() == "bye" {
				wantError(t, "Close", s.Close(websocket.CloseNormal, ""), nil)
			}
		}
		if n != 2 {
			t.Errorf("%d messages", n)
		}
	})
}

// countingContext counts who waits for its end.
type countingContext struct {
	context.Context
	waiting atomic.Int64
}

// Value keeps package context from going to the Context below itself.
func (c *countingContext) Value(any) any { return nil }

func (c *countingContext) AfterFunc(f func()) func() bool {
	c.waiting.Add(1)
	stop := context.AfterFunc(c.Context, f)
	return func() bool {
		stopped := stop()
		if stopped {
			c.waiting.Add(-1)
		}
		return stopped
	}
}

func TestConnThatHasEndedIsForgottenByItsContexts(t *testing.T) {
	ends := map[string]func(c *websocket.Conn, raw *rawPeer){
		"Terminate": func(c *websocket.Conn, raw *rawPeer) { c.Terminate() },
		"Close": func(c *websocket.Conn, raw *rawPeer) {
			go c.Close(1000, "")
			raw.write(raw.closing(1000, ""))
			raw.endOutput()
		},
		"peer": func(c *websocket.Conn, raw *rawPeer) {
			raw.write(raw.closing(1000, ""))
			raw.endOutput()
			c.Read(forever)
		},
		"lost":      func(c *websocket.Conn, raw *rawPeer) { raw.nc.Close(); c.Read(forever) },
		"violation": func(c *websocket.Conn, raw *rawPeer) { raw.write([]byte{0xFF, 0xFF}); raw.endOutput(); c.Read(forever) },
		"timeout":   func(c *websocket.Conn, raw *rawPeer) { c.Close(1000, "") },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				parent, cancel := context.WithCancel(forever)
				defer cancel()
				ctx := &countingContext{Context: parent}
				raw.write(raw.text("x"))
				c.Read(ctx)
				c.Write(ctx, websocket.Text, nil)
				if ctx.waiting.Load() == 0 {
					t.Fatal("the test counts nothing")
				}
				end(c, raw)
				synctest.Wait()
				c.Read(ctx)
				c.Write(ctx, websocket.Text, nil)
				if n := ctx.waiting.Load(); n != 0 {
					t.Errorf("the context still knows of %d", n)
				}
			})
		})
	}
}

func TestMessageAbandonedAfterThePeersCloseChangesNothing(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		w, err := c.Writer(forever, websocket.Text)
		wantError(t, "Writer", err, nil)
		io.WriteString(w, strings.Repeat("x", 40<<10))
		raw.read()
		raw.write(raw.closing(websocket.CloseNormal, ""))
		wantClosed(t, c, websocket.CloseNormal)
		_, err = io.WriteString(w, "\xFF")
		wantError(t, "Write", err, websocket.ErrInvalidUTF8)
		raw.wantClose(websocket.CloseNormal)
		raw.wantEnd()
		raw.nc.Close()
		wantError(t, "Close", c.Close(websocket.CloseNormal, ""), nil)
	})
}

func TestPeersCloseAfterThisEndFailedTheConnectionMakesItNoMoreClean(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		raw.write(raw.text("read"), raw.closing(websocket.CloseNormal, "")) // the latter lies there, not looked at
		wantMessage(t, c, websocket.Text, "read")
		w, err := c.Writer(forever, websocket.Text)
		wantError(t, "Writer", err, nil)
		io.WriteString(w, strings.Repeat("x", 40<<10))
		io.WriteString(w, "\xFF")
		raw.read()
		raw.wantClose(websocket.CloseInternalError)
		raw.nc.Close()
		synctest.Wait()
		if err := c.Close(websocket.CloseNormal, ""); err == nil || !strings.Contains(err.Error(), "abandoned") {
			t.Errorf("Close: %v; want why this end failed the connection", err)
		}
	})
}

// A peer whose TLS ends without a farewell has ended its half nevertheless.
func TestPeerThatEndsTLSByFINReadsTheCloseFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var below net.Conn
		raw := &rawPeer{t: t, masks: true}
		pair := &wstest.PairOptions{Client: func(nc net.Conn) net.Conn {
			below = nc
			raw.nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
			return raw.nc
		}}
		pair.Server = func(nc net.Conn) net.Conn {
			return tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{certificate()}})
		}
		s, _ := memoryConns(t, pair)
		raw.write(raw.closing(websocket.CloseNormal, ""))
		below.(*wstest.PipeConn).CloseWrite()
		wantClosed(t, s, websocket.CloseNormal)
		wantError(t, "Close", s.Close(websocket.CloseNormal, ""), nil)
		raw.wantClose(websocket.CloseNormal)
		raw.wantEnd()
	})
}

// RFC 6455 §5.5.2: a Ping is answered unless a Close frame came before it.
func TestPingBeforeTheCloseFrameIsAnsweredBeforeIt(t *testing.T) {
	for range 20 {
		endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
			raw.write(raw.frame(frame.Ping, true, "quick"), raw.closing(websocket.CloseNormal, ""))
			wantClosed(t, c, websocket.CloseNormal)
			raw.wantFrame(frame.Pong, "quick")
			raw.wantClose(websocket.CloseNormal)
			raw.wantEnd()
			raw.nc.Close()
		})
	}
}

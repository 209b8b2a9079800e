package websocket_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

// netConns makes both ends of a stream over WebSocket.
func netConns(t *testing.T, conns connPair) (s, c net.Conn) {
	server, client := conns(t, nil)
	return server.NetConn(websocket.Binary), client.NetConn(websocket.Binary)
}

// wantTimeout checks an error in all the ways programs do.
func wantTimeout(t *testing.T, what string, err error) {
	t.Helper()
	var timeout net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatalf("%s: %v; want a timeout", what, err)
	}
}

func TestNetConnCarriesStreamsBothWaysAtOnce(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := netConns(t, conns)
		want := pseudoRandom(3 << 20)
		var copying sync.WaitGroup
		for _, end := range []net.Conn{s, c} {
			copying.Go(func() {
				n, err := io.Copy(end, iotest.HalfReader(onlyReader{bytes.NewReader(want)}))
				if n != int64(len(want)) || err != nil {
					t.Errorf("Copy = %d, %v", n, err)
				}
			})
			copying.Go(func() {
				got := make([]byte, len(want))
				if _, err := io.ReadFull(end, got); err != nil || !bytes.Equal(got, want) {
					t.Errorf("what arrived is not what was sent: %v", err)
				}
			})
		}
		copying.Wait()
		reading := inBackground(func() error { _, err := c.Read(make([]byte, 1)); return err })
		wantError(t, "Close", s.Close(), nil)
		wantError(t, "Read at the other end", <-reading, io.EOF)
	})
}

// onlyReader keeps io.Copy from finding a WriterTo.
type onlyReader struct{ io.Reader }

func TestNetConnReadsAcrossMessages(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		nc := c.NetConn(websocket.Text)
		if n, err := nc.Read(nil); n != 0 || err != nil {
			t.Errorf("Read of nothing, when there is nothing, = %d, %v", n, err)
		}
		raw.write(raw.text("ab"), raw.text(""), raw.frame(frame.Binary, false, "c"), raw.frame(frame.Ping, true, ""),
			raw.frame(frame.Continuation, false, ""), raw.frame(frame.Continuation, true, "de"), raw.closing(websocket.CloseGoingAway, ""))
		if n, err := nc.Read(nil); n != 0 || err != nil {
			t.Errorf("Read of nothing = %d, %v", n, err)
		}
		wantError(t, "TestReader", iotest.TestReader(nc, []byte("abcde")), nil)
		if n, err := nc.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("Read after the end = %d, %v", n, err)
		}
	})
}

func TestNetConnWritesAMessageEach(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		for typ, opcode := range map[websocket.MessageType]frame.Opcode{websocket.Text: frame.Text, websocket.Binary: frame.Binary} {
			nc := c.NetConn(typ)
			if n, err := io.WriteString(nc, "a message"); n != 9 || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
			raw.wantFrame(opcode, "a message")
		}
		if n, err := c.NetConn(websocket.Text).Write([]byte("\xFF")); n != 0 || err != websocket.ErrInvalidUTF8 {
			t.Errorf("Write of what is not UTF-8 = %d, %v", n, err)
		}
		if nc := c.NetConn(websocket.Text); nc.LocalAddr() != c.LocalAddr() || nc.RemoteAddr() != c.RemoteAddr() {
			t.Error("the addresses are not the Conn's")
		}
	})
}

func TestNetConnEndOfStream(t *testing.T) {
	for _, row := range []struct {
		code websocket.CloseCode
		want error
	}{
		{websocket.CloseNormal, io.EOF},
		{websocket.CloseGoingAway, io.EOF},
		{websocket.CloseInternalError, &websocket.CloseError{Code: websocket.CloseInternalError}},
		{websocket.CloseNoStatus, &websocket.CloseError{Code: websocket.CloseNoStatus}},
		{0, io.ErrUnexpectedEOF}, // no Close frame
	} {
		t.Run(row.code.String(), func(t *testing.T) {
			endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
				nc := c.NetConn(websocket.Binary)
				raw.write(raw.text("the last"))
				if row.code != 0 {
					raw.write(raw.closing(row.code, ""))
				}
				raw.endOutput()
				got, err := io.ReadAll(nc)
				if row.want == io.EOF {
					wantError(t, "ReadAll", err, nil)
				} else if !errors.Is(err, row.want) && errors.Unwrap(err) != nil || err == nil || websocket.CloseCodeOf(err) != websocket.CloseCodeOf(row.want) {
					t.Errorf("ReadAll: %v; want %v", err, row.want)
				}
				if string(got) != "the last" {
					t.Errorf("got %q", got)
				}
			})
		})
	}
}

func TestNetConnReadDeadlineLosesNothing(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		nc := c.NetConn(websocket.Binary)
		wire, message := fragmented(raw)
		for cut := range wire {
			raw.write(wire[:cut])
			nc.SetReadDeadline(time.Now().Add(time.Second))
			got := make([]byte, len(message))
			n, err := io.ReadFull(nc, got)
			wantTimeout(t, "Read", err)
			nc.SetReadDeadline(time.Time{})
			raw.write(wire[cut:])
			if _, err := io.ReadFull(nc, got[n:]); err != nil || string(got) != message {
				t.Fatalf("cut at %d: %q, %v", cut, got, err)
			}
		}
	})
}

func TestNetConnReadDeadlines(t *testing.T) {
	read := func(nc net.Conn) <-chan error {
		return inBackground(func() error { _, err := nc.Read(make([]byte, 1)); return err })
	}
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := netConns(t, conns)

		s.SetReadDeadline(time.Now().Add(-time.Second))
		wantTimeout(t, "a deadline that has passed", <-read(s))
		wantTimeout(t, "again", <-read(s))
		io.WriteString(c, "x")
		wantTimeout(t, "also if there is something to read", <-read(s))
		s.SetReadDeadline(time.Now().Add(time.Second))
		wantError(t, "a deadline to come", <-read(s), nil)

		start := time.Now()
		wantTimeout(t, "a deadline that comes", <-read(s))
		if took := time.Since(start); took != time.Second {
			t.Errorf("it came after %v", took)
		}

		s.SetReadDeadline(time.Time{})
		reading := read(s)
		synctest.Wait()
		s.SetReadDeadline(time.Now())
		wantTimeout(t, "a deadline set while a Read waits", <-reading)

		start = time.Now()
		s.SetReadDeadline(start.Add(time.Second))
		reading = read(s)
		synctest.Wait()
		s.SetReadDeadline(start.Add(10 * time.Second))
		wantTimeout(t, "a deadline moved later while a Read waits", <-reading)
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("it came after %v", took)
		}

		start = time.Now()
		s.SetDeadline(start.Add(10 * time.Second))
		reading = read(s)
		synctest.Wait()
		s.SetReadDeadline(start.Add(time.Second))
		wantTimeout(t, "a deadline moved earlier while a Read waits", <-reading)
		if took := time.Since(start); took != time.Second {
			t.Errorf("it came after %v", took)
		}

		s.SetReadDeadline(start.Add(2 * time.Second))
		reading = read(s)
		synctest.Wait()
		s.SetReadDeadline(time.Time{})
		time.Sleep(10 * time.Second)
		io.WriteString(c, "x")
		wantError(t, "a deadline taken away while a Read waits", <-reading, nil)
	})
}

// The timer of the old deadline may have run out just when the new one is set.
func TestNetConnDeadlineThatWasReplacedHasNoEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := netConns(t, memoryConns)
		for i := range 500 {
			s.SetReadDeadline(time.Now().Add(time.Second))
			time.Sleep(time.Second)
			s.SetReadDeadline(time.Now().Add(time.Hour))
			written := inBackground(func() error {
				time.Sleep(time.Second)
				_, err := io.WriteString(c, "x")
				return err
			})
			if _, err := s.Read(make([]byte, 1)); err != nil {
				t.Fatalf("Read %d: %v", i, err)
			}
			wantError(t, "Write", <-written, nil)
		}
	})
}

func TestNetConnWriteDeadlineBeforeTheFirstOctetCanBeRepeated(t *testing.T) {
	narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		nc := c.NetConn(websocket.Text)
		first := fill(t, c, raw)
		for range 3 {
			nc.SetWriteDeadline(time.Now().Add(time.Second))
			n, err := io.WriteString(nc, "again")
			wantTimeout(t, "Write", err)
			if n != 0 {
				t.Errorf("%d octets were written", n)
			}
		}
		nc.SetWriteDeadline(time.Time{})
		written := inBackground(func() error { _, err := io.WriteString(nc, "again"); return err })
		raw.wantFrame(frame.Text, first)
		raw.wantFrame(frame.Text, "again")
		wantError(t, "Write", <-written, nil)
	})
}

func TestNetConnWriteDeadlineInsideAMessageEndsTheConnection(t *testing.T) {
	narrowEnds(t, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		nc := c.NetConn(websocket.Binary)
		nc.SetDeadline(time.Now().Add(time.Second))
		_, err := nc.Write(make([]byte, 1<<20))
		wantTimeout(t, "Write", err)
		nc.SetDeadline(time.Time{})
		for range 2 { // a program that tries again after timeouts must not do so forever
			_, err = nc.Write([]byte("again"))
			wantError(t, "Write", err, websocket.ErrClosed)
			if _, err = nc.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Read: %v; want why the connection ended", err)
			}
		}
	})
}

func TestNetConnIsClosed(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := netConns(t, conns)
		s.SetDeadline(time.Now().Add(time.Hour))
		waiting := inBackground(func() error { _, err := s.Read(make([]byte, 1)); return err })
		synctest.Wait()
		peer := inBackground(func() error { _, err := c.Read(make([]byte, 1)); return err })
		wantError(t, "Close", s.Close(), nil)
		wantError(t, "a Read that waits", <-waiting, net.ErrClosed)
		wantError(t, "the peer's Read", <-peer, io.EOF)
		_, err := s.Read(make([]byte, 1))
		wantError(t, "Read", err, net.ErrClosed)
		_, err = s.Write(nil)
		wantError(t, "Write", err, net.ErrClosed)
		wantError(t, "SetDeadline", s.SetDeadline(time.Now()), net.ErrClosed)
		wantError(t, "SetReadDeadline", s.SetReadDeadline(time.Now()), net.ErrClosed)
		wantError(t, "SetWriteDeadline", s.SetWriteDeadline(time.Now()), net.ErrClosed)
		wantError(t, "a second Close", s.Close(), nil)
		wantError(t, "the peer's Close", c.Close(), nil)
	})
}

func TestNetConnCloseReleasesAWriteThatIsStuck(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, _ := netConns(t, conns)
		stuck := inBackground(func() error { _, err := s.Write(make([]byte, 1<<20)); return err })
		synctest.Wait()
		start := time.Now()
		wantError(t, "Close", s.Close(), websocket.ErrCloseTimeout)
		wantError(t, "Write", <-stuck, net.ErrClosed)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestNetConnMethodsMayBeCalledConcurrently(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := netConns(t, conns)
		readAll := inBackground(func() error {
			for p := make([]byte, 1000); ; {
				if _, err := s.Read(p); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					return err
				}
			}
		})
		var calling sync.WaitGroup
		for range 8 {
			calling.Go(func() {
				p := make([]byte, 1000)
				for i := range 30 {
					s.SetReadDeadline(time.Now().Add(time.Duration(i) * 100 * time.Microsecond))
					s.Read(p)
					s.SetDeadline(time.Now().Add(time.Millisecond))
					s.SetWriteDeadline(time.Time{})
					s.LocalAddr()
					if _, err := c.Write(p); err != nil {
						t.Errorf("Write: %v", err)
					}
				}
			})
		}
		calling.Wait()
		s.SetDeadline(time.Time{})
		wantError(t, "Close", c.Close(), nil)
		wantError(t, "Read", <-readAll, io.EOF)
	})
}

func TestNetConnCarriesTLS(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		s, c := netConns(t, conns)
		server := tls.Server(s, &tls.Config{Certificates: []tls.Certificate{certificate()}})
		client := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
		echoed := inBackground(func() error {
			if _, err := io.Copy(server, server); err != nil {
				return err
			}
			return server.Close()
		})
		io.WriteString(client, "through and back")
		got := make([]byte, len("through and back"))
		if _, err := io.ReadFull(client, got); err != nil || string(got) != "through and back" {
			t.Errorf("got %q, %v", got, err)
		}
		wantError(t, "CloseWrite", client.CloseWrite(), nil)
		if n, err := client.Read(got); n != 0 || err != io.EOF {
			t.Errorf("Read = %d, %v; want EOF", n, err)
		}
		wantError(t, "the client's Close", client.Close(), nil)
		wantError(t, "the echo", <-echoed, nil)
	})
}

func TestNetConnOverAFaultyStreamLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var faulty *wstest.FaultyConn
		server, client := memoryConns(t, &wstest.PairOptions{Client: func(nc net.Conn) net.Conn {
			faulty = wstest.Faulty(nc)
			return faulty
		}})
		faulty.Writes().SplitRandom(1, 50).Delay(time.Millisecond)
		s, c := server.NetConn(websocket.Binary), client.NetConn(websocket.Binary)
		want := pseudoRandom(50_000)
		written := inBackground(func() error {
			_, err := io.CopyBuffer(c, onlyReader{bytes.NewReader(want)}, make([]byte, 700))
			return err
		})
		var got []byte
		p := make([]byte, 100)
		for len(got) < len(want) {
			s.SetReadDeadline(time.Now().Add(500 * time.Microsecond))
			n, err := s.Read(p)
			got = append(got, p[:n]...)
			if err != nil {
				wantTimeout(t, "Read", err)
			}
		}
		if !bytes.Equal(got, want) {
			t.Error("what arrived is not what was sent")
		}
		wantError(t, "writing", <-written, nil)
	})
}

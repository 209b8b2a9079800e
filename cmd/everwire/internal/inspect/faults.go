package inspect

import (
	"net"
	"time"
)

// Faults are what a Proxy does to connections on purpose, after the opening handshake. The zero value does nothing.
type Faults struct {
	// Delay is how much later everything arrives, in both directions. Of each direction 1 MiB can be under way, so
	// that it also bounds how much passes in a time.
	Delay time.Duration

	// DropAfter is when each connection is reset, counted from the handshake's end.
	DropAfter time.Duration
}

// underWay bounds the pieces that are delayed of one direction.
const underWay = 32

// A delayed stream is read from later than it could be.
type delayed struct {
	net.Conn
	pieces chan piece
	rest   piece
	gone   <-chan struct{}
}

// piece is what one Read returned, and when it is due.
type piece struct {
	due    time.Time
	octets []byte
	err    error
}

// delay returns a stream that delays what is read from nc, until gone is closed: then what is under way is lost.
func delay(nc net.Conn, d time.Duration, gone <-chan struct{}) net.Conn {
	s := &delayed{Conn: nc, pieces: make(chan piece, underWay), gone: gone}
	go func() {
		for {
			p := piece{octets: make([]byte, 32<<10)}
			n, err := nc.Read(p.octets)
			p.octets, p.err, p.due = p.octets[:n], err, time.Now().Add(d)
			select {
			case s.pieces <- p:
			case <-s.gone:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *delayed) Read(b []byte) (int, error) {
	if len(s.rest.octets) == 0 && s.rest.err == nil {
		select {
		case s.rest = <-s.pieces:
		case <-s.gone:
			return 0, net.ErrClosed
		}
		timer := time.NewTimer(time.Until(s.rest.due))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.gone:
			return 0, net.ErrClosed
		}
	}
	n := copy(b, s.rest.octets)
	if s.rest.octets = s.rest.octets[n:]; n > 0 {
		return n, nil
	}
	return 0, s.rest.err
}

// reset ends a TCP connection, also one below TLS, by RST.
func reset(nc net.Conn) {
	stream := nc
	if secured, ok := nc.(interface{ NetConn() net.Conn }); ok {
		stream = secured.NetConn()
	}
	if tcp, ok := stream.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	stream.Close()
}

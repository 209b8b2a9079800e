package conformance

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// FuzzClientRequest has the suite serve whatever a client may send. The stream ends behind it, so that
// nothing waits.
func FuzzClientRequest(f *testing.F) {
	const upgrade = " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n"
	f.Add([]byte("GET /getCaseCount" + upgrade + "\x88\x80\x00\x00\x00\x00"))
	f.Add([]byte("GET /getCaseInfo?case=1" + upgrade))
	f.Add([]byte("GET /runCase?casetuple=1.1.1&agent=x" + upgrade + "\x81\x80\x00\x00\x00\x00"))
	f.Add([]byte("GET /runCase?case=0&agent=\xff" + upgrade))
	f.Add([]byte("GET /getCaseStatus?case=1&agent=x" + upgrade))
	f.Add([]byte("GET /updateReports?agent=x" + upgrade))
	f.Add([]byte("GET / HTTP/1.1\nHost: x\n\n"))
	f.Add([]byte("GET /runCase?case=1 \r\na b\r\n\r\n"))
	f.Add([]byte("\r\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		suite, err := NewClientSuite(&Options{Cases: "1.1.1", Patience: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer suite.Close()
		suite.serve(&recorded{Reader: bytes.NewReader(sent)})
		for _, name := range suite.Agents() {
			if results := suite.Results(name); len(results) != 1 {
				t.Errorf("agent %q has %d results", name, len(results))
			}
		}
	})
}

// recorded is a connection whose other end has said all that it will.
type recorded struct {
	io.Reader
	net.Conn
}

func (r *recorded) Read(p []byte) (int, error)     { return r.Reader.Read(p) }
func (*recorded) Write(p []byte) (int, error)      { return len(p), nil }
func (*recorded) Close() error                     { return nil }
func (*recorded) SetDeadline(time.Time) error      { return nil }
func (*recorded) SetReadDeadline(time.Time) error  { return nil }
func (*recorded) SetWriteDeadline(time.Time) error { return nil }

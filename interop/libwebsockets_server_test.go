package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// The subprotocols of the test programs. The server counts on the first, sends what it gets to all on the second, and
// tells of its connections on the third, the only one of them that it compresses. It makes connections without one, too,
// where it takes everything and says nothing.
const (
	lwsCounts  = "dumb-increment-protocol"
	lwsMirrors = "lws-mirror-protocol"
	lwsTells   = "lws-status"
)

// lwsServer is a test server that runs, without and with TLS.
type lwsServer struct {
	url, secure string
	mirrors     int // so many groups of mirrored connections there were
}

func startLwsServer(t *testing.T) *lwsServer {
	t.Helper()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, content := range map[string]string{cert: self.PEM, key: self.Key} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listen := func(arguments ...string) int {
		arguments = append(arguments, "--port=0", "--interface=127.0.0.1", "-d", "15")
		p := startLws(t, "server", arguments...)
		p.wantLine(t, "-> OPERATIONAL")
		return listensAt(t, p.cmd.Process.Pid)
	}
	return &lwsServer{
		url:    fmt.Sprintf("ws://127.0.0.1:%d", listen()),
		secure: fmt.Sprintf("wss://127.0.0.1:%d", listen("--ssl", "--ssl-cert="+cert, "--ssl-key="+key)),
	}
}

func (srv *lwsServer) scenarios() []scenario {
	return []scenario{
		{name: "numbers", run: srv.numbers, of: []feature{text}, with: plain},
		{name: "mirror", run: srv.mirror, of: []feature{text}, with: plain},
		{name: "status", run: srv.status, of: []feature{text, agreeing, takeover}, with: compressed},
		{name: "large message", run: srv.largeMessage, of: []feature{largest, binary}},
		{name: "our fragments", run: srv.ourFragments, of: []feature{fragments, between}},
		{name: "our fragments, mirrored", run: srv.mirroredFragments, of: []feature{fragments}, with: plain},
		{name: "our pings", run: srv.ourPings, of: []feature{control}},
		{name: "we close", run: srv.weClose, of: []feature{closing}},
		{name: "they close", run: srv.theyClose, of: []feature{closing}, with: plain},
		{name: "they fail", run: srv.theyFail, of: []feature{failing}},
		{name: "subprotocols", run: srv.subprotocols, of: []feature{subprotocols}},
		{name: "their refusal", run: srv.theirRefusal, of: []feature{handshakes}, with: plain},
		{name: "over TLS", run: srv.overTLS, of: []feature{encrypted}},
		{name: "window bits", run: srv.windowBits, of: []feature{window}, with: compressed},
	}
}

// dial connects with a subprotocol, or without.
func (srv *lwsServer) dial(t *testing.T, p pairing, tm terms, subprotocol string) *end {
	t.Helper()
	url := srv.url
	if tm.over == secure {
		url = srv.secure
	}
	if subprotocol != "" {
		tm.dial.Subprotocols = []string{subprotocol}
	}
	us, err := p.reach(t, url, tm)
	if err != nil {
		t.Fatal(err)
	}
	if us.Subprotocol() != subprotocol {
		t.Fatalf("%s: the subprotocol is %q; want %q", us.whose, us.Subprotocol(), subprotocol)
	}
	offers := p.deflate && (subprotocol == "" || subprotocol == lwsTells)
	if got := us.Extensions(); strings.HasPrefix(got, "permessage-deflate") != offers {
		t.Errorf("%s: extensions %q; want permessage-deflate: %t", us.whose, got, offers)
	}
	return us
}

// numbers come one after the other, and from 0 again if asked.
func (srv *lwsServer) numbers(t *testing.T, p pairing) {
	us := srv.dial(t, p, terms{}, lwsCounts)
	for i := range 10 {
		us.want(t, message(websocket.Text, fmt.Sprint(i)))
	}
	us.send(t, websocket.Text, "reset\n")
	for i := 10; ; i++ {
		e := us.wantAny(t, "message")
		if string(e.Start) == "0" {
			break
		}
		us.compare(t, e, message(websocket.Text, fmt.Sprint(i)))
	}
	us.want(t, message(websocket.Text, "1"))
}

// mirror sends to all what one sent.
func (srv *lwsServer) mirror(t *testing.T, p pairing) {
	tm := srv.mirrored()
	one, other := srv.dial(t, p, tm, lwsMirrors), srv.dial(t, p, tm, lwsMirrors)
	for _, data := range []string{"a", "ß ‱ 🧵", strings.Repeat("b", 125), strings.Repeat("c", 126), strings.Repeat("d", 4000)} {
		for _, us := range []*end{one, other} {
			us.send(t, websocket.Text, data)
			one.want(t, message(websocket.Text, data))
			other.want(t, message(websocket.Text, data))
		}
	}
}

// mirrored are terms for connections that mirror nobody else's.
func (srv *lwsServer) mirrored() terms {
	srv.mirrors++
	return terms{path: fmt.Sprintf("/?mirror=%d", srv.mirrors)}
}

// status is told to all, compressed, when somebody comes or goes. What is told is much like what was told before,
// which counts if it has not agreed to forget.
func (srv *lwsServer) status(t *testing.T, p pairing) {
	p.partly("protocols")
	for _, row := range []struct {
		name string
		ours websocket.Compression
		keep bool
	}{
		{"context taken over", websocket.Compression{}, true},
		{"no context taken over", websocket.Compression{
			ServerTakeover: websocket.DropContext, ClientTakeover: websocket.DropContext,
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			tm := terms{tapped: true}
			tm.dial.Compression = row.ours
			us := srv.dial(t, p, tm, lwsTells)
			wantStatus(t, us)
			const visits = 5
			for range visits {
				visitor := srv.dial(t, p, terms{}, lwsTells)
				wantStatus(t, us)
				visitor.Terminate()
				wantStatus(t, us)
			}
			got := us.below.theirFrames(t)
			first, last := got[0], got[len(got)-1]
			if shrunk := last.Length < first.Length/2; first.Rsv != frame.Rsv1 || last.Rsv != frame.Rsv1 || shrunk != row.keep {
				t.Errorf("libwebsockets: the first frame has %d octets, the last, alike, %d; context taken over: want %t",
					first.Length, last.Length, row.keep)
			}
		})
	}
}

func wantStatus(t *testing.T, us *end) {
	t.Helper()
	if e := us.wantAny(t, "message"); !e.Text || !strings.HasPrefix(string(e.Start), `{ "version":`) {
		t.Fatalf("%s: %v; want the status", us.whose, e)
	}
}

// largeMessage of 16 MiB, which is read, since the Ping after it is.
func (srv *lwsServer) largeMessage(t *testing.T, p pairing) {
	tm := terms{}
	tm.queue(websocket.Queue{Bytes: 32 << 20})
	us := srv.dial(t, p, tm, "")
	us.send(t, websocket.Binary, strings.Repeat(prose(64<<10), 256))
	us.pinged(t)
	us.bye(t)
	p.partly("sending")
}

// bye closes a connection that libwebsockets has found nothing wrong with.
func (e *end) bye(t *testing.T) {
	t.Helper()
	if err := e.Close(1001, "bye"); err != nil {
		t.Fatalf("%s: Close: %v", e.whose, err)
	}
	e.want(t, closed(1001, "bye", true))
}

// ourFragments, with a Ping between them.
func (srv *lwsServer) ourFragments(t *testing.T, p pairing) {
	us := srv.dial(t, p, terms{tapped: true}, "")
	us.streamed(t, digits(256<<10))
	us.bye(t)
	p.partly("sending")
}

// streamed sends a message in fragments, with a Ping between them, which must be answered.
func (e *end) streamed(t *testing.T, data string) {
	t.Helper()
	source := &noticing{Reader: strings.NewReader(data), at: int64(len(data) / 2)}
	source.then = func() {
		if err := e.ping(); err != nil {
			t.Errorf("%s cannot ping inside a message: %v", e.whose, err)
		}
	}
	if err := e.stream(source, int64(len(data))); err != nil {
		t.Fatalf("%s cannot stream: %v", e.whose, err)
	}
	if e.seesControl() {
		e.want(t, pong("ours"))
	}
}

// mirroredFragments come back in messages as they fell into the server's buffer, together as they were.
func (srv *lwsServer) mirroredFragments(t *testing.T, p pairing) {
	us := srv.dial(t, p, srv.mirrored(), lwsMirrors)
	data := digits(256 << 10)
	if err := us.stream(strings.NewReader(data), int64(len(data))); err != nil {
		t.Fatalf("%s cannot stream: %v", us.whose, err)
	}
	for data != "" {
		e := us.wantAny(t, "message")
		if e.Size == 0 || e.Size > int64(len(data)) {
			t.Fatalf("%s: %v; want at most %d octets", us.whose, e, len(data))
		}
		us.compare(t, e, message(websocket.Text, data[:e.Size]))
		data = data[e.Size:]
	}
	us.bye(t)
}

func (srv *lwsServer) ourPings(t *testing.T, p pairing) {
	us := srv.dial(t, p, terms{}, "")
	for range 3 {
		us.pinged(t)
	}
	p.partly("sending")
}

func (srv *lwsServer) weClose(t *testing.T, p pairing) {
	lwsGoodbyes(t, p, func(t *testing.T) *end { return srv.dial(t, p, terms{}, "") })
}

// theyClose when asked to.
func (srv *lwsServer) theyClose(t *testing.T, p pairing) {
	us := srv.dial(t, p, terms{}, lwsCounts)
	us.send(t, websocket.Text, "closeme\n")
	for {
		if e := us.next(t, "close"); e.Event != "message" {
			us.compare(t, e, closed(1001, "seeya", true))
			return
		}
	}
}

// theyFail the connection because of what our end would never do.
func (srv *lwsServer) theyFail(t *testing.T, p pairing) {
	lwsFails(t, p, func(t *testing.T) *end { return srv.dial(t, p, terms{tapped: true}, "") })
}

func (srv *lwsServer) subprotocols(t *testing.T, p pairing) {
	tm := terms{}
	tm.dial.Subprotocols = []string{"x", lwsMirrors, lwsCounts}
	us, err := p.reach(t, srv.url, tm)
	if err != nil {
		t.Fatal(err)
	}
	if us.Subprotocol() != lwsMirrors {
		t.Errorf("%s: the subprotocol is %q; want %q", us.whose, us.Subprotocol(), lwsMirrors)
	}
}

// theirRefusal of a subprotocol that it does not know is to hang up.
func (srv *lwsServer) theirRefusal(t *testing.T, p pairing) {
	tm := terms{}
	tm.dial.Subprotocols = []string{"x"}
	_, err := p.reach(t, srv.url, tm)
	wantHandshakeError(t, err, 0)
}

func (srv *lwsServer) overTLS(t *testing.T, p pairing) {
	us := srv.dial(t, p, terms{over: secure}, "")
	us.send(t, websocket.Text, prose(8<<10))
	us.pinged(t)
	if p.deflate {
		p.partly("much over TLS")
	} else {
		us.streamed(t, digits(256<<10))
	}
	us.bye(t)
}

// windowBits are something that the server does not understand and does not refuse, against RFC 7692 §5.1. What it then
// sends we could not be sure to inflate, so we do not connect.
func (srv *lwsServer) windowBits(t *testing.T, p pairing) {
	tm := terms{}
	tm.dial.Compression.ServerWindowBits = 10
	_, err := p.reach(t, srv.url, tm)
	wantHandshakeError(t, err, 101)
	p.able(t, "window bits server")
}

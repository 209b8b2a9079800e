package inspect

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/websocket"
)

func TestConnAndSocketThroughTheProxy(t *testing.T) {
	for _, row := range []struct {
		name               string
		listensTLS, target bool
		compress           bool
	}{
		{"ws to ws", false, false, false},
		{"ws to ws, compressed", false, false, true},
		{"wss to ws", true, false, true},
		{"ws to wss", false, true, true},
		{"wss to wss", true, true, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			opts := websocket.AcceptOptions{Compression: all}
			r := start(t, echo(t, row.target, opts), func(p *Proxy) { p.Secure, p.Journal.Frames = row.listensTLS, true })
			d := dialing()
			d.Compression = websocket.Compression{Threshold: -1, Disabled: !row.compress}
			c, err := websocket.Dial(t.Context(), r.url+"/chat?token=secret", d)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				echoes(t, c, websocket.Text, []byte(strings.Repeat("hello ", 100)))
				echoes(t, c, websocket.Binary, []byte{0, 1, 2})
			}
			c.CloseRead(t.Context())
			if err := c.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			if err := c.Close(4000, "bye"); err != nil {
				t.Error(err)
			}

			closed := make(chan websocket.CloseEvent, 1)
			_, err = websocket.New(r.url, d, func(s *websocket.Socket) {
				s.OnOpen(func(s *websocket.Socket) { s.SendText("from a Socket") })
				s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.Close(4001, m.Text()) })
				s.OnClose(func(s *websocket.Socket, e websocket.CloseEvent) { closed <- e })
			})
			if err != nil {
				t.Fatal(err)
			}
			if e := <-closed; !e.WasClean || e.Code != 4001 {
				t.Errorf("the Socket ended with %+v", e)
			}
			r.stop()
			journal := r.journal.String()
			for _, want := range []string{"GET /chat?…: 101 Switching Protocols", "by the client: 4000 \"bye\"", "→ ping", "← pong", "by the client: 4001 \"from a Socket\""} {
				if !strings.Contains(journal, want) {
					t.Errorf("the journal has no %q", want)
				}
			}
			if compressed := strings.Contains(journal, "→ = text 600 inflated \"hello hello"); compressed != row.compress {
				t.Errorf("what is inflated was shown: %v", compressed)
			}
			if strings.Contains(journal, "secret") {
				t.Error("the query is in the journal")
			}
			if t.Failed() {
				t.Log(journal)
			}
		})
	}
}

func echoes(t *testing.T, c *websocket.Conn, typ websocket.MessageType, data []byte) {
	t.Helper()
	if err := c.Write(t.Context(), typ, data); err != nil {
		t.Fatal(err)
	}
	gotType, got, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if gotType != typ || !bytes.Equal(got, data) {
		t.Fatalf("%d octets came back as %d others", len(data), len(got))
	}
}

func TestALargeMessage(t *testing.T) {
	r := start(t, echo(t, false, websocket.AcceptOptions{}), nil)
	c, err := websocket.Dial(t.Context(), r.url, dialing())
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 16<<20)
	rand.Read(data)
	read := make(chan []byte, 1)
	go func() {
		_, got, _ := c.Read(context.Background())
		read <- got
	}()
	if err := c.Write(t.Context(), websocket.Binary, data); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(<-read, data) {
		t.Error("it came back as something else")
	}
	c.Close(websocket.CloseNormal, "")
	var sizes []int64
	for _, e := range r.entries(t) {
		if e.Frame != nil && !e.Frame.Opcode.Control() {
			if !e.Frame.Whole() {
				t.Error("a frame is not recorded whole")
			}
			sizes = append(sizes, e.Frame.Length)
		}
	}
	total := int64(0)
	for _, n := range sizes {
		total += n
	}
	if total != 2*16<<20 {
		t.Errorf("frames of %d octets were recorded", total)
	}
}

func TestTheConformanceSuiteThroughTheProxy(t *testing.T) {
	r := start(t, echo(t, false, websocket.AcceptOptions{}), nil)
	conformance.TestServer(t, r.url, &conformance.Options{Cases: "1,2,3,4,5,6.1.*,6.2.*,6.3.*,6.4.*,7,10"})
}

// A far is a server that does what a test tells it to, by hand.
func far(t *testing.T, serve func(net.Conn, *bufio.Reader)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		serve(nc, bufio.NewReader(nc))
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return "ws://" + ln.Addr().String()
}

const upgrading = "GET /a HTTP/1.1\r\nhost: proxy.example\r\nUPGRADE: websocket\r\nConnection: Upgrade\r\nX-Odd:  kept  as it is\r\n" +
	"Origin: http://proxy.example\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nx-ODD: also\r\n" +
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

// requestOf reads a head.
func requestOf(r *bufio.Reader) (head string) {
	for {
		line, err := r.ReadString('\n')
		if head += line; err != nil || strings.TrimSpace(line) == "" {
			return head
		}
	}
}

func TestOctetsPassAsTheyAre(t *testing.T) {
	// What no library would send: no masks, reserved opcodes, lengths that are not the shortest, and no frames at all.
	nonsense := make([]byte, 200_000)
	rand.Read(nonsense)
	frames := append([]byte("\x81\x02hi\x8b\x00\x82\x7e\x00\x01x\xc1\x05junk!"), nonsense...)
	heard := make(chan []byte, 1)
	asked := make(chan string, 1)
	r := start(t, far(t, func(nc net.Conn, br *bufio.Reader) {
		asked <- requestOf(br)
		io.WriteString(nc, "HTTP/1.1 103 Early Hints\r\n\r\n"+upgraded+string(frames[:100]))
		nc.Write(frames[100:])
		nc.(*net.TCPConn).CloseWrite() // a half-close: what comes back still arrives
		all, _ := io.ReadAll(br)
		heard <- all
	})+"/base/?v=1", nil)
	nc, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, upgrading+string(frames[:10])) // early, with the request
	got, err := io.ReadAll(nc)
	if want := "HTTP/1.1 103 Early Hints\r\n\r\n" + upgraded + string(frames); err != nil || string(got) != want {
		t.Errorf("the client got %d octets and %v, not the %d that were sent", len(got), err, len(want))
	}
	nc.Write(frames[10:])
	nc.(*net.TCPConn).CloseWrite()
	if got := <-heard; !bytes.Equal(got, frames) {
		t.Errorf("the server got %d octets, not the %d that were sent", len(got), len(frames))
	}
	host := strings.TrimPrefix(r.target(), "ws://")
	want := "GET /base/a?v=1 HTTP/1.1\r\nhost: " + host + "\r\nUPGRADE: websocket\r\nConnection: Upgrade\r\nX-Odd: kept  as it is\r\n" +
		"Origin: http://" + host + "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if got := <-asked; got != want {
		t.Errorf("the server was asked\n%q\nnot\n%q", got, want)
	}
	r.stop()
	if j := r.journal.String(); !strings.Contains(j, "! the client breaks a rule") || !strings.Contains(j, "! the server breaks a rule") {
		t.Errorf("what is wrong is not told:\n%s", j)
	}
}

func TestNothingIsHeldBackBehindAnInterimAnswer(t *testing.T) {
	r := start(t, far(t, func(nc net.Conn, br *bufio.Reader) {
		requestOf(br)
		io.WriteString(nc, "HTTP/1.1 103 Early Hints\r\n\r\n"+upgraded)
		for { // one at a time
			b, err := br.ReadByte()
			if err != nil {
				return
			}
			nc.Write([]byte{b})
		}
	}), nil)
	nc, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(nc, upgrading)
	br := bufio.NewReader(nc)
	requestOf(br)
	requestOf(br)
	for _, b := range []byte("\x89\x00\x81\x02hi") {
		nc.Write([]byte{b})
		if got, err := br.ReadByte(); err != nil || got != b {
			t.Fatalf("of %q came %q, %v", b, got, err)
		}
	}
}

// target is the URL's scheme and host that the recording names.
func (r *running) target() string {
	_, rest, _ := strings.Cut(r.recorded.String(), `"target":"`)
	url, _, _ := strings.Cut(rest, `"`)
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

func TestASlowReaderSlowsTheOtherEnd(t *testing.T) {
	var sent atomic.Int64
	stuck := make(chan struct{})
	goOn := make(chan struct{})
	finished := make(chan struct{})
	r := start(t, far(t, func(nc net.Conn, br *bufio.Reader) {
		requestOf(br)
		io.WriteString(nc, upgraded)
		defer close(finished)
		chunk := append([]byte{0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}, make([]byte, 64<<10)...)
		for sent.Load() < 64<<20 {
			nc.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
			n, err := nc.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				close(stuck)
				<-goOn
				nc.SetWriteDeadline(time.Time{})
				nc.Write(chunk[n:])
				sent.Add(int64(len(chunk) - n))
				return
			}
		}
	}), nil)
	nc, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	io.WriteString(nc, upgrading)
	select {
	case <-stuck: // the client reads nothing, and the server cannot write any more
	case <-finished:
		t.Fatalf("the server could send %d octets to a client that reads nothing", sent.Load())
	}
	if n := sent.Load(); n > 32<<20 {
		t.Errorf("%d octets are on their way", n)
	}
	close(goOn)
	br := bufio.NewReader(nc)
	requestOf(br)
	n, err := io.Copy(io.Discard, br)
	<-finished
	if err != nil || n != sent.Load() {
		t.Errorf("of %d octets %d came, %v", sent.Load(), n, err)
	}
}

func TestARefusalPassesAndEndsTheConnection(t *testing.T) {
	for _, row := range []struct{ name, answer string }{
		{"with a length", "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic\r\nContent-Length: 5\r\n\r\nwho?!"},
		{"in chunks", "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno!\r\n0\r\n\r\n"},
		{"without a body", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			ended, goOn := make(chan string, 1), make(chan struct{})
			head, body, _ := strings.Cut(row.answer, "\r\n\r\n")
			r := start(t, far(t, func(nc net.Conn, br *bufio.Reader) {
				requestOf(br)
				io.WriteString(nc, head+"\r\n\r\n")
				<-goOn
				io.WriteString(nc, body)
				rest, _ := io.ReadAll(br) // the server would keep the connection
				ended <- string(rest)
			}), nil)
			nc, err := net.Dial("tcp", r.address)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			io.WriteString(nc, upgrading)
			br := bufio.NewReader(nc)
			got := requestOf(br)
			io.WriteString(nc, upgrading) // as a client may that thinks the connection is kept
			close(goOn)
			rest, err := io.ReadAll(br)
			if got += string(rest); err != nil || got != row.answer {
				t.Errorf("got %q, %v", got, err)
			}
			if got := <-ended; got != "" {
				t.Errorf("the server got another request by the same connection, unread: %q", got)
			}
		})
	}
}

func TestPagesPassToo(t *testing.T) {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, body)
	}))
	defer h.Close()
	r := start(t, "ws"+strings.TrimPrefix(h.URL, "http"), nil)
	client := &http.Client{}
	defer client.CloseIdleConnections()
	for i := range 3 {
		resp, err := client.Post(fmt.Sprintf("http://%s/page?%d", r.address, i), "text/plain", strings.NewReader("hi"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := fmt.Sprintf("POST /page?%d hi", i); err != nil || string(body) != want {
			t.Errorf("got %q, %v", body, err)
		}
	}
}

func TestATargetThatCannotBeReached(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	r := start(t, "ws://"+ln.Addr().String()+"/x?secret", nil)
	_, err = websocket.Dial(t.Context(), r.url, dialing())
	if err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("got %v", err)
	}
	r.stop()
	if j := r.journal.String(); !strings.Contains(j, "! ws://"+ln.Addr().String()+"/x cannot be reached: ") || strings.Contains(j, "secret") {
		t.Errorf("the journal has %q", j)
	}
}

func TestWhatIsNoRequest(t *testing.T) {
	r := start(t, "ws://127.0.0.1:1", nil)
	for _, row := range []struct{ name, sent, want string }{
		{"not HTTP", "\x16\x03\x01\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
		{"without end", strings.Repeat("x", 70_000), "HTTP/1.1 400 Bad Request\r\n"},
		{"nothing", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			nc, err := net.Dial("tcp", r.address)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			go func() {
				io.WriteString(nc, row.sent)
				nc.(*net.TCPConn).CloseWrite()
			}()
			got, _ := io.ReadAll(nc)
			if !strings.HasPrefix(string(got), row.want) || row.want == "" && len(got) > 0 {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestConnectionsEndWithTheProxyAndAreRecordedToTheEnd(t *testing.T) {
	r := start(t, echo(t, false, websocket.AcceptOptions{}), nil)
	c, err := websocket.Dial(t.Context(), r.url, dialing())
	if err != nil {
		t.Fatal(err)
	}
	echoes(t, c, websocket.Text, []byte("hi"))
	entries := r.entries(t)
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("the connection is still open")
	}
	c.Terminate()
	last := entries[len(entries)-1]
	if len(entries) != 4 || entries[0].Open == nil || string(entries[2].Frame.Payload) != "hi" || last.Close == nil {
		t.Errorf("recorded is %d entries:\n%s", len(entries), r.recorded.String())
	}
}

package conformance

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestAcceptForTheStandardsSample(t *testing.T) {
	if got := acceptFor("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Error(got)
	}
}

// A naive server reads up to an empty line, and then does as answer says, which gets all of that. It returns
// what to write, and whether to go on with frames.
type naive struct {
	answer func(request string) (string, bool)
	deaf   bool // it reads nothing
	keeps  bool // it leaves the stream open after an answer without frames
	loses  bool // it loses what came by one read with the request
}

// serve runs the server, and returns its URL.
func (n naive) serve(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go n.one(nc)
		}
	}()
	return "ws://" + ln.Addr().String() + "/"
}

func (n naive) one(nc net.Conn) {
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(time.Minute))
	if n.deaf {
		io.Copy(io.Discard, nc)
		return
	}
	in := bufio.NewReaderSize(nc, 64<<10)
	request, err := readHead(in)
	if err != nil {
		return
	}
	answer, frames := n.answer(request)
	io.WriteString(nc, answer)
	if !frames {
		if n.keeps {
			io.Copy(io.Discard, in)
		}
		return
	}
	if n.loses {
		in.Discard(in.Buffered())
	}
	echoFrames(in, nc, false)
}

// echoFrames sends back all frames up to a Close frame, with that, whatever they are; a Ping by a Pong.
func echoFrames(in io.Reader, out io.Writer, byClient bool) {
	var message []byte
	var op byte
	for {
		var h [2]byte
		if _, err := io.ReadFull(in, h[:]); err != nil {
			return
		}
		n := uint64(h[1] & 0x7f)
		if n > 125 {
			var long [8]byte
			size := map[uint64]int{126: 2, 127: 8}[n]
			if _, err := io.ReadFull(in, long[8-size:]); err != nil {
				return
			}
			n = binary.BigEndian.Uint64(long[:])
		}
		var mask [4]byte
		if h[1]&0x80 != 0 {
			io.ReadFull(in, mask[:])
		}
		if n > 1<<20 {
			return
		}
		payload := make([]byte, n)
		if _, err := io.ReadFull(in, payload); err != nil {
			return
		}
		applyMask(payload, binary.BigEndian.Uint32(mask[:]))
		back := frame{op: h[0] & 0xf, payload: payload}
		switch back.op {
		case opPing:
			back.op = opPong
		case opText, opBinary, opContinuation:
			if back.op != opContinuation {
				op, message = back.op, nil
			}
			message = append(message, payload...)
			if h[0]&0x80 == 0 {
				continue
			}
			back = frame{op: op, payload: message}
		}
		out.Write(back.append(nil, byClient))
		if back.op == opClose {
			return
		}
	}
}

// switching is the answer that accepts a request, whatever it is.
func switching(request string) string {
	key := ""
	for l := range strings.Lines(request) {
		if name, value, _ := strings.Cut(l, ":"); strings.EqualFold(strings.TrimSpace(name), "Sec-WebSocket-Key") && key == "" {
			key = strings.TrimSpace(value)
		}
	}
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + acceptFor(key) + "\r\n\r\n"
}

func always(answer string) func(string) (string, bool) {
	return func(string) (string, bool) { return answer, false }
}

// with changes an answer that accepts.
func with(extra string) func(string) (string, bool) {
	return func(request string) (string, bool) {
		return strings.TrimSuffix(switching(request), "\r\n") + extra + "\r\n\r\n", true
	}
}

func runOn(t *testing.T, n naive, cases string) []*Result {
	t.Helper()
	patience := 30 * time.Second
	if n.deaf || n.keeps {
		patience = 300 * time.Millisecond
	}
	results, err := RunServer(t.Context(), n.serve(t), &Options{Cases: cases, Patience: patience, Parallel: 16})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// What each case expects tells what verdict servers get that do the same whatever they are asked.
func TestServersThatAlwaysDoTheSame(t *testing.T) {
	const refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
	for _, tt := range []struct {
		name   string
		server naive
		want   map[string]Verdict // by the beginning of what is expected
	}{
		{"accepts all", naive{answer: func(r string) (string, bool) { return switching(r), true }}, map[string]Verdict{
			mustAccept.expects: OK, shouldAccept.expects: OK, mustRefuse.expects: Failed, shouldRefuse.expects: NonStrict,
			must400.expects: Failed, eitherWay.expects: OK, noHandshake.expects: Failed, ignoring.expects: NonStrict, declining.expects: OK}},
		{"refuses all", naive{answer: always(refusal)}, map[string]Verdict{
			mustAccept.expects: Failed, shouldAccept.expects: NonStrict, mustRefuse.expects: OK, shouldRefuse.expects: OK,
			must400.expects: OK, eitherWay.expects: OK, noHandshake.expects: OK, noHTTP.expects: OK, ignoring.expects: OK, declining.expects: NonStrict}},
		{"refuses all by 404", naive{answer: always("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")}, map[string]Verdict{
			mustAccept.expects: Failed, mustRefuse.expects: OK, must400.expects: NonStrict, noHandshake.expects: OK}},
		{"is a web site", naive{answer: always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")}, map[string]Verdict{
			mustAccept.expects: Failed, noHandshake.expects: OK, must400.expects: Failed}},
		{"ends the stream", naive{answer: always("")}, map[string]Verdict{
			mustAccept.expects: Failed, mustRefuse.expects: Failed, must400.expects: NonStrict, noHTTP.expects: OK}},
		{"is silent", naive{deaf: true}, map[string]Verdict{
			mustAccept.expects: Failed, mustRefuse.expects: Failed, must400.expects: Failed, noHandshake.expects: Failed, shouldRefuse.expects: Failed}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			judged := 0
			for _, r := range runOn(t, tt.server, "14,!14.2.2,!14.2.3,!14.2.4,!14.2.5,!14.2.6,!14.2.7,!14.4.3,!14.10.3,!14.10.7,!14.10.8,!14.9.3,!14.12.*,!14.11.*") {
				for expects, want := range tt.want {
					if !strings.HasPrefix(r.Case.Expects, expects) {
						continue
					}
					judged++
					if r.Behavior != want && !(expects == mustRefuse.expects && strings.Contains(r.Case.Expects, "426") && r.Behavior != Failed) {
						t.Errorf("%s %s: %s (%s), not %s", r.Case.ID, r.Case.Name, r.Behavior, r.Reason, want)
					}
				}
			}
			if judged < 50 {
				t.Errorf("only %d cases were judged", judged)
			}
		})
	}
}

func TestServersWithAFault(t *testing.T) {
	refuses := func(status string) func(string) (string, bool) {
		return func(r string) (string, bool) {
			if strings.Contains(r, "Version: 13") && strings.Contains(r, "Key") && strings.HasPrefix(r, "GET") {
				return switching(r), true
			}
			return "HTTP/1.1 " + status + "\r\n\r\n", false
		}
	}
	for _, tt := range []struct {
		name, id string
		server   naive
	}{
		{"a wrong accept", "14.5.14", naive{answer: func(string) (string, bool) { return switching("Sec-WebSocket-Key: x\r\n"), true }}},
		{"two accepts", "14.1.1", naive{answer: with("Sec-WebSocket-Accept: x")}},
		{"a subprotocol without an offer", "14.6.1", naive{answer: with("Sec-WebSocket-Protocol: x-one")}},
		{"a subprotocol that is another", "14.6.2", naive{answer: with("Sec-WebSocket-Protocol: x-two")}},
		{"the offer of subprotocols itself", "14.6.3", naive{answer: with("Sec-WebSocket-Protocol: x-one, x-two,x-three")}},
		{"a malformed subprotocol", "14.6.12", naive{answer: with("Sec-WebSocket-Protocol: x one")}},
		{"an extension without an offer", "14.7.1", naive{answer: with("Sec-WebSocket-Extensions: permessage-deflate")}},
		{"an extension that it does not know", "14.7.2", naive{answer: with("Sec-WebSocket-Extensions: x-everybody-unknown")}},
		{"of a malformed offer", "14.7.11", naive{answer: with("Sec-WebSocket-Extensions: permessage-deflate")}},
		{"of an invalid offer", "14.7.20", naive{answer: with("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8")}},
		{"HTTP/1.0", "14.1.1", naive{answer: func(r string) (string, bool) { return strings.Replace(switching(r), "1.1", "1.0", 1), true }}},
		{"no version in the refusal", "14.2.6", naive{answer: refuses("426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0")}},
		{"another version in the refusal", "14.2.6", naive{answer: refuses("400 Bad Request\r\nSec-WebSocket-Version: 8, 7\r\nContent-Length: 0")}},
		{"426 without Upgrade", "14.2.17", naive{answer: refuses("426 Upgrade Required\r\nContent-Length: 0")}},
		{"a refusal without an end", "14.12.2", naive{answer: refuses("400 Bad Request"), keeps: true}},
		{"a refusal that ends early", "14.12.2", naive{answer: refuses("400 Bad Request\r\nContent-Length: 5")}},
		{"a length in 101", "14.12.5", naive{answer: with("Content-Length: 0")}},
		{"the body for a frame", "14.9.2", naive{answer: func(r string) (string, bool) { return switching(r), true }}},
		{"frames lost", "14.11.3", naive{loses: true, answer: func(r string) (string, bool) { return switching(r), true }}},
		{"speaks after a refusal", "14.11.12", naive{answer: func(r string) (string, bool) {
			return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", true
		}}},
		{"accepts after a refusal", "14.11.12", naive{answer: func(r string) (string, bool) {
			return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" + switching(r), true
		}}},
		{"an answer that is no HTTP", "14.5.1", naive{answer: always("no\r\n\r\n")}},
		{"an answer cut short", "14.5.1", naive{answer: always("HTTP/1.1 400 Bad Request\r\nContent-")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			results := runOn(t, tt.server, tt.id)
			if r := results[0]; r.Behavior != Failed {
				t.Errorf("case %s: %s (%s)\n%v", r.Case.ID, r.Behavior, r.Reason, r)
			}
		})
	}
}

func TestServersThatTakeAllThereIsAreNotStrict(t *testing.T) {
	for _, id := range []string{"14.10.5", "14.10.6"} {
		results := runOn(t, naive{deaf: true}, id)
		if r := results[0]; r.Behavior != NonStrict {
			t.Errorf("case %s: %s (%s)", r.Case.ID, r.Behavior, r.Reason)
		}
	}
	for _, id := range []string{"14.10.7", "14.10.8"} {
		results := runOn(t, naive{deaf: true}, id)
		if r := results[0]; r.Behavior != Informational {
			t.Errorf("case %s: %s (%s)", r.Case.ID, r.Behavior, r.Reason)
		}
	}
}

func TestHandshakeCasesReadWell(t *testing.T) {
	seen := map[string]string{}
	for _, c := range Cases(Server | Client) {
		if c.Family() != 14 && c.Family() != 15 {
			continue
		}
		switch {
		case c.Name == "" || strings.HasSuffix(c.Name, ".") || strings.Contains(c.Name, "\n"):
			t.Errorf("case %s: the name %q", c.ID, c.Name)
		case !strings.HasSuffix(c.Does, ".") || !strings.HasSuffix(c.Expects, "."):
			t.Errorf("case %s: %q, %q", c.ID, c.Does, c.Expects)
		case c.Section == "" || len(c.Tags) == 0:
			t.Errorf("case %s: the section %q, the tags %q", c.ID, c.Section, c.Tags)
		case seen[fmt.Sprint(c.Family(), c.Name)] != "":
			t.Errorf("case %s has the name of %s, %q", c.ID, seen[fmt.Sprint(c.Family(), c.Name)], c.Name)
		}
		seen[fmt.Sprint(c.Family(), c.Name)] = c.ID
	}
}

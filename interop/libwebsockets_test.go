package interop

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
)

// TestLibwebsockets is about libwebsockets, by its own test server and test client. They speak no driver protocol
// and do what they always do, so their scenarios are their own: libwebsockets_server_test.go and
// libwebsockets_client_test.go.
func TestLibwebsockets(t *testing.T) {
	for _, role := range []string{"client", "server"} {
		if _, err := exec.LookPath("libwebsockets-test-" + role); err != nil {
			missing(t, "libwebsockets-test-"+role+" is not installed")
		}
	}
	t.Run("client", func(t *testing.T) {
		runAll(t, serverFaces, libwebsockets, "client", nil, lwsClientScenarios)
	})
	t.Run("server", func(t *testing.T) {
		srv := startLwsServer(t)
		runAll(t, clientFaces, libwebsockets, "server", nil, srv.scenarios())
	})
}

var libwebsockets = &software{
	name: "libwebsockets",
	cannot: map[string]string{
		"sending":            "Its test programs send short texts only, whole, and no Pings on request.",
		"codes":              "To 1012, 1013 and 1014 it answers 1002.",
		"closing as client":  "Its test client does not close on request.",
		"failing as client":  "Its client fails without a Close frame, takes text that is not UTF-8 and, with compression, reserved bits.",
		"much over TLS":      "Over TLS it fails to inflate long messages, anybody's.",
		"protocols":          "It compresses with those of its protocols only that set memory aside for it.",
		"window bits server": "It agrees to window bits as if nobody had asked for them; our client does not connect to that.",
		"window bits client": "Its client does not let its window be bounded, only ours.",
		"no takeover":        "Its client never keeps its own context.",
		string(flow):         "Its test programs cannot be told to read slowly.",
		string(unixSockets):  "Debian's build has none.",
		string(inflated):     "Its test programs have no limit to cross, and send nothing long.",
	},
}

// A logged program tells what it does in its log, for whose lines a test waits.
type logged struct {
	*mailbox
	cmd *exec.Cmd
}

// startLogged starts a program, which ends with the test.
func startLogged(t *testing.T, command string, arguments ...string) *logged {
	t.Helper()
	p := &logged{mailbox: newMailbox(command), cmd: exec.Command(command, arguments...)}
	log, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.receive(log)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-read
		p.cmd.Wait()
	})
	return p
}

// receive puts the log's lines into the mailbox, without the time that each begins with.
func (p *logged) receive(log io.Reader) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		_, line, _ := strings.Cut(lines.Text(), "] ")
		p.put(event{Event: "log", Body: line})
	}
	p.put(event{Event: "ended"})
}

// wantLine waits for a line that has a text in it, and returns what follows there. Lines before are of no interest.
func (p *logged) wantLine(t *testing.T, text string) string {
	t.Helper()
	var last event
	for {
		e := p.next(t, text)
		if e.Event == "ended" {
			t.Fatalf("%s has ended; want %q. Last it said: %s", p.whose, text, last.Body)
		}
		if _, after, found := strings.Cut(e.Body, text); found {
			return after
		}
		last = e
	}
}

// startLws starts one of libwebsockets' programs, and learns its version.
func startLws(t *testing.T, role string, arguments ...string) *logged {
	t.Helper()
	p := startLogged(t, "libwebsockets-test-"+role, arguments...)
	version, _, _ := strings.Cut(p.wantLine(t, "LWS: "), "-")
	libwebsockets.version = version
	return p
}

// listensAt finds the port at which a process listens. It is for programs that take any free port and do not tell
// which; where the kernel has no /proc there are none of them.
func listensAt(t *testing.T, pid int) (port int) {
	t.Helper()
	inodes := map[string]bool{}
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "socket:[") {
			inodes[strings.Trim(to, "socket:[]")] = true
		}
	}
	for _, family := range []string{"tcp", "tcp6"} {
		all, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, family))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		const local, state, inode, listening = 1, 3, 9, "0A"
		for line := range strings.Lines(string(all)) {
			fields := strings.Fields(line)
			if len(fields) <= inode || fields[state] != listening || !inodes[fields[inode]] {
				continue
			}
			_, hex, _ := strings.Cut(fields[local], ":")
			port, err := strconv.ParseUint(hex, 16, 16)
			if err != nil {
				t.Fatal(err)
			}
			return int(port)
		}
	}
	t.Fatalf("process %d listens nowhere", pid)
	return 0
}

// pinged sends a Ping and waits for the answer: what was sent before has been read and found right.
func (e *end) pinged(t *testing.T) {
	t.Helper()
	if s, ok := e.connection.(socketEnd); ok { // whose Pings go ahead of its messages
		if err := s.Flush(t.Context()); err != nil {
			t.Fatalf("%s: Flush: %v", e.whose, err)
		}
	}
	if err := e.ping(); err != nil {
		t.Fatalf("%s: Ping: %v", e.whose, err)
	}
	if e.seesControl() {
		e.want(t, pong("ours"))
	}
}

// lwsGoodbyes closes a connection with each code, and sees how libwebsockets answers.
func lwsGoodbyes(t *testing.T, p pairing, connect func(*testing.T) *end) {
	for _, bye := range goodbyes {
		us := connect(t)
		code := bye.Code
		if code == websocket.CloseNoStatus {
			code = 0
		}
		if err := us.Close(code, bye.Reason); err != nil {
			t.Fatalf("%s: Close(%d, %q): %v", us.whose, code, bye.Reason, err)
		}
		want := bye
		if slices.Contains([]websocket.CloseCode{1012, 1013, 1014}, bye.Code) {
			want.Code = websocket.CloseProtocolError
		}
		us.want(t, want)
	}
	p.partly("codes")
}

// lwsFails sees a connection fail because of what our end would never do.
func lwsFails(t *testing.T, p pairing, connect func(*testing.T) *end) {
	server := p.dial != nil // and we are the client
	for _, row := range []struct {
		name    string
		header  frame.Header
		payload string
		code    websocket.CloseCode
		left    bool // out, of a client's scenario
	}{
		{"a reserved bit", frame.Header{Fin: true, Rsv: frame.Rsv2, Opcode: frame.Text}, "x", 1002, p.deflate},
		{"a reserved opcode", frame.Header{Fin: true, Opcode: 3}, "x", 1002, false},
		{"a continuation of nothing", frame.Header{Fin: true, Opcode: frame.Continuation}, "x", 1002, false},
		{"a fragmented Ping", frame.Header{Opcode: frame.Ping}, "x", 1002, false},
		{"text that is not UTF-8", frame.Header{Fin: true, Opcode: frame.Text}, "\xFF", 1007, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.left && !server {
				p.able(t, "failing as client")
			}
			us := connect(t)
			row.header.Masked = server
			us.below.inject(t, row.header, row.payload)
			if !server { // a client of theirs ends the stream without a word
				us.wantLost(t)
				return
			}
			if e := us.wantAny(t, "close"); e.Code != row.code || e.Reason == "" || !e.Clean {
				t.Errorf("%s: %v; want code %d, a reason, and clean", us.whose, e, row.code)
			}
		})
	}
}

//go:build unix

package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/everwire/everwire/websocket"
)

const (
	enter    = "\r"
	altEnter = "\x1b\r"
	ctrlC    = "\x03"
	ctrlD    = "\x04"
	ctrlR    = "\x12"
	up       = "\x1b[A"
	down     = "\x1b[B"
)

// connected waits until a user's session is open.
func (u *user) connected() *user {
	u.t.Helper()
	u.await(u.t, "* connected to ")
	return u
}

func TestALineIsSentAndItsEchoShown(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url).connected()
	u.types("hello" + enter)
	p.expect(t, "text:hello")
	u.await(t, "> hello\n< hello\n>\nopen | ")
	u.await(t, "sent 1 (5 B) | received 1 (5 B)")
	u.types(ctrlC)
	if err := u.leaves(); err != nil {
		t.Fatal(err)
	}
	p.expect(t, "close:1000 normal closure")
	u.await(t, "* closed: 1000 normal closure")
}

func TestTheTerminalIsAsItWasWhenRunReturns(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url).connected()
	raw, err := term.GetState(int(u.slave.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	u.types("half a line" + ctrlC)
	if err := u.leaves(); err != nil {
		t.Fatal(err)
	}
	now, err := term.GetState(int(u.slave.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if *raw == *now {
		t.Error("the terminal is in raw mode still")
	}
	u.slave.WriteString("END")
	text := u.await(t, "END")
	if want := "* connected to " + p.url + "\n* closed: 1000 normal closure\nEND"; text != want {
		t.Errorf("what is left on the screen is\n%s\nwant\n%s", text, want)
	}
	if u.modes["?2004"] || u.modes["?2026"] || u.modes["no wrap"] || !u.modes["?25"] {
		t.Errorf("modes that are left set: %v", u.modes)
	}
}

func TestCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	const file, saved = "data.bin", "saved"
	if err := os.WriteFile(file, []byte("from a file\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, line string
		received   string // by the server
		shown      []string
	}{
		{"a slash", "//etc", "text:/etc", []string{"< /etc"}},
		{"text", "/text  /json on ", "text: /json on ", []string{"<  /json on"}},
		{"text that is empty", "/text ", "text:", []string{"< (empty text)"}},
		{"hex", "/binary 00 ff:0a", "binary:\x00\xff\n", []string{
			"< binary, 3 octets", "  00000000  00 ff 0a" + strings.Repeat(" ", 42) + "|...|"}},
		{"base64", "/binary base64:aGk", "binary:hi", []string{"< binary, 2 octets", "|hi|"}},
		{"a file", "/binary @" + file, "binary:from a file\x00", []string{
			"> binary, 12 octets of " + file, "< binary, 12 octets", "|from a file.|"}},
		{"ping", "/ping are you there", "ping:are you there", []string{"* ping: are you there\n", "* pong after ", " ms: are you there\n"}},
		{"ping without text", "/ping", "ping:", []string{"* ping\n", "* pong after "}},
		{"headers", "/headers", "", []string{"* URL          ws://127.0.0.1:", "  subprotocol  none", "  extensions   permessage-deflate"}},
		{"stats", "/stats", "", []string{"* sent         6 messages, 31 octets", "  received     6 messages, 31 octets", "  connected    for 0:"}},
		{"save", "/save " + saved, "", []string{"* wrote the last message, 12 octets, to " + saved}},
		{"save again", "/save " + saved, "", []string{"! /save: " + saved + " exists; /save -f FILE writes over it"}},
		{"save over it", "/save -f " + saved, "", []string{"* wrote the last message, 12 octets, to " + saved}},
		{"save to nowhere", "/save no/such", "", []string{"no such file or directory"}},
		{"json", `/json on`, "", []string{"* JSON is indented; /json off shows it as it came"}},
		{"json indented", `{"a":[1,{}]}`, `text:{"a":[1,{}]}`, []string{"< {\n    \"a\": [\n      1,\n      {}\n    ]\n  }"}},
		{"json?", `/json`, "", []string{"* JSON is indented"}},
		{"json off", `/json off`, "", []string{"* JSON is shown as it came"}},
		{"json as it came", `[2]`, `text:[2]`, []string{"< [2]"}},
		{"help", "/help", "", []string{"/close [CODE [REASON]]               close, and leave", "Ctrl-C or Ctrl-D closes"}},
		{"unknown", "/pin", "", []string{"! there is no /pin: did you mean /ping? (a message that begins with a slash is written //...)"}},
		{"bad hex", "/binary 0", "", []string{"! /binary: an octet is two hexadecimal digits, and one is missing"}},
		{"no file", "/binary @/no/such", "", []string{"! /binary: stat /no/such: no such file or directory"}},
		{"a folder", "/binary @/dev/null", "", []string{"/dev/null is not a regular file"}},
		{"bad code", "/close 1005", "", []string{"! /close: 1005 may not be sent: codes are 1000-1003, 1007-1014 and 3000-4999"}},
	}
	p := serve(t, nil)
	u := sitAt(t, 120, 30, p.url).connected()
	from := 0
	for _, tt := range tests {
		u.types(tt.line + enter)
		if tt.received != "" {
			p.expect(t, tt.received)
		}
		for _, want := range tt.shown {
			u.until(t, tt.name+": "+want, func(text string) bool { return strings.Contains(text[min(from, len(text)):], want) })
		}
		all := u.until(t, tt.name+": an empty line", func(text string) bool { return strings.Contains(text, "\n>\nopen") })
		from = strings.LastIndex(all, "\n>\nopen")
	}
	if data, err := os.ReadFile(saved); err != nil || string(data) != "from a file\x00" {
		t.Errorf("the file that was saved has %q, %v", data, err)
	}
	u.types("/close 4001 so long" + enter)
	p.expect(t, `close:4001, "so long"`)
	if err := u.leaves(); err != nil {
		t.Fatal(err)
	}
}

func TestQuitting(t *testing.T) {
	for name, keys := range map[string]string{
		"Ctrl-C": ctrlC, "Ctrl-C with a line": "unsent" + ctrlC, "Ctrl-D": ctrlD, "/quit": "/quit" + enter,
		"Ctrl-D deletes, and then leaves": "x\x01" + ctrlD + ctrlD,
	} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, nil)
			u := sit(t, p.url).connected()
			u.types(keys)
			if err := u.leaves(); err != nil {
				t.Error(err)
			}
			p.expect(t, "close:1000 normal closure")
		})
	}
}

func TestTheEndOfTheContextClosesInOrder(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url).connected()
	u.cancel()
	if err := u.leaves(); err != nil {
		t.Error(err)
	}
	p.expect(t, "close:1000 normal closure")
}

func TestTheSecondCtrlCDoesNotWait(t *testing.T) {
	blocked := make(chan struct{})
	p := serve(t, func(*websocket.Socket, websocket.Message) { <-blocked })
	defer close(blocked)
	u := sit(t, p.url).connected()
	u.types("block" + enter)
	p.expect(t, "text:block")
	u.types(ctrlC)
	u.awaitLine(t, "closing | ")
	u.types(ctrlC)
	if err := u.leaves(); err != nil {
		t.Error(err)
	}
}

func TestHistory(t *testing.T) {
	file := t.TempDir() + "/state/everwire/history"
	p := serve(t, nil)
	keep := func(c *Config) { c.History = file }
	u := sit(t, p.url, keep).connected()
	for _, line := range []string{"first", "second", "second", " secret", "two" + altEnter + "lines"} {
		u.types(line + enter)
		p.expect(t, "text:"+strings.Replace(line, altEnter, "\n", 1))
	}
	u.types("draft" + up)
	u.awaitLine(t, "> two\n  lines\nopen")
	u.types(up) // within the two lines
	u.types(up)
	u.awaitLine(t, "> second\nopen")
	u.types(down + down)
	u.awaitLine(t, "> draft\nopen")
	u.types("\x15" + ctrlR + "fi")
	u.awaitLine(t, "(search) fi: first\n")
	u.types("\x07" + ctrlR + "s")
	u.awaitLine(t, "(search) s: two\n  lines\n")
	u.types(ctrlR)
	u.awaitLine(t, "(search) s: second\n")
	u.types(ctrlR + ctrlR)
	u.awaitLine(t, "(search) no more: s: first\n")
	u.types("\x7f\x7f" + enter)
	p.expect(t, "text:two\nlines")
	u.types(ctrlC)
	u.leaves()

	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the history is %v, %v", info, err)
	}
	data, _ := os.ReadFile(file)
	if want := "first\nsecond\ntwo\\nlines\n"; string(data) != want {
		t.Errorf("the history has %q, want %q", data, want)
	}

	u = sit(t, p.url, keep).connected()
	p.expect(t, "close:1000 normal closure")
	u.types(up + up + up + enter)
	p.expect(t, "text:second")
}

func TestWithoutAFileTheHistoryIsForgotten(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url, func(c *Config) { c.History = "/dev/null/no" }).connected()
	u.await(t, "! the history is not there: ")
	u.types("still works" + enter)
	p.expect(t, "text:still works")
	u.types(up + enter)
	p.expect(t, "text:still works")
}

func TestEditing(t *testing.T) {
	const left, home, end, ctrlLeft, altB, altD = "\x1b[D", "\x1b[H", "\x1bOF", "\x1b[1;5D", "\x1bb", "\x1bd"
	tests := []struct{ name, keys, want string }{
		{"home and end", "b" + home + "a" + end + "c", "abc"},
		{"left and backspace", "abxc" + left + "\x7f", "abc"},
		{"words", "one two three" + ctrlLeft + altB + altD + "2", "one 2 three"},
		{"kill and yank", "one two\x17\x01\x19 ", "two one "},
		{"kill to either end", "abc" + left + "\x0b\x15\x19", "ab"},
		{"transpose", "ba\x14", "ab"},
		{"delete", "axb" + left + left + "\x1b[3~", "ab"},
		{"wide characters", "日本" + left + "x", "日x本"},
		{"a mark above", "e\u0301x" + left + left + "y", "ye\u0301x"},
		{"several lines", "a" + altEnter + "b", "a\nb"},
		{"a backslash goes on", `a\` + enter + "b", "a\nb"},
		{"two backslashes", `C:\\`, `C:\`},
		{"a paste of lines", "\x1b[200~{\r\n\t\"a\": 1\r}\x1b[201~", "{\n\t\"a\": 1\n}"},
		{"a paste with controls", "\x1b[200~\x1b[31mred\x03\x1b[201~", "\x1b[31mred\x03"},
		{"a tab", "a\tb", "a\tb"},
	}
	p := serve(t, nil)
	u := sit(t, p.url).connected()
	for _, tt := range tests {
		u.types(tt.keys + enter)
		if got := within(t, p.got); got != "text:"+tt.want {
			t.Errorf("%s: %q was sent, want %q", tt.name, got, tt.want)
		}
	}
}

func TestCompletion(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"one.bin", "other.bin", ".hidden"} {
		if err := os.WriteFile(dir+"/"+name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	p := serve(t, nil)
	u := sit(t, p.url).connected()
	u.types("/h\t")
	u.awaitLine(t, "> /he") // headers, help
	u.types("\t")
	u.awaitLine(t, "/headers  /help")
	u.types("l\t" + enter)
	u.await(t, "A line is sent as a text message")
	u.types("/j\tof\t" + enter)
	u.await(t, "* JSON is shown as it came")
	u.types("/b\t@o\t\t")
	u.awaitLine(t, "one.bin  other.bin")
	u.types("n\t" + enter)
	p.expect(t, "binary:one.bin")
}

func TestTheCursorIsWhereTheNextCharacterGoes(t *testing.T) {
	p := serve(t, nil)
	u := sitAt(t, 20, 10, p.url).connected()
	u.types("日本語abc")
	u.awaitLine(t, "> 日本語abc")
	u.until(t, "the cursor", func(string) bool { return u.x == len("> ")+6+3 })
	u.types("\x1b[D\x1b[D\x1b[D\x1b[D")
	u.until(t, "the cursor before 語", func(string) bool { return u.x == len("> ")+4 })
	u.types("\x05" + strings.Repeat("x", 30))
	u.until(t, "the cursor in the third row", func(text string) bool {
		return strings.Contains(text, "\nxxxxxxxxxxxxxxxxxxx\nxxx\nopen") && u.x == 3
	})
}

func TestResizing(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url).connected()
	for i := range 30 {
		u.types(fmt.Sprintf("message %d", i) + enter)
		p.expect(t, fmt.Sprintf("text:message %d", i))
		u.await(t, fmt.Sprintf("< message %d\n", i))
	}
	u.types("unfinished")
	for _, size := range []struct {
		columns, rows int
		want          string // at the end
	}{
		{40, 10, "\n> unfinished\nopen | received 30 (290 B)"},
		{12, 5, "\n> unfinishe\nd\nopen"},
		{5, 2, "hed\nopen"},
		{4, 1, "ed"}, // what is around the cursor
		{120, 40, "\n> unfinished\nopen | rtt "},
	} {
		u.resizeTo(size.columns, size.rows)
		u.until(t, fmt.Sprint(size), func(text string) bool {
			i := strings.LastIndex(text, size.want)
			return i >= 0 && !strings.Contains(text[i+len(size.want):], "\n")
		})
	}
	u.types(enter)
	p.expect(t, "text:unfinished")
	text := u.await(t, "< unfinished")
	for i := range 20 { // these had left the screen before it became smaller
		if want := fmt.Sprintf("> message %d\n< message %d\n", i, i); strings.Count(text, want) != 1 {
			t.Errorf("%q is not there once", want)
		}
	}
}

func TestReconnecting(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url, func(c *Config) {
		c.Reconnect = true
		c.Backoff = websocket.Backoff{First: time.Hour, Max: time.Hour}
	}).connected()
	within(t, p.sockets).Terminate()
	u.awaitLine(t, "! ")
	u.awaitLine(t, "reconnecting in ")
	u.types("kept" + enter)
	u.await(t, "! there is no connection now; the line stays, to be sent later")
	u.awaitLine(t, "> kept\nreconnecting in")
	u.types("\x15/ping later" + enter)
	u.awaitLine(t, "> /ping later\nreconnecting in")
	u.types("\x15" + enter) // now
	s := within(t, p.sockets)
	u.until(t, "connected twice", func(text string) bool { return strings.Count(text, "* connected to") == 2 })
	u.types("again" + enter)
	u.await(t, "< again")
	s.Close(1012, "restart")
	u.await(t, `1012 service restart`)
	u.awaitLine(t, ">\nreconnecting in ")
	u.types(ctrlC)
	if err := u.leaves(); err != nil {
		t.Error(err)
	}
}

func TestReconnectingGoesOnByItself(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url, func(c *Config) {
		c.Reconnect = true
		c.Backoff = websocket.Backoff{First: time.Millisecond, Max: time.Millisecond}
	})
	for i := range 3 {
		s := within(t, p.sockets)
		u.until(t, "another connection", func(text string) bool { return strings.Count(text, "* connected to") == i+1 })
		s.Close(1000, "")
	}
	within(t, p.sockets)
	u.types(ctrlC)
	u.leaves()
}

func TestReconnectingWaitsAsCode1012Says(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url, func(c *Config) {
		c.Reconnect = true
		c.Backoff = websocket.Backoff{First: time.Millisecond, Max: time.Millisecond}
	}).connected()
	within(t, p.sockets).Close(1012, "")
	u.until(t, "a wait of seconds", regexp.MustCompile(`reconnecting in ([1-9]|[12]\d|30)\.`).MatchString)
}

func TestEachLossIsWaitedForLonger(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url, func(c *Config) {
		c.Reconnect = true
		c.Backoff = websocket.Backoff{First: time.Millisecond, Max: time.Hour, Factor: 1e9, Jitter: -1}
	})
	within(t, p.sockets).Close(1000, "")
	within(t, p.sockets).Close(1000, "") // after a millisecond
	u.awaitLine(t, ">\nreconnecting in 35")
}

func TestAnAttemptThatFailsIsRepeated(t *testing.T) {
	var mu sync.Mutex
	status := http.StatusServiceUnavailable
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.WriteHeader(status)
	}))
	defer ts.Close()
	u := sit(t, "ws"+strings.TrimPrefix(ts.URL, "http"), func(c *Config) {
		c.Reconnect = true
		c.Backoff = websocket.Backoff{First: time.Millisecond, Max: time.Millisecond}
		c.Explain = func(err error) string { return "explained: " + err.Error() }
	})
	u.until(t, "two failures", func(text string) bool { return strings.Count(text, "! explained: ") >= 2 })
	mu.Lock()
	status = http.StatusNotFound // cannot be helped by another attempt
	mu.Unlock()
	var exit *ExitError
	if err := u.leaves(); !errors.As(err, &exit) || exit.Status != StatusRefused || !strings.Contains(err.Error(), "404") {
		t.Errorf("the error is %v", err)
	}
}

func TestEndsThatAreErrors(t *testing.T) {
	tests := []struct {
		name   string
		end    func(*websocket.Socket)
		status int // 0: no error
		words  string
	}{
		{"1000", func(s *websocket.Socket) { s.Close(1000, "bye") }, 0, `closed by the server: 1000 normal closure, "bye"`},
		{"1001", func(s *websocket.Socket) { s.Close(1001, "") }, 0, "closed by the server: 1001 going away"},
		{"no code", func(s *websocket.Socket) { s.Close(0, "") }, 0, "closed by the server: 1005 no status received"},
		{"1011", func(s *websocket.Socket) { s.Close(1011, "oops\x1b[2J") }, StatusAbnormal, `1011 internal error: "oops\x1b[2J"`},
		{"4000", func(s *websocket.Socket) { s.Close(4000, "") }, StatusAbnormal, "4000"},
		{"cut", func(s *websocket.Socket) { s.Terminate() }, StatusAbnormal, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := serve(t, nil)
			u := sit(t, p.url).connected()
			tt.end(within(t, p.sockets))
			err := u.leaves()
			var exit *ExitError
			switch {
			case tt.status == 0:
				if err != nil {
					t.Error(err)
				}
				u.await(t, tt.words)
			case !errors.As(err, &exit) || exit.Status != tt.status || !strings.Contains(err.Error(), tt.words):
				t.Errorf("the error is %v, want %q", err, tt.words)
			}
		})
	}
}

func TestAServerThatIsNotThere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	err = sit(t, "ws://"+ln.Addr().String()).leaves()
	var exit *ExitError
	var refused *websocket.HandshakeError
	if !errors.As(err, &exit) || exit.Status != StatusRefused || !errors.As(err, &refused) {
		t.Errorf("the error is %v", err)
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	err := sit(t, "gopher://nowhere", func(c *Config) { c.Reconnect = true }).leaves()
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Status != StatusRefused {
		t.Errorf("the error is %v", err)
	}
}

func TestAHostileServerCannotSendEscapes(t *testing.T) {
	p := serve(t, func(s *websocket.Socket, m websocket.Message) {
		var all strings.Builder
		for r := rune(0); r < 0x100; r++ {
			all.WriteRune(r)
		}
		s.SendText("\x1b]0;title\a\x1b[2J\x1b[H\x1b[6n\x1bP$q\x1b\\\u009b2J\u009d0;x\u009c\u202egnp\u2066\u2028\x7f")
		s.SendText(all.String())
		s.SendText("[\"\\u001b[31m\", \"\u009b2J\u202e\", \"\x7f\"]")
		s.SendText("\x1b[3") // half a sequence
		s.SendText("1mred\r\rover")
		s.Send([]byte("\x1b[2J\x9b\xff"))
		s.Ping([]byte("\x1b[2J"))
		s.Close(1000, "\x1b[31m\u009bred")
	})
	u := sitAt(t, 200, 40, p.url, func(c *Config) {
		c.JSON = true
		c.Name = "ws://\x1b[2Jname"
	}).connected()
	u.types("go" + enter)
	if err := u.leaves(); err != nil {
		t.Error(err)
	}
	text := u.await(t, `closed by the server: 1000 normal closure, "^[[31m\u{9b}red"`)
	for _, want := range []string{
		"connected to ws://^[[2Jname",
		`< ^[]0;title^G^[[2J^[[H^[[6n^[P$q^[\\u{9b}2J\u{9d}0;x\u{9c}\u{202e}gnp\u{2066}\u{2028}^?`,
		`"\u{9b}2J\u{202e}",`,
		"< ^[[3\n< 1mred^M^Mover\n",
		"1b 5b 32 4a 9b ff",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestAFloodIsShownWholeWhileKeysWork(t *testing.T) {
	const messages = 20000
	p := serve(t, func(s *websocket.Socket, m websocket.Message) {
		go func() { // without a listener's turn being held up
			for i := range messages {
				s.SendText(fmt.Sprintf("message %d", i))
			}
		}()
	})
	u := sit(t, p.url).connected()
	u.types("go" + enter)
	u.types("typed meanwhile")
	text := u.await(t, fmt.Sprintf("< message %d\n> typed meanwhile\n", messages-1))
	at := 0
	for i := range messages {
		want := fmt.Sprintf("< message %d\n", i)
		n := strings.Index(text[at:], want)
		if n < 0 || n > 200 {
			t.Fatalf("message %d is not where it should be", i)
		}
		at += n
	}
}

func TestALongMessageIsCutAndCanBeSaved(t *testing.T) {
	file := t.TempDir() + "/long"
	long := strings.Repeat("0123456789", 20000)
	p := serve(t, func(s *websocket.Socket, m websocket.Message) { s.SendText(long) })
	u := sit(t, p.url).connected()
	u.types("go" + enter)
	u.await(t, "... cut: it has 200,000 octets; /save FILE keeps all")
	u.types("/save " + file + enter)
	u.await(t, "* wrote the last message, 200,000 octets")
	if data, err := os.ReadFile(file); err != nil || string(data) != long {
		t.Errorf("the file has %d octets, %v", len(data), err)
	}
}

func TestALargeFileIsSentWhole(t *testing.T) {
	file := t.TempDir() + "/large"
	data := bytes.Repeat([]byte{0, 1, 2, 3, 4, 5, 6}, 100000)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := serve(t, func(s *websocket.Socket, m websocket.Message) { s.SendText("thanks") })
	u := sit(t, p.url).connected()
	u.types("/binary @" + file + enter)
	if got := within(t, p.got); got != "binary:"+string(data) {
		t.Errorf("the server received %d octets", len(got))
	}
	u.await(t, "< thanks")
}

func TestWithoutColorThereIsNoSGR(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url, func(c *Config) { c.Color, c.Timestamps, c.JSON = false, true, true }).connected()
	u.types(`{"a":"\u001b"}` + enter + "/binary 00" + enter + "/nothing" + enter + "\x1b[200~\x1b\x1b[201~")
	u.await(t, "! there is no /nothing")
	u.await(t, "> ^[\nopen")
	if u.colours > 0 {
		t.Errorf("%d times a colour was set", u.colours)
	}
	u.until(t, "timestamps", func(text string) bool {
		line, _, _ := strings.Cut(text, "\n")
		_, err := time.Parse("15:04:05.000", strings.SplitN(line, " ", 2)[0])
		return err == nil
	})
}

func TestThePasswordIsNotShown(t *testing.T) {
	p := serve(t, nil)
	url := strings.Replace(p.url, "ws://", "ws://somebody:secret@", 1)
	u := sitAt(t, 150, 24, url).connected()
	u.types("/headers" + enter)
	u.await(t, "  server       127.0.0.1:")
	u.await(t, "* connected to ws://somebody:xxxxx@127.0.0.1:")
	if text := u.all(); strings.Contains(text, "secret") {
		t.Errorf("it is on the screen:\n%s", text)
	}
}

func TestNotesAreShown(t *testing.T) {
	notes := make(chan string, 2)
	notes <- "frame \x1b[2J"
	p := serve(t, nil)
	u := sit(t, p.url, func(c *Config) { c.Notes = notes }).connected()
	u.await(t, "* frame ^[[2J")
	close(notes)
	u.types("goes on" + enter)
	u.await(t, "< goes on")
}

func TestHeadersAreWhatTheCallerSays(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url, func(c *Config) {
		c.Headers = func() string { return "> GET / HTTP/1.1\r\n< HTTP/1.1 101 \x1b[2JSwitching\r\n\r\n" }
	}).connected()
	u.types("/headers" + enter)
	u.await(t, "* > GET / HTTP/1.1\n  < HTTP/1.1 101 ^[[2JSwitching\n")
}

func TestWithoutATerminal(t *testing.T) {
	p := serve(t, nil)
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	u := &user{vt: newVT(80, 24), t: t}
	u.open(80, 24)
	defer u.close()
	for name, tt := range map[string]struct {
		in, out *os.File
		term    string
		words   string
	}{
		"input":  {file, u.slave, "xterm", "standard input is none"},
		"output": {u.slave, file, "xterm", "standard output is none"},
		"dumb":   {u.slave, u.slave, "dumb", "TERM is dumb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TERM", tt.term)
			err := Run(context.Background(), Config{Name: p.url, In: tt.in, Out: tt.out, Open: opener(p.url)})
			if !errors.Is(err, ErrNoTerminal) || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// away is a session that nobody looks at, and that is driven by hand. It is connected.
func away(t *testing.T, p *peer) *session {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(Config{Name: p.url, Open: opener(p.url)}.withDefaults(), &tty{out: null})
	s.link = newLink(t.Context(), s.c, s.inbox)
	t.Cleanup(func() {
		s.link.cut()
		null.Close()
	})
	s.connect()
	for s.status.state != open {
		within(t, s.inbox.wake)
		s.receive()
	}
	return s
}

func TestWhatArrivedIsAboveWhatIsTypedAfterwards(t *testing.T) {
	s := away(t, serve(t, nil))
	v := newVT(80, 24)
	s.screen.out = v
	s.inbox.put(s.socket, arrival{websocket.Text, []byte("first")})
	s.typed(append(typedKeys("second"), key{code: keyEnter}))
	if text := v.all(); !strings.Contains(text, "< first\n> second\n") {
		t.Errorf("the screen is\n%s", text)
	}
}

func TestTheServerHasThreeSecondsWhenTheProgramIsToEnd(t *testing.T) {
	blocked := make(chan struct{})
	p := serve(t, func(*websocket.Socket, websocket.Message) { <-blocked })
	defer close(blocked)
	s := away(t, p)
	s.socket.SendText("block")
	p.expect(t, "text:block")
	now := time.Now()
	s.leaveWithin(patience)
	s.tick(now)
	if wait := s.nextTime(now.Add(patience - time.Millisecond)); s.done || wait > 2*time.Millisecond+time.Since(now) {
		t.Errorf("at first: done %v, it would wait %v", s.done, wait)
	}
	s.tick(time.Now().Add(patience))
	if !s.done || s.result != nil {
		t.Errorf("then: done %v, %v", s.done, s.result)
	}
}

func TestAPongIsMissedFromTheFirstPingOn(t *testing.T) {
	blocked := make(chan struct{})
	p := serve(t, func(*websocket.Socket, websocket.Message) { <-blocked })
	s := away(t, p)
	s.socket.SendText("block")
	p.expect(t, "text:block")
	now := time.Now()
	s.probe(now)
	s.probe(now.Add(s.c.PingInterval))
	if got := s.status.line(now.Add(7*time.Second), 40, style{}); got != "open | no pong for 7 s" {
		t.Errorf("the status is %q", got)
	}
	for range maxPings {
		if err := s.ping(""); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.ping(""); err == nil || err.Error() != "100 Pings wait for their Pong already" {
		t.Errorf("one more: %v", err)
	}
	close(blocked)
	for len(s.pings.users) > 0 || !s.status.unanswered.IsZero() {
		within(t, s.inbox.wake)
		for s.receive(); s.more; s.receive() {
		}
	}
}

func TestATerminalThatIsLeftKeepsNoDescriptor(t *testing.T) {
	u := &user{vt: newVT(80, 24), t: t}
	u.open(80, 24)
	defer u.close()
	descriptors := func() int {
		names, err := os.ReadDir("/dev/fd")
		if err != nil {
			t.Skip("there is no /dev/fd: ", err)
		}
		return len(names)
	}
	before := descriptors()
	for range 64 { // more than other tests may still be closing
		tt, err := openTTY(u.slave, u.slave)
		if err != nil {
			t.Fatal(err)
		}
		if err := tt.close(); err != nil {
			t.Fatal(err)
		}
	}
	if after := descriptors(); after > before {
		t.Errorf("there were %d descriptors, and are %d", before, after)
	}
}

func TestTheTerminalGoesAway(t *testing.T) {
	p := serve(t, nil)
	u := sit(t, p.url).connected()
	u.master.Close()
	if err := u.leaves(); err != nil && !errors.Is(err, unix.EIO) { // its mode cannot be set back
		t.Error(err)
	}
	p.expect(t, "close:1000 normal closure")
}

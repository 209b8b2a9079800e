package admin

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/websocket"
)

func TestListAsATable(t *testing.T) {
	now := time.UnixMilli(1_700_000_100_000)
	var out strings.Builder
	err := writeList(&out, []status.Socket{
		{ID: 17, Address: "192.0.2.1:40000", Path: "/echo", Agent: "Firefox/140", State: "OPEN", Since: 1_700_000_000_000,
			Received: status.Counted{Messages: 12, Octets: 2048}, Sent: status.Counted{Messages: 1, Octets: 10}, Queued: 3 << 20, RoundTrip: 1.26},
		{ID: 9, Address: "[::1]:1", Path: "/a\x1b[2Jb", State: "CLOSING", Since: 1_700_000_099_000},
	}, now)
	want := "" +
		"ID  ADDRESS          PATH          AGE    RECEIVED      SENT      QUEUE    RTT     USER AGENT\n" +
		"17  192.0.2.1:40000  /echo         1m40s  12 (2.0 KiB)  1 (10 B)  3.0 MiB  1.3 ms  Firefox/140\n" +
		"9   [::1]:1          /a\\u001b[2Jb  1s     0 (0 B)       0 (0 B)   0 B      -       CLOSING -\n"
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, &out, want)
	}
}

func TestListAll(t *testing.T) {
	p := newPlace(t, token)
	for range 3 {
		p.echo()
	}
	c := p.operator()
	tests := []struct {
		name    string
		q       Query
		found   int
		ids     string
		written int
	}{
		{"all", Query{Sort: "id"}, 3, "1 2 3", 3},
		{"two", Query{Sort: "id", Limit: 2}, 3, "1 2", 2},
		{"more than there are", Query{Sort: "-id", Limit: 1000}, 3, "3 2 1", 3},
		{"by user agent", Query{Search: "TESTER", Sort: "id", Limit: 1}, 3, "1", 1},
		{"nobody", Query{Search: "nobody"}, 0, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			found, written, err := c.List(within(t), &out, tt.q, true)
			var got []string
			for line := range strings.Lines(out.String()) {
				var s status.Socket
				if err := json.Unmarshal([]byte(line), &s); err != nil {
					t.Fatal(err)
				}
				got = append(got, string(rune('0'+s.ID)))
			}
			if err != nil || found != tt.found || written != tt.written || strings.Join(got, " ") != tt.ids {
				t.Errorf("found %d, written %d, %v, %v; want %q", found, written, err, got, tt.ids)
			}
		})
	}
}

func TestStats(t *testing.T) {
	n := &status.Numbers{
		Time: 1_700_000_090_000, Connections: 70, Handshakes: status.Handshakes{Accepted: 100, Refused: 3, AcceptedRate: 1.5},
		Received: status.Traffic{Messages: 1000, Octets: 1 << 20, MessagesRate: 10, OctetsRate: 1536, WireRate: 2048},
		Sent:     status.Traffic{Messages: 5, WireRate: 512}, RoundTrip: &status.RoundTrip{Median: 1.25, P99: 20},
		Lag: 0.5, Wait: 0.125, Memory: 20 << 20, Heap: 4 << 20, Goroutines: 12,
		Rooms:    &status.Rooms{Rooms: 2, Memberships: 70, Published: 6, Refused: 1, Received: 5, Delivered: 350, Broker: "no \x1bmajority"},
		Shedding: "too busy: memory",
	}
	h := &status.Hello{Started: 1_700_000_000_000}
	var out strings.Builder
	if err := writeStats(&out, h, n); err != nil {
		t.Fatal(err)
	}
	want := `up            1m30s
connections   70
handshakes    100 accepted (1.5/s), 3 refused (0.0/s)
received      1000 messages (10.0/s), 1.0 MiB (1.5 KiB/s)
sent          5 messages (0.0/s), 0 B (0 B/s)
bandwidth     2.0 KiB/s in, 512 B/s out
round trip    1.2 ms median, 20.0 ms p99
loop lag      0.50 ms
wait          0.12 ms p99 for a processor
memory        20 MiB, 4.0 MiB of it values
goroutines    12
rooms         2 with 70 members here; 6 messages published here, 1 refused, 5 received, 350 delivered
broker        out of reach: no \u001bmajority
shedding      new handshakes get 503: too busy: memory
`
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", &out, want)
	}
	out.Reset()
	if err := writeStatsLine(&out, h, n); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%v: %q", err, &out)
	}
}

func TestStatsEachSecond(t *testing.T) {
	p := newPlace(t, token)
	defer p.board.Start()()
	c := p.operator()
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	out := &lineWriter{after: 3, then: cancel}
	if err := c.Stats(ctx, out, true, true); err != context.Canceled {
		t.Errorf("ended with %v", err)
	}
	var before int64
	for line := range strings.Lines(out.text.String()) {
		var n status.Numbers
		if err := json.Unmarshal([]byte(line), &n); err != nil {
			t.Fatal(err)
		}
		if n.Time <= before {
			t.Errorf("%d comes after %d", n.Time, before)
		}
		before = n.Time
	}
}

// lineWriter calls a function after so many writes.
type lineWriter struct {
	text  strings.Builder
	after int
	then  func()
}

func (w *lineWriter) Write(p []byte) (int, error) {
	if w.after--; w.after == 0 {
		w.then()
	}
	return w.text.Write(p)
}

func TestEnd(t *testing.T) {
	p := newPlace(t, token)
	one, two := p.echo(), p.echo()
	c := p.operator()
	var out strings.Builder
	err := c.End(within(t), &out, []int64{1, 99, 2}, 4001, "log in again", false)
	if err == nil || err.Error() != "99 was not closed: there is no such connection; it may have closed" {
		t.Errorf("error %v", err)
	}
	if want := "1 is closing with code 4001\n2 is closing with code 4001\n"; out.String() != want {
		t.Errorf("%q, want %q", &out, want)
	}
	for _, conn := range []*websocket.Conn{one, two} {
		if _, _, err := conn.Read(within(t)); websocket.CloseCodeOf(err) != 4001 {
			t.Errorf("ended with %v", err)
		}
	}
	p.echo()
	out.Reset()
	if err := c.End(within(t), &out, []int64{3}, 1000, "", true); err != nil || out.String() != `{"code":1000,"reason":"","socket":3}`+"\n" {
		t.Errorf("%v, %q", err, &out)
	}
}

// say has a message go to the server and back, once the connection is tapped.
func (p *place) say(conn *websocket.Conn, text string) {
	p.t.Helper()
	ctx, watching := within(p.t), p.operator()
	for {
		sockets, _, err := watching.list(ctx, Query{})
		if err != nil || len(sockets) != 1 {
			p.t.Fatalf("%+v, %v", sockets, err)
		}
		if sockets[0].Tapped {
			break
		}
	}
	if err := conn.Write(ctx, websocket.Text, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
	if _, _, err := conn.Read(ctx); err != nil {
		p.t.Fatal(err)
	}
}

func TestTap(t *testing.T) {
	p := newPlace(t, token)
	conn, c := p.echo(), p.operator()
	var out, notes strings.Builder
	tapped := make(chan error, 1)
	go func() { tapped <- c.Tap(within(t), &out, &notes, 1, 0, false) }()
	p.say(conn, "hello")
	conn.Close(4002, "bye\x1b]0;owned\x07")
	if err := <-tapped; err != nil {
		t.Fatal(err)
	}
	if want := "closed with code 4002: bye\\u001b]0;owned\\u0007\n"; notes.String() != want {
		t.Errorf("%q, want %q", &notes, want)
	}
	for _, want := range []string{
		`< text         FIN MASK           5  hello`, `> text         FIN                5  hello`,
		`< close        FIN MASK          15  4002 bye\\u001b\]0;owned\\u0007`,
	} {
		if line := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d\.\d{6} ` + want + `$`); !line.MatchString(out.String()) {
			t.Errorf("there is no %s in\n%s", line, &out)
		}
	}
	if err := c.Tap(within(t), &out, &notes, 1, 0, false); err == nil || !strings.Contains(err.Error(), "no such connection") {
		t.Errorf("one that is gone: %v", err)
	}
}

func TestTapEndsAfterSoManyFrames(t *testing.T) {
	p := newPlace(t, token)
	conn, c := p.echo(), p.operator()
	var out, notes strings.Builder
	tapped := make(chan error, 1)
	go func() { tapped <- c.Tap(within(t), &out, &notes, 1, 1, true) }()
	p.say(conn, "hello")
	if err := <-tapped; err != nil || notes.Len() > 0 {
		t.Errorf("ended with %v, notes %q", err, &notes)
	}
	var f status.Frame
	if err := json.Unmarshal([]byte(out.String()), &f); err != nil || string(f.Start) != "hello" {
		t.Errorf("%v: %s", err, &out)
	}
}

func TestTapEndsByItsContext(t *testing.T) {
	p := newPlace(t, token)
	conn, c := p.echo(), p.operator()
	ctx, stop := context.WithCancel(within(t))
	tapped := make(chan error, 1)
	go func() { tapped <- c.Tap(ctx, &strings.Builder{}, &strings.Builder{}, 1, 0, false) }()
	p.say(conn, "hello")
	stop()
	if err := <-tapped; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestFramesAsLines(t *testing.T) {
	long := strings.Repeat("x", 255) + "é"
	tests := []struct {
		name  string
		frame status.Frame
		want  string // without the time
	}{
		{"text", status.Frame{Opcode: 1, Fin: true, Masked: true, Length: 5, Start: []byte("hello")},
			"< text         FIN MASK           5  hello"},
		{"hostile text", status.Frame{Sent: true, Opcode: 1, Fin: true, Length: 12, Start: []byte("\x1b[31m\r\n\u202e\u009b")},
			"> text         FIN               12  \\u001b[31m\\r\\n\\u202e\\u009b"},
		{"binary", status.Frame{Opcode: 2, Length: 2, Start: []byte{0, 255}}, "< binary                          2  00 ff"},
		{"compressed", status.Frame{Opcode: 1, Fin: true, RSV: 4, Compressed: true, Length: 3, Start: []byte{1, 2, 3}},
			"< text         FIN RSV1           3  01 02 03 (compressed)"},
		{"text that is none", status.Frame{Opcode: 1, Fin: true, Length: 1, Start: []byte{0xFF}}, "< text         FIN                1  ff"},
		{"text cut in a character", status.Frame{Opcode: 0, Fin: true, Length: 300, Start: []byte(long)[:256]},
			"< continuation FIN              300  " + long[:255] + " …"},
		{"close", status.Frame{Opcode: 8, Fin: true, Length: 5, Start: []byte{0x03, 0xE8, 'b', 'y', 'e'}}, "< close        FIN                5  1000 bye"},
		{"close without a body", status.Frame{Opcode: 8, Fin: true}, "< close        FIN                0  "},
		{"all flags", status.Frame{Opcode: 9, Fin: true, RSV: 7, Masked: true}, "< ping         FIN RSV1 RSV2 RSV3 MASK       0  "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if err := writeFrame(&out, tt.frame, false); err != nil {
				t.Fatal(err)
			}
			if _, got, _ := strings.Cut(strings.TrimSuffix(out.String(), "\n"), " "); got != tt.want {
				t.Errorf("got\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("hello\x1b[2J\u202e\u2028\x00\x7f\u009b\xff")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range visible(text) {
			if r < ' ' || r >= 0x7F && r < 0xA0 || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
				t.Errorf("%q has %U", visible(text), r)
			}
		}
	})
}

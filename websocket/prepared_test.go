package websocket_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestPrepare(t *testing.T) {
	for _, row := range []struct {
		name string
		typ  websocket.MessageType
		data string
		ok   bool
	}{
		{"text", websocket.Text, "grüß dich", true},
		{"binary", websocket.Binary, "\xff\x00", true},
		{"empty text", websocket.Text, "", true},
		{"empty binary", websocket.Binary, "", true},
		{"text that is not UTF-8", websocket.Text, "\xff", false},
		{"no type", 0, "x", false},
		{"the type of a control frame", 9, "x", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := websocket.Prepare(row.typ, []byte(row.data))
			if (err == nil) != row.ok || (p != nil) != row.ok {
				t.Fatalf("Prepare returned %v, %v", p, err)
			}
			if row.ok && (p.Type() != row.typ || p.Len() != len(row.data)) {
				t.Errorf("Type %v, Len %d", p.Type(), p.Len())
			}
		})
	}
	_, err := websocket.Prepare(websocket.Text, []byte("\xff"))
	wantError(t, "Prepare", err, websocket.ErrInvalidUTF8)
}

// TestAPreparedMessageArrivesAtEverySocketOfEitherRole sends the same ones many times, so that an end that
// changed them, as by masking, would show.
func TestAPreparedMessageArrivesAtEverySocketOfEitherRole(t *testing.T) {
	const rounds = 3
	got := make(chan string, 100)
	listen := func(s *websocket.Socket) {
		s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { got <- m.Type().String() + " " + m.Text() })
	}
	var senders []*websocket.Socket
	for range 2 {
		s, c := wstest.Sockets(t, nil, listen, listen)
		senders = append(senders, s, c)
	}
	for _, row := range []struct {
		name string
		typ  websocket.MessageType
		data []byte
	}{
		{"empty", websocket.Text, nil},
		{"small", websocket.Text, []byte("grüß dich")},
		{"binary", websocket.Binary, []byte("\x00\xff")},
		{"with a 16-bit length", websocket.Text, bytes.Repeat([]byte("a"), 1000)},
		{"written from where it lies", websocket.Binary, bytes.Repeat([]byte("abcdefg"), 5000)},
		{"with a 64-bit length", websocket.Text, bytes.Repeat([]byte("abcdefg"), 10_000)},
	} {
		t.Run(row.name, func(t *testing.T) {
			data := bytes.Clone(row.data)
			p, err := websocket.Prepare(row.typ, data)
			must(t, err)
			clear(data) // it was copied
			for range rounds {
				for _, s := range senders {
					must(t, s.SendPrepared(p))
				}
			}
			want := row.typ.String() + " " + string(row.data)
			for range rounds * len(senders) {
				if m := <-got; m != want {
					t.Fatalf("got %q, want %q", short(m), short(want))
				}
			}
		})
	}
}

// TestAPreparedMessageIsNotCopiedForEachRecipient publishes to sockets whose peers do not read, so that what
// would be copied had to be allocated.
func TestAPreparedMessageIsNotCopiedForEachRecipient(t *testing.T) {
	queue := websocket.Queue{Messages: 8, Full: websocket.DropOldest}
	for _, role := range []string{"server", "client"} {
		t.Run(role, func(t *testing.T) {
			const recipients = 20
			var g websocket.Group
			pause := func(s *websocket.Socket) { s.Pause() }
			for range recipients {
				opts := &wstest.PairOptions{Pipe: []wstest.Option{wstest.PipeSize(1 << 10)}}
				opts.Accept.Queue, opts.Dial.Queue = queue, queue
				if role == "server" {
					s, _ := wstest.Sockets(t, opts, nil, pause)
					g.Add(s)
				} else {
					_, c := wstest.Sockets(t, opts, pause, nil)
					g.Add(c)
				}
			}
			small := prepared(t, strings.Repeat("x", 10_000))
			for _, s := range g.Members() {
				for s.BufferedAmount() < int64(queue.Messages+1)*10_000 { // one is being written, the queue is full
					s.SendPrepared(small)
					runtime.Gosched()
				}
			}
			large := prepared(t, strings.Repeat("x", 100_000))
			if n := testing.AllocsPerRun(100, func() { g.Publish(large) }); n > 0 {
				t.Errorf("%v allocations to publish to %d recipients", n, recipients)
			}
			equal(t, "number", g.Publish(large), recipients)
		})
	}
}

func TestBroadcastAllocatesNothingPerRecipientThatReads(t *testing.T) {
	const recipients, rounds = 20, 100
	var g websocket.Group
	arrived := make(chan struct{}, recipients)
	for range recipients {
		s, _ := wstest.Sockets(t, nil, nil, func(c *websocket.Socket) {
			c.OnMessage(func(*websocket.Socket, websocket.Message) { arrived <- struct{}{} })
		})
		g.Add(s)
	}
	p := prepared(t, strings.Repeat("x", 4000))
	round := func() {
		g.Publish(p)
		for range recipients {
			<-arrived
		}
	}
	round()
	few := recipients / 10. // a buffer or a goroutine may be a new one
	if websocket.PoisonBuffers {
		few = 2 * recipients // the race detector has pools forget on purpose
	}
	if n := testing.AllocsPerRun(rounds, round); n > few {
		t.Errorf("%v allocations for a message to %d recipients", n, recipients)
	}
}

package deploy

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// anyway runs a test behind each program over ws and wss, which end at the proxy.
func anyway(t *testing.T, b behavior, test func(t *testing.T, s *site, p *proxy, url string)) {
	behindEach(t, func(t *testing.T, sw *software) {
		s := newSite(t, b)
		p := sw.front(t, s.addresses())
		for _, scheme := range []string{"ws", "wss"} {
			t.Run(scheme, func(t *testing.T) { test(t, s, p, scheme+"://ws.example.com/") })
		}
	})
}

func TestMessagesPass(t *testing.T) {
	large := websocket.Limits{MessageSize: 8 << 20}
	anyway(t, behavior{options: websocket.AcceptOptions{Limits: large}}, func(t *testing.T, _ *site, p *proxy, url string) {
		c := p.dial(t, url, websocket.DialOptions{Limits: large, Compression: websocket.Compression{Disabled: true}})
		for _, test := range []struct {
			name string
			typ  websocket.MessageType
			data string
		}{
			{"empty text", websocket.Text, ""},
			{"short text", websocket.Text, "¡Hola, señor! 你好"},
			{"short binary", websocket.Binary, "\x00\xff\x81\x7f"},
			{"text of 1 MiB", websocket.Text, strings.Repeat("¡¿", 1<<18)},
			{"binary of 1 MiB", websocket.Binary, strings.Repeat("\x00\x01\xfe\xff", 1<<18)},
			{"binary of 5 MiB", websocket.Binary, strings.Repeat("01234", 1<<20)},
		} {
			t.Run(test.name, func(t *testing.T) { wantEcho(t, c, test.typ, test.data) })
		}
	})
}

func TestFragmentsPass(t *testing.T) {
	anyway(t, behavior{deaf: true}, func(t *testing.T, s *site, p *proxy, url string) {
		c := p.dial(t, url, websocket.DialOptions{})
		g := s.next(t)
		ctx := c.CloseRead(context.Background()) // for the Pong
		w, err := c.Writer(ctx, websocket.Text)
		if err != nil {
			t.Fatal(err)
		}
		part := strings.Repeat("part", 1<<14)
		for range 3 {
			if _, err := io.WriteString(w, part); err != nil {
				t.Fatal(err)
			}
			if err := c.Ping(ctx); err != nil { // between fragments
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := await(t, "the message", g.messages); got != part+part+part {
			t.Fatalf("the server got %d octets, want %d", len(got), 3*len(part))
		}
	})
}

func TestBlobsPassToTheClient(t *testing.T) {
	anyway(t, behavior{deaf: true}, func(t *testing.T, s *site, p *proxy, url string) {
		c := p.dial(t, url, websocket.DialOptions{})
		data := bytes.Repeat([]byte("blob"), 1<<17)
		if err := s.next(t).SendBlob(bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, c, websocket.Binary, string(data))
	})
}

func TestPingsPassBothWays(t *testing.T) {
	anyway(t, behavior{}, func(t *testing.T, s *site, p *proxy, url string) {
		clientPong := make(chan string, 1)
		v := p.visit(t, url, websocket.DialOptions{}, func(s *websocket.Socket) {
			s.OnPong(func(_ *websocket.Socket, payload []byte) { clientPong <- string(payload) })
		})
		g := s.next(t)
		serverPong := make(chan string, 1)
		g.OnPong(func(_ *websocket.Socket, payload []byte) { serverPong <- string(payload) })
		if err := v.Ping([]byte("from the client")); err != nil {
			t.Fatal(err)
		}
		if err := g.Ping([]byte("from the server")); err != nil {
			t.Fatal(err)
		}
		if got := await(t, "the client's Pong", clientPong); got != "from the client" {
			t.Errorf("the client got a Pong of %q", got)
		}
		if got := await(t, "the server's Pong", serverPong); got != "from the server" {
			t.Errorf("the server got a Pong of %q", got)
		}
	})
}

// TestCompressionIsBetweenTheEnds: what the ends agree on passes the proxy untouched, in the handshake and after.
func TestCompressionIsBetweenTheEnds(t *testing.T) {
	compression := websocket.Compression{
		ServerTakeover: websocket.KeepContext, ClientTakeover: websocket.KeepContext, ClientWindowBits: 12, Threshold: -1,
	}
	b := behavior{options: websocket.AcceptOptions{Compression: compression}}
	anyway(t, b, func(t *testing.T, s *site, p *proxy, url string) {
		c := p.dial(t, url, websocket.DialOptions{Compression: compression})
		g := s.next(t)
		if c.Extensions() == "" || c.Extensions() != g.Extensions() {
			t.Fatalf("the client has %q, the server %q", c.Extensions(), g.Extensions())
		}
		if offer := g.request.Header.Get("Sec-WebSocket-Extensions"); !strings.Contains(offer, "client_max_window_bits=12") {
			t.Errorf("the server was offered %q", offer)
		}
		text := strings.Repeat("much the same, ", 10_000)
		for range 3 { // the later ones refer to the first
			wantEcho(t, c, websocket.Text, text)
			wantEcho(t, c, websocket.Binary, text[:1000])
		}
	})
}

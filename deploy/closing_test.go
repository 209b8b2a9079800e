package deploy

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestCloseCodesPass(t *testing.T) {
	anyway(t, behavior{}, func(t *testing.T, s *site, p *proxy, url string) {
		t.Run("from the client", func(t *testing.T) {
			v := p.visit(t, url, websocket.DialOptions{}, nil)
			g := s.next(t)
			v.Close(4001, "the client leaves")
			g.wantClosed(t, websocket.CloseEvent{Code: 4001, Reason: "the client leaves", WasClean: true})
			v.wantClosed(t, websocket.CloseEvent{Code: 4001, WasClean: true})
		})
		t.Run("from the server", func(t *testing.T) {
			v := p.visit(t, url, websocket.DialOptions{}, nil)
			g := s.next(t)
			g.Close(1013, "the server is full")
			v.wantClosed(t, websocket.CloseEvent{Code: 1013, Reason: "the server is full", WasClean: true})
			g.wantClosed(t, websocket.CloseEvent{Code: 1013, WasClean: true})
		})
		t.Run("without a code", func(t *testing.T) {
			c := p.dial(t, url, websocket.DialOptions{})
			g := s.next(t)
			if err := c.Close(0, ""); err != nil {
				t.Fatal(err)
			}
			g.wantClosed(t, websocket.CloseEvent{Code: websocket.CloseNoStatus, WasClean: true})
		})
	})
}

// TestLossIsSeenAtTheOtherEnd: an end that is gone without a Close frame is 1006 at the other one.
func TestLossIsSeenAtTheOtherEnd(t *testing.T) {
	anyway(t, behavior{}, func(t *testing.T, s *site, p *proxy, url string) {
		t.Run("of the client", func(t *testing.T) {
			c := p.dial(t, url, websocket.DialOptions{})
			g := s.next(t)
			c.Terminate()
			g.wantClosed(t, lost)
		})
		t.Run("of the server", func(t *testing.T) {
			c := p.dial(t, url, websocket.DialOptions{})
			s.next(t).Terminate()
			wantEnd(t, c, websocket.CloseAbnormal, "")
		})
	})
}

func TestShutdownTellsClients(t *testing.T) {
	behindEach(t, func(t *testing.T, sw *software) {
		s := newSite(t, behavior{})
		p := sw.front(t, s.addresses())
		v := p.visit(t, "wss://ws.example.com/", websocket.DialOptions{}, nil)
		g := s.next(t)
		g.server.drain(t)
		v.wantClosed(t, websocket.CloseEvent{
			Code: websocket.CloseGoingAway, Reason: "server is shutting down", WasClean: true})

		// It answers handshakes with 503 now, and the proxy asks the other server: at once, or, if it is Caddy,
		// once it has asked for the server's health. Until then a handshake is refused that is this server's turn.
		if sw == caddy {
			for taken := 0; taken < 2; { // at the second it is, as the other has the first
				c, err := websocket.Dial(t.Context(), "wss://ws.example.com/", p.options(t, websocket.DialOptions{}))
				if err == nil {
					t.Cleanup(c.Terminate)
					s.next(t)
					taken++
					continue
				}
				var refusal *websocket.HandshakeError
				if !errors.As(err, &refusal) || refusal.Status != http.StatusServiceUnavailable {
					t.Fatal(err)
				}
				await(t, "the next check of health", g.server.checked)
			}
		}
		for range 4 {
			c := p.dial(t, "wss://ws.example.com/", websocket.DialOptions{})
			if s.next(t).server == g.server {
				t.Error("the server that shuts down got a handshake")
			}
			wantEcho(t, c, websocket.Text, "still there")
		}
	})
}

// TestWhoSendsTooMuchIsToldSo: our server refuses a message at its header and closes with most of it unread. The
// proxy must bring the Close frame to a client that is still sending, every time.
func TestWhoSendsTooMuchIsToldSo(t *testing.T) {
	const times = 5                                                                   // for each of two streams and two types of client: 20 through each program
	data := bytes.Repeat([]byte("too much"), 2<<20)                                   // 16 MiB; the server takes 1 MiB
	opts := websocket.DialOptions{Compression: websocket.Compression{Disabled: true}} // all of it on the way
	anyway(t, behavior{}, func(t *testing.T, s *site, p *proxy, url string) {
		t.Run("Socket", func(t *testing.T) {
			for range times {
				v := p.visit(t, url, opts, nil)
				g := s.next(t)
				if err := v.Send(data); err != nil {
					t.Fatal(err)
				}
				if e := await(t, "the client's close event", v.closed); e.Code != websocket.CloseMessageTooBig {
					t.Errorf("the client's end was closed by %+v, want %d", e, websocket.CloseMessageTooBig)
				}
				if err := await(t, "the server's error", g.errors); !errors.Is(err, websocket.ErrMessageTooBig) {
					t.Errorf("the server's error is %v", err)
				}
			}
		})
		t.Run("Conn", func(t *testing.T) {
			for range times {
				c := p.dial(t, url, opts)
				g := s.next(t)
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				c.Write(ctx, websocket.Binary, data) // fails or not, as the proxy cuts it or reads on
				_, _, err := c.Read(ctx)
				cancel()
				if websocket.CloseCodeOf(err) != websocket.CloseMessageTooBig {
					t.Errorf("the client's end was closed by %v, want %d", err, websocket.CloseMessageTooBig)
				}
				if err := await(t, "the server's error", g.errors); !errors.Is(err, websocket.ErrMessageTooBig) {
					t.Errorf("the server's error is %v", err)
				}
			}
		})
	})
}

package websocket_test

import (
	"bytes"
	"crypto/tls"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// Uploads to a server with a limit that are too large. Each sender must see the 1009, however long it goes on
// sending: the one that reads meanwhile, and the one that reads only when it can write no more.
const (
	uploads    = 20
	uploadSize = 64 << 20 // of the 1 GiB that is announced
)

// uploadDemands make our end give up sooner than by default, for the test's sake.
var uploadDemands = demands{limits: websocket.Limits{LingerTime: 100 * time.Millisecond}, where: atServers}

// atOnce runs n senders side by side, and counts the codes that they see.
func atOnce(t *testing.T, n int, sender func() websocket.CloseCode) {
	t.Helper()
	var mu sync.Mutex
	seen := map[websocket.CloseCode]int{}
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			code := sender()
			mu.Lock()
			defer mu.Unlock()
			seen[code]++
		})
	}
	all.Wait()
	if seen[websocket.CloseMessageTooBig] != n {
		t.Errorf("of %d senders these saw these codes: %v", n, seen)
	}
}

func TestWhoeverUploadsTooMuchSees1009(t *testing.T) {
	for _, row := range []struct {
		name   string
		deaf   bool // reads only when it can write no more
		frames bool // one after the other, which concerns no TLS
		first  func(a *attacker) string
		piece  func(a *attacker) string
	}{
		{"a frame of 1 GiB, reading", false, false,
			func(a *attacker) string { return a.header(0x82, 1<<30) }, zeros64K},
		{"a frame of 1 GiB, deaf", true, false,
			func(a *attacker) string { return a.header(0x82, 1<<30) }, zeros64K},
		{"fragments, reading", false, true,
			func(a *attacker) string { return a.frame(0x02, "") },
			func(a *attacker) string { return a.frame(0x00, zeros64K(a)) }},
		{"fragments, deaf", true, true,
			func(a *attacker) string { return a.frame(0x02, "") },
			func(a *attacker) string { return a.frame(0x00, zeros64K(a)) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := uploadDemands
			if row.frames {
				d.where = serversOverTCP
			}
			besieged(t, d, func(t *testing.T, s *siege) {
				var connecting sync.Mutex
				atOnce(t, uploads, func() websocket.CloseCode {
					connecting.Lock()
					a := s.connect("")
					connecting.Unlock()
					defer a.Close()
					first, piece := row.first(a), row.piece(a)
					if row.deaf {
						a.keepWriting(first, piece, uploadSize)
						return a.hear().code
					}
					written := inBackground(func() int64 { return a.keepWriting(first, piece, uploadSize) })
					code := a.hear().code
					<-written
					return code
				})
				for range uploads {
					wantFailed(t, s, websocket.CloseMessageTooBig)
				}
			})
		})
	}
}

func zeros64K(*attacker) string { return string(make([]byte, 64<<10)) }

func TestOurClientsThatUploadTooMuchSee1009(t *testing.T) {
	message := make([]byte, uploadSize)
	for _, face := range []string{"Conn", "Socket"} {
		t.Run(face, func(t *testing.T) {
			besieged(t, uploadDemands, func(t *testing.T, s *siege) {
				url := map[bool]string{false: "ws://", true: "wss://"}[s.secure] + s.address
				opts := &websocket.DialOptions{
					TLSConfig:   &tls.Config{InsecureSkipVerify: true},
					Compression: websocket.Compression{Disabled: true},
				}
				atOnce(t, uploads/2, func() websocket.CloseCode {
					if face == "Conn" {
						c, err := websocket.Dial(forever, url, opts)
						if err != nil {
							t.Error(err)
							return 0
						}
						defer c.Terminate()
						if err := c.Write(forever, websocket.Binary, message); err == nil {
							t.Error("all was taken")
						}
						_, _, err = c.Read(forever)
						return websocket.CloseCodeOf(err)
					}
					code := make(chan websocket.CloseCode, 1)
					websocket.New(url, opts, func(ws *websocket.Socket) {
						ws.OnOpen(func(ws *websocket.Socket) { ws.SendBlob(bytes.NewReader(message), uploadSize) })
						ws.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) { code <- e.Code })
					})
					return <-code
				})
				for range uploads / 2 {
					wantFailed(t, s, websocket.CloseMessageTooBig)
				}
			})
		})
	}
}

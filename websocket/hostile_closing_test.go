package websocket_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A peer cannot draw out the closing handshake by answering slowly: CloseTimeout is for the whole answer.
func TestACloseFrameAnsweredOctetByOctetIsCutAfterCloseTimeout(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer string // an octet per second of it
		want   time.Duration
	}{
		{"nothing", "", 5 * time.Second},
		{"slowly", clientFrame(0x88, "\x03\xe8and many more words"), 5 * time.Second},
		{"Pings", strings.Repeat(clientFrame(0x89, ""), 10), 5 * time.Second},
		{"a message", clientFrame(0x82, strings.Repeat("x", 100)), 5 * time.Second},
		{"at the last moment", clientFrame(0x88, "\x03\xe8")[4:], 0},
	} {
		for _, conn := range []bool{false, true} {
			name := row.name + map[bool]string{true: "/Conn", false: "/Socket"}[conn]
			bubbles(t, name, func(t *testing.T) {
				s := &siege{conn: conn, ends: make(chan ending, 1)}
				nc := s.inMemory(t, nil, &closingDemands)
				head := ""
				if row.want == 0 { // the first half of the frame is there before
					head = clientFrame(0x88, "\x03\xe8")[:4]
				}
				must(t, second(io.WriteString(nc, clientFrame(0x82, "close")+head)))
				equal(t, "code", closeCode(t, nc), websocket.CloseNormal)
				began := time.Now()
				for i := 0; i < len(row.answer); i++ {
					time.Sleep(time.Second)
					if _, err := io.WriteString(nc, row.answer[i:i+1]); err != nil {
						break
					}
				}
				if row.want == 0 {
					nc.Close()
				}
				e := <-s.ends
				if took := time.Since(began); row.want > 0 && (took < row.want || took > row.want+time.Second) {
					t.Errorf("it took %v, want %v", took, row.want)
				}
				equal(t, "clean", e.clean || e.code == websocket.CloseNormal, row.want == 0)
				nc.Close()
			})
		}
	}
}

// A peer that has closed and then takes what was queued for it drop by drop is cut.
func TestAPeerThatTakesTheLastMessagesSlowlyIsCut(t *testing.T) {
	for _, row := range []struct {
		name  string
		each  int // octets a second
		least time.Duration
		most  time.Duration
	}{
		{"nothing", 0, 5 * time.Second, 6 * time.Second},
		{"a KiB a second", 1 << 10, 5 * time.Second, 80 * time.Second},
		{"16 KiB a second", 16 << 10, 100 * time.Second, 600 * time.Second}, // it moves: 4 MiB take so long
	} {
		bubbles(t, row.name, func(t *testing.T) {
			s := &siege{ends: make(chan ending, 1)}
			nc := s.inMemory(t, nil, &demands{setup: func(ws *websocket.Socket) {
				ws.OnOpen(func(ws *websocket.Socket) {
					for range 4 {
						ws.Send(make([]byte, 1<<20))
					}
				})
			}})
			must(t, second(io.WriteString(nc, clientFrame(0x88, "\x03\xe8"))))
			began := time.Now()
			var reading sync.WaitGroup
			reading.Go(func() {
				for buf := make([]byte, max(row.each, 1)); row.each > 0; {
					time.Sleep(time.Second)
					if _, err := io.ReadFull(nc, buf); err != nil {
						return
					}
				}
			})
			<-s.ends
			if took := time.Since(began); took < row.least || took > row.most {
				t.Errorf("it took %v, want %v to %v", took, row.least, row.most)
			}
			nc.Close()
			reading.Wait()
		})
	}
}

// inMemory connects a raw client to our end in a bubble.
func (s *siege) inMemory(t *testing.T, opts *websocket.AcceptOptions, d *demands) *wstest.PipeConn {
	ln := wstest.Listen()
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.conn {
			websocket.Upgrade(w, r, opts, func(ws *websocket.Socket) { s.follow(ws, d) })
		} else if c, err := websocket.Accept(w, r, opts); err == nil {
			s.read(c, d)
		}
	})}
	go hs.Serve(ln)
	t.Cleanup(func() {
		hs.Close()
		synctest.Wait()
	})
	nc, err := ln.Dial(t.Context(), "tcp", "x:80")
	must(t, err)
	must(t, shakeHands(nc))
	return nc.(*wstest.PipeConn)
}

// Who does not read what is broadcast is dealt with as the queue's policy says, for bounded memory, and nobody else
// notices.
func TestAReaderThatNeverReadsWhileOthersAreSentBroadcasts(t *testing.T) {
	const messages, size, limit, honest = 1000, 32 << 10, 1 << 20, 4
	for _, policy := range []websocket.Policy{
		websocket.RefuseNewest, websocket.DropOldest, websocket.ReplaceByKey, websocket.CloseSlow,
	} {
		t.Run([]string{"RefuseNewest", "DropOldest", "ReplaceByKey", "CloseSlow"}[policy], func(t *testing.T) {
			d := demands{
				queue:  websocket.Queue{Bytes: limit, Full: policy},
				limits: websocket.Limits{CloseTimeout: 200 * time.Millisecond},
				where:  func(s *siege) bool { return !s.client && !s.conn && !s.secure },
			}
			var dropped atomic.Int64
			d.setup = func(s *websocket.Socket) { s.OnDrop(func(*websocket.Socket, websocket.Drop) { dropped.Add(1) }) }
			besieged(t, d, func(t *testing.T, s *siege) {
				idle := s.connect("")
				idle.tcp.SetReadBuffer(4 << 10)
				got := make(chan int, honest*messages)
				var reading sync.WaitGroup
				for range honest {
					a := s.connect("")
					reading.Go(func() {
						for n := 0; ; n++ {
							h, _, err := a.readFrame()
							if err != nil || h.Length != size {
								return
							}
							got <- n
						}
					})
				}
				before, most, reached := heapNow(), 0, 0
				message := make([]byte, size)
				for i := range messages {
					n, err := s.server.Broadcast(websocket.Binary, message)
					must(t, err)
					if reached = n; n < honest || n > honest+1 {
						t.Fatalf("broadcast %d reached %d", i, n)
					}
					for range honest {
						<-got
					}
					if i%200 == 199 {
						most = max(most, heapNow()-before)
					}
				}
				if most > 2*limit+4<<20 {
					t.Errorf("the heap has grown by %d KiB", most>>10)
				}
				switch {
				case policy == websocket.DropOldest:
					equal(t, "reached", reached, honest+1)
					equal(t, "it was dropped for", dropped.Load() > messages/2, true)
				default:
					equal(t, "reached", reached, honest)
				}
				if policy == websocket.CloseSlow {
					equal(t, "code", s.ended(t).code, websocket.CloseAbnormal) // it did not answer
				}
				s.server.Close()
				reading.Wait()
			})
		})
	}
}

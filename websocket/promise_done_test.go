package websocket_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// A message whose last octet the system has taken has left, also if the rest of its batch did not.
func TestSendFuncTellsExactlyWhatLeftOfABrokenBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var client *wstest.FaultyConn
		came := 0
		var fates [][]error // what each was called with
		_, c := wstest.Sockets(t, &wstest.PairOptions{Client: wrapFaulty(&client)}, func(s *websocket.Socket) {
			s.OnMessage(func(*websocket.Socket, websocket.Message) { came++ })
		}, nil)
		synctest.Wait()
		send := func() {
			i := len(fates)
			fates = append(fates, nil)
			must(t, c.SendFunc(make([]byte, 10), func(err error) { fates[i] = append(fates[i], err) }))
		}
		// The first is on its way while the others are sent, which makes one batch of them. Each frame has
		// 6 octets of header and 10 of payload; the stream ends within the second of the batch.
		client.Writes().Delay(time.Second).CutAfter(client.Writes().Bytes()+16+20, wstest.CutEOF)
		send()
		synctest.Wait()
		for range 3 {
			send()
		}
		<-c.Context().Done()
		synctest.Wait()
		equal(t, "what came", came, 2)
		equal(t, "the fates", fates, [][]error{{nil}, {nil}, {websocket.ErrClosed}, {websocket.ErrClosed}})
	})
}

// However a connection ends, and whenever the message was sent: what was taken is settled.
func TestDoneIsCalledForEveryMessageThatWasTaken(t *testing.T) {
	for range 300 {
		s, c := wstest.Sockets(t, nil, nil, nil)
		var taken, settled atomic.Int64
		ended := make(chan struct{})
		c.OnClose(func(*websocket.Socket, websocket.CloseEvent) { close(ended) })
		go s.Terminate()
		for err := error(nil); err == nil; {
			if err = c.SendFunc([]byte("x"), func(error) { settled.Add(1) }); err == nil {
				taken.Add(1)
			}
		}
		<-ended
		equal(t, "messages settled before the close event", settled.Load(), taken.Load())
	}
}

// Who sends the next message when the last has left, faster than these events can be delivered or just as fast, hears the peer all the same.
func TestInputHasItsTurnBesideEventsThatCauseOthers(t *testing.T) {
	for name, takes := range map[string]time.Duration{"at once": 0, "in a millisecond": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			promise(t, func(t *testing.T, a arrangement) {
				var stop atomic.Bool
				heard := make(chan struct{})
				came := 0
				s, _ := a.connect(t, nil, func(s *websocket.Socket) {
					s.OnMessage(func(*websocket.Socket, websocket.Message) {
						stop.Store(true)
						close(heard)
					})
				}, func(c *websocket.Socket) {
					c.OnMessage(func(c *websocket.Socket, _ websocket.Message) {
						if came++; came == 200 {
							must(t, c.SendText("enough"))
						}
					})
				})
				var next func(error)
				send := func() { s.SendFunc([]byte("x"), next) }
				next = func(err error) {
					time.Sleep(takes)
					if err == nil && !stop.Load() {
						send()
						if takes > 0 {
							send()
						}
					}
				}
				send()
				within(t, "the peer's message", heard)
			})
		})
	}
}

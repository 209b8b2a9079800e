package websocket_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// discard reads n octets.
func discard(t *testing.T, r io.Reader, n int64) {
	t.Helper()
	_, err := io.CopyN(io.Discard, r, n)
	must(t, err)
}

func TestBufferedAmountHoldsAMessageUntilItsLastOctetIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 4 << 20 // more than the stream holds
		served := make(chan *websocket.Socket, 1)
		nc := rawServed(t, nil, func(s *websocket.Socket) { served <- s })
		s := <-served
		must(t, s.Send(make([]byte, size)))
		must(t, s.SendText("behind"))
		discard(t, nc, size/2) // it is being written
		synctest.Wait()
		equal(t, "buffered in the middle", s.BufferedAmount(), size+6)
		discard(t, nc, size/2+10+2+6)
		synctest.Wait()
		equal(t, "buffered at the end", s.BufferedAmount(), 0)
		nc.Close()
		<-s.Context().Done()
	})
}

// A message is settled once, whether it left or not; and what did not leave still counts.
func TestMessagesOfABrokenBatchAreSettledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var client *wstest.FaultyConn
		var calls [3]int
		_, c := wstest.Sockets(t, &wstest.PairOptions{Client: wrapFaulty(&client)}, nil, nil)
		synctest.Wait()
		// Each frame has 6 octets of header and 10 of payload. While the first is being written the others wait, and become one
		// batch; the stream ends within the second of it.
		client.Writes().CutAfter(client.Writes().Bytes()+16+20, wstest.CutEOF).Delay(time.Second)
		must(t, c.Send(make([]byte, 10)))
		synctest.Wait()
		for i := range calls {
			must(t, c.SendFunc(make([]byte, 10), func(error) { calls[i]++ }))
		}
		<-c.Context().Done()
		synctest.Wait()
		equal(t, "calls", calls, [3]int{1, 1, 1})
		equal(t, "buffered", c.BufferedAmount(), 20)
	})
}

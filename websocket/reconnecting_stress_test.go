package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// TestReconnectingKeepsItsWordWhateverBreaks cuts connections at random places, from a seed that is printed and can be
// given again: what the server got is in order and nothing twice, and every message either came, or had just left when
// its connection broke, or was reported.
func TestReconnectingKeepsItsWordWhateverBreaks(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("EVERWIRE_SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	t.Logf("EVERWIRE_SEED=%d", seed)
	for _, policy := range []websocket.Policy{websocket.RefuseNewest, websocket.DropOldest, websocket.ReplaceByKey} {
		for round := range 5 {
			t.Run(fmt.Sprint("policy ", policy, ", round ", round), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					breakAtRandom(t, rand.New(rand.NewPCG(seed, uint64(round)*10+uint64(policy))), policy)
				})
			})
		}
	}
}

// A fate is what became of a message.
type fate struct {
	refused bool
	done    int // times
	err     error
	dropped int // times
}

func breakAtRandom(t *testing.T, rnd *rand.Rand, policy websocket.Policy) {
	var mu sync.Mutex
	var came []int
	var on []int32 // the connection that it came on
	all := make([]fate, 500)
	p := newPlace(t, sockets(t, func(n int32, s *websocket.Socket) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			var number int
			fmt.Sscan(m.Text(), &number)
			mu.Lock()
			defer mu.Unlock()
			came, on = append(came, number), append(on, n)
			switch number % 97 {
			case 7:
				s.Close(websocket.CloseGoingAway, "")
			case 17:
				s.Terminate()
			}
		})
	}), wstest.PipeSize(2000))
	plan := rand.New(rand.NewPCG(rnd.Uint64(), 1))
	p.wrap = func(n int32, nc net.Conn) net.Conn {
		f := wstest.Faulty(nc)
		f.Writes().Delay(time.Duration(plan.IntN(20)) * time.Millisecond)
		if n%4 == 0 {
			return f // lasts
		}
		f.Writes().CutAfter(int64(plan.IntN(20_000)), []wstest.Cut{wstest.CutEOF, wstest.CutReset, wstest.CutSilent}[plan.IntN(3)])
		f.Writes().SplitRandom(plan.Uint64(), 500)
		return f
	}
	p.opts.Dial.Heartbeat = websocket.Heartbeat{Interval: time.Second, Timeout: time.Second}
	p.opts.Queue = websocket.Queue{Messages: 20, Full: policy}
	dropped := 0
	rs := p.connect(t, func(rs *websocket.ReconnectingSocket) {
		rs.OnDrop(func(_ *websocket.ReconnectingSocket, d websocket.Drop) {
			var number int
			fmt.Sscan(d.Message.Text(), &number)
			all[number].dropped++
			dropped++
		})
	})
	for i := range all {
		f := &all[i]
		err := rs.SendWith(websocket.Outgoing{
			Type: websocket.Text,
			Data: []byte(fmt.Sprint(i, strings.Repeat(" ", rnd.IntN(1+1<<rnd.IntN(12))))),
			Key:  fmt.Sprint(i % 5),
			Done: func(err error) { f.done, f.err = f.done+1, err },
		})
		if err != nil {
			equal(t, "the error of a refused message", err, websocket.ErrQueueFull)
			f.refused = true
		}
		time.Sleep(time.Duration(rnd.IntN(200)) * time.Millisecond)
	}
	if rnd.IntN(3) > 0 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rnd.IntN(600))*time.Second)
		if err := rs.Flush(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Flush: %v", err)
		}
		cancel()
	}
	rs.Close(websocket.CloseNormal, "")
	<-rs.Context().Done()
	time.Sleep(time.Minute) // whatever the server has not taken in it never will
	synctest.Wait()

	mu.Lock()
	defer mu.Unlock()
	if !slices.IsSorted(came) || len(slices.Compact(slices.Clone(came))) != len(came) {
		t.Errorf("what came is not in order, or comes twice: %v", came)
	}
	left := 0
	for i, f := range all {
		want := fate{done: 1, err: f.err}
		switch {
		case f.refused:
			want = fate{refused: true}
		case f.err == nil:
			left++
		default:
			want.dropped = 1
		}
		equal(t, fmt.Sprint("the fate of message ", i), f, want)
	}
	for k, number := range came {
		if k > 0 && on[k] == on[k-1] {
			for i := came[k-1] + 1; i < number; i++ {
				if f := all[i]; !f.refused && f.err == nil {
					t.Errorf("message %d left on connection %d, which brought %d and %d, and did not come", i, on[k], came[k-1], number)
				}
			}
		}
		if f := all[number]; f.refused || f.err != nil && !errors.Is(f.err, websocket.ErrClosed) {
			t.Errorf("message %d came, and its fate was %+v", number, f)
		}
	}
	equal(t, "BufferedAmount", rs.BufferedAmount(), 0)
	if p.dials.Load() < 3 || len(came) < 20 || left < 20 {
		t.Errorf("this tests little: %d connections, %d messages came", p.dials.Load(), len(came))
	}
	t.Logf("%d connections; %d came, %d left, %d dropped", p.dials.Load(), len(came), left, dropped)
}

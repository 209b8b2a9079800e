package websocket_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// TestStress does everything at once, from a seed that is printed and can be given again.
func TestStress(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("EVERWIRE_SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	t.Logf("EVERWIRE_SEED=%d", seed)
	promise(t, func(t *testing.T, a arrangement) {
		for round := range 5 {
			stress(t, a, rand.New(rand.NewPCG(seed, uint64(round))))
		}
	})
}

// stress has two ends send numbered messages and do random other things until one ends it, and checks
// that what arrived is what was sent, in order, without gaps.
func stress(t *testing.T, a arrangement, rnd *rand.Rand) {
	type end struct {
		next    int // the number expected next
		sent    int
		journal *journal
	}
	ends := [2]*end{{journal: newJournal()}, {journal: newJournal()}}
	setup := func(e *end) func(*websocket.Socket) {
		return func(s *websocket.Socket) {
			e.journal.listen(s)
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
				var n int
				fmt.Sscan(m.Text(), &n)
				if n != e.next {
					t.Errorf("message %d came, %d was expected", n, e.next)
				}
				e.next++
			})
		}
	}
	s, p := a.connect(t, nil, setup(ends[0]), setup(ends[1]))
	sockets := [2]*websocket.Socket{s, p}
	var wg sync.WaitGroup
	for i, me := range sockets {
		e := ends[i]
		plan := rand.New(rand.NewPCG(rnd.Uint64(), 1))
		closer := i == 0
		wg.Go(func() {
			for range 100 {
				switch plan.IntN(8) {
				case 0:
					me.Ping([]byte("p"))
				case 1:
					me.Pause()
					runtime.Gosched()
					me.Resume()
				default:
					text := fmt.Sprint(e.sent, strings.Repeat(" ", plan.IntN(1+10<<plan.IntN(14))))
					var err error
					if plan.IntN(4) == 0 {
						err = me.SendBlob(strings.NewReader(text), int64(len(text)))
					} else {
						err = me.SendText(text)
					}
					if err == nil {
						e.sent++
					}
				}
			}
			if closer {
				me.Close(1000, "")
			}
		})
	}
	wg.Wait()
	ends[0].journal.waitClose(t)
	ends[1].journal.waitClose(t)
	equal(t, "what the closing end sent arrives", ends[1].next, ends[0].sent)
	for _, e := range ends {
		entries := e.journal.now()
		if e.journal.overlap.Load() || count(entries, "error") > 0 || count(entries, "close 1000 \"\" clean=true") != 1 {
			t.Errorf("events end with %q, overlap %v", entries[max(0, len(entries)-3):], e.journal.overlap.Load())
		}
	}
}

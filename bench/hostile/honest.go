package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/websocket"
)

const (
	roomSize = 10
	talk     = 200 * time.Millisecond // an honest socket sends a message so often
	textSize = 200
)

var epoch = time.Now()

// A crowd is the honest sockets. Some of them sit in rooms, the others are echoed to; an echo is a room of one.
type crowd struct {
	sockets []*websocket.Socket
	members int // of rooms; those behind are echoed to
	heard   [][]uint32
	leaving atomic.Bool
	stop    chan struct{}
	talking sync.WaitGroup
	closed  sync.WaitGroup

	sent, expected, delivered, wrong, failed atomic.Int64

	mu   sync.Mutex
	took []delivery
}

// A delivery is how long a message took, and when it was sent.
type delivery struct{ at, took time.Duration }

// meet connects n honest sockets, which talk from then on.
func meet(addrs addresses, n int) *crowd {
	c := &crowd{members: addrs.Face.sockets(n) / roomSize * roomSize, heard: make([][]uint32, n), stop: make(chan struct{})}
	for i := range n {
		url := "ws://" + addrs.Echo + "/echo"
		if i < c.members {
			url = fmt.Sprintf("ws://%s/honest/%d", addrs.Rooms, i/roomSize)
		}
		c.heard[i] = make([]uint32, roomSize)
		opened := make(chan struct{})
		c.closed.Add(1)
		s, err := websocket.New(url, nil, func(s *websocket.Socket) {
			s.OnOpen(func(*websocket.Socket) { close(opened) })
			s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { c.hear(i, m.Bytes()) })
			s.OnError(func(_ *websocket.Socket, err error) { log.Printf("honest socket %d: %v", i, err) })
			s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) {
				if !c.leaving.Load() || !e.WasClean {
					c.failed.Add(1)
				}
				c.closed.Done()
			})
		})
		if err != nil {
			log.Fatal(err)
		}
		<-opened
		c.sockets = append(c.sockets, s)
	}
	for i := range n {
		c.talking.Go(func() { c.talk(i) })
	}
	return c
}

// talk sends a message every so often.
func (c *crowd) talk(i int) {
	time.Sleep(talk * time.Duration(i) / time.Duration(len(c.sockets))) // spread, as people are
	tick := time.NewTicker(talk)
	defer tick.Stop()
	msg := make([]byte, textSize)
	for number := uint32(0); ; number++ {
		binary.BigEndian.PutUint32(msg, uint32(i))
		binary.BigEndian.PutUint32(msg[4:], number)
		binary.BigEndian.PutUint64(msg[8:], uint64(time.Since(epoch)))
		c.sent.Add(1)
		if i < c.members {
			c.expected.Add(roomSize)
		} else {
			c.expected.Add(1)
		}
		c.sockets[i].Send(msg) // if that fails, it shows as lost
		select {
		case <-tick.C:
		case <-c.stop:
			return
		}
	}
}

// hear checks one delivery: the messages of each sender must come in order, each once.
func (c *crowd) hear(i int, msg []byte) {
	sender, number := int(binary.BigEndian.Uint32(msg)), binary.BigEndian.Uint32(msg[4:])
	took := time.Since(epoch) - time.Duration(binary.BigEndian.Uint64(msg[8:]))
	place := &c.heard[i][sender%roomSize]
	if number != *place || i >= c.members && sender != i || i < c.members && sender/roomSize != i/roomSize {
		c.wrong.Add(1)
	}
	*place = number + 1
	c.delivered.Add(1)
	c.mu.Lock()
	c.took = append(c.took, delivery{time.Since(epoch) - took, took})
	c.mu.Unlock()
}

// latencies returns those since the last call, second by second if that is asked for.
func (c *crowd) latencies() latencies {
	c.mu.Lock()
	all := c.took
	c.took = nil
	c.mu.Unlock()
	took := make([]time.Duration, len(all))
	bySecond := map[time.Duration][]time.Duration{}
	for i, d := range all {
		took[i] = d.took
		second := d.at.Truncate(time.Second)
		bySecond[second] = append(bySecond[second], d.took)
	}
	if *timeline {
		for _, second := range slices.Sorted(maps.Keys(bySecond)) {
			fmt.Printf("  %5v  %v\n", second, summarize(bySecond[second]))
		}
	}
	return summarize(took)
}

// leave ends the talking, waits for what is on its way, and closes all sockets in order.
func (c *crowd) leave() {
	close(c.stop)
	c.talking.Wait()
	for deadline := time.Now().Add(10 * time.Second); c.lost() > 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	c.leaving.Store(true)
	for _, s := range c.sockets {
		s.Close(websocket.CloseNormal, "")
	}
	c.closed.Wait()
}

func (c *crowd) lost() int64 { return c.expected.Load() - c.delivered.Load() }

func (c *crowd) String() string {
	return fmt.Sprintf("%d sent %d messages, of which came %d, %d lost, %d repeated or out of order, %d sockets failed",
		len(c.sockets), c.sent.Load(), c.delivered.Load(), c.lost(), c.wrong.Load(), c.failed.Load())
}

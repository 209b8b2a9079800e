package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/websocket"
)

// connecting bounds how many handshakes are under way at a time.
const connecting = 100

// A crowd is a number of open sockets.
type crowd struct {
	sockets []*websocket.Socket
	closed  sync.WaitGroup
}

func connect(addr string, n int) *crowd {
	c := &crowd{}
	c.open("ws://"+addr+"/idle", n, func(int, *websocket.Socket) {})
	return c
}

// open adds n sockets; setup is called with the number of each.
func (c *crowd) open(url string, n int, setup func(i int, s *websocket.Socket)) {
	var opened sync.WaitGroup
	slots := make(chan struct{}, connecting)
	first := len(c.sockets)
	for i := range n {
		slots <- struct{}{}
		opened.Add(1)
		c.closed.Add(1)
		s, err := websocket.New(url, nil, func(s *websocket.Socket) {
			s.OnOpen(func(*websocket.Socket) { <-slots; opened.Done() })
			s.OnError(func(_ *websocket.Socket, err error) { log.Fatal(err) })
			s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { c.closed.Done() })
			setup(first+i, s)
		})
		if err != nil {
			log.Fatal(err)
		}
		c.sockets = append(c.sockets, s)
	}
	opened.Wait()
}

// close closes all sockets and waits until they are.
func (c *crowd) close() {
	for _, s := range c.sockets {
		s.Close(websocket.CloseNormal, "")
	}
	c.closed.Wait()
}

// A hall is all rooms with their members.
type hall struct {
	crowd
	members int // of each room

	delivered, wrong atomic.Int64
	heard            [][]uint32 // by member and by place in its room: the number expected next
}

func connectRooms(addr string, rooms, members int) *hall {
	h := &hall{members: members, heard: make([][]uint32, rooms*members)}
	for room := range rooms {
		url := fmt.Sprintf("ws://%s/room?name=%d", addr, room)
		h.open(url, members, func(i int, s *websocket.Socket) {
			h.heard[i] = make([]uint32, members)
			s.OnMessage(func(s *websocket.Socket, m websocket.Message) { h.hear(i, m.Bytes()) })
		})
	}
	return h
}

// hear checks one delivery: the messages of each sender must come in order, each once.
func (h *hall) hear(i int, msg []byte) {
	sender, number := int(binary.BigEndian.Uint32(msg)), binary.BigEndian.Uint32(msg[4:])
	expected := &h.heard[i][sender%h.members]
	if sender/h.members != i/h.members || number != *expected {
		h.wrong.Add(1)
	}
	*expected = number + 1
	h.delivered.Add(1)
}

// talk has every member send a message a second, and waits until all have come, or no more do.
func (h *hall) talk(rounds int) outcome {
	began := time.Now()
	n := len(h.sockets)
	for round := range rounds {
		for i, s := range h.sockets {
			// Spread over the second, as people are.
			due := began.Add(time.Duration(round)*time.Second + time.Duration(i)*time.Second/time.Duration(n))
			time.Sleep(time.Until(due))
			msg := binary.BigEndian.AppendUint32(nil, uint32(i))
			if err := s.Send(binary.BigEndian.AppendUint32(msg, uint32(round))); err != nil {
				log.Fatal(err)
			}
		}
	}
	want := int64(rounds) * int64(n) * int64(h.members)
	for last := int64(-1); h.delivered.Load() < want && h.delivered.Load() != last; time.Sleep(2 * time.Second) {
		last = h.delivered.Load()
	}
	got := h.delivered.Load()
	return outcome{sent: int64(rounds) * int64(n), delivered: got, lost: want - got, wrong: h.wrong.Load(), took: time.Since(began)}
}

type outcome struct {
	sent, delivered, lost, wrong int64
	took                         time.Duration
}

func (o outcome) String() string {
	return fmt.Sprintf("talked:             %d messages sent, %d delivered, %d lost, %d repeated or out of order, in %v",
		o.sent, o.delivered, o.lost, o.wrong, o.took.Round(time.Second))
}

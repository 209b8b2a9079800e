package websocket_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// Who publishes gives way to the others before every single member, and yet all members get one order.
func TestMembersOfAGroupGetTheSameOrderWhoeverPublishes(t *testing.T) {
	const members, publishers, each = 8, 4, 50
	var g websocket.Group
	var orders [members][]byte
	var reading sync.WaitGroup
	for i := range members {
		reading.Add(1)
		s, _ := wstest.Sockets(t, nil, nil, func(c *websocket.Socket) {
			c.OnMessage(func(_ *websocket.Socket, m websocket.Message) {
				orders[i] = append(orders[i], m.Bytes()...)
				if len(orders[i]) == publishers*each {
					reading.Done()
				}
			})
		})
		g.Add(s)
	}
	giveWay := func(*websocket.Socket) bool {
		runtime.Gosched()
		return true
	}
	var publishing sync.WaitGroup
	for i := range publishers {
		p := prepared(t, string(rune('a'+i)))
		publishing.Go(func() {
			for range each {
				g.Publish(p, giveWay)
			}
		})
	}
	publishing.Wait()
	reading.Wait()
	for i := range orders {
		if !slices.Equal(orders[i], orders[0]) {
			t.Fatalf("member %d got %s, member 0 %s", i, orders[i], orders[0])
		}
	}
}

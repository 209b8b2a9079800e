//go:build linux || (everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd))

package websocket_test

import (
	"testing"

	"github.com/everwire/everwire/websocket"
)

// What waits to be sent when a listener is called off the loop, because those of its socket have blocked before, does not wait for that
// listener.
func TestOutputDoesNotWaitForAListenerOffTheLoop(t *testing.T) {
	onDrivers(t, func(t *testing.T, connect connector) {
		came := make(chan struct{})
		s, _ := connect(t, nil, nil, func(c *websocket.Socket) {
			c.OnMessage(func(*websocket.Socket, websocket.Message) { close(came) })
		})
		began, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
		websocket.SendAndDeliver(s, []byte("x"), func() {
			close(began)
			<-goOn
			close(ended)
		})
		within(t, "the listener", began)
		within(t, "the message, while the listener blocks", came)
		close(goOn)
		within(t, "the listener's end", ended)
	})
}

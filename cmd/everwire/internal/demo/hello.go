package demo

import (
	"net/http"
	"strings"
	"time"

	"github.com/everwire/everwire/websocket"
)

// helloStays is how long the connection lasts after the greeting.
const helloStays = 5 * time.Second

// Hello answers "My name is John" with "Hello from server, John!", whatever the name, and 5 seconds after the first
// such greeting closes with code 1000 and the reason "Bye, John". Any other text is answered with a hint, and
// binary is refused with code 1003.
func Hello() *websocket.Server {
	srv := &websocket.Server{}
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		var goodbye *time.Timer
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			if m.Type() != websocket.Text {
				s.Close(websocket.CloseUnsupportedData, "please say your name as text")
				return
			}
			name, ok := nameIn(m.Text())
			if !ok {
				s.SendText("I did not catch your name. Say: My name is John")
				return
			}
			s.SendText("Hello from server, " + name + "!")
			if goodbye == nil {
				goodbye = time.AfterFunc(helloStays, func() {
					s.Close(websocket.CloseNormal, cutOctets("Bye, "+name, longestReason))
				})
			}
		})
		s.OnClose(func(*websocket.Socket, websocket.CloseEvent) {
			if goodbye != nil {
				goodbye.Stop()
			}
		})
	})
	return srv
}

// nameIn returns the name in "My name is …".
func nameIn(text string) (name string, ok bool) {
	name, ok = strings.CutPrefix(strings.TrimSpace(text), "My name is ")
	return strings.TrimSpace(name), ok
}

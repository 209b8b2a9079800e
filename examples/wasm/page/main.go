//go:build js

// Command page is a chat's page: it runs in the browser, over the browser's own WebSocket.
package main

import (
	"log"
	"syscall/js"

	"github.com/everwire/everwire/websocket"
)

func main() {
	state, text := element("state"), element("text")
	socket, err := websocket.New("chat", nil, func(s *websocket.Socket) {
		s.OnOpen(func(s *websocket.Socket) { state.Set("textContent", "open") })
		s.OnMessage(func(_ *websocket.Socket, m websocket.Message) {
			line := js.Global().Get("document").Call("createElement", "li")
			line.Set("textContent", m.Text())
			element("log").Call("append", line)
		})
		s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) {
			state.Set("textContent", "closed: "+e.Code.String())
		})
	})
	if err != nil {
		log.Fatal(err)
	}

	element("form").Call("addEventListener", "submit", js.FuncOf(func(_ js.Value, args []js.Value) any {
		args[0].Call("preventDefault")
		if err := socket.SendText(text.Get("value").String()); err != nil { // which never waits
			log.Print(err)
			return nil
		}
		text.Set("value", "")
		return nil
	}))
	select {} // the program's functions are called as long as it runs
}

func element(id string) js.Value { return js.Global().Get("document").Call("getElementById", id) }

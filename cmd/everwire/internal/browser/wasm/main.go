//go:build js

// Command wasm runs in a page, for wasm_test.go: the client's end of this project over the browser's own WebSocket.
// The test calls the page's function run with the name of a scenario, and gets a promise of its journal: what
// happened, line by line.
package main

import (
	"fmt"
	"strings"
	"sync"
	"syscall/js"

	"github.com/everwire/everwire/websocket"
)

func main() {
	js.Global().Set("run", js.FuncOf(func(_ js.Value, args []js.Value) any {
		scenario, name := scenarios[args[0].String()], args[0].String()
		return js.Global().Get("Promise").New(js.FuncOf(func(_ js.Value, settle []js.Value) any {
			// Here, on the goroutine of the browser's events, nothing may wait for another of them.
			go func() {
				var j journal
				if scenario == nil {
					j.note("no scenario %q", name)
				} else {
					scenario(&j)
				}
				settle[0].Invoke(j.lines())
			}()
			return nil
		}))
	}))
	if document := js.Global().Get("document"); !document.IsUndefined() {
		document.Get("body").Set("textContent", "ready")
	} else { // in a worker
		js.Global().Call("postMessage", "ready")
	}
	select {}
}

// A journal is what happened.
type journal struct {
	mu      sync.Mutex
	entries []any
}

func (j *journal) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, fmt.Sprintf(format, args...))
}

func (j *journal) lines() []any {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entries
}

// listen notes all events of a Socket, and returns what the close event closes.
func (j *journal) listen(s *websocket.Socket) (closed <-chan struct{}) {
	done := make(chan struct{})
	s.OnOpen(func(*websocket.Socket) { j.note("open") })
	s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { j.note("%s %s", m.Type(), short(m.Bytes())) })
	s.OnError(func(_ *websocket.Socket, err error) {
		line, _, _ := strings.Cut(err.Error(), "\n") // without the stack of a panic
		j.note("error: %s", line)
	})
	s.OnClose(func(_ *websocket.Socket, e websocket.CloseEvent) {
		j.note("close %d %q clean=%v", e.Code, e.Reason, e.WasClean)
		close(done)
	})
	return done
}

// short quotes a message, or what of it there is room for.
func short(b []byte) string {
	if len(b) <= 40 {
		return fmt.Sprintf("%q", b)
	}
	sum := uint32(0)
	for _, c := range b {
		sum = sum*31 + uint32(c)
	}
	return fmt.Sprintf("%q… %d octets, sum %08x", b[:8], len(b), sum)
}

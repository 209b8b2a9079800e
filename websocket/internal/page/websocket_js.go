package page

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall/js"

	"github.com/everwire/everwire/websocket/frame"
)

// browserWebSocket is globalThis.WebSocket.
type browserWebSocket struct {
	value js.Value
	held  []byte     // of the message in progress
	parts []js.Value // of it, what went before
}

// partSize is up to how many octets of a message that comes in pieces are gathered here. More of a binary message is
// handed to the browser part by part, which has memory of its own.
const partSize = 1 << 20

var (
	uint8Array = js.Global().Get("Uint8Array")
	encoder    = js.Global().Get("TextEncoder").New()

	// Go's own conversion of strings would take a U+FEFF at the start for a byte order mark, and drop it.
	decoder = js.Global().Get("TextDecoder").New("utf-8", map[string]any{"ignoreBOM": true})
)

// A Connection is an open connection of a page, with what the browser tells of its handshake.
type Connection struct {
	*Stream
	URL, Subprotocol, Extensions string
}

// ErrRefused is the error of Connect if there is no connection: the browser does not say why.
var ErrRefused = errors.New("the browser does not tell a page why")

// Connect has the browser connect to a URL. Largest is as for New.
func Connect(ctx context.Context, url string, subprotocols []string, remote net.Addr, largest int64) (*Connection, error) {
	value, err := construct(url, subprotocols)
	if err != nil {
		return nil, err
	}
	value.Set("binaryType", "arraybuffer")
	s := New(&browserWebSocket{value: value}, origin(), remote, largest)
	opened := s.listen(value)
	select {
	case <-opened:
	case <-s.Ended():
		select {
		case <-opened: // and ended right away
		default:
			s.Close()
			return nil, ErrRefused
		}
	case <-ctx.Done():
		s.Close()
		return nil, ctx.Err()
	}
	return &Connection{
		Stream: s,
		URL:    value.Get("url").String(), Subprotocol: value.Get("protocol").String(), Extensions: value.Get("extensions").String(),
	}, nil
}

// construct calls new WebSocket, which throws for what a page may not even try.
func construct(url string, subprotocols []string) (value js.Value, err error) {
	defer catch(&err)
	class := js.Global().Get("WebSocket")
	if class.IsUndefined() {
		return value, fmt.Errorf("there is no WebSocket in this environment: %w", errors.ErrUnsupported)
	}
	offered := make([]any, len(subprotocols))
	for i, name := range subprotocols {
		offered[i] = name
	}
	return class.New(jsString(url), offered), nil
}

// catch, deferred, makes an error of what the browser throws.
func catch(err *error) {
	switch v := recover().(type) {
	case nil:
	case js.Error:
		*err = v
	default:
		panic(v)
	}
}

// origin is the page's.
func origin() net.Addr {
	if location := js.Global().Get("location"); !location.IsUndefined() {
		return Addr(location.Get("origin").String())
	}
	return Addr("")
}

// listen passes the events of a WebSocket on. They come on a goroutine that must not wait: nothing else would come
// meanwhile. What is returned is closed by the open event.
func (s *Stream) listen(value js.Value) (opened <-chan struct{}) {
	open := make(chan struct{})
	var listeners map[string]js.Func
	listeners = map[string]js.Func{
		"onopen": listener(func(js.Value) { close(open) }),
		"onmessage": listener(func(event js.Value) {
			op, data := frame.Binary, event.Get("data")
			if data.Type() == js.TypeString {
				op, data = frame.Text, encoder.Call("encode", data)
			} else {
				data = uint8Array.New(data)
			}
			s.Message(op, int64(data.Length()), func(b []byte) { js.CopyBytesToGo(b, data) })
		}),
		"onerror": listener(func(js.Value) { s.Failed() }),
		"onclose": listener(func(event js.Value) {
			s.Closed(frame.CloseCode(event.Get("code").Int()), event.Get("reason").String(), event.Get("wasClean").Bool())
			for name, f := range listeners { // it is the last event
				value.Set(name, js.Null())
				f.Release()
			}
		}),
	}
	for name, f := range listeners {
		value.Set(name, f)
	}
	return open
}

func listener(f func(event js.Value)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
}

func (w *browserWebSocket) Sendable() bool { return w.value.Get("readyState").Int() == 1 }

func (w *browserWebSocket) BufferedAmount() int64 {
	return int64(w.value.Get("bufferedAmount").Float())
}

func (w *browserWebSocket) Send(op frame.Opcode, payload []byte, last bool) (err error) {
	defer catch(&err)
	if !last || len(w.held) > 0 {
		w.held = append(w.held, payload...)
		payload = w.held
	}
	switch {
	case last && op == frame.Text:
		w.value.Call("send", jsString(payload))
	case last && len(w.parts) == 0:
		w.value.Call("send", jsBytes(payload))
	case last:
		parts := js.Global().Get("Array").New()
		for _, part := range append(w.parts, jsBytes(payload)) {
			parts.Call("push", part)
		}
		w.value.Call("send", js.Global().Get("Blob").New(parts))
	case op == frame.Binary && len(w.held) >= partSize:
		w.parts = append(w.parts, jsBytes(w.held))
		w.held = w.held[:0]
	}
	if last {
		w.held, w.parts = nil, nil
	}
	return nil
}

func (w *browserWebSocket) Close(code frame.CloseCode, reason string) {
	if code == 0 {
		w.value.Call("close")
	} else {
		w.value.Call("close", int(code), jsString(reason))
	}
}

func jsBytes(b []byte) js.Value {
	array := uint8Array.New(len(b))
	js.CopyBytesToJS(array, b)
	return array
}

func jsString[T string | []byte](text T) js.Value {
	return decoder.Call("decode", jsBytes([]byte(text)))
}

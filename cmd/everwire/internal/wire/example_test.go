package wire_test

import (
	"fmt"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
)

func ExampleDecoder() {
	d := wire.NewDecoder(wire.Config{}, func(e wire.Event) {
		switch {
		case e.Head != nil:
			fmt.Println(e.From, e.Head.Line)
		case e.Frame != nil:
			fmt.Printf("%v %v %q\n", e.From, e.Frame.Opcode, e.Frame.Payload)
		}
	})
	defer d.Close()
	d.Write(wire.FromClient, []byte("GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
	d.Write(wire.FromServer, []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"))
	d.Write(wire.FromServer, []byte("\x81\x05Hello"))
	// Output:
	// client GET /chat HTTP/1.1
	// server HTTP/1.1 101 Switching Protocols
	// server text "Hello"
}

package protocol_test

import (
	"fmt"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/frame"
)

// BenchmarkReceiver reads as a server: one operation is all messages of a buffer. Unmasking in place
// turns the payload over and over, which binary does not mind; text has a key of zeros.
func BenchmarkReceiver(b *testing.B) {
	for _, row := range []struct {
		name     string
		payload  string
		messages int
		read     int // octets fed at once, or 0 for all
	}{
		{"64B", octets("k", 64), 1, 0},
		{"64B pipelined x32", octets("k", 64), 32, 0},
		{"16KiB", octets("k", 16<<10), 1, 0},
		{"1MiB", octets("k", 1<<20), 1, 0},
		{"1MiB read by 64KiB", octets("k", 1<<20), 1, 64 << 10},
	} {
		for _, text := range []bool{false, true} {
			opcode, kind := byte(0x82), "binary"
			if text {
				opcode, kind = 0x81, "text"
			}
			b.Run(row.name+"/"+kind, func(b *testing.B) {
				var wire []byte
				for range row.messages {
					message := fr(opcode, row.payload)(protocol.Server)
					if text {
						message = head(opcode, uint64(len(row.payload)))(protocol.Server)
						clear(message[len(message)-4:])
						message = append(message, row.payload...)
					}
					wire = append(wire, message...)
				}
				read := row.read
				if read == 0 {
					read = len(wire)
				}
				var r protocol.Receiver
				r.Init(protocol.Server, &protocol.Limits{MessageSize: 1 << 20, Fragments: 1000})
				b.ReportAllocs()
				b.SetBytes(int64(len(row.payload) * row.messages))
				for b.Loop() {
					messages := 0
					for at := 0; at < len(wire); at += read {
						in := wire[at:min(at+read, len(wire))]
						for {
							ev, rest := r.Next(in)
							if ev.Kind == protocol.None {
								break
							}
							if ev.Last {
								messages++
							}
							in = rest
						}
					}
					if messages != row.messages {
						b.Fatalf("%d messages", messages)
					}
				}
			})
		}
	}
}

func BenchmarkReceiverPing(b *testing.B) {
	wire := fr(0x89, "Hello")(protocol.Server)
	for _, cut := range []int{0, 8} {
		b.Run(fmt.Sprintf("cut at %d", cut), func(b *testing.B) {
			var r protocol.Receiver
			r.Init(protocol.Server, &protocol.Limits{})
			b.ReportAllocs()
			for b.Loop() {
				r.Next(wire[:cut])
				if ev, _ := r.Next(wire[cut:]); ev.Kind != protocol.Ping {
					b.Fatalf("%+v", ev)
				}
			}
		})
	}
}

func BenchmarkSender(b *testing.B) {
	for _, role := range roles {
		for _, size := range []int{64, 16 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%v/%d", role, size), func(b *testing.B) {
				s := newSender(role)
				payload := make([]byte, size)
				dst := make([]byte, 0, size+frame.MaxHeaderSize)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					s.AppendMessage(dst, frame.Binary, 0, payload)
				}
			})
		}
	}
}

package protocol_test

import (
	"fmt"
	"testing"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/frame"
)

// Of a message that is too large only pieces within the limit are handed on, and no more is inflated than shows it.
func TestTheLimitHoldsWhileAMessageIsInflated(t *testing.T) {
	const limit, piece = 100_000, 32 << 10
	bomb := deflate.Append(nil, make([]byte, 4<<20), 15, 9)
	for _, fragment := range []int{len(bomb), 1000, 10} {
		t.Run(fmt.Sprintf("in fragments of %d", fragment), func(t *testing.T) {
			var r protocol.Receiver
			r.Init(protocol.Client, &protocol.Limits{MessageSize: limit})
			r.Inflate(deflate.Params{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15})
			handedOn := 0
			for at := 0; at < len(bomb); at += fragment {
				payload := bomb[at:min(at+fragment, len(bomb))]
				h := frame.Header{Fin: at+fragment >= len(bomb), Length: int64(len(payload))}
				if at == 0 {
					h.Opcode, h.Rsv = frame.Binary, frame.Rsv1
				}
				in := append(h.Append(nil), payload...)
				for {
					var ev protocol.Event
					ev, in = r.Next(in)
					if ev.Kind == protocol.None {
						break
					}
					if ev.Kind == protocol.Failure {
						if ev.Failure.Code != frame.CloseMessageTooBig || handedOn > limit || handedOn < limit-piece {
							t.Errorf("code %d after %d octets, want 1009 at the limit of %d", ev.Failure.Code, handedOn, limit)
						}
						r.Release()
						return
					}
					handedOn += len(ev.Payload)
					r.Release()
				}
			}
			t.Errorf("%d octets were handed on, the limit is %d", handedOn, limit)
		})
	}
}

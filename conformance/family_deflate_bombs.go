package conformance

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/everwire/everwire/conformance/internal/deflate"
)

// zeros is a message of so many octets of 0, in about a thousandth of that.
func zeros(size int) string {
	return blocks(func(w *deflate.BlockWriter) {
		tokens := []deflate.Token{0}
		for left := size - 1; left > 0; {
			n := min(left, 258)
			if rest := left - n; rest > 0 && rest < 3 {
				n -= 3 // a match has 3 octets at least
			}
			tokens = append(tokens, deflate.Match(n, 1))
			left -= n
		}
		w.DynamicTokens(tokens, false)
	})
}

func deflateBombs() {
	g := deflateGroup{number: 11, section: "RFC 7692 §8", tags: []Tag{Deflate, Large}}
	for _, size := range []int{1 << 20, 64 << 20} {
		data := sync.OnceValue(func() string { return zeros(size) })
		for _, perFrame := range []int{0, 1024} {
			name := fmt.Sprintf("%d MiB of zeros in a frame", size>>20)
			does := fmt.Sprintf("Sends a compressed message of %d MiB of zeros, about a thousandth of that on the wire.", size>>20)
			if perFrame > 0 {
				name = fmt.Sprintf("%d MiB of zeros in frames of a MiB", size>>20)
				does += " It has a frame for every 1024 octets."
				if size == 1<<20 {
					name = "1 MiB of zeros in two frames"
				}
			}
			c := g.add(name, does, "The message comes back, or the connection is failed with 1009 or 1008, or dropped.", func(s *session) {
				s.openDeflate()
				s.patience = max(s.patience, 10*time.Second)
				var at []int
				for i := perFrame; perFrame > 0 && i < len(data()); i += perFrame {
					at = append(at, i)
				}
				s.send(cutDeflated(opBinary, data(), at...)...)
				came := s.receive()
				code, _ := closePayload(came.data)
				switch {
				case came.kind == binaryMessage && len(came.data) == size && len(bytes.Trim(came.data, "\x00")) == 0:
					s.closeNow()
					return
				case came.kind == closed && code != 1008 && code != 1009:
					s.tell("the peer does not take %d MiB of zeros: %v came", size>>20, came)
				case came.kind != closed && came.kind != ended:
					s.fail("%d MiB of zeros were sent, and %v came", size>>20, came)
				}
				s.awaitClose(closeRule{codes: []int{1008, 1009, code}})
			})
			c.Alone = size > 1<<20
		}
	}
}

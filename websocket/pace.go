package websocket

import "time"

// A pace is how much of a large payload is written at once. Between two writes it shows that the peer reads, so they should
// not take long; but many small ones cost much more than a large one. A pace doubles while they are quick.
type pace struct {
	octets int // 0: leastPiece
	began  time.Time
}

const (
	leastPiece = 64 << 10
	mostPiece  = 1 << 20

	quickPiece = 50 * time.Millisecond // at that speed mostPiece takes less than a second
	slowPiece  = time.Second
)

// begin returns what of a payload to write next.
func (p *pace) begin(payload []byte) []byte {
	p.began = time.Now()
	return payload[:min(len(payload), max(p.octets, leastPiece))]
}

// end notes that it was written.
func (p *pace) end(piece []byte) {
	switch took := time.Since(p.began); {
	case took > slowPiece:
		p.octets = leastPiece
	case took < quickPiece && len(piece) >= max(p.octets, leastPiece):
		p.octets = min(2*len(piece), mostPiece)
	}
}

package brokenpeer

import "errors"

var errCorrupt = errors.New("this is not DEFLATE")
var errTooLarge = errors.New("the message is too large")

// An inflater inflates messages, bit by bit (RFC 1951, RFC 7692 §7.2.2).
type inflater struct {
	fault    Fault
	takeover bool
	history  []byte
}

// message inflates a message without its tail.
func (z *inflater) message(src []byte) ([]byte, error) {
	w := &inflation{fault: z.fault, in: append(append([]byte(nil), src...), 0, 0, 0xff, 0xff), out: z.history, from: len(z.history)}
	err := w.run()
	content := append([]byte(nil), w.out[w.from:]...)
	z.history = nil
	if z.takeover && z.fault != DropsContext {
		z.history = append(z.history, w.out[max(0, len(w.out)-32768):]...)
	}
	if err == errCorrupt && z.fault == AcceptsCorrupt {
		err = nil
	}
	return content, err
}

// An inflation is that of one message.
type inflation struct {
	fault Fault
	in    []byte
	at    int
	hold  uint32
	held  uint
	out   []byte
	from  int
}

// stop is panicked with; run turns it into an error.
type stop struct{ error }

func (w *inflation) run() (err error) {
	defer func() {
		if p := recover(); p != nil {
			s, ok := p.(stop)
			if !ok {
				panic(p)
			}
			err = s.error
		}
	}()
	for blocks := 1; w.at < len(w.in) || w.held > 0; blocks++ {
		final := w.bits(1)
		switch w.bits(2) {
		case 0:
			w.stored()
		case 1:
			lengths := make([]byte, 288)
			for i := range lengths {
				lengths[i] = []byte{8, 9, 7, 8}[index(i, 144, 256, 280)]
			}
			w.codes(newHuffman(lengths), newHuffman([]byte{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}))
		case 2:
			w.dynamic()
		default:
			panic(stop{errCorrupt})
		}
		if blocks == 1 && w.fault == InflatesOneBlock {
			return nil
		}
		if final == 1 {
			if w.fault == FailsAtFinal {
				return errCorrupt
			}
			w.hold, w.held = 0, 0
		}
	}
	return nil
}

// index returns how many of some bounds n has reached.
func index(n int, bounds ...int) (i int) {
	for i < len(bounds) && n >= bounds[i] {
		i++
	}
	return i
}

func (w *inflation) bits(n uint) int {
	for w.held < n {
		if w.at == len(w.in) {
			panic(stop{errCorrupt})
		}
		w.hold |= uint32(w.in[w.at]) << w.held
		w.at++
		w.held += 8
	}
	v := w.hold & (1<<n - 1)
	w.hold >>= n
	w.held -= n
	return int(v)
}

func (w *inflation) put(p ...byte) {
	if len(w.out)-w.from+len(p) > maxMessage {
		panic(stop{errTooLarge})
	}
	w.out = append(w.out, p...)
}

func (w *inflation) stored() {
	w.hold, w.held = 0, 0
	if len(w.in)-w.at < 4 {
		panic(stop{errCorrupt})
	}
	n := int(w.in[w.at]) | int(w.in[w.at+1])<<8
	inverse := int(w.in[w.at+2]) | int(w.in[w.at+3])<<8
	w.at += 4
	if n != ^inverse&0xffff || len(w.in)-w.at < n || n > 0 && w.fault == InflatesNoStored {
		panic(stop{errCorrupt})
	}
	w.put(w.in[w.at : w.at+n]...)
	w.at += n
}

func (w *inflation) dynamic() {
	literals, distances, n := w.bits(5)+257, w.bits(5)+1, w.bits(4)+4
	if literals > 286 || distances > 30 {
		panic(stop{errCorrupt})
	}
	meta := make([]byte, 19)
	for _, i := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:n] {
		meta[i] = byte(w.bits(3))
	}
	code := newHuffman(meta)
	if code.left != 0 {
		panic(stop{errCorrupt})
	}
	var lengths []byte
	for len(lengths) < literals+distances {
		symbol, times, of := w.symbol(code), 1, byte(0)
		switch symbol {
		case 16:
			if len(lengths) == 0 {
				panic(stop{errCorrupt})
			}
			of, times = lengths[len(lengths)-1], 3+w.bits(2)
		case 17:
			times = 3 + w.bits(3)
		case 18:
			times = 11 + w.bits(7)
		default:
			of = byte(symbol)
		}
		for range times {
			lengths = append(lengths, of)
		}
	}
	if len(lengths) > literals+distances || lengths[256] == 0 {
		panic(stop{errCorrupt})
	}
	l, d := newHuffman(lengths[:literals]), newHuffman(lengths[literals:])
	for _, h := range []*huffman{l, d} {
		// An incomplete code may only have one code, of one bit, or none.
		if h.left != 0 && (h.count[1] > 1 || len(h.symbols) != h.count[1]) {
			panic(stop{errCorrupt})
		}
	}
	w.codes(l, d)
}

var (
	lengthBase    = []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra   = []uint{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceBase  = []int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = []uint{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

func (w *inflation) codes(literals, distances *huffman) {
	for {
		symbol := w.symbol(literals)
		switch {
		case symbol < 256:
			w.put(byte(symbol))
			continue
		case symbol == 256:
			return
		case symbol > 285:
			panic(stop{errCorrupt})
		}
		length := lengthBase[symbol-257] + w.bits(lengthExtra[symbol-257])
		symbol = w.symbol(distances)
		distance := distanceBase[symbol] + w.bits(distanceExtra[symbol])
		if distance > len(w.out) || distance > 256 && w.fault == SmallInflateWindow {
			panic(stop{errCorrupt})
		}
		for range length {
			w.put(w.out[len(w.out)-distance])
		}
	}
}

// A huffman is a canonical code: how many codes have each length, and the symbols in their order.
type huffman struct {
	count   [16]int
	symbols []int
	left    int // codes that are not used
}

func newHuffman(lengths []byte) *huffman {
	h := new(huffman)
	for n := byte(1); n < 16; n++ {
		for symbol, length := range lengths {
			if length == n {
				h.symbols = append(h.symbols, symbol)
				h.count[n]++
			}
		}
	}
	h.left = 1
	for n := 1; n < 16; n++ {
		h.left = h.left<<1 - h.count[n]
		if h.left < 0 {
			panic(stop{errCorrupt})
		}
	}
	return h
}

func (w *inflation) symbol(h *huffman) int {
	code, first, index := 0, 0, 0
	for n := 1; n < 16; n++ {
		code |= w.bits(1)
		if code-h.count[n] < first {
			return h.symbols[index+code-first]
		}
		index += h.count[n]
		first = (first + h.count[n]) << 1
		code <<= 1
	}
	panic(stop{errCorrupt})
}

package deflate_test

import "errors"

// A naive reader of DEFLATE (RFC 1951), to hold the real ones against. It looks at one bit at a time and
// tells how far back the data refers.
type naive struct {
	in       []byte
	at       int // in bits
	out      []byte
	before   int // octets of out that were there before
	distance int // the largest seen
}

var (
	errNaive   = errors.New("no DEFLATE data")
	errTooMuch = errors.New("too much for a naive reader")

	// A block that uses a distance and has no code for any is not DEFLATE. The decompressor below takes it all
	// the same, if it saw a code for distances in an earlier message.
	errNoDistances = errors.New("a block without distances uses one")
)

// enough is how much it inflates at most.
const enough = 1 << 20

// inflateMessage inflates a message as RFC 7692 §7.2.2 says, behind context, and returns its payload and
// the largest distance in it.
func inflateMessage(compressed, context []byte) (payload []byte, distance int, err error) {
	n := &naive{
		in:  append(append([]byte{}, compressed...), 0, 0, 0xff, 0xff),
		out: append([]byte{}, context...), before: len(context),
	}
	defer func() {
		if v := recover(); v != nil {
			if v != errNaive && v != errTooMuch && v != errNoDistances {
				panic(v)
			}
			err = v.(error)
		}
	}()
	for {
		final := n.block()
		if final {
			n.at = (n.at + 7) &^ 7
			if n.at == 8*len(compressed) { // the message ends with its final block
				break
			}
		}
		if n.at == 8*len(n.in) {
			break
		}
	}
	return n.out[n.before:], n.distance, nil
}

func (n *naive) bit() int {
	if n.at >= 8*len(n.in) {
		panic(errNaive)
	}
	b := n.in[n.at/8] >> (n.at % 8) & 1
	n.at++
	return int(b)
}

func (n *naive) bits(count int) (v int) {
	for i := range count {
		v |= n.bit() << i
	}
	return v
}

func (n *naive) block() (final bool) {
	final = n.bit() == 1
	switch n.bits(2) {
	case 0:
		n.at = (n.at + 7) &^ 7
		length, inverse := n.bits(16), n.bits(16)
		if length != inverse^0xffff {
			panic(errNaive)
		}
		for range length {
			n.out = append(n.out, byte(n.bits(8)))
		}
		if length > 0 && n.at > 8*(len(n.in)-4) { // data of the message is not in the tail
			panic(errNaive)
		}
	case 1:
		lengths := make([]int, 288)
		for i := range lengths {
			lengths[i] = map[bool]int{true: 8, false: 9}[i < 144 || i >= 280]
			if i >= 256 && i < 280 {
				lengths[i] = 7
			}
		}
		distances := make([]int, 32)
		for i := range distances {
			distances[i] = 5
		}
		n.codes(newCode(lengths), newCode(distances))
	case 2:
		literals, distances, count := n.bits(5)+257, n.bits(5)+1, n.bits(4)+4
		order := []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
		if literals > 286 || distances > 30 {
			panic(errNaive)
		}
		lengths := make([]int, 19)
		for i := range count {
			lengths[order[i]] = n.bits(3)
		}
		code := newCode(lengths)
		var all []int
		for len(all) < literals+distances {
			switch symbol := n.symbol(code); symbol {
			default:
				all = append(all, symbol)
			case 16:
				if len(all) == 0 {
					panic(errNaive)
				}
				all = repeat(all, all[len(all)-1], 3+n.bits(2))
			case 17:
				all = repeat(all, 0, 3+n.bits(3))
			case 18:
				all = repeat(all, 0, 11+n.bits(7))
			}
		}
		if len(all) > literals+distances {
			panic(errNaive)
		}
		n.codes(newCode(all[:literals]), newCode(all[literals:]))
	default:
		panic(errNaive)
	}
	return final
}

func repeat(list []int, v, times int) []int {
	for range times {
		list = append(list, v)
	}
	return list
}

// codes reads what a block with these codes holds.
func (n *naive) codes(literals, distances code) {
	for {
		symbol := n.symbol(literals)
		switch {
		case symbol < 256:
			n.out = append(n.out, byte(symbol))
			continue
		case symbol == 256:
			return
		case symbol > 285:
			panic(errNaive)
		}
		length := 258
		if symbol < 285 {
			length = lengthBase[symbol-257] + n.bits(lengthExtra[symbol-257])
		}
		if len(distances) == 0 {
			panic(errNoDistances)
		}
		symbol = n.symbol(distances)
		if symbol > 29 {
			panic(errNaive)
		}
		extra := max(symbol/2-1, 0)
		distance := 1 + symbol
		if symbol > 3 {
			distance = 1 + (2+symbol%2)<<extra + n.bits(extra)
		}
		if distance > len(n.out) || distance > 32768 {
			panic(errNaive)
		}
		n.distance = max(n.distance, distance)
		for range length {
			n.out = append(n.out, n.out[len(n.out)-distance])
		}
		if len(n.out) > enough {
			panic(errTooMuch)
		}
	}
}

var (
	lengthBase  = []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227}
	lengthExtra = []int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5}
)

// A code maps a symbol's bits, behind a leading 1, to the symbol.
type code map[int]int

// newCode makes the code of RFC 1951 §3.2.2. It has as many symbols as fit: there may be none, where a block
// has no distances, and a single one may have one bit.
func newCode(lengths []int) code {
	c, next := code{}, 0
	room, longest := 1<<15, 0
	for _, l := range lengths {
		if l > 0 {
			room -= 1 << (15 - l)
			longest = max(longest, l)
		}
	}
	if room != 0 && longest > 0 && !(room == 1<<14 && longest == 1) {
		panic(errNaive)
	}
	for length := 1; length <= 15; length++ {
		for symbol, l := range lengths {
			if l == length {
				c[1<<length|next] = symbol
				next++
			}
		}
		next <<= 1
	}
	return c
}

func (n *naive) symbol(c code) int {
	key := 1
	for range 15 {
		key = key<<1 | n.bit()
		if symbol, ok := c[key]; ok {
			return symbol
		}
	}
	panic(errNaive)
}

package deflate

import (
	"encoding/binary"
	"slices"
)

// A Token is what the data of a compressed block is made of: a literal, or a match.
type Token uint32

// Match returns a token that repeats length octets, of 3 to 258, from distance octets back, of 1 to 32768.
func Match(length, distance int) Token { return Token(length)<<16 | Token(distance-1) }

// Literals returns a token for each octet.
func Literals(p []byte) []Token {
	tokens := make([]Token, len(p))
	for i, c := range p {
		tokens[i] = Token(c)
	}
	return tokens
}

func (t Token) length() int   { return int(t >> 16) } // 0 of a literal
func (t Token) distance() int { return int(t&0xffff) + 1 }

// A BlockWriter writes blocks one by one. The zero value is ready. The blocks that are final have BFINAL set,
// and are followed by the next at an octet's begin, as RFC 7692 §7.2.3.4 has it.
type BlockWriter struct {
	out   []byte
	bits  uint64
	nbits uint
}

// Bits writes n bits, at most 32, of v, the lowest first: for blocks that are none.
func (w *BlockWriter) Bits(v uint32, n uint) {
	w.bits |= uint64(v) & (1<<n - 1) << w.nbits
	w.nbits += n
	if w.nbits >= 32 {
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(w.bits))
		w.bits >>= 32
		w.nbits -= 32
	}
}

// align goes on at an octet's begin.
func (w *BlockWriter) align() {
	for w.nbits > 0 {
		w.out = append(w.out, byte(w.bits))
		w.bits >>= 8
		w.nbits -= min(w.nbits, 8)
	}
}

func (w *BlockWriter) header(kind uint32, final bool) {
	if final {
		w.Bits(1, 1)
	} else {
		w.Bits(0, 1)
	}
	w.Bits(kind, 2)
}

// Stored writes octets without compression, in as many blocks as that takes: one of none for none.
func (w *BlockWriter) Stored(p []byte, final bool) {
	for {
		n := min(len(p), 65535)
		w.header(0, final && n == len(p))
		w.align()
		w.out = binary.LittleEndian.AppendUint16(w.out, uint16(n))
		w.out = binary.LittleEndian.AppendUint16(w.out, ^uint16(n))
		w.out = append(w.out, p[:n]...)
		p = p[n:]
		if len(p) == 0 {
			return
		}
	}
}

// Fixed writes octets as literals of a block with the fixed codes.
func (w *BlockWriter) Fixed(p []byte, final bool) { w.FixedTokens(Literals(p), final) }

// Dynamic writes octets as literals of a block with codes of its own.
func (w *BlockWriter) Dynamic(p []byte, final bool) { w.DynamicTokens(Literals(p), final) }

// Match writes a block with the fixed codes that repeats length octets from distance octets back, whether
// there are such or not.
func (w *BlockWriter) Match(distance, length int, final bool) {
	w.FixedTokens([]Token{Match(length, distance)}, final)
}

// FixedTokens writes a block with the fixed codes.
func (w *BlockWriter) FixedTokens(tokens []Token, final bool) {
	w.header(1, final)
	w.data(tokens, &fixedCodes)
	if final {
		w.align()
	}
}

// DynamicTokens writes a block with the codes that are best for it.
func (w *BlockWriter) DynamicTokens(tokens []Token, final bool) {
	var c codes
	c.fit(tokens)
	w.header(2, final)
	w.codes(&c)
	w.data(tokens, &c)
	if final {
		w.align()
	}
}

// Flush writes an empty stored block, the end of which RFC 7692 §7.2.1 takes away.
func (w *BlockWriter) Flush() { w.Stored(nil, false) }

// Bytes returns what was written, filled up with zero bits to an octet.
func (w *BlockWriter) Bytes() []byte {
	w.align()
	return w.out
}

// Message flushes, and returns what was written without the tail: the payload of a message.
func (w *BlockWriter) Message() []byte {
	w.Flush()
	return w.out[:len(w.out)-len(tail)]
}

// codes are the two Huffman codes of a block.
type codes struct {
	litlenLengths [286]uint8
	distLengths   [30]uint8
	litlen        [286]uint16
	dist          [30]uint16
	litlenCounts  [286]int
	distCounts    [30]int
}

var fixedCodes codes

// lengthSymbols are those of the lengths, from 0 for 257 on.
var lengthSymbols [259]uint8

func initCodes() {
	var litlen [len(fixedLitlenLengths)]uint16
	var dist [len(fixedDistLengths)]uint16
	assign(fixedLitlenLengths[:], litlen[:])
	assign(fixedDistLengths[:], dist[:])
	copy(fixedCodes.litlenLengths[:], fixedLitlenLengths[:])
	copy(fixedCodes.distLengths[:], fixedDistLengths[:])
	copy(fixedCodes.litlen[:], litlen[:])
	copy(fixedCodes.dist[:], dist[:])
	for i, base := range lengthBase {
		for n := base; n < base+1<<lengthExtra[i] && n <= maxMatch; n++ {
			lengthSymbols[n] = uint8(i)
		}
	}
}

func distSymbol(distance int) int {
	low, high := 0, len(distBase)
	for high-low > 1 {
		if middle := (low + high) / 2; distBase[middle] <= distance {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// fit makes the codes for some tokens and the end of the block.
func (c *codes) fit(tokens []Token) {
	clear(c.litlenCounts[:])
	clear(c.distCounts[:])
	c.litlenCounts[endOfBlock] = 1
	for _, t := range tokens {
		if t.length() == 0 {
			c.litlenCounts[t&0xff]++
			continue
		}
		c.litlenCounts[257+int(lengthSymbols[t.length()])]++
		c.distCounts[distSymbol(t.distance())]++
	}
	c.optimize()
}

// optimize makes the codes for the counts.
func (c *codes) optimize() {
	huffmanLengths(c.litlenCounts[:], c.litlenLengths[:], maxCodeBits)
	huffmanLengths(c.distCounts[:], c.distLengths[:], maxCodeBits)
	assign(c.litlenLengths[:], c.litlen[:])
	assign(c.distLengths[:], c.dist[:])
}

// size returns how many bits the counted symbols take in some codes.
func (c *codes) size(in *codes) int {
	n := 0
	for i, count := range c.litlenCounts {
		n += count * int(in.litlenLengths[i])
		if i > endOfBlock {
			n += count * lengthExtra[i-257]
		}
	}
	for i, count := range c.distCounts {
		n += count * (int(in.distLengths[i]) + distExtra[i])
	}
	return n
}

// data writes tokens and the end of the block.
func (w *BlockWriter) data(tokens []Token, c *codes) {
	for _, t := range tokens {
		n := t.length()
		if n == 0 {
			w.Bits(uint32(c.litlen[t&0xff]), uint(c.litlenLengths[t&0xff]))
			continue
		}
		symbol := int(lengthSymbols[n])
		w.Bits(uint32(c.litlen[257+symbol]), uint(c.litlenLengths[257+symbol]))
		w.Bits(uint32(n-lengthBase[symbol]), uint(lengthExtra[symbol]))
		symbol = distSymbol(t.distance())
		w.Bits(uint32(c.dist[symbol]), uint(c.distLengths[symbol]))
		w.Bits(uint32(t.distance()-distBase[symbol]), uint(distExtra[symbol]))
	}
	w.Bits(uint32(c.litlen[endOfBlock]), uint(c.litlenLengths[endOfBlock]))
}

// codes writes the head of a block with dynamic codes (RFC 1951 §3.2.7).
func (w *BlockWriter) codes(c *codes) {
	nlit, ndist := 286, 30
	for nlit > 257 && c.litlenLengths[nlit-1] == 0 {
		nlit--
	}
	for ndist > 1 && c.distLengths[ndist-1] == 0 {
		ndist--
	}
	lengths := append(append([]uint8(nil), c.litlenLengths[:nlit]...), c.distLengths[:ndist]...)

	// Runs: a symbol, and a repetition of a code that stands for it.
	type run struct {
		symbol uint8
		extra  uint32
		bits   uint
	}
	var runs []run
	var counts [19]int
	add := func(symbol uint8, extra int, bits uint) {
		runs = append(runs, run{symbol, uint32(extra), bits})
		counts[symbol]++
	}
	for i := 0; i < len(lengths); {
		value, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == value {
			n++
		}
		i += n
		if value != 0 {
			add(value, 0, 0)
			n--
		}
		for n > 0 {
			switch {
			case value == 0 && n >= 11:
				times := min(n, 138)
				add(18, times-11, 7)
				n -= times
			case value == 0 && n >= 3:
				add(17, n-3, 3)
				n = 0
			case value != 0 && n >= 3:
				times := min(n, 6)
				add(16, times-3, 2)
				n -= times
			default:
				add(value, 0, 0)
				n--
			}
		}
	}
	var lens [19]uint8
	var code [19]uint16
	huffmanLengths(counts[:], lens[:], 7)
	assign(lens[:], code[:])
	nlens := 19
	for nlens > 4 && lens[codeOrder[nlens-1]] == 0 {
		nlens--
	}
	w.Bits(uint32(nlit-257), 5)
	w.Bits(uint32(ndist-1), 5)
	w.Bits(uint32(nlens-4), 4)
	for _, symbol := range codeOrder[:nlens] {
		w.Bits(uint32(lens[symbol]), 3)
	}
	for _, r := range runs {
		w.Bits(uint32(code[r.symbol]), uint(lens[r.symbol]))
		w.Bits(r.extra, r.bits)
	}
}

// huffmanLengths makes the lengths, of at most the given one, of a code for symbols that occur so often. The
// code is complete, except that a distance code of one symbol or of none needs two: it is given them.
func huffmanLengths(counts []int, lengths []uint8, most int) {
	clear(lengths)
	type node struct{ count, left, right int }
	var nodes []node // the leaves in order, and behind them the pairs
	var symbols []int
	for symbol, count := range counts {
		if count > 0 {
			symbols = append(symbols, symbol)
		}
	}
	for symbol := 0; len(symbols) < 2; symbol++ {
		if !slices.Contains(symbols, symbol) {
			symbols = append(symbols, symbol)
		}
	}
	slices.SortFunc(symbols, func(a, b int) int { return counts[a] - counts[b] })
	for _, symbol := range symbols {
		nodes = append(nodes, node{count: counts[symbol]})
	}
	leaf, pair := 0, len(symbols)
	smallest := func() int {
		if leaf < len(symbols) && (pair == len(nodes) || nodes[leaf].count <= nodes[pair].count) {
			leaf++
			return leaf - 1
		}
		pair++
		return pair - 1
	}
	for range len(symbols) - 1 {
		a := smallest()
		b := smallest()
		nodes = append(nodes, node{nodes[a].count + nodes[b].count, a, b})
	}
	// The depth of each leaf; those that are too deep are lifted, and others sink to make the code one again.
	depth := make([]int, len(nodes))
	perLength := make([]int, most+1)
	for i := len(nodes) - 1; i >= 0; i-- {
		if i >= len(symbols) {
			depth[nodes[i].left], depth[nodes[i].right] = depth[i]+1, depth[i]+1
		} else {
			perLength[min(depth[i], most)]++
		}
	}
	total := 0
	for n := 1; n <= most; n++ {
		total += perLength[n] << (most - n)
	}
	for ; total > 1<<most; total-- {
		n := most - 1
		for perLength[n] == 0 {
			n--
		}
		perLength[n]--
		perLength[n+1] += 2
		perLength[most]--
	}
	at := 0
	for n := most; n > 0; n-- {
		for range perLength[n] {
			lengths[symbols[at]] = uint8(n)
			at++
		}
	}
}

// assign gives symbols their codes (RFC 1951 §3.2.2), the bit that comes first lowest.
func assign(lengths []uint8, codes []uint16) {
	var next [maxCodeBits + 2]int
	var count [maxCodeBits + 1]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	for n := 1; n <= maxCodeBits; n++ {
		next[n+1] = (next[n] + count[n]) << 1
	}
	for i, n := range lengths {
		if n > 0 {
			codes[i] = reversed(next[n], n)
			next[n]++
		}
	}
}

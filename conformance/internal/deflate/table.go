package deflate

import (
	"errors"
	"math/bits"
)

// An entry is what a decoding table holds for the next bits of the input. Its lowest 5 bits are how many of
// them the code has, the 4 above are how many extra bits follow, and the upper 16 are a value: the literal,
// the length or the distance that the extra bits are added to, or where the second table for longer codes
// begins, of 1<<extra entries.
type entry uint32

const (
	entryLiteral entry = 1 << (12 + iota)
	entrySecond
	entryEnd
	entryInvalid

	// What is read most needs one look: codes of more bits are found in a second table.
	litlenBits = 11
	distBits   = 9

	maxCodeBits = 15
	endOfBlock  = 256
)

func (e entry) codeBits() uint  { return uint(e & 31) }
func (e entry) extraBits() uint { return uint(e >> 5 & 15) }
func (e entry) value() int      { return int(e >> 16) }

func newEntry(value, extra int, flags entry) entry { return entry(value)<<16 | entry(extra)<<5 | flags }

// The alphabets of RFC 1951 §3.2.5.
var (
	lengthBase  [29]int // of the symbols from 257 on
	lengthExtra [29]int
	distBase    [30]int
	distExtra   [30]int

	litlenEntries [288]entry
	distEntries   [32]entry
	plainEntries  [19]entry // of the code length alphabet
)

// The fixed codes of RFC 1951 §3.2.6.
var (
	fixedLitlenLengths [288]uint8
	fixedDistLengths   [32]uint8

	fixedLitlen, fixedDist table
)

func init() {
	base := 3
	for i := range lengthBase {
		if i >= 8 {
			lengthExtra[i] = (i - 4) / 4
		}
		lengthBase[i] = base
		base += 1 << lengthExtra[i]
	}
	lengthBase[28], lengthExtra[28] = 258, 0
	base = 1
	for i := range distBase {
		if i >= 4 {
			distExtra[i] = (i - 2) / 2
		}
		distBase[i] = base
		base += 1 << distExtra[i]
	}
	for i := range litlenEntries {
		switch {
		case i < endOfBlock:
			litlenEntries[i] = newEntry(i, 0, entryLiteral)
		case i == endOfBlock:
			litlenEntries[i] = newEntry(0, 0, entryEnd)
		case i-257 < len(lengthBase):
			litlenEntries[i] = newEntry(lengthBase[i-257], lengthExtra[i-257], 0)
		default:
			litlenEntries[i] = entryInvalid
		}
	}
	for i := range distEntries {
		distEntries[i] = entryInvalid
		if i < len(distBase) {
			distEntries[i] = newEntry(distBase[i], distExtra[i], 0)
		}
	}
	for i := range plainEntries {
		plainEntries[i] = newEntry(i, 0, 0)
	}
	for i := range fixedLitlenLengths {
		switch {
		case i < 144 || i >= 280:
			fixedLitlenLengths[i] = 8
		case i < 256:
			fixedLitlenLengths[i] = 9
		default:
			fixedLitlenLengths[i] = 7
		}
	}
	for i := range fixedDistLengths {
		fixedDistLengths[i] = 5
	}
	if fixedLitlen.build(fixedLitlenLengths[:], litlenEntries[:], litlenBits, true) != nil ||
		fixedDist.build(fixedDistLengths[:], distEntries[:], distBits, true) != nil {
		panic("deflate: the fixed codes are wrong")
	}
	initCodes()
}

// A table decodes one Huffman code. The first 1<<primary entries are looked at first.
type table struct {
	entries []entry
	codes   []uint16
}

var (
	errOversubscribed = errors.New("more codes than their lengths leave room for")
	errIncomplete     = errors.New("fewer codes than their lengths leave room for")
)

// build makes the table of the code whose lengths are given, symbol by symbol. A code of a single bit for a
// single symbol, or of nothing, may leave others unused unless it must be complete.
func (t *table) build(lengths []uint8, symbols []entry, primary uint, complete bool) error {
	var count [maxCodeBits + 1]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	var next [maxCodeBits + 2]int
	left, used := 1, 0
	for n := 1; n <= maxCodeBits; n++ {
		left = left<<1 - count[n]
		if left < 0 {
			return errOversubscribed
		}
		next[n+1] = (next[n] + count[n]) << 1
		used += count[n]
	}
	if left > 0 && (complete || used > 1 || used == 1 && count[1] != 1) {
		return errIncomplete
	}
	size := 1 << primary
	if cap(t.entries) < size {
		t.entries = make([]entry, size, 2*size)
	}
	t.entries = t.entries[:size]
	if left > 0 {
		for i := range t.entries {
			t.entries[i] = entryInvalid
		}
	}
	// The codes, with the bit that comes first lowest.
	if cap(t.codes) < len(lengths) {
		t.codes = make([]uint16, len(lengths))
	}
	codes := t.codes[:len(lengths)]
	longer := false
	for i, n := range lengths {
		if n == 0 {
			continue
		}
		codes[i] = reversed(next[n], n)
		next[n]++
		if uint(n) > primary {
			longer = true
			continue
		}
		e := symbols[i] | entry(n)
		for at := int(codes[i]); at < size; at += 1 << n {
			t.entries[at] = e
		}
	}
	if longer {
		t.buildSecond(lengths, symbols, primary)
	}
	return nil
}

// buildSecond adds the tables for the codes of more than primary bits.
func (t *table) buildSecond(lengths []uint8, symbols []entry, primary uint) {
	mask := 1<<primary - 1
	var longest [1 << litlenBits]uint8
	for i, n := range lengths {
		if uint(n) > primary {
			at := int(t.codes[i]) & mask
			longest[at] = max(longest[at], n)
		}
	}
	for at, n := range longest[:1<<primary] {
		if n == 0 {
			continue
		}
		more := int(n) - int(primary)
		t.entries[at] = newEntry(len(t.entries), more, entrySecond) | entry(primary)
		t.entries = append(t.entries, make([]entry, 1<<more)...)
	}
	for i, n := range lengths {
		if uint(n) <= primary {
			continue
		}
		first := t.entries[int(t.codes[i])&mask]
		rest := n - uint8(primary)
		e := symbols[i] | entry(rest)
		second := t.entries[first.value():][:1<<first.extraBits()]
		for at := int(t.codes[i] >> primary); at < len(second); at += 1 << rest {
			second[at] = e
		}
	}
}

// reversed returns a code of n bits with the bit that comes first lowest.
func reversed(code int, n uint8) uint16 { return bits.Reverse16(uint16(code)) >> (16 - n) }

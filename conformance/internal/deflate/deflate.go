package deflate

import "encoding/binary"

// A Deflater compresses a stream of messages. The same messages are always compressed to the same octets.
type Deflater struct {
	window   int
	takeover bool

	data    []byte // what may be referred to, and the message
	head    []int32
	earlier []int32 // where the same hash was before, by position and window
	tokens  []Token
	writer  BlockWriter
	codes   codes
}

const (
	minMatch  = 4 // shorter ones are hardly shorter than their octets
	maxMatch  = 258
	hashBits  = 14
	tries     = 16      // candidates for a match
	goodMatch = 64      // a match that ends the search
	perBlock  = 1 << 14 // tokens
	slideAt   = 1 << 20
)

// NewDeflater returns a Deflater whose distances stay within a window of 1<<bits octets, and within a message
// if takeover is false.
func NewDeflater(bits int, takeover bool) *Deflater {
	return &Deflater{window: 1 << bits, takeover: takeover, head: make([]int32, 1<<hashBits), earlier: make([]int32, 1<<bits)}
}

// Message compresses a message, without the tail that RFC 7692 §7.2.1 takes away. What is returned is the
// caller's.
func (d *Deflater) Message(p []byte) []byte {
	d.slide()
	begin := len(d.data)
	d.data = append(d.data, p...)
	d.writer = BlockWriter{out: make([]byte, 0, len(p)/4+64)}
	block := begin // where the tokens at hand begin
	for at := begin; at < len(d.data); {
		length, distance := d.longest(at)
		d.insert(at)
		if length < minMatch {
			d.tokens = append(d.tokens, Token(d.data[at]))
			at++
		} else {
			d.tokens = append(d.tokens, Match(length, distance))
			for i := at + 1; i < at+length; i++ {
				d.insert(i)
			}
			at += length
		}
		if len(d.tokens) == perBlock {
			d.block(d.data[block:at])
			block = at
		}
	}
	if len(d.tokens) > 0 {
		d.block(d.data[block:])
	}
	return d.writer.Message()
}

// slide forgets what cannot be referred to any more.
func (d *Deflater) slide() {
	keep := 0
	if d.takeover {
		if keep = min(len(d.data), d.window); len(d.data) < slideAt {
			return
		}
	}
	d.data = d.data[:copy(d.data, d.data[len(d.data)-keep:])]
	clear(d.head)
	for i := range d.data {
		d.insert(i)
	}
}

func (d *Deflater) hash(at int) uint32 {
	return binary.LittleEndian.Uint32(d.data[at:]) * 0x9e3779b1 >> (32 - hashBits)
}

// insert makes a position findable. Positions are kept one too high, so that 0 is none.
func (d *Deflater) insert(at int) {
	if at+minMatch > len(d.data) {
		return
	}
	h := d.hash(at)
	d.earlier[at&(d.window-1)] = d.head[h]
	d.head[h] = int32(at + 1)
}

// longest finds a match for what is at a position.
func (d *Deflater) longest(at int) (length, distance int) {
	if at+minMatch > len(d.data) {
		return 0, 0
	}
	want := d.data[at:min(at+maxMatch, len(d.data))]
	for try, from := 0, int(d.head[d.hash(at)])-1; try < tries && from >= 0 && at-from <= d.window; try++ {
		n := 0
		for (length == 0 || d.data[from+length] == want[length]) && n < len(want) && d.data[from+n] == want[n] {
			n++
		}
		if n > length {
			length, distance = n, at-from
			if n >= goodMatch || n == len(want) {
				break
			}
		}
		from = int(d.earlier[from&(d.window-1)]) - 1
	}
	return length, distance
}

// block writes the tokens at hand, which stand for some octets, in the way that is shortest.
func (d *Deflater) block(octets []byte) {
	d.codes.fit(d.tokens)
	dynamic := BlockWriter{}
	dynamic.codes(&d.codes)
	dynamicBits := len(dynamic.out)*8 + int(dynamic.nbits) + d.codes.size(&d.codes)
	fixedBits := d.codes.size(&fixedCodes)
	storedBits := 8 * (len(octets) + 5*(1+len(octets)/65535))
	switch {
	case storedBits < min(dynamicBits, fixedBits):
		d.writer.Stored(octets, false)
	case fixedBits <= dynamicBits:
		d.writer.FixedTokens(d.tokens, false)
	default:
		d.writer.DynamicTokens(d.tokens, false)
	}
	d.tokens = d.tokens[:0]
}

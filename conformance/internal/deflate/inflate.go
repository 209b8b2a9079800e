package deflate

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxDistance is the longest that DEFLATE can express (RFC 1951 §2): whatever the window, more history is not
// needed.
const maxDistance = 32768

// A WindowError is a distance beyond the window.
type WindowError struct{ Distance, Window int }

func (e *WindowError) Error() string {
	return fmt.Sprintf("a distance of %d where the window has %d octets", e.Distance, e.Window)
}

// An Inflater inflates a stream of messages.
type Inflater struct {
	window   int
	takeover bool

	in     []byte // the message, its tail, and padding
	end    int    // of the tail
	pos    int    // of the next octet of in
	bits   uint64 // that were taken from in, lowest first
	nbits  uint
	finals int // blocks with BFINAL in the message

	out   []byte // its whole capacity is its length; what is before this message is history
	w     int    // where the next octet goes
	begin int    // of this message
	most  int    // where it must end

	beyond *WindowError // the first one

	litlen, dist, lens table
}

// NewInflater returns an Inflater for a window of 1<<bits octets, in which a message may refer to those
// before it if takeover is true.
func NewInflater(bits int, takeover bool) *Inflater {
	return &Inflater{window: 1 << bits, takeover: takeover}
}

// tail is what RFC 7692 §7.2.1 takes away from a compressed message.
var tail = [4]byte{0, 0, 0xff, 0xff}

const padding = 32 // octets behind the tail, so that 8 can be loaded at once wherever a decoder finds that it has gone too far

var (
	errTruncated = errors.New("the data ends inside a block")
	errTooLong   = errors.New("the message is longer than the suite takes")
)

// Message inflates a message without its tail, to at most most octets. An error of type *WindowError is told
// with the content, which was inflated nevertheless; with any other there is none. What is returned is the
// caller's.
func (z *Inflater) Message(src []byte, most int) ([]byte, error) {
	if len(src) == 0 {
		return nil, errors.New("a compressed message has at least one octet (RFC 7692 §7.2.3.6)")
	}
	z.in = append(append(z.in[:0], src...), tail[:]...)
	z.end = len(z.in)
	z.in = append(z.in, make([]byte, padding)...)
	z.pos, z.bits, z.nbits, z.finals, z.beyond = 0, 0, 0, 0, nil
	z.forget()
	z.begin, z.most = z.w, z.w+most
	err := z.blocks()
	if cap(z.in) > 1<<20 {
		z.in = nil
	}
	if err != nil {
		z.w = min(z.w, z.most)
		return nil, err
	}
	if z.beyond != nil {
		err = z.beyond
	}
	message := append(make([]byte, 0, z.w-z.begin), z.out[z.begin:z.w]...)
	return message, err
}

// forget drops from the output what no message can refer to any more.
func (z *Inflater) forget() {
	const roomy = 1 << 20
	keep := 0
	if z.takeover {
		keep = min(z.w, maxDistance)
		if z.w < roomy/2 {
			return
		}
	}
	history := z.out[z.w-keep : z.w]
	if len(z.out) > roomy {
		z.out = make([]byte, 4*maxDistance)
	}
	z.w = copy(z.out, history)
}

// blocks inflates block after block, up to the one that is the tail.
func (z *Inflater) blocks() error {
	for {
		z.refill()
		if z.consumed() > z.end || z.consumed() == z.end && z.spare() < 3 {
			return errTruncated
		}
		header := z.take(3)
		final, empty := header&1 != 0, false
		var err error
		switch header >> 1 {
		case 0:
			empty, err = z.stored()
		case 1:
			err = z.huffman(&fixedLitlen, &fixedDist)
		case 2:
			if err = z.readCodes(); err == nil {
				err = z.huffman(&z.litlen, &z.dist)
			}
		default:
			err = errors.New("a block has the reserved type 3 (RFC 1951 §3.2.3)")
		}
		if err != nil {
			return err
		}
		if final {
			z.finals++
			z.take(z.nbits & 7) // another block begins at an octet (RFC 7692 §7.2.3.4)
			if z.consumed() == z.end-len(tail) {
				return errors.New("the last block has BFINAL set, and no empty block follows it (RFC 7692 §7.2.1)")
			}
		}
		switch at := z.consumed(); {
		case at > z.end:
			return errTruncated
		case at == z.end && z.nbits&7 == 0:
			if !empty {
				return errors.New("the data does not end with an empty stored block (RFC 7692 §7.2.1)")
			}
			return nil
		}
	}
}

// refill has at least 56 bits at hand. Behind the input there are zeros; who takes them looks at consumed.
func (z *Inflater) refill() {
	if z.pos > len(z.in)-8 {
		return // far behind the end already
	}
	z.bits |= binary.LittleEndian.Uint64(z.in[z.pos:]) << z.nbits
	z.pos += int(63-z.nbits) >> 3
	z.nbits |= 56
}

func (z *Inflater) take(n uint) uint {
	v := uint(z.bits & (1<<n - 1))
	z.bits >>= n
	z.nbits -= n
	return v
}

// consumed returns how many octets of the input bits were taken of.
func (z *Inflater) consumed() int { return z.pos - int(z.nbits>>3) }

// spare returns how many bits of the last of these are left.
func (z *Inflater) spare() uint { return z.nbits & 7 }

// stored copies a block that is not compressed (RFC 1951 §3.2.4).
func (z *Inflater) stored() (empty bool, err error) {
	at := z.consumed()
	if z.end-at < 4 {
		return false, errTruncated
	}
	n, inverse := binary.LittleEndian.Uint16(z.in[at:]), binary.LittleEndian.Uint16(z.in[at+2:])
	if n != ^inverse {
		return false, fmt.Errorf("a stored block's lengths %#04x and %#04x do not fit (RFC 1951 §3.2.4)", n, inverse)
	}
	at += 4
	if z.end-at < int(n) {
		return false, errTruncated
	}
	z.pos, z.bits, z.nbits = at+int(n), 0, 0
	if z.w+int(n) > z.most {
		return false, errTooLong
	}
	z.reserve(int(n))
	z.w += copy(z.out[z.w:], z.in[at:at+int(n)])
	return n == 0, nil
}

// codeOrder is the order in which the lengths of the code length code are sent (RFC 1951 §3.2.7).
var codeOrder = [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the head of a block with dynamic codes (RFC 1951 §3.2.7).
func (z *Inflater) readCodes() error {
	z.refill()
	nlit, ndist, nlens := int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	if nlit > 286 || ndist > 30 {
		return fmt.Errorf("a block announces %d literal and length codes and %d distance codes, of 286 and 30 (RFC 1951 §3.2.7)", nlit, ndist)
	}
	var lens [19]uint8
	for _, symbol := range codeOrder[:nlens] {
		z.refill()
		if z.consumed() > z.end {
			return errTruncated
		}
		lens[symbol] = uint8(z.take(3))
	}
	if err := z.lens.build(lens[:], plainEntries[:], 7, true); err != nil {
		return fmt.Errorf("the code length code has %w (RFC 1951 §3.2.7)", err)
	}
	var lengths [286 + 30]uint8
	for i := 0; i < nlit+ndist; {
		z.refill()
		if z.consumed() > z.end {
			return errTruncated
		}
		e := z.lens.entries[z.bits&127]
		z.take(e.codeBits())
		symbol := e.value()
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		var value uint8
		var times int
		switch symbol {
		case 16:
			if i == 0 {
				return errors.New("the first code length repeats the one before (RFC 1951 §3.2.7)")
			}
			value, times = lengths[i-1], 3+int(z.take(2))
		case 17:
			times = 3 + int(z.take(3))
		case 18:
			times = 11 + int(z.take(7))
		}
		if i+times > nlit+ndist {
			return errors.New("a block has more code lengths than it announced (RFC 1951 §3.2.7)")
		}
		for ; times > 0; times-- {
			lengths[i] = value
			i++
		}
	}
	if lengths[endOfBlock] == 0 {
		return errors.New("a block has no code for its end (RFC 1951 §3.2.7)")
	}
	if err := z.litlen.build(lengths[:nlit], litlenEntries[:], litlenBits, false); err != nil {
		return fmt.Errorf("the literal and length code has %w (RFC 1951 §3.2.7)", err)
	}
	if err := z.dist.build(lengths[nlit:nlit+ndist], distEntries[:], distBits, false); err != nil {
		return fmt.Errorf("the distance code has %w (RFC 1951 §3.2.7)", err)
	}
	return nil
}

// reserve has room for n octets more, and for those that a copy of 8 at a time writes in excess.
func (z *Inflater) reserve(n int) {
	if len(z.out)-z.w >= n+8 {
		return
	}
	grown := make([]byte, max(2*len(z.out), z.w+n+8, 4096))
	copy(grown, z.out[:z.w])
	z.out = grown
}

// huffman inflates the data of a block.
func (z *Inflater) huffman(litlen, dist *table) error {
	const ahead = 258 + 8 // what one turn of the loop writes
	var (
		in, pos     = z.in, z.pos
		hold, nhold = z.bits, z.nbits
		out, w      = z.out, z.w
		lits        = (*[1 << litlenBits]entry)(litlen.entries)
		dists       = (*[1 << distBits]entry)(dist.entries)
		err         error
	)
loop:
	for {
		if pos-int(nhold>>3) > z.end {
			err = errTruncated
			break
		}
		if len(out)-w < ahead {
			if w > z.most {
				err = errTooLong
				break
			}
			z.w = w
			z.reserve(64 << 10)
			out = z.out
		}
		hold |= binary.LittleEndian.Uint64(in[pos:]) << (nhold & 63)
		pos += int(63-nhold) >> 3
		nhold |= 56

		// Three literals need no more bits than there are.
		e := lits[hold&(1<<litlenBits-1)]
		if e&entryLiteral != 0 {
			for n := 1; e&entryLiteral != 0; n++ {
				hold >>= e & 31
				nhold -= uint(e & 31)
				out[w] = byte(e >> 16)
				w++
				if n == 3 {
					continue loop
				}
				e = lits[hold&(1<<litlenBits-1)]
			}
			hold |= binary.LittleEndian.Uint64(in[pos:]) << (nhold & 63)
			pos += int(63-nhold) >> 3
			nhold |= 56
		}
		if e&(entrySecond|entryLiteral|entryEnd|entryInvalid) != 0 {
			if e&entrySecond != 0 {
				hold >>= e & 31
				nhold -= uint(e & 31)
				e = litlen.entries[e.value()+int(hold&(1<<e.extraBits()-1))]
			}
			switch {
			case e&entryLiteral != 0:
				hold >>= e & 31
				nhold -= uint(e & 31)
				out[w] = byte(e >> 16)
				w++
				continue
			case e&entryEnd != 0:
				hold >>= e & 31
				nhold -= uint(e & 31)
				break loop
			case e&entryInvalid != 0:
				err = errors.New("a length has a code without meaning (RFC 1951 §3.2.5)")
				break loop
			}
		}
		hold >>= e & 31
		extra := uint(e>>5) & 15
		length := int(e>>16) + int(hold&(1<<extra-1))
		hold >>= extra
		nhold -= uint(e&31) + extra

		e = dists[hold&(1<<distBits-1)]
		if e&entrySecond != 0 {
			hold >>= e & 31
			nhold -= uint(e & 31)
			e = dist.entries[e.value()+int(hold&(1<<e.extraBits()-1))]
		}
		if e&entryInvalid != 0 {
			err = errors.New("a distance has a code without meaning (RFC 1951 §3.2.5)")
			break
		}
		hold >>= e & 31
		extra = uint(e>>5) & 15
		distance := int(e>>16) + int(hold&(1<<extra-1))
		hold >>= extra
		nhold -= uint(e&31) + extra

		if distance > z.window || distance > w {
			if distance > w {
				err = z.before(distance, w)
				break
			}
			if z.beyond == nil {
				z.beyond = &WindowError{distance, z.window}
			}
		}
		from := w - distance
		if distance >= 8 {
			for n := 0; n < length; n += 8 {
				binary.NativeEndian.PutUint64(out[w+n:], binary.NativeEndian.Uint64(out[from+n:]))
			}
		} else {
			for n := range length {
				out[w+n] = out[from+n]
			}
		}
		w += length
	}
	z.pos, z.bits, z.nbits, z.w = pos, hold, nhold, w
	if err == nil && z.consumed() > z.end {
		err = errTruncated
	}
	if err == nil && w > z.most {
		err = errTooLong
	}
	return err
}

// before says what is wrong with a distance that leads to where nothing is.
func (z *Inflater) before(distance, w int) error {
	if z.takeover {
		return fmt.Errorf("a distance of %d refers to what was before the first message, %d octets ago (RFC 1951 §3.2.5)", distance, w)
	}
	return fmt.Errorf("a distance of %d refers to what was before the message, %d octets ago, where no context is taken over (RFC 7692 §7.1.1)", distance, w)
}

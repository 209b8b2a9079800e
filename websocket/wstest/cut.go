package wstest

import "strconv"

// Cut is a way for one direction of a [FaultyConn] to end; see [Direction.CutAfter].
type Cut uint8

const (
	// CutEOF ends the direction in order, as the half-close of whoever writes in it.
	//
	// Reads: this end reads io.EOF; the peer knows nothing of it, and what it still sends is never read.
	// Writes: the wrapped connection's CloseWrite is called (its Close, where it has no CloseWrite), so the
	// peer reads io.EOF; Writes of this end fail with EPIPE. The other direction goes on.
	CutEOF Cut = iota + 1

	// CutReset resets the connection, both directions of it: Reads and Writes of this end fail with
	// ECONNRESET, and the wrapped connection is closed with SetLinger(0), so that the peer sees a reset too
	// (an end of stream, where there is no SetLinger).
	//
	// A reset may overtake the bytes before it, which the peer then never sees. For a peer that must read
	// exactly n bytes and then the reset, wrap the peer and cut its Reads.
	CutReset

	// CutSilent makes the direction a black hole, as a cable pulled or a NAT that forgot. It can be undone.
	//
	// Reads: they wait for their deadline or Close, whatever the peer does. Undone, they go on with the next
	// byte. Writes: they succeed at once and the bytes are gone; CloseWrite and Close succeed too, and the
	// peer learns of them only when the cut is undone: until then the wrapped connection stays open.
	CutSilent
)

// String returns the name of the constant.
func (c Cut) String() string {
	switch c {
	case 0:
		return "no cut"
	case CutEOF:
		return "CutEOF"
	case CutReset:
		return "CutReset"
	case CutSilent:
		return "CutSilent"
	}
	return "Cut(" + strconv.Itoa(int(c)) + ")"
}

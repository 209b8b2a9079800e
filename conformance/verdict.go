package conformance

import "time"

// A Verdict is what a peer's behaviour is found to be, in the words of the classic suite.
type Verdict string

const (
	OK            Verdict = "OK"            // as the standard asks
	NonStrict     Verdict = "NON-STRICT"    // allowed, but not all that it recommends
	Informational Verdict = "INFORMATIONAL" // the standard leaves it open; what was done is told
	Unimplemented Verdict = "UNIMPLEMENTED" // an optional part that the peer does not offer
	Failed        Verdict = "FAILED"        // against the standard

	// Of the closing of the connection, besides.
	Unclean   Verdict = "UNCLEAN"    // it ended without the closing handshake
	WrongCode Verdict = "WRONG CODE" // the Close frame had another code than it should
)

// Good reports whether there is nothing to mend: the verdict is OK, or about what a peer is free in.
func (v Verdict) Good() bool { return v == OK || v == Informational || v == Unimplemented }

// A Result is what came of one case.
type Result struct {
	Case  *Case
	Agent string // the peer's name

	Behavior Verdict
	Reason   string // a sentence about it

	Close       Verdict // of how the connection ended
	CloseReason string

	// RemoteCode is the code in the peer's Close frame; 1005 if that had none, 0 if no Close frame came.
	RemoteCode int

	Began time.Time
	Took  time.Duration

	// Request and Response are the opening handshake's as they were on the wire, cut when very long.
	Request, Response string

	// Log is what was on the wire after that, in order.
	Log []Entry
}

// Good reports whether both verdicts are good.
func (r *Result) Good() bool { return r.Behavior.Good() && r.Close.Good() }

// An Entry is one thing that happened on the wire.
type Entry struct {
	At   time.Duration // since the case began
	Sent bool          // by the suite; otherwise by the peer
	Note string        // what it was, such as "Text, 13 octets, not final, masked" or "end of the stream"

	// Octets are those on the wire, at most the first 256. Length is how many there were.
	Octets []byte
	Length int
}

package frame

import "fmt"

// A Violation is a peer's breach of the protocol: the close code that answers it, the section it
// breaks, and what was seen.
type Violation struct {
	Code    CloseCode // 1002, 1007 or 1009
	Section string    // such as "RFC 6455 §5.2"
	Detail  string    // what the peer did, in a few words
}

// Error gives the detail, the section and the code.
func (v *Violation) Error() string {
	return fmt.Sprintf("%s (%s, close code %d)", v.Detail, v.Section, v.Code)
}

var (
	errNotMinimal = &Violation{CloseProtocolError, "RFC 6455 §5.2", "a payload length is not in its shortest form"}
	errTopBit     = &Violation{CloseProtocolError, "RFC 6455 §5.2", "a 64-bit payload length has its top bit set"}
)

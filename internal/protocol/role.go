package protocol

// Role is which end of the connection this is. A client masks what it sends and must not receive
// masked frames; a server the reverse (RFC 6455 §5.1).
type Role uint8

const (
	Server Role = iota
	Client
)

// String gives "server" or "client".
func (r Role) String() string {
	if r == Client {
		return "client"
	}
	return "server"
}

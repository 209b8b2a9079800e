package conformance

// A Tag names a rule of the standards, so that cases can be chosen by what they test. A case carries the tag
// of each rule whose breach it would show.
type Tag string

const (
	Echo          Tag = "echo"           // a message is echoed: same type, same content
	Empty         Tag = "empty"          // so is one without any octet
	Length16      Tag = "length-16"      // frames of 126 to 65535 octets
	Length64      Tag = "length-64"      // frames of more
	Chopped       Tag = "chopped"        // octets that arrive one by one
	Fragmentation Tag = "fragmentation"  // messages in several frames
	Interleaved   Tag = "interleaved"    // control frames between a message's frames
	Sequence      Tag = "sequence"       // continuation frames where there is nothing to continue, and the reverse
	Pings         Tag = "pings"          // a Ping is answered by a Pong with the same payload, in order
	Pongs         Tag = "pongs"          // a Pong that nobody asked for is ignored
	ControlLength Tag = "control-length" // control frames have at most 125 octets
	ControlFin    Tag = "control-fin"    // and are not fragmented
	ReservedBits  Tag = "reserved-bits"  // a bit that no extension defines fails the connection
	Opcodes       Tag = "opcodes"        // so does an opcode that is reserved
	UTF8          Tag = "utf8"           // text that is not UTF-8 fails the connection with 1007
	UTF8Early     Tag = "utf8-early"     // as soon as it shows, not at the message's end
	UTF8Split     Tag = "utf8-split"     // text whose characters are cut by frames is whole again
	ValidUTF8     Tag = "valid-utf8"     // text of any characters is taken
	Masking       Tag = "masking"        // clients mask, servers do not
	Minimal       Tag = "minimal"        // a length has the shortest form
	LengthTopBit  Tag = "length-top-bit" // the top bit of a 64-bit length is 0

	Closing      Tag = "closing"       // a Close frame is answered, and ends the connection
	CloseCode    Tag = "close-code"    // the codes that may be on the wire
	ValidCode    Tag = "valid-code"    // those that may are taken
	CloseReason  Tag = "close-reason"  // a Close frame's reason is UTF-8
	CloseLength  Tag = "close-length"  // its payload has no octet, or two at least
	AfterClose   Tag = "after-close"   // nothing that follows a Close frame counts
	CloseTimeout Tag = "close-timeout" // who waits for a Close frame does not wait without end
	HalfClose    Tag = "half-close"    // the end of the peer's stream ends the connection
	Large        Tag = "large"         // messages of a MiB and more
	Many         Tag = "many"          // a thousand messages
	Flood        Tag = "flood"         // very many frames

	Handshake     Tag = "handshake"      // an opening handshake that is in order is accepted
	Method        Tag = "method"         // GET, HTTP/1.1
	Version       Tag = "version"        // Sec-WebSocket-Version is 13; otherwise 426 and which
	Key           Tag = "key"            // Sec-WebSocket-Key is there, once, and 16 octets in base64
	Accept        Tag = "accept"         // Sec-WebSocket-Accept fits the key
	UpgradeHeader Tag = "upgrade-header" // Upgrade and Connection, whatever their case and their list
	Host          Tag = "host"           // there is one Host
	Subprotocol   Tag = "subprotocol"    // the one chosen was offered
	Extensions    Tag = "extensions"     // so were the extensions
	Status        Tag = "status"         // answers that are not 101
	HeaderLimits  Tag = "header-limits"  // headers that are too large or too slow
	Pipelined     Tag = "pipelined"      // frames right behind the handshake

	Deflate         Tag = "deflate"          // compressed messages are echoed
	DeflateAnswer   Tag = "deflate-answer"   // the answer to an offer is within it (RFC 7692 §7.1)
	DeflateWindow   Tag = "deflate-window"   // no distance is beyond the window agreed
	DeflateTakeover Tag = "deflate-takeover" // the context is kept or dropped as agreed
	DeflateBlocks   Tag = "deflate-blocks"   // any sequence of DEFLATE blocks is inflated
	DeflateCorrupt  Tag = "deflate-corrupt"  // data that is not DEFLATE fails the connection
	DeflateBit      Tag = "deflate-bit"      // RSV1 stands at a message's first frame and nowhere else
)

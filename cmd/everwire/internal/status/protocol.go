package status

import "encoding/json"

// Path is where the page and the WebSocket are: a request that asks for an upgrade gets the one, any other the other.
const Path = "/status"

// What a Command can ask to be done.
const (
	SignIn = "sign-in" // Token: be the operator from here on
	List   = "list"    // Search, Sort, Offset, Limit: some of the connections
	Close  = "close"   // Socket, Code, Reason: close a connection
	Tap    = "tap"     // Socket: send its frames as they come and go
	Untap  = "untap"   // Socket: no longer
	Drain  = "drain"   // Fraction, Over: close so many of the connections, drawn at random, one after the other
)

// A Command is a message of the client's, in JSON. Only a sign-in is taken from who is not the operator.
type Command struct {
	Do string `json:"do"`
	ID int64  `json:"id,omitempty"` // comes back in the answer

	Token string `json:"token,omitempty"`

	// Search picks the connections in whose number, address, path, user agent, origin or subprotocol each of its words
	// occurs, in whatever case. Empty picks all.
	Search string `json:"search,omitempty"`
	// Sort is one of Orders; with a minus in front of it the largest come first. Default: "-id", the newest first.
	Sort string `json:"sort,omitempty"`
	// Offset is how many connections are left out, Limit how many are sent after them: 1 to 500, default 50.
	Offset int `json:"offset,omitempty"`
	Limit  int `json:"limit,omitempty"`

	Socket int64  `json:"socket,omitempty"`
	Code   int    `json:"code,omitempty"` // default 1000
	Reason string `json:"reason,omitempty"`

	// Fraction is how large a part of the connections is drained: more than 0, at most 1. Over is how long that takes, in
	// milliseconds: 0 to an hour.
	Fraction float64 `json:"fraction,omitempty"`
	Over     int64   `json:"over_ms,omitempty"`
}

// What an Event can be.
const (
	IsHello   = "hello"   // the first, and the answer to a sign-in
	IsHistory = "history" // Numbers of the last five minutes, after the first hello that lets them be seen
	IsNumbers = "numbers" // each second
	IsAnswer  = "answer"  // to a command: Error, or what was asked for
	IsFrames  = "frames"  // of a connection that is tapped
	IsGone    = "gone"    // a connection that was tapped
	IsDrained = "drained" // the end of what Drain began
)

// An Event is a message of the server's, in JSON. The fields that its kind does not have are left out.
type Event struct {
	Is      string    `json:"is"`
	ID      int64     `json:"id,omitempty"`
	Error   string    `json:"error,omitempty"` // one line; empty if it was done
	Hello   *Hello    `json:"hello,omitempty"`
	Numbers *Numbers  `json:"numbers,omitempty"`
	History []Numbers `json:"history,omitempty"`
	Listing *Listing  `json:"listing,omitempty"`
	Frames  *Frames   `json:"frames,omitempty"`
	Gone    *Gone     `json:"gone,omitempty"`
	Drain   *Drained  `json:"drain,omitempty"`
}

// Hello tells a client what it may do.
type Hello struct {
	Operator bool `json:"operator"` // everything
	Numbers  bool `json:"numbers"`  // Numbers come, each second
	SignIn   bool `json:"sign_in"`  // there is a token to sign in with
	// Started is when the server did, in milliseconds since 1970.
	Started int64 `json:"started"`
}

// Numbers are what all connections come to at one time. Rates are those of the last second.
type Numbers struct {
	Time        int64      `json:"time"` // milliseconds since 1970
	Connections int        `json:"connections"`
	Handshakes  Handshakes `json:"handshakes"`
	Received    Traffic    `json:"received"`
	Sent        Traffic    `json:"sent"`
	// RoundTrip is how long Pings took to be answered, of the connections that were sent one. nil: none was.
	RoundTrip *RoundTrip `json:"round_trip,omitempty"`
	// Lag is how long what arrives may have to wait for an event loop to look, in milliseconds: the longest time of about
	// the last ten seconds, of all loops. 0 where there are none.
	Lag float64 `json:"lag_ms"`
	// Wait is how long goroutines that could run waited for a processor, in milliseconds: 99 of 100 no longer than that,
	// in the last second.
	Wait       float64 `json:"wait_ms"`
	Memory     uint64  `json:"memory"` // octets that the program has from the system
	Heap       uint64  `json:"heap"`   // those of them that are in use for values
	Goroutines int     `json:"goroutines"`

	Rooms *Rooms `json:"rooms,omitempty"`
	// Shedding is why handshakes are answered with 503, in a few words. Empty: they are not.
	Shedding string `json:"shedding,omitempty"`
}

// Rooms are those of the chat, as far as this server has members in them.
type Rooms struct {
	Rooms       int   `json:"rooms"`
	Memberships int   `json:"memberships"`
	Published   int64 `json:"published"` // messages, here
	Refused     int64 `json:"refused"`   // messages that the broker did not take
	Received    int64 `json:"received"`  // messages, from everywhere
	Delivered   int64 `json:"delivered"` // of these, to sockets
	// Broker is why that which joins this server with others is out of reach. Empty: it is not.
	Broker string `json:"broker,omitempty"`
}

// Handshakes are requests for a WebSocket.
type Handshakes struct {
	Accepted     uint64  `json:"accepted"`
	Refused      uint64  `json:"refused"`
	AcceptedRate float64 `json:"accepted_per_s"`
	RefusedRate  float64 `json:"refused_per_s"`
}

// Traffic is what went in one direction.
type Traffic struct {
	Messages     uint64  `json:"messages"`
	Octets       uint64  `json:"octets"` // of payload, before compression
	MessagesRate float64 `json:"messages_per_s"`
	OctetsRate   float64 `json:"octets_per_s"`
	// Wire is what these messages are in octets as they travel: compressed, with the headers of their frames, below TLS.
	Wire     uint64  `json:"wire"`
	WireRate float64 `json:"wire_per_s"`
}

// RoundTrip is in milliseconds.
type RoundTrip struct {
	Median float64 `json:"median_ms"`
	P99    float64 `json:"p99_ms"`
}

// A Listing is the answer to List.
type Listing struct {
	Total   int      `json:"total"`   // connections
	Found   int      `json:"found"`   // of them, those that Search picks
	Offset  int      `json:"offset"`  // as it was asked for, or less if there are not so many
	Sockets []Socket `json:"sockets"` // never null
}

// A Socket is one connection.
type Socket struct {
	ID          int64   `json:"id"` // the number that the log has as conn
	Address     string  `json:"address"`
	Path        string  `json:"path"` // without the query, which may hold a secret
	Agent       string  `json:"agent,omitempty"`
	Origin      string  `json:"origin,omitempty"`
	Subprotocol string  `json:"subprotocol,omitempty"`
	State       string  `json:"state"`
	Since       int64   `json:"since"` // milliseconds since 1970
	Received    Counted `json:"received"`
	Sent        Counted `json:"sent"`
	Queued      int64   `json:"queued"`        // octets that wait to be sent
	RoundTrip   float64 `json:"round_trip_ms"` // of the last Ping; 0: none was answered
	Extensions  string  `json:"extensions,omitempty"`
	Tapped      bool    `json:"tapped,omitempty"` // by some operator
}

// Counted is what one connection has had in one direction.
type Counted struct {
	Messages uint64 `json:"messages"`
	Octets   uint64 `json:"octets"`
}

// Frames are frames of one connection, in the order in which they came and went.
type Frames struct {
	Socket int64   `json:"socket"`
	Frames []Frame `json:"frames"`
	Missed uint64  `json:"missed,omitempty"` // came before these and were not sent, because there were too many
}

// A Frame is one as it was on the wire, without the mask.
type Frame struct {
	Time   int64 `json:"time"` // microseconds since 1970
	Sent   bool  `json:"sent"` // by the server
	Opcode uint8 `json:"opcode"`
	Fin    bool  `json:"fin"`
	RSV    uint8 `json:"rsv,omitempty"` // 4, 2 and 1 are RSV1, RSV2 and RSV3
	Masked bool  `json:"masked,omitempty"`
	Length int64 `json:"length"`
	// Compressed tells that the payload is, also of a continuation frame, which has no flag that says so.
	Compressed bool   `json:"compressed,omitempty"`
	Start      []byte `json:"start"` // the first octets of the payload, at most FrameStart, in base64
}

// FrameStart is how much of a frame's payload is shown.
const FrameStart = 256

// Gone tells that a connection that was tapped has ended, and how.
type Gone struct {
	Socket int64  `json:"socket"`
	Code   int    `json:"code"`
	Reason string `json:"reason,omitempty"`
	Clean  bool   `json:"clean"`
}

// Drained is in the answer to Drain, and at its end.
type Drained struct {
	Connections int `json:"connections"` // there were, at the beginning
	Picked      int `json:"picked"`      // of them, to be closed
	Closed      int `json:"closed"`      // so far; who has left by itself is not counted
}

// encode is for what always has a form in JSON.
func encode(e Event) []byte {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return text
}

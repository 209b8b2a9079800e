package websocket

import (
	"bufio"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	everwire "github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
)

// An Upgrader answers opening handshakes. It may be used by many goroutines at once, and not be changed meanwhile.
type Upgrader struct {
	// HandshakeTimeout has no effect: the answer is written within ten seconds.
	HandshakeTimeout time.Duration

	// ReadBufferSize and WriteBufferSize have no effect.
	ReadBufferSize, WriteBufferSize int

	// WriteBufferPool has no effect.
	WriteBufferPool BufferPool

	// Subprotocols are those that the server speaks, by preference: the first that the client offers is chosen.
	// If it is nil, it is the one that the Sec-Websocket-Protocol of Upgrade's responseHeader names.
	Subprotocols []string

	// Error answers a handshake that is refused; reason is a [HandshakeError]. Default: [http.Error] with the
	// status's text.
	Error func(w http.ResponseWriter, r *http.Request, status int, reason error)

	// CheckOrigin says whether the page that the request comes from may connect; if not, it is refused with 403. Default:
	// a request with an Origin must come from the server's own host, which keeps other people's pages
	// from using a visitor's cookies (RFC 6455 §10.2).
	CheckOrigin func(r *http.Request) bool

	// EnableCompression agrees to compression where the client offers it (RFC 7692).
	EnableCompression bool
}

// A BufferPool is what [sync.Pool] is. It has no effect here.
type BufferPool interface {
	Get() interface{}
	Put(interface{})
}

// Upgrade answers the handshake r and returns the connection. ResponseHeader, which may be nil, has further fields of the
// answer, such as Set-Cookie. If it fails, the request was answered, by Error, and the handler just returns;
// the error is a [HandshakeError] where the request is at fault.
func (u *Upgrader) Upgrade(w http.ResponseWriter, r *http.Request, responseHeader http.Header) (*Conn, error) {
	if _, ok := responseHeader["Sec-Websocket-Extensions"]; ok {
		return nil, u.refuse(w, r, http.StatusInternalServerError, "websocket: extensions cannot be chosen in the answer's header")
	}
	answer := &quiet{w: w, header: http.Header{}}
	conn, err := everwire.Accept(answer, u.request(r), u.options(r, responseHeader))
	if err == nil {
		return newConn(conn), nil
	}
	var refused *everwire.HandshakeError
	if !errors.As(err, &refused) || refused.Status == 0 {
		return nil, err // after the answer
	}
	status := refused.Status
	if status == http.StatusUpgradeRequired {
		status = http.StatusBadRequest // which programs and their tests know
	}
	return nil, u.refuse(w, r, status, "websocket: "+refused.Reason)
}

// options are what an Upgrader says, for the request that is to be answered.
func (u *Upgrader) options(r *http.Request, extra http.Header) *everwire.AcceptOptions {
	opts := &everwire.AcceptOptions{Limits: noLimits, Heartbeat: noHeartbeat, Compression: compression(u.EnableCompression)}
	if chosen := u.subprotocol(r, extra); chosen != "" {
		opts.Subprotocols = []string{chosen}
	}
	opts.OnRequest = func(_ *http.Request, answer http.Header) error {
		if u.CheckOrigin != nil && !u.CheckOrigin(r) {
			return everwire.Refuse(http.StatusForbidden, "CheckOrigin does not allow the origin")
		}
		maps.Copy(answer, extra)
		delete(answer, "Sec-Websocket-Protocol")
		return nil
	}
	return opts
}

// request returns r as Accept is to see it: without the origin, if CheckOrigin judges it, be it what it may.
func (u *Upgrader) request(r *http.Request) *http.Request {
	if u.CheckOrigin == nil {
		return r
	}
	anywhere := *r
	anywhere.Header = maps.Clone(r.Header)
	delete(anywhere.Header, "Origin")
	return &anywhere
}

// subprotocol chooses the subprotocol, or "".
func (u *Upgrader) subprotocol(r *http.Request, extra http.Header) string {
	if u.Subprotocols == nil {
		return extra.Get("Sec-Websocket-Protocol")
	}
	offered := Subprotocols(r)
	for _, name := range u.Subprotocols {
		if slices.Contains(offered, name) {
			return name
		}
	}
	return ""
}

func (u *Upgrader) refuse(w http.ResponseWriter, r *http.Request, status int, reason string) error {
	err := HandshakeError{reason}
	if u.Error != nil {
		u.Error(w, r, status, err)
	} else {
		w.Header().Set("Sec-Websocket-Version", "13")
		http.Error(w, http.StatusText(status), status)
	}
	return err
}

// quiet is a ResponseWriter for Accept: a refusal is left to the Upgrader to write.
type quiet struct {
	w      http.ResponseWriter
	header http.Header
}

func (q *quiet) Header() http.Header         { return q.header }
func (q *quiet) Write(p []byte) (int, error) { return len(p), nil }
func (q *quiet) WriteHeader(int)             {}

func (q *quiet) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(q.w).Hijack()
}

// Upgrade is the Upgrade of an [Upgrader] that does not look at the origin, which is left to the program, and does not
// answer a request that it refuses.
//
// Deprecated: use an Upgrader.
func Upgrade(w http.ResponseWriter, r *http.Request, responseHeader http.Header, readBufSize, writeBufSize int) (*Conn, error) {
	u := Upgrader{
		CheckOrigin: func(*http.Request) bool { return true },
		Error:       func(http.ResponseWriter, *http.Request, int, error) {},
	}
	return u.Upgrade(w, r, responseHeader)
}

// Subprotocols returns the subprotocols that the client offers, in its order of preference.
func Subprotocols(r *http.Request) []string {
	offered, err := handshake.Subprotocols(r.Header)
	if err != nil {
		return nil
	}
	return offered
}

// IsWebSocketUpgrade reports whether the request asks for WebSocket. It need not be one that can be granted.
func IsWebSocketUpgrade(r *http.Request) bool { return handshake.IsUpgrade(r.Header) }

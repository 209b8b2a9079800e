package websocket

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/everwire/everwire/internal/protocol"
	"github.com/everwire/everwire/websocket/deflate"
	"github.com/everwire/everwire/websocket/handshake"
)

// Accept answers an opening handshake and returns the server's end of the connection as a [Conn], from
// which the program reads when it likes. It works in any handler whose ResponseWriter supports
// [http.ResponseController.Hijack], itself or through Unwrap.
//
// If the handshake is refused, Accept has answered the request with a status and a text that says why,
// and returns a [*HandshakeError]; the handler just returns. Options that cannot work, such as a
// malformed pattern in [AcceptOptions.Origins], refuse every handshake with status 500. After success
// the handler must not use w or r's body; it may return, the connection stays.
func Accept(w http.ResponseWriter, r *http.Request, opts *AcceptOptions) (*Conn, error) {
	set, err := opts.settings()
	if err != nil {
		return nil, misconfigured(w, err)
	}
	began := set.observer.beginning()
	up, err := upgrade(w, r, set, nil)
	if err == nil {
		err = up.writeAnswer()
	}
	if err != nil {
		set.observer.failed(r, err, began)
		return nil, err
	}
	up.began = began
	c := newConn(up.nc, protocol.Server, set, up.ahead, up.info)
	c.tellOpened(up)
	return c, nil
}

// Upgrade answers an opening handshake and returns the server's end of the connection as a [Socket],
// which is OPEN. It needs and answers what [Accept] does.
//
// Setup, which may be nil, is called on the caller's goroutine with the new Socket before anything is
// delivered: add listeners there. The open event follows once it has returned. If it panics, the Socket
// ends as it does by a panic in a listener, and the panic goes on. R must not be kept beyond the
// handler's return.
func Upgrade(w http.ResponseWriter, r *http.Request, opts *AcceptOptions, setup func(*Socket)) (*Socket, error) {
	set, err := opts.settings()
	if err != nil {
		return nil, misconfigured(w, err)
	}
	began := set.observer.beginning()
	up, err := upgrade(w, r, set, nil)
	if err != nil {
		set.observer.failed(r, err, began)
		return nil, err
	}
	up.began = began
	s := newSocket(protocol.Server, set, Connecting)
	s.start(up, func(s *Socket) {
		s.answer()
		if setup != nil {
			setup(s)
		}
	})
	return s, nil
}

// start opens a new socket at a server's end. Setup has to call answer.
func (s *Socket) start(up *upgraded, setup func(*Socket)) {
	d := s.open(up)
	defer d.run() // also if setup panics: the socket must end in order
	s.tellOpened(up)
	s.setUp(setup)
}

// open makes a CONNECTING socket, whose delivery token the caller holds, an OPEN one, and returns its
// driver for the caller to run; or nil if it was closed meanwhile.
func (s *Socket) open(up *upgraded) driver {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ReadyState() != Connecting {
		return nil
	}
	d := newDriver(s, up)
	s.holdDeparted()
	s.setInfo(&up.info)
	if s.dialStop != nil {
		s.extra.dialStop = nil
		s.restExtra()
	}
	if p := up.info.deflate; p.Agreed() {
		s.takeArrival()
		s.receiver.Inflate(p)
		s.more().compressor = newCompressor(s.sender.Role(), &s.settings.compression, p)
	}
	s.setState(Open) // not before there is a driver: from now on others may send
	s.post(event{kind: eventOpen})
	s.startHeartbeat()
	return d
}

// setUp calls setup, which may be nil, and ends the socket if it panics. The caller holds the delivery
// token.
func (s *Socket) setUp(setup func(*Socket)) {
	if setup == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			s.fail(CloseInternalError, "", &PanicError{Value: v, Stack: debug.Stack()})
			panic(v)
		}
	}()
	setup(s)
}

// answer has the driver send the answer to the opening handshake, which goes ahead of all messages:
// once the client has it, whatever the server was to do before is done.
func (s *Socket) answer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wakeOutput()
}

// upgraded is a stream whose opening handshake is done, but for the answer at a server's end.
type upgraded struct {
	nc      net.Conn // nil if greeted has it
	greeted *greeter
	ahead   []byte // octets that came right behind the handshake
	answer  []byte // to send before anything else; nil at a client's end
	info    connInfo

	request *http.Request // nil at a client's end
	began   time.Duration // when there was the request, or connecting began, for an Observer
}

// writeAnswer sends the answer of a Conn, within a bounded time.
func (up *upgraded) writeAnswer() error {
	up.nc.SetWriteDeadline(time.Now().Add(answerTimeout))
	if _, err := up.nc.Write(up.answer); err != nil {
		up.nc.Close()
		return &HandshakeError{Reason: "cannot write the answer", Err: err}
	}
	up.nc.SetWriteDeadline(time.Time{})
	return nil
}

// Refuse returns an error for [AcceptOptions].OnRequest to return, so that the handshake is answered
// with a status and a text, besides the fields that were added to the answer's header. It may be wrapped
// in another error. A status that is not one of an error, 400 to 599, is answered as 500.
func Refuse(status int, text string) error {
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	return &refusal{status: status, text: text}
}

type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return fmt.Sprintf("refused with status %d: %s", e.status, e.text) }

// answerTimeout bounds the writing of the answer: a client that reads nothing must not hold a goroutine.
const answerTimeout = 10 * time.Second

// misconfigured answers a request when the options cannot work. What is wrong is not the client's business.
func misconfigured(w http.ResponseWriter, err error) error {
	http.Error(w, "this server's WebSocket options are wrong", http.StatusInternalServerError)
	return &HandshakeError{Status: http.StatusInternalServerError, Reason: err.Error(), Err: err}
}

// upgrade judges and answers the opening handshake. If it fails, the request has been answered.
// OnHeaders, which may be nil, sees the header of the answer last.
func upgrade(w http.ResponseWriter, r *http.Request, set *settings, onHeaders func(*http.Request, http.Header)) (*upgraded, error) {
	response, params, refused := judge(r, set)
	if refused == nil && onHeaders != nil {
		onHeaders(r, response.Header)
	}
	if refused != nil {
		refused.answer(w)
		return nil, &refused.HandshakeError
	}
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		const reason = "this handler's ResponseWriter cannot be hijacked; a middleware hides it"
		http.Error(w, "websocket: "+reason, http.StatusInternalServerError)
		return nil, &HandshakeError{Status: http.StatusInternalServerError, Reason: reason, Err: err}
	}
	nc.SetDeadline(time.Time{}) // what the http.Server allowed for the request is over
	up := newUpgraded(r, set, response, params)
	if n := buffered.Reader.Buffered(); n > 0 {
		up.ahead = make([]byte, n)
		io.ReadFull(buffered.Reader, up.ahead) // from memory
	}
	if c, ok := nc.(*passedConn); ok {
		up.ahead = append(up.ahead, c.ahead...)
		nc = c.Conn
	}
	if c, ok := nc.(*listenerConn); ok {
		nc = c.Conn // without TLS there is nothing to switch
	}
	up.nc = nc
	up.info.local, up.info.remote, up.info.tls = nc.LocalAddr(), nc.RemoteAddr(), tlsState(nc)
	return up, nil
}

// newUpgraded makes what is known of the request and the answer.
func newUpgraded(r *http.Request, set *settings, response *handshake.Response, params deflate.Params) *upgraded {
	return &upgraded{
		request: r,
		answer:  response.Append(make([]byte, 0, 256)),
		info: connInfo{
			url:         requestURL(r),
			subprotocol: strings.Clone(response.Subprotocol), // it is a part of the request's header
			extensions:  string(handshake.AppendExtensions(nil, response.Extensions)),
			deflate:     params,
			header:      kept(r.Header, set.keepHeader),
		},
	}
}

// refusedHandshake is a HandshakeError with what else its answer needs.
type refusedHandshake struct {
	HandshakeError
	header http.Header
	text   string
}

// answer writes the refusal.
func (e *refusedHandshake) answer(w http.ResponseWriter) {
	maps.Copy(w.Header(), e.header)
	http.Error(w, e.text, e.Status)
}

// judge holds a request against RFC 6455 §4.2.1 and the settings, and makes the answer.
func judge(r *http.Request, set *settings) (*handshake.Response, deflate.Params, *refusedHandshake) {
	none := deflate.Params{}
	req := &handshake.Request{
		Method: r.Method, Target: r.RequestURI, Major: r.ProtoMajor, Minor: r.ProtoMinor,
		Host: r.Host, Header: r.Header,
	}
	if err := req.Check(); err != nil {
		return nil, none, refuse(err)
	}
	if r.ContentLength != 0 { // -1: it has a Transfer-Encoding
		return nil, none, refuse(errBody)
	}
	if err := handshake.CheckOrigin(req, set.origins); err != nil {
		return nil, none, refuse(err)
	}
	offered, err := handshake.Subprotocols(r.Header)
	if err != nil {
		return nil, none, refuse(err)
	}
	extensions, err := handshake.ParseExtensions(r.Header)
	if err != nil {
		return nil, none, refuse(err)
	}
	response := &handshake.Response{
		Key:         r.Header.Get("Sec-WebSocket-Key"),
		Subprotocol: handshake.SelectSubprotocol(offered, set.subprotocols),
		Header:      http.Header{},
	}
	if set.onRequest != nil {
		if err := set.onRequest(r, response.Header); err != nil {
			return nil, none, refuseByHook(err, response.Header)
		}
	}
	params := none
	if c := &set.compression; c.enabled {
		var answer handshake.Extension
		var ok bool
		if answer, params, ok = deflate.Select(extensions, c.config); ok {
			response.Extensions = []handshake.Extension{answer}
		}
	}
	return response, params, nil
}

// errBody refuses a request with a body, whose octets would be taken for frames: those begin right behind the
// handshake. It is judged here and not in package handshake because net/http takes Transfer-Encoding out of the
// header.
var errBody = &handshake.Error{
	Status:  http.StatusBadRequest,
	Reason:  "the request has a body; a WebSocket handshake has none",
	Section: "RFC 9110 §7.8",
}

func refuse(err error) *refusedHandshake {
	e := &handshake.Error{Status: http.StatusBadRequest, Reason: err.Error()}
	errors.As(err, &e)
	text := "WebSocket handshake refused: " + e.Reason
	return &refusedHandshake{HandshakeError{Status: e.Status, Reason: e.Reason, Err: err}, e.Header, text}
}

func refuseByHook(err error, header http.Header) *refusedHandshake {
	e := &refusal{status: http.StatusForbidden, text: http.StatusText(http.StatusForbidden)}
	errors.As(err, &e)
	return &refusedHandshake{HandshakeError{Status: e.status, Reason: "refused by OnRequest", Err: err}, header, e.text}
}

// kept returns the fields of h that are to be remembered.
func kept(h http.Header, names []string) http.Header {
	var k http.Header
	for _, name := range names {
		name = http.CanonicalHeaderKey(name)
		if v := h[name]; len(v) > 0 {
			if k == nil {
				k = http.Header{}
			}
			k[name] = make([]string, len(v))
			for i := range v {
				k[name][i] = strings.Clone(v[i]) // it may be a part of the whole header
			}
		}
	}
	return k
}

// requestURL is the URL that the client asked for, as far as a server can tell. It is made of the target
// as it was sent: handlers on the way, such as http.StripPrefix, change r.URL.
func requestURL(r *http.Request) string {
	scheme := "ws://"
	if r.TLS != nil {
		scheme = "wss://"
	}
	path := r.RequestURI
	if _, rest, absolute := strings.Cut(path, "://"); absolute && path[0] != '/' {
		path = ""
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			path = rest[i:]
		}
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
	}
	return scheme + r.Host + path
}

func tlsState(nc net.Conn) *tls.ConnectionState {
	if t, ok := nc.(*tls.Conn); ok {
		state := t.ConnectionState()
		return &state
	}
	return nil
}

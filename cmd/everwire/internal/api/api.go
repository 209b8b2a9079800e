package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/access"
	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/websocket"
)

// Path is where the API is mounted.
const Path = "/api/"

// Options are for [New].
type Options struct {
	// Hub is what the API publishes to and asks. It must be there, and be closed after the API.
	Hub *hub.Hub

	// Keys are the keys that backends show. Default: none, so that nobody may ask, and the API only does
	// what other nodes' APIs ask for.
	Keys *Keys

	// Sockets finds those to be disconnected, but for rooms, whose members the Hub knows. It must be there.
	Sockets Sockets

	// ClientAddr says where a request comes from, where wrong keys are counted. Default: Request.RemoteAddr.
	ClientAddr func(*http.Request) netip.Addr

	Limits Limits

	// Log is told who shows wrong keys, and who is disconnected. Default: nobody is.
	Log *slog.Logger
}

// Limits bound what a backend may ask.
type Limits struct {
	// Body is how many octets a request's body may have. Default 1 MiB.
	Body int64

	// Wait is how long a request waits for the hub. Default 5 s.
	Wait time.Duration
}

// Sockets finds the sockets of this node that the API may close. [Directory] is one. It is used by several
// goroutines at once.
type Sockets interface {
	OfUser(user string) []*websocket.Socket
	OfConnection(id string) []*websocket.Socket
}

// API is an http.Handler for the requests below Path.
type API struct {
	hub      *hub.Hub
	keys     *Keys
	sockets  Sockets
	address  func(*http.Request) netip.Addr
	limits   Limits
	log      *slog.Logger
	attempts access.Attempts
	control  *control
}

// New returns the API. It passes on to the other nodes of the hub whom to disconnect, and does what they
// pass on, until Close: so every node needs one, also one that backends do not ask.
func New(o Options) (*API, error) {
	if o.Hub == nil || o.Sockets == nil {
		return nil, errors.New("api: Hub and Sockets must be there")
	}
	a := &API{hub: o.Hub, keys: o.Keys, sockets: o.Sockets, address: o.ClientAddr, limits: o.Limits, log: o.Log}
	if a.address == nil {
		a.address = remoteAddr
	}
	if a.limits.Body <= 0 {
		a.limits.Body = 1 << 20
	}
	if a.limits.Wait <= 0 {
		a.limits.Wait = 5 * time.Second
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	control, err := newControl(a)
	if err != nil {
		return nil, err
	}
	a.control = control
	return a, nil
}

// Close ends what New has begun. Requests must not come any more.
func (a *API) Close() { a.control.close() }

func remoteAddr(r *http.Request) netip.Addr {
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	return from.Addr().Unmap()
}

// bodyTime is how long a request's body may take.
const bodyTime = 30 * time.Second

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answered, err := a.serve(&call{w: w, r: r})
	switch {
	case err == nil:
		answer(w, http.StatusOK, answered)
	case r.Context().Err() != nil: // nobody is there any more
	default:
		f := faultOf(err)
		if f == nil {
			a.log.Error("a request to the API failed", "path", r.URL.Path, "error", err)
			f = &fault{status: http.StatusInternalServerError, code: "internal", text: "the server has failed; its log says more"}
		}
		answerFault(w, f)
	}
}

func (a *API) serve(c *call) (any, error) {
	rt, room := find(c.r.URL.EscapedPath())
	if rt == nil || !rt.open {
		if err := a.admit(c); err != nil {
			return nil, err
		}
	}
	if rt == nil {
		return nil, &fault{status: http.StatusNotFound, code: "not_found", text: "there is nothing here; " + Path + "openapi.json tells what is where"}
	}
	h, err := rt.handler(c.r.Method)
	if err != nil {
		return nil, err
	}
	if c.room = room; reserved(room) {
		return nil, errReserved
	}
	return h(a, c)
}

// admit says whether a request has a key that counts.
func (a *API) admit(c *call) error {
	token, ok := access.Bearer(c.r.Header)
	if !ok {
		return unauthorized("Bearer", "send an API key: Authorization: Bearer KEY")
	}
	name, right, err := a.keys.find(token)
	if err != nil {
		a.log.Error("the API keys cannot be read again; those of before count", "error", err)
	}
	from := a.address(c.r)
	switch err := a.attempts.Try(from, right); err {
	case nil:
	case access.ErrTooMany:
		return &fault{
			status: http.StatusTooManyRequests, code: "too_many", text: "too many wrong API keys came from this address; wait a minute",
			field: "Retry-After", value: "60",
		}
	default:
		a.log.Warn("a wrong API key", "remote", from.String())
		return unauthorized(`Bearer error="invalid_token"`, "that is not an API key of this server")
	}
	c.key = name
	return nil
}

func unauthorized(challenge, text string) *fault {
	return &fault{
		status: http.StatusUnauthorized, code: "unauthorized", text: text,
		field: "WWW-Authenticate", value: challenge,
	}
}

// patience is for what is asked of the hub. It begins when the request is there as a whole.
func (a *API) patience(c *call) (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.r.Context(), a.limits.Wait)
}

// object reads the request's body, which is a JSON object.
func (a *API) object(c *call, fields map[string]any) error {
	if coding := c.r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return &fault{status: http.StatusUnsupportedMediaType, code: "bad_request", text: "send the body as it is, without Content-Encoding"}
	}
	if _, err := readQuery(c.r.URL.RawQuery); err != nil {
		return err
	}
	http.NewResponseController(c.w).SetReadDeadline(time.Now().Add(bodyTime)) // where the server can
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, a.limits.Body))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooBig(a.limits.Body)
	case err != nil:
		return badRequest("the body did not come whole")
	}
	if err := readObject(body, fields); err != nil {
		return badRequest("%s", err)
	}
	return nil
}

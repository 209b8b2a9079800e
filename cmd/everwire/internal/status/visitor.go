package status

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/access"
	"github.com/everwire/everwire/websocket"
)

var (
	errNoToken  = errors.New("this server has no operator's token; start it with --admin-token-file FILE or " + TokenVariable)
	errWrong    = errors.New("that is not the operator's token")
	errStranger = errors.New("sign in first")
)

// mostTaps is how many connections one visitor may tap at a time.
const mostTaps = 8

// A visitor is who is at the other end of one connection to the Board. Its methods run in the connection's
// listeners, one at a time.
type visitor struct {
	board    *Board
	socket   *websocket.Socket
	from     netip.Addr
	log      *slog.Logger
	operator bool
	sees     bool // the numbers
	wrong    int  // tokens
	late     *time.Timer
	taps     map[int64]*tap
}

// visit is called with each new connection.
func (b *Board) visit(s *websocket.Socket, r *http.Request) {
	v := &visitor{board: b, socket: s, from: b.address(r), log: b.log.With("remote", s.RemoteAddr().String()), taps: map[int64]*tap{}}
	s.OnMessage(func(_ *websocket.Socket, m websocket.Message) { v.message(m) })
	s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { v.leave() })
	local := isLocal(r)
	token, _ := access.Bearer(r.Header)
	switch {
	case b.token.Is(token):
		v.enter()
	case local:
		v.sees = true
	case b.token == nil:
		s.Close(CodeNobody, "nothing is shown here without an operator's token, and there is none")
		return
	default:
		v.late = time.AfterFunc(b.patience, func() { s.Close(CodeSignIn, errStranger.Error()) })
	}
	v.hello(0)
}

// enter makes the visitor the operator.
func (v *visitor) enter() {
	v.operator, v.sees = true, true
	v.log.Info("operator signed in")
	if v.late != nil {
		v.late.Stop()
	}
}

// hello tells what the visitor may do, and shows what it may see.
func (v *visitor) hello(id int64) {
	hello := &Hello{
		Operator: v.operator, Numbers: v.sees, SignIn: v.board.token != nil,
		Started: v.board.collector.started.UnixMilli(),
	}
	v.send(Event{Is: IsHello, ID: id, Hello: hello})
	if v.sees && !v.board.watchers.Has(v.socket) {
		v.board.watchers.Add(v.socket) // first, so that no sample is in neither
		v.send(Event{Is: IsHistory, History: v.board.collector.lastMinutes()})
	}
}

func (v *visitor) send(e Event) { v.socket.SendText(string(encode(e))) }

// spare sends unless much waits already.
func (v *visitor) spare(e Event) bool {
	if v.socket.BufferedAmount() > waiting {
		return false
	}
	return v.socket.SendText(string(encode(e))) == nil
}

func (v *visitor) leave() {
	if v.late != nil {
		v.late.Stop()
	}
	for _, t := range v.taps {
		t.stop()
	}
}

// message does what is asked, and answers.
func (v *visitor) message(m websocket.Message) {
	if m.Type() != websocket.Text {
		v.socket.Close(websocket.CloseUnsupportedData, "commands are text")
		return
	}
	c, err := ParseCommand(m.Bytes())
	switch {
	case err != nil && v.operator:
		v.answer(c, nil, err)
	case err == nil && c.Do == SignIn:
		v.signIn(c)
	case err != nil, !v.operator: // a stranger's mistakes are not explained
		v.answer(c, nil, errStranger)
	case c.Do == Drain:
		v.drain(c)
	default:
		listing, err := v.do(c)
		v.answer(c, listing, err)
	}
}

func (v *visitor) answer(c Command, listing *Listing, err error) {
	e := Event{Is: IsAnswer, ID: c.ID, Listing: listing}
	if err != nil {
		e.Error = err.Error()
	}
	v.send(e)
}

func (v *visitor) signIn(c Command) {
	if v.operator {
		v.hello(c.ID)
		return
	}
	err := v.board.signIn(v.from, c.Token)
	if err == nil {
		v.enter()
		v.hello(c.ID)
		return
	}
	v.answer(c, nil, err)
	if v.wrong++; v.wrong >= wrongTokens {
		v.socket.Close(websocket.ClosePolicyViolation, "too many wrong tokens")
	}
}

// signIn says whether a token that came from an address is the operator's.
func (b *Board) signIn(from netip.Addr, token string) error {
	if b.token == nil {
		return errNoToken
	}
	err := b.attempts.Try(from, b.token.Is(token))
	if err == access.ErrWrong {
		err = errWrong
	}
	if err != nil {
		b.log.Warn("operator not signed in", "remote", from.String(), "error", err)
	}
	return err
}

// do does what the operator asks.
func (v *visitor) do(c Command) (*Listing, error) {
	switch c.Do {
	case List:
		return v.board.collector.list(c), nil
	case Close:
		return nil, v.close(c)
	case Tap:
		return nil, v.tap(c.Socket)
	case Untap:
		if t := v.taps[c.Socket]; t != nil {
			t.stop()
			delete(v.taps, c.Socket)
		}
	}
	return nil, nil
}

func (v *visitor) close(c Command) error {
	conn := v.board.collector.find(c.Socket)
	if conn == nil {
		return errNoSocket
	}
	if conn.peer.ReadyState() != websocket.Open {
		return errors.New("it is closing already")
	}
	if err := conn.peer.Close(websocket.CloseCode(c.Code), c.Reason); err != nil {
		return err
	}
	v.log.Info("operator closed a connection", "conn", c.Socket, "code", c.Code, "reason", c.Reason)
	return nil
}

func (v *visitor) tap(id int64) error {
	for old, t := range v.taps { // those whose connection is gone
		if t.over() {
			delete(v.taps, old)
		}
	}
	if v.taps[id] != nil {
		return nil
	}
	conn := v.board.collector.find(id)
	switch {
	case conn == nil:
		return errNoSocket
	case len(v.taps) >= mostTaps:
		return errors.New("that would be one tap too many; end another one first")
	}
	t, err := conn.tap(v.spare)
	if err != nil {
		return err
	}
	v.taps[id] = t
	v.log.Info("operator taps a connection", "conn", id)
	return nil
}

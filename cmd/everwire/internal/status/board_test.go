package status

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/access"
	"github.com/everwire/everwire/websocket"
)

// A place is a server with an echo endpoint, and a Board that shows it.
type place struct {
	t         *testing.T
	arrived   chan struct{} // each time the Collector knows of one more
	collector *Collector
	board     *Board
	url       string
	log       *logbook
}

func newPlace(t *testing.T, token string) *place {
	t.Helper()
	p := &place{t: t, arrived: make(chan struct{}, 16), collector: NewCollector(), log: &logbook{}}
	p.board = NewBoard(p.collector, Config{Token: token, Log: slog.New(slog.NewTextHandler(p.log, nil))})
	echo := &websocket.Server{}
	var last atomic.Int64
	echo.OnConnection(func(s *websocket.Socket, r *http.Request) {
		p.collector.Connected(last.Add(1), s, r)
		p.arrived <- struct{}{}
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	p.collector.Watch(echo)
	mux := http.NewServeMux()
	mux.Handle(Path, p.board.Server())
	mux.Handle("/echo", echo)
	srv := httptest.NewServer(mux)
	p.url = "ws" + strings.TrimPrefix(srv.URL, "http")
	t.Cleanup(func() {
		echo.Close()
		p.board.Server().Close()
		srv.Close()
	})
	return p
}

type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logbook) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *logbook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// A guest is a client of the Board.
type guest struct {
	t    *testing.T
	conn *websocket.Conn
	last int64
}

// dial connects with header fields, given as name and value in turn.
func (p *place) dial(path string, fields ...string) (*websocket.Conn, error) {
	h := http.Header{}
	for i := 0; i < len(fields); i += 2 {
		h.Set(fields[i], fields[i+1])
	}
	return websocket.Dial(p.t.Context(), p.url+path, &websocket.DialOptions{Header: h})
}

func (p *place) guest(fields ...string) *guest {
	p.t.Helper()
	c, err := p.dial(Path, fields...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(c.Terminate)
	return &guest{t: p.t, conn: c}
}

const elsewhere = "example.com" // as Host: who names it does not mean this machine

func (p *place) operator() *guest {
	p.t.Helper()
	g := p.guest("Host", elsewhere, "Authorization", "Bearer "+token)
	if h := g.await(IsHello).Hello; !h.Operator {
		p.t.Fatalf("hello %+v", h)
	}
	return g
}

// echo connects to the endpoint that is shown.
func (p *place) echo() *websocket.Conn {
	p.t.Helper()
	c, err := p.dial("/echo?token=query", "User-Agent", "tester/1.0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(c.Terminate)
	<-p.arrived // the answer comes first
	return c
}

// next is the next event, or the end of the connection.
func (g *guest) next() (Event, error) {
	ctx, cancel := context.WithTimeout(g.t.Context(), 20*time.Second)
	defer cancel()
	_, data, err := g.conn.Read(ctx)
	if err != nil {
		return Event{}, err
	}
	var e Event
	if err := json.Unmarshal(data, &e); err != nil {
		g.t.Fatalf("%s: %v", data, err)
	}
	return e, nil
}

// await returns the next event of a kind.
func (g *guest) await(is string) Event {
	g.t.Helper()
	for {
		e, err := g.next()
		if err != nil {
			g.t.Fatalf("waiting for %s: %v", is, err)
		}
		if e.Is == is {
			return e
		}
	}
}

func (g *guest) say(text string) {
	g.t.Helper()
	if err := g.conn.Write(g.t.Context(), websocket.Text, []byte(text)); err != nil {
		g.t.Fatal(err)
	}
}

// ask sends a command and returns the answer.
func (g *guest) ask(c Command) Event {
	g.t.Helper()
	g.last++
	c.ID = g.last
	text, err := json.Marshal(c)
	if err != nil {
		g.t.Fatal(err)
	}
	g.say(string(text))
	for {
		e, err := g.next()
		if err != nil {
			g.t.Fatalf("waiting for the answer to %+v: %v", c, err)
		}
		if e.ID == g.last {
			return e
		}
	}
}

// end reads until the connection's end.
func (g *guest) end() websocket.CloseCode {
	g.t.Helper()
	for {
		if _, err := g.next(); err != nil {
			return websocket.CloseCodeOf(err)
		}
	}
}

func statusOf(t *testing.T, c *websocket.Conn, err error) (int, *http.Response) {
	t.Helper()
	if err == nil {
		c.Terminate()
		return http.StatusSwitchingProtocols, nil
	}
	var refused *websocket.HandshakeError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return refused.Status, refused.Response
}

// Who is on this machine sees numbers without a token, and nothing else.
func TestNumbersAreThereLocally(t *testing.T) {
	for _, token := range []string{"", token} {
		t.Run(fmt.Sprintf("token %q", token), func(t *testing.T) {
			p := newPlace(t, token)
			p.echo()
			g := p.guest()
			if h := g.await(IsHello).Hello; h.Operator || !h.Numbers || h.SignIn != (token != "") || h.Started == 0 {
				t.Errorf("hello %+v", h)
			}
			if h := g.await(IsHistory).History; len(h) != 1 {
				t.Errorf("history %+v", h)
			}
			p.board.step()
			if n := g.await(IsNumbers).Numbers; n.Connections != 1 || n.Handshakes.Accepted != 1 {
				t.Errorf("numbers %+v", n)
			}
			for _, c := range []Command{{Do: List}, {Do: Close, Socket: 1}, {Do: Tap, Socket: 1}, {Do: Untap, Socket: 1}, {Do: "nonsense"}} {
				if e := g.ask(c); e.Error != errStranger.Error() || e.Listing != nil {
					t.Errorf("%+v: %+v", c, e)
				}
			}
		})
	}
}

func TestNumbersGoToAllWhoWatch(t *testing.T) {
	p := newPlace(t, "")
	stop := p.board.Start()
	defer stop()
	for _, g := range []*guest{p.guest(), p.guest(), p.guest()} {
		if n := g.await(IsNumbers).Numbers; n.Time == 0 {
			t.Errorf("numbers %+v", n)
		}
	}
}

func TestFromElsewhereThereIsNothingWithoutAToken(t *testing.T) {
	g := newPlace(t, "").guest("Host", elsewhere)
	if e, err := g.next(); websocket.CloseCodeOf(err) != CodeNobody {
		t.Errorf("%+v, %v; want it closed with %d", e, err, CodeNobody)
	}

	p := newPlace(t, token)
	g = p.guest("Host", elsewhere)
	if h := g.await(IsHello).Hello; h.Operator || h.Numbers || !h.SignIn {
		t.Errorf("hello %+v", h)
	}
	p.board.step()
	if e := g.ask(Command{Do: List}); e.Error != errStranger.Error() {
		t.Errorf("%+v", e)
	}
	if e := g.ask(Command{Do: SignIn, Token: token}); e.Is != IsHello || !e.Hello.Operator || !e.Hello.Numbers {
		t.Errorf("%+v", e)
	}
	if e, err := g.next(); err != nil || e.Is != IsHistory || len(e.History) != 2 {
		t.Errorf("%+v, %v, want the history", e, err)
	}
	if e := g.ask(Command{Do: List}); e.Error != "" || e.Listing == nil {
		t.Errorf("%+v", e)
	}
	if e := g.ask(Command{Do: SignIn, Token: token}); e.Is != IsHello || !e.Hello.Operator {
		t.Errorf("again: %+v", e)
	}
	if !strings.Contains(p.log.String(), `msg="operator signed in"`) || strings.Contains(p.log.String(), token) {
		t.Errorf("the log says\n%s", p.log)
	}
}

// On a machine that is asked from elsewhere a connection is not kept for who has nothing to say.
func TestWhoDoesNotSignInIsClosed(t *testing.T) {
	p := newPlace(t, token)
	p.board.patience = 50 * time.Millisecond
	began := time.Now()
	g := p.guest("Host", elsewhere)
	if code := g.end(); code != CodeSignIn {
		t.Errorf("closed with %d, want %d", code, CodeSignIn)
	}
	if took := time.Since(began); took < p.board.patience {
		t.Errorf("after %v, want %v", took, p.board.patience)
	}
}

func TestWrongTokens(t *testing.T) {
	p := newPlace(t, token)
	g := p.guest()
	for i := range wrongTokens {
		if e := g.ask(Command{Do: SignIn, Token: "fedcba9876543210"}); e.Error != errWrong.Error() {
			t.Errorf("attempt %d: %+v", i, e)
		}
	}
	if code := g.end(); code != websocket.ClosePolicyViolation {
		t.Errorf("closed with %d", code)
	}

	// In the header it is known before there is a connection.
	for i := wrongTokens; i < access.Burst; i++ {
		status, response := statusOf(t, nil, second(p.dial(Path, "Authorization", "Bearer nonsense")))
		if status != http.StatusUnauthorized || response.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("attempt %d: status %d", i, status)
		}
	}
	for _, field := range []string{"Bearer nonsense", "Bearer " + token} {
		status, response := statusOf(t, nil, second(p.dial(Path, "Authorization", field)))
		if status != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
			t.Errorf("after too many, status %d", status)
		}
	}
	g = p.guest()
	g.await(IsHello)
	if e := g.ask(Command{Do: SignIn, Token: token}); e.Error != access.ErrTooMany.Error() {
		t.Errorf("after too many: %+v", e)
	}
	if said := p.log.String(); strings.Count(said, "operator not signed in") < access.Burst || strings.Contains(said, "nonsense") {
		t.Errorf("the log says\n%s", said)
	}
}

func second(_ *websocket.Conn, err error) error { return err }

func TestOtherAuthorizations(t *testing.T) {
	p := newPlace(t, "")
	if status, _ := statusOf(t, nil, second(p.dial(Path, "Authorization", "Bearer "+token))); status != http.StatusUnauthorized {
		t.Errorf("there is no token: status %d", status)
	}
	p = newPlace(t, token)
	if status, _ := statusOf(t, nil, second(p.dial(Path, "Authorization", "Basic b3A6c2VjcmV0"))); status != http.StatusUnauthorized {
		t.Errorf("not a bearer's: status %d", status)
	}
}

func TestOnlyTheServersOwnPages(t *testing.T) {
	p := newPlace(t, token)
	for origin, want := range map[string]int{
		"http" + strings.TrimPrefix(p.url, "ws"): http.StatusSwitchingProtocols,
		"http://evil.example":                    http.StatusForbidden,
		"null":                                   http.StatusForbidden,
	} {
		c, err := p.dial(Path, "Origin", origin)
		if status, _ := statusOf(t, c, err); status != want {
			t.Errorf("from %s: status %d, want %d", origin, status, want)
		}
	}
}

func TestHostileVisitors(t *testing.T) {
	p := newPlace(t, token)
	for _, text := range []string{"", "{", "[]", "null", `{"do":"sign-in"}x`, strings.Repeat("[", 3000), "\u0000"} {
		g := p.guest()
		g.await(IsHistory)
		g.say(text)
		if e := g.await(IsAnswer); e.Error == "" {
			t.Errorf("%.20q: %+v", text, e)
		}
	}
	g := p.guest()
	if err := g.conn.Write(t.Context(), websocket.Binary, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if code := g.end(); code != websocket.CloseUnsupportedData {
		t.Errorf("binary: closed with %d", code)
	}
	g = p.guest()
	g.say(strings.Repeat(" ", commandSize+1))
	if code := g.end(); code != websocket.CloseMessageTooBig {
		t.Errorf("too big: closed with %d", code)
	}
	if e := p.operator().ask(Command{Do: "nonsense"}); !strings.Contains(e.Error, "there is no such command") {
		t.Errorf("the operator's mistake: %+v", e)
	}
}

func TestOperatorLists(t *testing.T) {
	p := newPlace(t, token)
	c := p.echo()
	if err := c.Write(t.Context(), websocket.Text, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.echo()
	op := p.operator()
	l := op.ask(Command{Do: List, Sort: "id"}).Listing
	if l.Total != 2 || l.Found != 2 || len(l.Sockets) != 2 {
		t.Fatalf("%+v", l)
	}
	s := l.Sockets[0]
	if s.ID != 1 || s.Path != "/echo" || s.Agent != "tester/1.0" || s.State != "OPEN" || !strings.HasPrefix(s.Address, "127.0.0.1:") ||
		s.Received != (Counted{1, 5}) || s.Since == 0 {
		t.Errorf("%+v", s)
	}
	// What was sent is counted once the system has it, which may be after the client has.
	for s.Sent != (Counted{1, 5}) {
		if s.Sent.Messages > 1 {
			t.Fatalf("sent %+v", s.Sent)
		}
		s = op.ask(Command{Do: List, Sort: "id", Limit: 1}).Listing.Sockets[0]
	}
	if l := op.ask(Command{Do: List, Search: "nobody"}).Listing; l.Found != 0 || l.Total != 2 {
		t.Errorf("%+v", l)
	}
	c.Close(websocket.CloseNormal, "")
	for l.Total != 1 {
		l = op.ask(Command{Do: List}).Listing
	}
}

func TestOperatorCloses(t *testing.T) {
	p := newPlace(t, token)
	c, op := p.echo(), p.operator()
	if e := op.ask(Command{Do: Close, Socket: 1, Code: 4001, Reason: "log in again"}); e.Error != "" {
		t.Fatal(e.Error)
	}
	_, _, err := c.Read(t.Context())
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != 4001 || closed.Reason != "log in again" {
		t.Errorf("closed with %v", err)
	}
	for op.ask(Command{Do: List}).Listing.Total != 0 {
	}
	if e := op.ask(Command{Do: Close, Socket: 1}); e.Error != errNoSocket.Error() {
		t.Errorf("again: %+v", e)
	}
	if e := op.ask(Command{Do: Close, Socket: 1, Code: 1006}); !strings.Contains(e.Error, "code is one") {
		t.Errorf("with 1006: %+v", e)
	}
	if !strings.Contains(p.log.String(), `msg="operator closed a connection"`) {
		t.Errorf("the log says\n%s", p.log)
	}
	// One that does not answer is CLOSING for a while.
	add(p.collector, 99, "192.0.2.1:1", "", "")
	op.ask(Command{Do: Close, Socket: 99})
	if e := op.ask(Command{Do: Close, Socket: 99}); e.Error != "it is closing already" {
		t.Errorf("one that is closing: %+v", e)
	}
}

func TestOperatorTaps(t *testing.T) {
	p := newPlace(t, token)
	c, op := p.echo(), p.operator()
	const hostile = "<script>alert(1)</script>\x1b]0;owned\x07"
	if e := op.ask(Command{Do: Tap, Socket: 1}); e.Error != "" {
		t.Fatal(e.Error)
	}
	if e := op.ask(Command{Do: Tap, Socket: 1}); e.Error != "" {
		t.Errorf("twice: %v", e.Error)
	}
	if err := c.Write(t.Context(), websocket.Text, []byte(hostile)); err != nil {
		t.Fatal(err)
	}
	frames := op.frames(2)
	slices.SortFunc(frames, func(a, b Frame) int {
		if a.Sent == b.Sent {
			return 0
		} else if b.Sent {
			return -1
		}
		return 1
	})
	for i, f := range frames {
		if f.Sent != (i == 1) || f.Opcode != 1 || !f.Fin || f.Masked != (i == 0) || string(f.Start) != hostile ||
			f.Length != int64(len(hostile)) || time.Since(time.UnixMicro(f.Time)).Abs() > time.Hour {
			t.Errorf("frame %d: %+v", i, f)
		}
	}
	if l := op.ask(Command{Do: List}).Listing; !l.Sockets[0].Tapped {
		t.Errorf("%+v", l.Sockets[0])
	}
	op.ask(Command{Do: Untap, Socket: 1})
	if l := op.ask(Command{Do: List}).Listing; l.Sockets[0].Tapped {
		t.Errorf("after the end of the tap: %+v", l.Sockets[0])
	}
	op.ask(Command{Do: Tap, Socket: 1})
	c.Close(4002, "bye")
	if g := op.await(IsGone).Gone; *g != (Gone{Socket: 1, Code: 4002, Reason: "bye", Clean: true}) {
		t.Errorf("%+v", g)
	}
	if e := op.ask(Command{Do: Tap, Socket: 1}); e.Error != errNoSocket.Error() {
		t.Errorf("tapping what is gone: %+v", e)
	}
}

// frames waits for so many.
func (g *guest) frames(n int) []Frame {
	g.t.Helper()
	var all []Frame
	for len(all) < n {
		all = append(all, g.await(IsFrames).Frames.Frames...)
	}
	return all
}

func TestSoManyTapsAtATime(t *testing.T) {
	p := newPlace(t, token)
	op := p.operator()
	var peers []*fakePeer
	var conns []*connection
	for id := range int64(mostTaps + 1) {
		peer, conn := add(p.collector, 100+id, "192.0.2.1:1", "", "")
		peers, conns = append(peers, peer), append(conns, conn)
		e := op.ask(Command{Do: Tap, Socket: 100 + id})
		if tooMany := id == mostTaps; (e.Error != "") != tooMany {
			t.Errorf("tap %d: %q", id+1, e.Error)
		}
	}
	p.collector.closed(conns[0], websocket.CloseEvent{Code: 1000})
	op.await(IsGone)
	if e := op.ask(Command{Do: Tap, Socket: 100 + mostTaps}); e.Error != "" {
		t.Errorf("after one is gone: %q", e.Error)
	}
	// Who leaves, taps no more.
	op.conn.Close(websocket.CloseNormal, "")
	if err := p.board.Server().Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, peer := range peers[1:] {
		if n := peer.show(websocket.TapEvent{}); n != 0 {
			t.Errorf("%d is tapped by %d", i+1, n)
		}
	}
}

func TestRefusedHandshakesAreCounted(t *testing.T) {
	p := newPlace(t, token)
	if status, _ := statusOf(t, nil, second(p.dial("/echo", "Origin", "http://evil.example"))); status != http.StatusForbidden {
		t.Fatalf("status %d", status)
	}
	p.board.step()
	if h := p.guest().await(IsHistory).History; h[1].Handshakes.Refused != 1 || h[1].Handshakes.Accepted != 0 {
		t.Errorf("%+v", h[1].Handshakes)
	}
}

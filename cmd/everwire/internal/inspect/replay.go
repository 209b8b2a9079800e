package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/record"
	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/handshake"
)

// ErrDiffers is the error of a replay that was compared with its recording and was not the same, and ErrFailed that of
// one in which a connection could not be made or broke off. What it was in particular was written.
var (
	ErrDiffers = errors.New("what came back differs from the recording")
	ErrFailed  = errors.New("not all connections could be replayed")
)

// A Replay plays recordings again: the clients' side with Run, the server's with Serve.
type Replay struct {
	// Target is a ws or wss URL. What the recording's clients asked for is asked for below its path, as by a Proxy.
	Target string

	// Dial says how to connect, as for a Proxy; and Subprotocols, if there are any, are offered instead of the recorded.
	Dial *websocket.DialOptions

	Pace

	// Raw plays frames as they were recorded, compressed ones too, with their masking keys and what breaks the rules;
	// nothing is answered that the recording does not answer. The other end must agree on the extensions that were
	// recorded. Otherwise what was said is said again: messages, inflated, in as many fragments, Pings and Close frames.
	Raw bool

	// Connection is the only connection to play; 0 means all.
	Connection uint64

	// Compare has what the other end says compared with the recording: its messages and its Close frame. What Ignore
	// matches, in either, does not count.
	Compare bool
	Ignore  []*regexp.Regexp

	// Journal is where what happens is written.
	Journal Journal
}

// load reads the recording, and tells what is odd about it.
func (r *Replay) load(recording io.Reader) ([]*script, error) {
	_, scripts, err := readScripts(recording)
	if errors.Is(err, record.ErrUnfinished) && len(scripts) > 0 {
		fmt.Fprintf(&r.Journal, "%v: what is before it is played\n", err)
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if scripts, err = choose(scripts, r.Connection); err != nil {
		return nil, err
	}
	asked := slices.DeleteFunc(slices.Clone(scripts), func(s *script) bool {
		return s.open.Request == nil || s.open.Response == nil || !upgrades(s.open.Request)
	})
	if left := len(scripts) - len(asked); left > 0 {
		fmt.Fprintf(&r.Journal, "Left out: %s without a handshake for WebSocket\n", several(left, "connection"))
	}
	if len(asked) == 0 {
		return nil, errors.New("the recording has no WebSocket connection")
	}
	return asked, nil
}

// Run plays the clients of a recording to the target, each connection when it was opened. The error is ErrDiffers,
// ErrFailed, or one of the recording or the URL.
func (r *Replay) Run(ctx context.Context, recording io.Reader) error {
	t, err := newTarget(r.Target, r.Dial)
	if err != nil {
		return err
	}
	scripts, err := r.load(recording)
	if err != nil {
		return err
	}
	if hidesSecrets(scripts) {
		fmt.Fprintln(&r.Journal, "The recording has no secrets: what the server needs of them must be given, as with --header")
	}
	var all sync.WaitGroup
	var results tally
	start := time.Now()
	for _, s := range scripts {
		all.Go(func() {
			if r.Speed > 0 && !pause(ctx, time.Until(start.Add(time.Duration(float64(s.opened-scripts[0].opened)/r.Speed)))) {
				return
			}
			results.add(r.connection(ctx, t, s))
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.sum(&results)
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tally counts how connections went.
type tally struct {
	mu                     sync.Mutex
	total, failed, differs int
}

func (t *tally) add(o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total++
	if o.err != nil {
		t.failed++
	}
	if len(o.differences) > 0 {
		t.differs++
	}
}

// sum writes the last line, and returns the error of it all.
func (r *Replay) sum(t *tally) error {
	line := several(t.total, "connection") + " replayed"
	if t.failed > 0 {
		line += fmt.Sprintf(", %d failed", t.failed)
	}
	if r.Compare {
		line += map[bool]string{true: ", no differences", false: fmt.Sprintf(", %d with differences", t.differs)}[t.differs == 0]
	}
	fmt.Fprintln(&r.Journal, line)
	switch {
	case t.differs > 0:
		return ErrDiffers
	case t.failed > 0:
		return ErrFailed
	}
	return nil
}

func several[N int | int64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// outcome is how playing a connection went.
type outcome struct {
	err         error
	differences []string
}

// connection plays a client, and writes how it went.
func (r *Replay) connection(ctx context.Context, t *target, s *script) (o outcome) {
	request, offer := r.request(t, s)
	nc, err := t.dial(ctx)
	if err != nil {
		if r.Journal.Explain != nil {
			err = errors.New(r.Journal.Explain(err))
		}
		return r.report(s, nil, outcome{err: err})
	}
	p, done := r.player(s, wire.FromClient, nc)
	defer done()
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	if limit := t.timeout(); limit > 0 {
		nc.SetDeadline(time.Now().Add(limit))
	}
	octets := request.Append(nil)
	p.sees.Write(wire.FromClient, octets)
	_, err = nc.Write(octets)
	var answer *wire.Head
	if err == nil {
		answer, err = shake(nc, wire.FromServer, p.sees)
	}
	if !stop() {
		err = ctx.Err()
	} else {
		nc.SetDeadline(time.Time{})
	}
	if err != nil {
		return r.report(s, p, outcome{err: fmt.Errorf("the handshake with %s broke off: %w", t.name(), err)})
	}
	if was, is := s.open.Response.Status(), answer.Status(); is != http.StatusSwitchingProtocols || was != is {
		if was != is && r.Compare {
			o.differences = append(o.differences, fmt.Sprintf("the handshake was answered %d instead of %d", is, was))
		}
		if was == http.StatusSwitchingProtocols {
			o.err = fmt.Errorf("the server answered the handshake with %s", wire.Visible(strings.TrimPrefix(answer.Line, "HTTP/1.1 ")))
		}
		return r.report(s, p, o)
	}
	if err := r.judge(s, offer, answer); err != nil {
		return r.report(s, p, outcome{err: err})
	}
	o.err = p.play(ctx)
	if ctx.Err() != nil {
		return o
	}
	return r.report(s, p, r.compared(p, o))
}

// player makes a player, whose Decoder also tells the journal.
func (r *Replay) player(s *script, me wire.Direction, nc net.Conn) (p *player, done func()) {
	p = newPlayer(s, me, r.Pace, r.Raw)
	p.nc = nc
	lines := r.Journal.connection(s.id, nc.RemoteAddr())
	p.sees = wire.NewDecoder(wire.Config{Messages: true, Payload: keptPayload}, func(e wire.Event) {
		p.see(e)
		lines.printer.Print(e)
	})
	return p, func() {
		nc.Close()
		p.sees.Close()
	}
}

// request makes the request of a recorded one.
func (r *Replay) request(t *target, s *script) (*wire.Head, *handshake.Offer) {
	recorded := s.open.Request
	method, path, _ := recorded.Request()
	path = strings.TrimSuffix(path, "?"+wire.Hidden)
	h := &wire.Head{Line: method + " " + path + " HTTP/1.1"}
	for _, f := range recorded.Fields {
		if name := strings.ToLower(f.Name); !strings.HasPrefix(name, "sec-websocket-") && !isHidden(f) {
			h.Fields = append(h.Fields, f)
		}
	}
	h = Rewriting{}.rewrite(h, t, nil, false)
	offer := &handshake.Offer{Key: handshake.NewKey(), Subprotocols: t.opts.Subprotocols}
	header := recorded.Header()
	if len(offer.Subprotocols) == 0 && header.Get("Sec-WebSocket-Protocol") != wire.Hidden {
		offer.Subprotocols, _ = handshake.Subprotocols(header)
	}
	if r.Raw {
		offer.Extensions, _ = handshake.ParseExtensions(header)
	}
	h.Fields = append(h.Fields, wire.Field{Name: "Sec-WebSocket-Version", Value: "13"}, wire.Field{Name: "Sec-WebSocket-Key", Value: offer.Key})
	if len(offer.Subprotocols) > 0 {
		h.Set("Sec-WebSocket-Protocol", strings.Join(offer.Subprotocols, ", "))
	}
	if len(offer.Extensions) > 0 {
		h.Set("Sec-WebSocket-Extensions", string(handshake.AppendExtensions(nil, offer.Extensions)))
	}
	return h, offer
}

func isHidden(f wire.Field) bool { return f.Value == wire.Hidden }

// hidesSecrets reports whether requests are not recorded whole.
func hidesSecrets(scripts []*script) bool {
	return slices.ContainsFunc(scripts, func(s *script) bool {
		return slices.ContainsFunc(s.open.Request.Fields, isHidden) || strings.Contains(s.open.Request.Line, "?"+wire.Hidden)
	})
}

// judge holds the server's answer against what was offered, and against the recording.
func (r *Replay) judge(s *script, offer *handshake.Offer, answer *wire.Head) error {
	if _, err := offer.Judge(answer.Status(), answer.Header()); err != nil {
		return fmt.Errorf("the server's answer is no handshake: %w", err)
	}
	if r.Raw {
		was, is := extensions(s.open.Response), extensions(answer)
		if was != is {
			return fmt.Errorf("the server agreed on other extensions (%s) than were recorded (%s): leave --raw out",
				cmp.Or(is, "none"), cmp.Or(was, "none"))
		}
	}
	return nil
}

// extensions are those of an answer, each written in the same way.
func extensions(h *wire.Head) string {
	list, _ := handshake.ParseExtensions(h.Header())
	return string(handshake.AppendExtensions(nil, list))
}

// compared adds the differences to an outcome.
func (r *Replay) compared(p *player, o outcome) outcome {
	if r.Compare {
		p.mu.Lock()
		defer p.mu.Unlock()
		o.differences = append(o.differences, compare(p.script.expects(p.me.Other()), p.heard, p.script.cut, r.Ignore)...)
	}
	return o
}

// report writes how a connection went. P is nil if there was none.
func (r *Replay) report(s *script, p *player, o outcome) outcome {
	var b strings.Builder
	request := s.open.Request
	if !r.Journal.Secrets {
		request = request.Redacted()
	}
	method, path, _ := request.Request()
	fmt.Fprintf(&b, "#%d %s %s: ", s.id, wire.Visible(method), wire.Visible(path))
	switch {
	case o.err != nil && (p == nil || p.sent == 0):
		b.WriteString(wire.Visible(o.err.Error()))
	case s.open.Response.Status() != http.StatusSwitchingProtocols:
		b.WriteString("nothing to send, since its handshake was refused when it was recorded")
	default:
		fmt.Fprintf(&b, "sent %d of %s, %s came", p.sent, several(p.toSend(), "frame"), several(p.count, "message"))
		if o.err != nil {
			b.WriteString("; it broke off: " + wire.Visible(o.err.Error()))
		}
	}
	b.WriteByte('\n')
	if p != nil {
		for _, why := range slices.Sorted(maps.Keys(p.skipped)) {
			fmt.Fprintf(&b, "#%d   not sent: %s (%s)\n", s.id, several(p.skipped[why], "frame"), why)
		}
	}
	for _, d := range o.differences {
		fmt.Fprintf(&b, "#%d   %s\n", s.id, d)
	}
	io.WriteString(&r.Journal, b.String())
	return o
}

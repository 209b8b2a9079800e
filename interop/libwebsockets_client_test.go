package interop

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// lwsClientScenarios each start a test client, which connects twice, with the subprotocols lwsCounts and lwsMirrors, or
// with the latter alone.
var lwsClientScenarios = []scenario{
	{name: "what it logs", run: lwsLogs, of: []feature{text}, with: plain},
	{name: "circles", run: lwsDraws, of: []feature{text, agreeing}},
	{name: "large message", run: lwsTakesLarge, of: []feature{largest, binary}},
	{name: "our fragments", run: lwsTakesFragments, of: []feature{fragments, between}},
	{name: "our pings", run: lwsAnswersPings, of: []feature{control}},
	{name: "we close", run: lwsClosed, of: []feature{closing}},
	{name: "they terminate", run: lwsKilled, of: []feature{closing}},
	{name: "they fail", run: lwsClientFails, of: []feature{failing}},
	{name: "we fail", run: lwsSendsNoise, of: []feature{failing}},
	{name: "no subprotocol fits", run: lwsWithoutSubprotocol, of: []feature{subprotocols}},
	{name: "we refuse", run: lwsRefused, of: []feature{handshakes}, with: plain},
	{name: "over TLS", run: lwsOverTLS, of: []feature{encrypted}},
	{name: "context takeover", run: lwsTakesOver, of: []feature{takeover}, with: compressed},
	{name: "window bits", run: lwsWindowBits, of: []feature{window}, with: compressed},
}

// Arguments of the test client.
const (
	lwsQuiet  = "--nomirror"   // sends nothing
	lwsMirror = "--justmirror" // connects once
	lwsOnce   = "--once"       // does not come back after the end
	lwsNoise  = "--echo"       // sends 12 KiB of noise many times, as text
)

// lwsTerms have our server speak the client's subprotocols.
func lwsTerms() terms {
	tm := terms{}
	tm.accept.Subprotocols = []string{lwsCounts, lwsMirrors}
	return tm
}

// lwsConnect starts a client whose connection is with lwsMirrors, and returns our end of it.
func lwsConnect(t *testing.T, p pairing, tm terms, arguments ...string) (*end, *logged) {
	t.Helper()
	ours := p.listen(t, tm)
	they := startLws(t, "client", append(arguments, lwsMirror, lwsOnce, "-d", "7", ours.url+"/")...)
	us := ours.accepted(t)
	if us.Subprotocol() != lwsMirrors {
		t.Fatalf("%s: the subprotocol is %q; want %q", us.whose, us.Subprotocol(), lwsMirrors)
	}
	if got := us.Extensions(); strings.HasPrefix(got, "permessage-deflate") != p.deflate {
		t.Errorf("%s: extensions %q; want permessage-deflate: %t", us.whose, got, p.deflate)
	}
	return us, they
}

// lwsLogs what it receives with lwsCounts, up to 20 octets at a time.
func lwsLogs(t *testing.T, p pairing) {
	ours := p.listen(t, lwsTerms())
	they := startLws(t, "client", lwsQuiet, "-d", "15", ours.url+"/")
	us := ours.accepted(t)
	if other := ours.accepted(t); us.Subprotocol() != lwsCounts {
		us = other
	}
	for _, data := range []string{"1", "ß ‱ 🧵", strings.Repeat("x", 19)} {
		us.send(t, websocket.Text, data)
		they.wantLine(t, fmt.Sprintf("rx %d '%s'", len(data), data))
	}
}

// lwsDraws circles, as fast as it can.
func lwsDraws(t *testing.T, p pairing) {
	us, _ := lwsConnect(t, p, lwsTerms())
	circle := regexp.MustCompile(`^c #[0-9A-F]{6} \d+ \d+ \d+;$`)
	for range 1000 {
		if e := us.wantAny(t, "message"); !e.Text || !circle.MatchString(string(e.Start)) {
			t.Fatalf("%s: %v; want a circle", us.whose, e)
		}
	}
}

func lwsTakesLarge(t *testing.T, p pairing) {
	tm := lwsTerms()
	tm.queue(websocket.Queue{Bytes: 32 << 20})
	us, _ := lwsConnect(t, p, tm, lwsQuiet)
	us.send(t, websocket.Binary, strings.Repeat(prose(64<<10), 256))
	us.pinged(t)
	us.bye(t)
	p.partly("sending")
}

func lwsTakesFragments(t *testing.T, p pairing) {
	us, _ := lwsConnect(t, p, lwsTerms(), lwsQuiet)
	us.streamed(t, digits(256<<10))
	us.bye(t)
	p.partly("sending")
}

func lwsAnswersPings(t *testing.T, p pairing) {
	us, _ := lwsConnect(t, p, lwsTerms(), lwsQuiet)
	for range 3 {
		us.pinged(t)
	}
	p.partly("sending")
}

func lwsClosed(t *testing.T, p pairing) {
	lwsGoodbyes(t, p, func(t *testing.T) *end {
		us, _ := lwsConnect(t, p, lwsTerms(), lwsQuiet)
		return us
	})
	p.partly("closing as client")
}

func lwsKilled(t *testing.T, p pairing) {
	us, they := lwsConnect(t, p, lwsTerms(), lwsQuiet)
	they.cmd.Process.Kill()
	us.wantLost(t)
}

func lwsClientFails(t *testing.T, p pairing) {
	lwsFails(t, p, func(t *testing.T) *end {
		tm := lwsTerms()
		tm.tapped = true
		us, _ := lwsConnect(t, p, tm, lwsQuiet)
		return us
	})
}

// lwsSendsNoise as text, which is not UTF-8.
func lwsSendsNoise(t *testing.T, p pairing) {
	us, _ := lwsConnect(t, p, lwsTerms(), lwsNoise)
	us.wantProtocolError(t, websocket.CloseInvalidPayload)
}

// lwsWithoutSubprotocol stays, as RFC 6455 §4.1 lets it.
func lwsWithoutSubprotocol(t *testing.T, p pairing) {
	tm := lwsTerms()
	tm.accept.Subprotocols = []string{"x"}
	ours := p.listen(t, tm)
	startLws(t, "client", lwsMirror, lwsQuiet, lwsOnce, "-d", "7", ours.url+"/")
	us := ours.accepted(t)
	if us.Subprotocol() != "" {
		t.Errorf("%s: the subprotocol is %q; want none", us.whose, us.Subprotocol())
	}
	us.pinged(t)
	us.bye(t)
}

func lwsRefused(t *testing.T, p pairing) {
	tm := lwsTerms()
	tm.accept.OnRequest = func(*http.Request, http.Header) error {
		return websocket.Refuse(http.StatusForbidden, "no")
	}
	ours := p.listen(t, tm)
	they := startLws(t, "client", lwsMirror, lwsQuiet, "-d", "7", ours.url+"/")
	they.wantLine(t, "bad HTTP response '403'")
}

func lwsOverTLS(t *testing.T, p pairing) {
	tm := lwsTerms()
	tm.over = secure
	us, _ := lwsConnect(t, p, tm, lwsQuiet, "--ssl")
	us.send(t, websocket.Text, prose(100<<10))
	us.streamed(t, digits(256<<10))
	us.bye(t)
}

// lwsTakesOver our context if we keep it. Its own it does not keep.
func lwsTakesOver(t *testing.T, p pairing) {
	for _, keep := range []bool{false, true} {
		tm := lwsTerms()
		tm.tapped = true
		if keep {
			tm.accept.Compression.ServerTakeover = websocket.KeepContext
		}
		us, _ := lwsConnect(t, p, tm, lwsQuiet)
		for range chatterCount {
			us.send(t, websocket.Text, prose(2<<10))
		}
		us.pinged(t)
		wantShrinking(t, us.whose, us.below.frames(t)[:chatterCount], keep)
		us.bye(t)
	}
	p.partly("no takeover")
}

// lwsWindowBits bound our window alone: it does not offer to bound its own.
func lwsWindowBits(t *testing.T, p pairing) {
	for _, bits := range []int{9, 10, 15} {
		tm := lwsTerms()
		tm.tapped = true
		tm.accept.Compression.ServerWindowBits = bits
		us, _ := lwsConnect(t, p, tm, lwsQuiet)
		us.send(t, websocket.Text, strings.Repeat(digits(4<<10), 2))
		us.pinged(t)
		wantWithin(t, us.whose, us.below.frames(t)[0], bits)
		us.bye(t)
	}
	p.partly("window bits client")
}

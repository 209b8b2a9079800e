package connect

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestCrowd(t *testing.T) {
	l := listen(t, Config{Listen: "127.0.0.1:0", Keep: true, CloseAfterInput: true})
	a, b := dial(t, l.url, nil), dial(t, l.url, nil)
	// Both are there once what they send is.
	send(t, a, "from a")
	l.out.await(t, "from a\n")
	send(t, b, "from b")
	l.out.await(t, "from b\n")
	io.WriteString(l.in, "to all\n")
	for _, c := range []*websocket.Conn{a, b} {
		if got := receive(t, c); got != "to all" {
			t.Errorf("received %q", got)
		}
	}
	a.Close(websocket.CloseNormal, "")
	later := dial(t, l.url, nil)
	send(t, later, "from another")
	l.out.await(t, "from another\n")
	io.WriteString(l.in, "to who is left\n")
	for _, c := range []*websocket.Conn{later, b} {
		if got := receive(t, c); got != "to who is left" {
			t.Errorf("received %q", got)
		}
	}
	l.in.Close()
	for _, c := range []*websocket.Conn{later, b} {
		if _, _, err := c.Read(t.Context()); websocket.CloseCodeOf(err) != websocket.CloseNormal {
			t.Errorf("after the input's end: %v", err)
		}
	}
	if got := <-l.ended; got.status != 0 {
		t.Errorf("%+v", got)
	}
}

func TestCrowdsInputWaitsForSomebody(t *testing.T) {
	l := listen(t, Config{Listen: "127.0.0.1:0", Keep: true, In: strings.NewReader("a\nb\n")})
	c := dial(t, l.url, nil)
	if a, b := receive(t, c), receive(t, c); a != "a" || b != "b" {
		t.Errorf("received %q and %q", a, b)
	}
	l.stop()
	if _, _, err := c.Read(t.Context()); websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("at the end: %v", err)
	}
	if got := <-l.ended; got.status != 0 {
		t.Errorf("%+v", got)
	}
}

func TestCrowdGoesOnAfterOneBrokeOff(t *testing.T) {
	l := listen(t, Config{Listen: "127.0.0.1:0", Keep: true, Expect: regexp.MustCompile("^yes$")})
	dial(t, l.url, nil).Terminate()
	l.err.await(t, "the connection broke off")
	c, other := dial(t, l.url, nil), dial(t, l.url, nil)
	send(t, c, "no")
	send(t, other, "yes")
	for _, c := range []*websocket.Conn{other, c} {
		if _, _, err := c.Read(t.Context()); websocket.CloseCodeOf(err) == websocket.CloseAbnormal {
			t.Errorf("at the end: %v", err)
		}
	}
	if got := <-l.ended; got.status != 0 {
		t.Errorf("%+v", got)
	}
}

package admin

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/status"
	"github.com/everwire/everwire/websocket"
)

func TestDrain(t *testing.T) {
	p := newPlace(t, token)
	conns := []*websocket.Conn{p.echo(), p.echo(), p.echo(), p.echo()}
	var out strings.Builder
	if err := p.operator().Drain(within(t), &out, 0.5, 10*time.Millisecond, false); err != nil {
		t.Fatal(err)
	}
	if want := "closing 2 of 4 connections with code 1012, over 10ms\nclosed 2; 0 had left by themselves\n"; out.String() != want {
		t.Errorf("it says\n%swant\n%s", &out, want)
	}
	out.Reset()
	if err := p.operator().Drain(within(t), &out, 1, 0, true); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), `{"connections":`) || strings.Count(out.String(), "\n") != 2 {
		t.Errorf("in JSON it says\n%s", &out)
	}
	for _, c := range conns {
		if _, _, err := c.Read(within(t)); websocket.CloseCodeOf(err) != websocket.CloseServiceRestart {
			t.Errorf("a connection ended with %v", err)
		}
	}
}

func TestDrainThatIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(within(t))
	c := fake(t, func(c status.Command) []status.Event {
		return []status.Event{{Is: status.IsAnswer, ID: c.ID, Drain: &status.Drained{Connections: 2, Picked: 1}}}
	})
	err := c.Drain(ctx, writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	}), 0.5, time.Hour, false)
	if err == nil || err.Error() != "stopped before it was through; the connections that are left stay" {
		t.Errorf("error %v", err)
	}
}

func TestDrainOfAnOlderServer(t *testing.T) {
	c := fake(t, func(c status.Command) []status.Event { return []status.Event{{Is: status.IsAnswer, ID: c.ID}} })
	if err := c.Drain(within(t), &strings.Builder{}, 0.5, 0, false); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("error %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

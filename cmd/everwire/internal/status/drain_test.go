package status

import (
	"fmt"
	"testing"

	"github.com/everwire/everwire/websocket"
)

// closedWith is the code that a connection was closed with, 0 if it was not.
func (p *fakePeer) closedWith() websocket.CloseCode {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code
}

func TestDrainClosesAFractionWith1012(t *testing.T) {
	tests := []struct {
		name     string
		fraction float64
		of, want int
	}{
		{"half", 0.5, 10, 5},
		{"all", 1, 7, 7},
		{"a little", 0.01, 10, 0},
		{"rounded", 0.25, 10, 3},
		{"nobody is there", 0.5, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t, token)
			g := p.operator()
			var peers []*fakePeer
			for id := range tt.of {
				peer, _ := add(p.collector, int64(100+id), fmt.Sprintf("192.0.2.%d:1", id), "", "")
				peers = append(peers, peer)
			}
			e := g.ask(Command{Do: Drain, Fraction: tt.fraction, Over: 10})
			if want := (Drained{Connections: tt.of, Picked: tt.want}); e.Error != "" || e.Drain == nil || *e.Drain != want {
				t.Errorf("answer %+v, %+v", e, e.Drain)
			}
			if d := g.await(IsDrained).Drain; d.Closed != tt.want {
				t.Errorf("drained %+v", d)
			}
			closed := 0
			for _, peer := range peers {
				if code := peer.closedWith(); code != 0 {
					closed++
					if code != websocket.CloseServiceRestart {
						t.Errorf("closed with %d", code)
					}
				}
			}
			if closed != tt.want {
				t.Errorf("%d are closed, want %d", closed, tt.want)
			}
		})
	}
}

// Who is drawn is another each time.
func TestPickIsDrawn(t *testing.T) {
	c := NewCollector()
	for id := range int64(100) {
		add(c, id+1, "192.0.2.1:1", "", "")
	}
	first := map[int64]bool{}
	picked, _ := c.pick(0.5)
	for _, conn := range picked {
		first[conn.id] = true
	}
	again := 0
	picked, _ = c.pick(0.5)
	for _, conn := range picked {
		if first[conn.id] {
			again++
		}
	}
	if len(first) != 50 || again == 50 {
		t.Errorf("%d were picked, and then %d of them again", len(first), again)
	}
}

func TestWhoIsClosingIsNotDrained(t *testing.T) {
	p := newPlace(t, token)
	g := p.operator()
	peer, _ := add(p.collector, 1, "192.0.2.1:1", "", "")
	peer.Close(websocket.CloseNormal, "")
	g.ask(Command{Do: Drain, Fraction: 1})
	if d := g.await(IsDrained).Drain; d.Connections != 0 || d.Picked != 0 || d.Closed != 0 || peer.closedWith() != websocket.CloseNormal {
		t.Errorf("drained %+v, closed with %d", d, peer.closedWith())
	}
}

// One drain at a time; it ends when the operator leaves, and then there may be another.
func TestDrainEndsWithItsOperator(t *testing.T) {
	p := newPlace(t, token)
	peer, _ := add(p.collector, 1, "192.0.2.1:1", "", "")
	one, other := p.operator(), p.operator()
	if e := one.ask(Command{Do: Drain, Fraction: 1, Over: LongestDrain.Milliseconds()}); e.Error != "" {
		t.Fatal(e.Error)
	}
	if e := other.ask(Command{Do: Drain, Fraction: 1}); e.Error != errDraining.Error() {
		t.Errorf("a second one: %+v", e)
	}
	one.conn.Terminate()
	for {
		e := other.ask(Command{Do: Drain, Fraction: 1})
		if e.Error == "" {
			break
		}
		if e.Error != errDraining.Error() {
			t.Fatal(e.Error)
		}
	}
	if d := other.await(IsDrained).Drain; d.Closed != 1 || peer.closedWith() != websocket.CloseServiceRestart {
		t.Errorf("drained %+v, closed with %d", d, peer.closedWith())
	}
}

func TestDrainIsForTheOperator(t *testing.T) {
	p := newPlace(t, token)
	peer, _ := add(p.collector, 1, "192.0.2.1:1", "", "")
	g := p.guest()
	if e := g.ask(Command{Do: Drain, Fraction: 1}); e.Error != errStranger.Error() || peer.closedWith() != 0 {
		t.Errorf("%+v", e)
	}
}

package nats

import (
	"errors"
	"testing"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func TestListenMakesNoStreamForWhatItHears(t *testing.T) {
	s := startServer(t, t.TempDir())
	nc := connect(t, s)
	b := newBroker(t, connect(t, s), nil)
	rec := newFollower()
	stop, err := b.Listen(">", rec.Message)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, subject := range []string{"everwire.l.7-9s.a", "everwire.l.x.a", "everwire.l.7-9s.=", "everwire.p.=zz", "everwire.p.a"} {
		m := natsgo.NewMsg(subject)
		m.Header.Set(headerSequence, "1")
		m.Data = []byte(subject)
		if err := nc.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	rec.isTold(t, "everwire.p.a")
	if _, err := b.js.Stream(t.Context(), "everwire_h_7-9s"); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("the stream is there, error %v", err)
	}
	if n := len(b.eachClass()); n != 0 {
		t.Errorf("there are %d classes of rooms that nobody uses", n)
	}
}

func TestWhoOnlyListensLearnsPositions(t *testing.T) {
	s := startServer(t, t.TempDir())
	b, other := newBroker(t, connect(t, s), nil), newBroker(t, connect(t, s), nil)
	heard := make(chan *hub.Message, 1)
	stop, err := b.Listen("a.*", func(m *hub.Message) { heard <- m })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	at := publish(t, other, logged("a.b", 5), "x")
	if m := <-heard; m.Position != at || m.Room != "a.b" {
		t.Errorf("the message is of %q at %v, want a.b at %v", m.Room, m.Position, at)
	}
}

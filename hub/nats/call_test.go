package nats

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/everwire/everwire/hub"
	natsgo "github.com/nats-io/nats.go"
)

// A question that nobody answers: the subject has a subscriber.
func silentJetStream(t *testing.T, p *place) (asked chan *natsgo.Msg) {
	t.Helper()
	p.put(startBare(t))
	asked = make(chan *natsgo.Msg, 1000)
	silent := connect(t, p.s)
	if _, err := silent.ChanSubscribe("$JS.API.>", asked); err != nil {
		t.Fatal(err)
	}
	if err := silent.Flush(); err != nil {
		t.Fatal(err)
	}
	return asked
}

func TestACallEndsWhenTheConnectionBreaks(t *testing.T) {
	var p place
	asked := silentJetStream(t, &p)
	b := newBroker(t, p.connect(t), &Options{Timeout: time.Hour})
	failed := make(chan error)
	go func() {
		_, err := b.Read(t.Context(), logged("blue", 5), hub.Position{})
		failed <- err
	}()
	<-asked
	p.clear()
	if err := <-failed; !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("the error is %v, want ErrUnavailable", err)
	}
}

func TestACallEndsWithItsContextItsTimeOrTheBroker(t *testing.T) {
	for _, test := range []struct {
		name    string
		timeout time.Duration
		end     func(b *Broker, cancel context.CancelFunc)
		want    error
	}{
		{"its context", time.Hour, func(_ *Broker, cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"its time", 100 * time.Millisecond, func(*Broker, context.CancelFunc) {}, hub.ErrUnavailable},
		{"the broker", time.Hour, func(b *Broker, _ context.CancelFunc) { b.Close(context.Background()) }, hub.ErrClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			var p place
			asked := silentJetStream(t, &p)
			b := newBroker(t, p.connect(t), &Options{Timeout: test.timeout})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			failed := make(chan error)
			go func() {
				_, err := b.Publish(ctx, logged("blue", 5), &hub.Message{})
				failed <- err
			}()
			<-asked
			test.end(b, cancel)
			if err := <-failed; !errors.Is(err, test.want) {
				t.Errorf("the error is %v, want %v", err, test.want)
			}
		})
	}
}

// Under the race detector this fails if Close and a call look at the same rooms without a lock.
func TestCloseWhileRoomsAreUsed(t *testing.T) {
	b := newBroker(t, connect(t, startBare(t)), nil)
	for i := range 100 {
		b.class(hub.History{Messages: i + 1})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 100; b.ctx.Err() == nil; i++ {
			b.class(hub.History{Messages: i + 1})
		}
	}()
	if err := b.Close(context.Background()); err != nil {
		t.Error(err)
	}
	<-done
	if b.Err() != hub.ErrClosed {
		t.Errorf("Err is %v, want ErrClosed", b.Err())
	}
}

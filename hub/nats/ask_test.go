package nats

import (
	"context"
	"errors"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// A question is asked again as long as it gets no answer, and there is time.
func TestAQuestionIsAskedAgain(t *testing.T) {
	t.Parallel()
	s := startServer(t, t.TempDir())
	b := newBroker(t, connect(t, s), nil)
	asked := 0
	other := connect(t, s)
	_, err := other.Subscribe("question", func(m *natsgo.Msg) {
		if asked++; asked == 3 {
			m.Respond([]byte("answer"))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Flush(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	m, err := b.ask(ctx, "question", nil)
	if err != nil || string(m.Data) != "answer" {
		t.Fatalf("%v, %v", m, err)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := b.ask(short, "question", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without time: %v", err)
	}
	if _, err := b.ask(ctx, "nobody", nil); !errors.Is(err, natsgo.ErrNoResponders) {
		t.Errorf("of nobody: %v", err)
	}
}

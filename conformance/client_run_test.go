package conformance_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/conformance"
	"github.com/everwire/everwire/websocket"
)

func TestRunClient(t *testing.T) {
	quick := conformance.Options{Cases: "1.1.2", Patience: 100 * time.Millisecond, Timeout: 200 * time.Millisecond}
	late := conformance.Options{Cases: "1.1.2", Patience: time.Second, Timeout: time.Millisecond}
	slow := conformance.Options{Cases: "1.1.2", Patience: patient, Timeout: atMost}
	release := make(chan struct{})
	defer close(release)
	for _, each := range []struct {
		name     string
		echo     func(context.Context, string) error
		opts     conformance.Options // quick, if it is waited for in vain, and late, if almost
		behavior conformance.Verdict
		reason   string
	}{
		{"one that echoes", func(ctx context.Context, url string) error { return echoWithConn(ctx, url, nil) }, slow, conformance.OK, ""},
		{"one that does not connect", func(context.Context, string) error { return errors.New("no network") },
			quick, conformance.Failed, "the client did not connect: no network"},
		{"one that waits instead", func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() },
			late, conformance.Failed, "the client did not connect: context deadline exceeded"},
		{"one that does not return", func(ctx context.Context, url string) error { <-release; return nil },
			quick, conformance.Failed, "the client did not return within"},
		{"one that leaves at once", func(ctx context.Context, url string) error {
			c, err := websocket.Dial(ctx, url, nil)
			if err == nil {
				c.Terminate()
			}
			return err
		}, slow, conformance.Failed, "where"},
		{"one that tries again", func(ctx context.Context, url string) error {
			if c, err := websocket.Dial(ctx, url, nil); err == nil {
				c.Close(websocket.CloseNormal, "")
			}
			return echoWithConn(ctx, url, nil)
		}, slow, conformance.OK, ""},
	} {
		t.Run(each.name, func(t *testing.T) {
			results, err := conformance.RunClient(t.Context(), each.echo, &each.opts)
			if err != nil || len(results) != 1 {
				t.Fatalf("%d results, %v", len(results), err)
			}
			if r := results[0]; r.Behavior != each.behavior || !strings.Contains(r.Reason, each.reason) || r.Case.ID != "1.1.2" || r.Agent != "client" {
				t.Errorf("the result is\n%v", r)
			}
		})
	}
}

func TestRunClientEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	results, err := conformance.RunClient(ctx, func(ctx context.Context, _ string) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}, nil)
	if !errors.Is(err, context.Canceled) || len(results) != 0 {
		t.Errorf("%d results, %v", len(results), err)
	}
}

func TestRunClientNamesWhatIsNoCase(t *testing.T) {
	_, err := conformance.RunClient(t.Context(), nil, &conformance.Options{Cases: "1.1.1,x"})
	if err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("the error is %v", err)
	}
}

package load_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/everwire/everwire/cmd/everwire/load"
	"github.com/everwire/everwire/websocket"
)

// echoServer sends every message back.
func echoServer() (url string, stop func()) {
	srv := new(websocket.Server)
	srv.OnConnection(func(s *websocket.Socket, _ *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { _ = s.SendMessage(m) })
	})
	site := httptest.NewServer(srv)
	return "ws" + strings.TrimPrefix(site.URL, "http"), func() {
		_ = srv.Shutdown(context.Background())
		site.Close()
	}
}

func ExampleRun() {
	url, stop := echoServer()
	defer stop()
	r, err := load.Run(context.Background(), load.Plan{
		URL: url, Connections: 10, InFlight: 4, Size: 64,
		Duration: 50 * time.Millisecond,
	})
	if err != nil {
		log.Fatal(err)
	}
	// r.Messages / r.Elapsed.Seconds() is the throughput, r.Latency.ValueAtPercentile(99.99) nanoseconds its tail.
	fmt.Println("connections:", r.Handshakes.TotalCount(), "errors:", r.Errors)
	// Output: connections: 10 errors: 0
}

// Users come, stay and leave, each with messages of its own.
func ExamplePlan_stages() {
	url, stop := echoServer()
	defer stop()
	r, err := load.Run(context.Background(), load.Plan{
		URL: url, RatePerConnection: 100,
		Text: true, Template: `{"user":{{.Connection}},"n":{{.Sequence}},"at":"{{.Time}}"}`,
		Stages: []load.Stage{
			{Connections: 20}, // at once
			{Duration: 30 * time.Millisecond, Connections: 20},
			{Duration: 10 * time.Millisecond, Connections: 0},
		},
		Sample:   func(s load.Sample) { /* draw s.Open, s.Messages, s.Latency … over s.At */ },
		Interval: 10 * time.Millisecond,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range r.ByKind {
		fmt.Println(n.Kind, n.Code, n.Count, n.Example)
	}
	fmt.Println("errors:", r.Errors)
	// Output: errors: 0
}

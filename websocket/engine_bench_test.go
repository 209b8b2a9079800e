//go:build linux

package websocket_test

import (
	"crypto/sha256"
	"io"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// BenchmarkHTTPBesideBusyLoops reports how long an HTTP request takes while the process's one processor does
// nothing but echo, after a little work for each message: loops must leave something to others. The clients are in
// another process.
func BenchmarkHTTPBesideBusyLoops(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	work := make([]byte, 16<<10)
	var echoed atomic.Int64
	server := listening(b, func(s *websocket.Socket) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
			sha256.Sum256(work) // so that the clients are not what there is to wait for
			s.SendMessage(m)
			echoed.Add(1)
		})
	})
	clients := newClientsElsewhere(b)
	defer clients.end()
	clients.connect(b, server.URL, 100)
	for range 8 { // messages in flight for each
		clients.tell("send")
	}
	client := server.Client()
	defer client.CloseIdleConnections()
	var took []time.Duration
	echoed.Store(0)
	for b.Loop() {
		began := time.Now()
		answer, err := client.Get(server.URL + "/plain")
		if err != nil {
			b.Fatal(err)
		}
		if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "hello" || answer.StatusCode != http.StatusOK {
			b.Fatal(string(body), err)
		}
		answer.Body.Close()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
	b.ReportMetric(float64(took[len(took)-1])/1e6, "max-ms")
	b.ReportMetric(float64(echoed.Load())/b.Elapsed().Seconds(), "echoes/s")
}

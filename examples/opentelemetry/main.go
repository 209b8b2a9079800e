// Opentelemetry is an echo server whose websocket.Observer feeds OpenTelemetry: metrics, and a span for each connection.
// It prints them; put your exporters in their place.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/everwire/everwire/websocket"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	every := flag.Duration("every", 10*time.Second, "how often metrics are exported")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *addr, *every); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr string, every time.Duration) error {
	toStdout, err := stdoutmetric.New()
	if err != nil {
		return err
	}
	spansToStdout, err := stdouttrace.New()
	if err != nil {
		return err
	}
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(toStdout, sdkmetric.WithInterval(every))))
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spansToStdout))

	srv := &websocket.Server{Addr: addr}
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		s.OnMessage(func(s *websocket.Socket, m websocket.Message) { s.SendMessage(m) })
	})
	srv.OnListening(func(a net.Addr) { fmt.Printf("ws://%v\n", a) })
	if err := observe(srv, meters, tracers); err != nil {
		return err
	}

	served := make(chan error, 1)
	go func() { served <- srv.ListenAndServe() }()
	select {
	case err = <-served:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = srv.Shutdown(ctx)
	<-served
	return errors.Join(err, meters.Shutdown(ctx), tracers.Shutdown(ctx)) // not before: the last connections are told of
}

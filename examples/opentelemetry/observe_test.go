package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/everwire/everwire/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestOpenTelemetryIsFed has a client exchange a message, and reads what the SDK has collected.
func TestOpenTelemetryIsFed(t *testing.T) {
	reader, spans := sdkmetric.NewManualReader(), tracetest.NewInMemoryExporter()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	var srv websocket.Server
	if err := observe(&srv, meters, tracers); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()

	ctx := t.Context()
	c, err := websocket.Dial(ctx, "ws://"+ln.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(ctx, websocket.Text, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(websocket.CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	if err := srv.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	<-served

	got := collect(t, reader)
	for _, want := range []string{
		"websocket.messages receive text 1",
		"websocket.io receive text 11",
		"websocket.handshake.duration 101 1",
		"websocket.handler.duration 1",
		"websocket.connections 0",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
	ended := spans.GetSpans()
	if len(ended) != 1 || ended[0].Status.Code != codes.Unset || ended[0].Attributes[len(ended[0].Attributes)-1].Value.AsInt64() != 1000 {
		t.Errorf("the spans are %v", ended)
	}
	if err := tracers.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

// collect returns what is counted, a line for each number.
func collect(t *testing.T, reader sdkmetric.Reader) (lines []string) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				line := m.Name
				for _, a := range p.Attributes.ToSlice() {
					line += " " + a.Value.String()
				}
				lines = append(lines, fmt.Sprint(line, " ", p.Value))
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				line := m.Name
				for _, a := range p.Attributes.ToSlice() {
					line += " " + a.Value.String()
				}
				lines = append(lines, fmt.Sprint(line, " ", p.Count))
			}
		}
	}
	return lines
}

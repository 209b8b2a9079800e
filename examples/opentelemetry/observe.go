package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/everwire/everwire/websocket"
)

const scope = "github.com/everwire/everwire/examples/opentelemetry"

// observe has the Server observed. What is counted has its attributes made beforehand: making them takes memory, and these
// functions are called for every message.
func observe(srv *websocket.Server, meters metric.MeterProvider, tracers trace.TracerProvider) error {
	meter, tracer := meters.Meter(scope), tracers.Tracer(scope)

	handshakes, err1 := meter.Float64Histogram("websocket.handshake.duration", metric.WithUnit("s"))
	messages, err2 := meter.Int64Counter("websocket.messages", metric.WithUnit("{message}"))
	octets, err3 := meter.Int64Counter("websocket.io", metric.WithUnit("By"))
	handled, err4 := meter.Float64Histogram("websocket.handler.duration", metric.WithUnit("s"))
	rtt, err5 := meter.Float64Histogram("websocket.ping.duration", metric.WithUnit("s"))
	_, err6 := meter.Int64ObservableUpDownCounter("websocket.connections", metric.WithUnit("{connection}"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(srv.Stats().Connections))
			return nil
		}))
	_, err7 := meter.Float64ObservableGauge("websocket.loop.lag", metric.WithUnit("s"),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
			for i, l := range srv.Stats().Loops {
				o.Observe(l.Lag.Seconds(), metric.WithAttributes(attribute.Int("loop", i)))
			}
			return nil
		}))
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
		return err
	}

	ctx := context.Background()
	received, sent := newDirection("receive"), newDirection("transmit")
	count := func(way *direction, t websocket.MessageType, wire int64) {
		messages.Add(ctx, 1, way[kind(t)]...)
		octets.Add(ctx, wire, way[kind(t)]...)
	}
	var spans sync.Map // of each connection
	srv.Observer = &websocket.Observer{
		Handshake: func(_ *http.Request, status int, err error, took time.Duration) {
			handshakes.Record(ctx, took.Seconds(), metric.WithAttributes(attribute.Int("http.response.status_code", status)))
		},
		Opened: func(c websocket.Connection) {
			_, span := tracer.Start(ctx, "websocket", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
				attribute.String("network.peer.address", c.RemoteAddr().String()),
				attribute.String("websocket.subprotocol", c.Subprotocol())))
			spans.Store(c, span)
		},
		Closed: func(c websocket.Connection, e websocket.CloseEvent) {
			if span, ok := spans.LoadAndDelete(c); ok {
				end(span.(trace.Span), e)
			}
		},
		Received: func(_ websocket.Connection, t websocket.MessageType, _, wire int64) { count(received, t, wire) },
		Sent:     func(_ websocket.Connection, t websocket.MessageType, _, wire int64) { count(sent, t, wire) },
		RTT:      func(_ websocket.Connection, d time.Duration) { rtt.Record(ctx, d.Seconds()) },
		Handled:  func(_ *websocket.Socket, d time.Duration) { handled.Record(ctx, d.Seconds()) },
	}
	return nil
}

// end ends the span of a connection. That a browser's page was left (1001) is no error.
func end(span trace.Span, e websocket.CloseEvent) {
	span.SetAttributes(attribute.Int("websocket.close.code", int(e.Code)))
	if !e.WasClean {
		span.SetStatus(codes.Error, "the connection was lost")
	}
	span.End()
}

// A direction has the attributes of the text and of the binary messages that go one way.
type direction [2][]metric.AddOption

func newDirection(way string) *direction {
	var d direction
	for _, t := range []websocket.MessageType{websocket.Text, websocket.Binary} {
		d[kind(t)] = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(
			attribute.String("network.io.direction", way), attribute.String("websocket.message.type", t.String())))}
	}
	return &d
}

func kind(t websocket.MessageType) int {
	if t == websocket.Text {
		return 0
	}
	return 1
}

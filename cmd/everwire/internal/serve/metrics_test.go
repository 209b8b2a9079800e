package serve

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/everwire/everwire/websocket"
)

// counters scrapes a server and returns the sum over each counter's time series of an endpoint.
func counters(t *testing.T, url, endpoint string) map[string]float64 {
	t.Helper()
	answer, err := http.Get(url + "/metrics")
	if err != nil {
		t.Error(err)
		return nil
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Error(err)
		return nil
	}
	sums := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetType() == dto.MetricType_COUNTER && labelled(m, endpoint) {
				sums[name] += m.GetCounter().GetValue()
			}
		}
	}
	return sums
}

func labelled(m *dto.Metric, endpoint string) bool {
	for _, l := range m.GetLabel() {
		if l.GetName() == "endpoint" && l.GetValue() == endpoint {
			return true
		}
	}
	return false
}

// Scrapes while messages fly never go back, and the last has counted each of them.
func TestScrapesWhileThereIsTraffic(t *testing.T) {
	r := run(t, Config{Metrics: "127.0.0.1:0", ShutdownTimeout: time.Minute})
	metrics := r.operatorsAt(t, 1)
	const clients, each = 8, 100
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		last := map[string]float64{}
		for {
			now := counters(t, metrics, "echo")
			for name, v := range last {
				if now[name] < v {
					t.Errorf("%s went back from %v to %v", name, v, now[name])
				}
			}
			last = now
			select {
			case <-stop:
				return
			default:
			}
		}
	}()

	var talking sync.WaitGroup
	for range clients {
		talking.Go(func() {
			c, err := websocket.Dial(t.Context(), r.ws+"/echo", nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Terminate()
			for range each {
				if err := c.Write(t.Context(), websocket.Text, []byte("hello")); err != nil {
					t.Error(err)
				}
				if _, _, err := c.Read(t.Context()); err != nil {
					t.Error(err)
				}
			}
			c.Close(websocket.CloseNormal, "")
		})
	}
	talking.Wait()
	r.log.await(t, clients, "closed") // behind which nothing is counted any more
	close(stop)
	<-stopped

	got := counters(t, metrics, "echo")
	for name, want := range map[string]float64{
		"everwire_handshakes_total":    clients,
		"everwire_messages_total":      2 * clients * each,
		"everwire_message_bytes_total": 2 * clients * each * 5,
		"everwire_closes_total":        clients,
		"everwire_failures_total":      0,
	} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	for name, v := range counters(t, metrics, "chat") {
		if v != 0 {
			t.Errorf("%s of an endpoint that nobody used: %v", name, v)
		}
	}
}

// Metrics are there to the end, so that closing can be watched.
func TestMetricsWhileItCloses(t *testing.T) {
	r := run(t, Config{Metrics: "127.0.0.1:0", ShutdownTimeout: time.Minute})
	nc, in := stubborn(t, r)
	r.stop()
	if opcode, err := in.ReadByte(); err != nil || opcode != 0x88 {
		t.Fatalf("read %#x, %v, want a Close frame", opcode, err)
	}
	if status, body := get(t, r.operatorsAt(t, 1)+"/metrics"); status != 200 || !strings.Contains(body, `everwire_connections{endpoint="chat"} 1`) {
		t.Errorf("status %d:\n%.300s", status, body)
	}
	nc.Close()
	r.end(t)
}

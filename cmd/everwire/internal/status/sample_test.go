package status

import (
	"math"
	"runtime/metrics"
	"testing"
	"testing/synctest"
	"time"
)

func TestNumbersAreRatesOfTheLastSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCollector()
		p, conn := add(c, 1, "192.0.2.1:1", "", "")
		add(c, 2, "192.0.2.1:2", "", "")
		p.rtt = 3 * time.Millisecond
		count := func() {
			c.handshake(nil, 101, nil, 0)
			for range 10 {
				c.received.add(100, 106)
				conn.received.add(100, 106)
				c.sent.add(7, 9)
			}
		}
		count()
		time.Sleep(time.Second)
		c.step()
		count()
		count()
		time.Sleep(2 * time.Second)
		n := c.step()
		if n.Connections != 2 || n.Handshakes != (Handshakes{Accepted: 3, AcceptedRate: 1}) {
			t.Errorf("%d connections, handshakes %+v", n.Connections, n.Handshakes)
		}
		if want := (Traffic{30, 3000, 10, 1000, 3180, 1060}); n.Received != want {
			t.Errorf("received %+v, want %+v", n.Received, want)
		}
		if want := (Traffic{30, 210, 10, 70, 270, 90}); n.Sent != want {
			t.Errorf("sent %+v, want %+v", n.Sent, want)
		}
		if n.RoundTrip == nil || *n.RoundTrip != (RoundTrip{3, 3}) {
			t.Errorf("round trip %+v, want that of the one that was sent a Ping", n.RoundTrip)
		}
		if n.Memory < n.Heap || n.Heap == 0 || n.Goroutines == 0 {
			t.Errorf("memory %d, heap %d, %d goroutines", n.Memory, n.Heap, n.Goroutines)
		}
	})
}

func TestHistoryIsOfFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCollector()
		for range historyLength + 20 {
			time.Sleep(time.Second)
			c.step()
		}
		samples := c.lastMinutes()
		if len(samples) != historyLength {
			t.Errorf("%d samples, want %d", len(samples), historyLength)
		}
		if span := samples[len(samples)-1].Time - samples[0].Time; span != (historyLength-1)*1000 {
			t.Errorf("they span %d ms", span)
		}
	})
}

// Of many connections some are asked, and what they say stands for all.
func TestRoundTripOfManyThousand(t *testing.T) {
	c := crowded(crowd)
	rt := c.roundTrip()
	if rt == nil || rt.Median < 3 || rt.Median > 7 || rt.P99 < 9 || rt.P99 > 10 {
		t.Errorf("%+v, want about 5 and 9.9 ms", rt)
	}
	if rt := NewCollector().roundTrip(); rt != nil {
		t.Errorf("of nobody: %+v", rt)
	}
}

func TestWait(t *testing.T) {
	buckets := []float64{math.Inf(-1), 0, 0.001, 0.002, math.Inf(1)}
	var m runtimeMeter
	steps := []struct {
		name   string
		counts []uint64
		want   float64
	}{
		{"nobody waited", []uint64{0, 0, 0, 0}, 0},
		{"all a little", []uint64{0, 1000, 0, 0}, 1},
		{"1 of 100 longer", []uint64{0, 1990, 10, 0}, 1},
		{"2 of 100 longer", []uint64{0, 2970, 30, 0}, 2},
		{"nobody since", []uint64{0, 2970, 30, 0}, 0},
		{"for no one knows how long", []uint64{0, 2970, 30, 1}, 2},
	}
	for _, step := range steps {
		if got := m.wait(&metrics.Float64Histogram{Counts: step.counts, Buckets: buckets}); got != step.want {
			t.Errorf("%s: %v ms, want %v", step.name, got, step.want)
		}
	}
}

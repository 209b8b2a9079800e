package metrics

import (
	"sync"
	"testing"
	"unsafe"

	"github.com/everwire/everwire/websocket"
)

func TestStripesLoseNothing(t *testing.T) {
	stripes := newStripes()
	const goroutines, each = 16, 1000
	var counting sync.WaitGroup
	for range goroutines {
		counting.Go(func() {
			for range each {
				mine(stripes).message(sent, websocket.Text, 3, 5)
			}
		})
	}
	counting.Wait()
	var messages, octets, wire uint64
	for i := range stripes {
		messages += stripes[i].messages[sent][text].Load()
		octets += stripes[i].octets[sent][text].Load()
		wire += stripes[i].wire[sent][text].Load()
	}
	if messages != goroutines*each || octets != 3*goroutines*each || wire != 5*goroutines*each {
		t.Errorf("%d messages of %d octets, %d on the wire", messages, octets, wire)
	}
}

func TestGoroutinesUseSeveralStripes(t *testing.T) {
	stripes := make([]stripe, 8)
	var counting sync.WaitGroup
	gate := make(chan struct{})
	for range 64 { // that are all there at once, each with a stack of its own
		counting.Go(func() {
			<-gate
			mine(stripes).messages[sent][text].Add(1)
		})
	}
	close(gate)
	counting.Wait()
	used := 0
	for i := range stripes {
		if stripes[i].messages[sent][text].Load() > 0 {
			used++
		}
	}
	if used < 4 {
		t.Errorf("64 goroutines use %d of 8 stripes", used)
	}
}

// Two stripes are never in one cache line, nor in two that are fetched together.
func TestStripesAreApart(t *testing.T) {
	s := newStripes()
	if n := len(s); n&(n-1) != 0 {
		t.Errorf("%d stripes, which is no power of two", n)
	}
	used := unsafe.Offsetof(s[0].roundTrip) + unsafe.Sizeof(s[0].roundTrip)
	if gap := unsafe.Sizeof(s[0]) - used; gap < 128 {
		t.Errorf("%d octets between stripes", gap)
	}
}

func BenchmarkMessage(b *testing.B) {
	ep := &endpoint{stripes: newStripes()}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ep.received(nil, websocket.Text, 100, 108)
		}
	})
}

func BenchmarkHandled(b *testing.B) {
	ep := &endpoint{stripes: newStripes()}
	handled := ep.observer().Handled
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			handled(nil, 20000)
		}
	})
}

package inspect

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/wire"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

func TestTimesAreKept(t *testing.T) {
	const ms = time.Millisecond
	text := recording(
		frameAt(100*ms, wire.FromClient, frame.Text, "a", false),
		frameAt(200*ms, wire.FromServer, frame.Text, "b", false),
		frameAt(300*ms, wire.FromClient, frame.Text, "c", false),
		frameAt(400*ms, wire.FromServer, frame.Text, "d", false),
	)
	for _, row := range []struct {
		name    string
		pace    Pace
		answers bool
		want    []time.Duration // of both texts, and the Close frame at the end
	}{
		{"as it was", Pace{1, time.Second}, true, []time.Duration{100 * ms, 300 * ms, 300 * ms}},
		{"four times as fast", Pace{4, time.Second}, true, []time.Duration{25 * ms, 75 * ms, 75 * ms}},
		{"half as fast", Pace{0.5, time.Second}, true, []time.Duration{200 * ms, 600 * ms, 600 * ms}},
		{"as fast as can be", Pace{0, time.Second}, true, []time.Duration{0, 0, 0}},
		{"without answers", Pace{1, time.Second}, false, []time.Duration{100 * ms, 300 * ms, 1300 * ms}},
		{"as fast as can be, without answers", Pace{0, time.Second}, false, []time.Duration{0, time.Second, time.Second}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, scripts, err := readScripts(strings.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				a, b := wstest.Pipe()
				p := newPlayer(scripts[0], wire.FromClient, row.pace, false)
				p.nc, p.sees = a, wire.NewDecoder(wire.Config{Messages: true}, p.see)
				defer p.sees.Close()
				p.sees.Write(wire.FromClient, []byte(upgrading))
				p.sees.Write(wire.FromServer, []byte(upgraded))

				begin := time.Now()
				var came []time.Duration
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer b.Close()
					d := wire.NewDecoder(wire.Config{}, func(e wire.Event) {
						if e.Frame != nil {
							came = append(came, time.Since(begin))
						}
					})
					d.Write(wire.FromClient, []byte(upgrading))
					d.Write(wire.FromServer, []byte(upgraded))
					defer d.Close()
					buf := make([]byte, 100)
					for {
						n, err := b.Read(buf)
						if err != nil {
							return
						}
						before := len(came)
						d.Write(wire.FromClient, buf[:n])
						for range len(came) - before {
							if row.answers && len(came) <= 2 {
								b.Write([]byte("\x81\x01!"))
							}
						}
					}
				}()
				if err := p.play(t.Context()); err != nil {
					t.Error(err)
				}
				<-done
				if !slices.Equal(came, row.want) {
					t.Errorf("frames came after %v, want %v", came, row.want)
				}
			})
		})
	}
}

func TestWhatAPeerSaysIsNotKeptWithoutEnd(t *testing.T) {
	s := &script{turns: []*turn{{from: wire.FromServer, ends: &said{op: frame.Text, payload: []byte("recorded")}}}}
	for _, row := range []struct {
		name          string
		size, times   int
		kept, unclear int
	}{
		{"many", 1, 1000, 1 + maxDifferences + 1, 0},
		{"large", keptPayload / 2, 5, 5, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPlayer(s, wire.FromClient, Pace{}, false)
			payload := make([]byte, row.size)
			for range row.times {
				p.see(wire.Event{From: wire.FromServer, Message: &wire.Message{Opcode: frame.Binary, Payload: payload, Length: int64(row.size)}})
			}
			for range 2 {
				p.see(wire.Event{From: wire.FromServer, Frame: &wire.Frame{Header: frame.Header{Fin: true, Opcode: frame.Close}}})
			}
			unclear, octets := 0, 0
			for _, m := range p.heard {
				octets += len(m.payload)
				if m.unclear != "" {
					unclear++
				}
			}
			if p.count != row.times || len(p.heard) != row.kept+1 || unclear != row.unclear || octets > keptPayload+len("recorded") {
				t.Errorf("of %d messages %d are kept, %d of these not whole, of %d octets", p.count, len(p.heard)-1, unclear, octets)
			}
			if last := p.heard[len(p.heard)-1]; last.op != frame.Close {
				t.Errorf("the last is %v", last.op)
			}
		})
	}
}

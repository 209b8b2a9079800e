package websocket

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/internal/protocol"
)

// idleDriver does nothing, so that a test can call tick when it likes.
type idleDriver struct{ wasCut bool }

func (*idleDriver) run()                   {}
func (*idleDriver) wake()                  {}
func (*idleDriver) push()                  {}
func (*idleDriver) send(plain) bool        { return false }
func (*idleDriver) freed()                 {}
func (*idleDriver) deliver()               {}
func (*idleDriver) resume()                {}
func (*idleDriver) setTimer(time.Duration) {}
func (*idleDriver) timerRuns() bool        { return false }
func (*idleDriver) shutdownWrite()         {}
func (d *idleDriver) cut()                 { d.wasCut = true }

func TestHeartbeatForgivesALateTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &idleDriver{}
		s := newSocket(protocol.Server, newSettings(Limits{}, Rates{}, Heartbeat{Interval: 10 * time.Second, Timeout: 4 * time.Second}, Queue{}), Open)
		s.driveBy(d)
		s.delivering = false
		s.startHeartbeat()
		time.Sleep(15 * time.Second)
		s.tick()
		if !s.awaiting {
			t.Fatal("no ping was sent")
		}
		time.Sleep(time.Millisecond)
		s.hear() // the pong
		time.Sleep(9 * time.Second)
		s.tick() // a busy machine ran the timer late
		if d.wasCut {
			t.Error("the peer answered, and was cut")
		}
		time.Sleep(11 * time.Second)
		s.tick()
		time.Sleep(5 * time.Second)
		s.tick()
		if !d.wasCut {
			t.Error("the peer did not answer, and was not cut")
		}
	})
}

func TestIntervalsCarryTenPercentOfJitter(t *testing.T) {
	const d = 10 * time.Second
	least, most := d, d
	for range 10_000 {
		j := jittered(d)
		if j < d-d/10 || j > d+d/10 {
			t.Fatalf("%v", j)
		}
		least, most = min(least, j), max(most, j)
	}
	if least > d-d/12 || most < d+d/12 {
		t.Errorf("from %v to %v: that is not all of ±10 %%", least, most)
	}
}

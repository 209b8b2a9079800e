package websocket_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/frame"
	"github.com/everwire/everwire/websocket/wstest"
)

// halfOpen makes a Conn whose peer is gone without a word.
func halfOpen(t *testing.T, conns connPair, beat websocket.Heartbeat) *websocket.Conn {
	pair := &wstest.PairOptions{}
	pair.Accept.Heartbeat = beat
	pair.Dial.Heartbeat.Interval = -1
	var gone *wstest.FaultyConn
	pair.Server = func(nc net.Conn) net.Conn { gone = wstest.Faulty(nc); return gone }
	s, _ := conns(t, pair)
	gone.Reads().CutAfter(0, wstest.CutSilent)
	gone.Writes().CutAfter(0, wstest.CutSilent)
	t.Cleanup(func() { gone.NetConn().Close() })
	return s
}

// wantWithin checks a time against one that has a jitter of ±10 % of the interval in it.
func wantWithin(t *testing.T, what string, took, want, interval time.Duration) {
	t.Helper()
	if off := took - want; off < -interval/10 || off > interval/10 {
		t.Errorf("%s took %v, want %v ± %v", what, took, want, interval/10)
	}
}

func TestHalfOpenConnectionEndsWithErrHeartbeatAfterIntervalAndTimeout(t *testing.T) {
	for name, row := range map[string]struct {
		beat              websocket.Heartbeat
		interval, timeout time.Duration
	}{
		"by default": {websocket.Heartbeat{}, 30 * time.Second, 20 * time.Second},
		"as set":     {websocket.Heartbeat{Interval: 2 * time.Second, Timeout: time.Minute}, 2 * time.Second, time.Minute},
	} {
		check := func(t *testing.T, c *websocket.Conn, wait func() error) {
			start := time.Now()
			wantError(t, "who reads", wait(), websocket.ErrHeartbeat)
			wantWithin(t, "it", time.Since(start), row.interval+row.timeout, row.interval)
			wantNoGoroutines(t)
			wantError(t, "Write", c.Write(forever, websocket.Text, nil), websocket.ErrClosed)
			wantError(t, "Close", c.Close(websocket.CloseNormal, ""), websocket.ErrHeartbeat)
		}
		t.Run(name, func(t *testing.T) {
			t.Run("Read", func(t *testing.T) {
				inMemory(t, func(t *testing.T, conns connPair) {
					c := halfOpen(t, conns, row.beat)
					check(t, c, func() error { _, _, err := c.Read(forever); return err })
				})
			})
			t.Run("CloseRead", func(t *testing.T) {
				inMemory(t, func(t *testing.T, conns connPair) {
					c := halfOpen(t, conns, row.beat)
					check(t, c, func() error {
						ctx := c.CloseRead(forever)
						<-ctx.Done()
						return context.Cause(ctx)
					})
				})
			})
			t.Run("Reads that give up and begin again", func(t *testing.T) {
				inMemory(t, func(t *testing.T, conns connPair) {
					c := halfOpen(t, conns, row.beat)
					check(t, c, func() error {
						for {
							_, _, err := c.Read(expiring(70 * time.Millisecond))
							if err != context.DeadlineExceeded {
								return err
							}
						}
					})
				})
			})
			t.Run("while a Write is stuck", func(t *testing.T) {
				bubbles(t, "plain", func(t *testing.T) {
					c, raw := serverAndRaw(t, &websocket.AcceptOptions{Heartbeat: row.beat})
					_ = raw // does not read
					stuck := inBackground(func() error { return c.Write(forever, websocket.Binary, make([]byte, 1<<20)) })
					check(t, c, func() error { _, _, err := c.Read(forever); return err })
					wantError(t, "Write", <-stuck, websocket.ErrClosed)
				})
			})
		})
	}
}

func TestHeartbeatRunsOnlyWhileSomebodyReads(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		s, c := conns(t, nil)
		time.Sleep(time.Hour)
		send(t, s, websocket.Text, "still")
		wantMessage(t, c, websocket.Text, "still")
		send(t, c, websocket.Text, "here")
		wantMessage(t, s, websocket.Text, "here")
	})
	t.Run("no Ping is sent meanwhile", func(t *testing.T) {
		endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
			time.Sleep(time.Hour)
			start := time.Now()
			go c.Read(forever)
			h, _, err := raw.read()
			if err != nil || h.Opcode != frame.Ping {
				t.Fatalf("the peer received %+v, %v; want a Ping", h, err)
			}
			wantWithin(t, "the first Ping", time.Since(start), 30*time.Second, 30*time.Second)
		})
	})
}

func TestTimeInWhichNobodyReadsDoesNotCountAsSilence(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		for range 5 {
			ping := inBackground(func() string { _, payload, _ := raw.read(); return string(payload) })
			_, _, err := c.Read(expiring(35 * time.Second)) // the Ping is out
			wantError(t, "Read", err, context.DeadlineExceeded)
			raw.write(raw.frame(frame.Pong, true, <-ping))
			time.Sleep(10 * time.Minute)
			_, _, err = c.Read(expiring(time.Second))
			wantError(t, "Read", err, context.DeadlineExceeded)
		}
	})
}

func TestIdleConnectionIsPingedEachInterval(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		c.CloseRead(forever)
		for range 100 {
			start := time.Now()
			h, payload, err := raw.read()
			if err != nil || h.Opcode != frame.Ping {
				t.Fatalf("the peer received %+v, %v; want a Ping", h, err)
			}
			wantWithin(t, "a Ping", time.Since(start), 30*time.Second, 30*time.Second)
			time.Sleep(time.Second) // the way there and back
			raw.write(raw.frame(frame.Pong, true, string(payload)))
			synctest.Wait()
		}
	})
}

func TestIntervalCountsFromTheLastOctet(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		go func() {
			for range c.Messages(forever) {
			}
		}()
		for range 20 {
			time.Sleep(25 * time.Second)
			raw.write(raw.text("alive"))
		}
		synctest.Wait()
		start := time.Now()
		if h, _, err := raw.read(); err != nil || h.Opcode != frame.Ping {
			t.Fatalf("the peer received %+v, %v; want a Ping", h, err)
		}
		wantWithin(t, "the Ping", time.Since(start), 30*time.Second, 30*time.Second)
	})
}

func TestSilenceWhileAMessageTricklesIsLife(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		go func() { // it answers no Ping: a frame is being sent
			for _, octet := range raw.text("this takes its time") {
				raw.write([]byte{octet})
				time.Sleep(45 * time.Second)
			}
		}()
		wantMessage(t, c, websocket.Text, "this takes its time")
		time.Sleep(time.Minute)
	})
}

// The peer takes a large frame, slowly. The Ping waits behind it.
func TestPeerThatReadsSlowlyIsAlive(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		c.CloseRead(forever)
		const size = 3 << 20
		octets := frame.Header{Masked: !raw.masks, Length: size}.Size() + size
		written := inBackground(func() error { return c.Write(forever, websocket.Binary, make([]byte, size)) })
		var some [8 << 10]byte
		for octets > 0 {
			n, err := raw.nc.Read(some[:min(len(some), octets)])
			if err != nil {
				t.Fatalf("%d octets before the end: %v", octets, err)
			}
			octets -= n
			time.Sleep(time.Second) // in all, more than six minutes
		}
		wantError(t, "Write", <-written, nil)
		send(t, c, websocket.Text, "after")
		raw.nc.SetReadDeadline(time.Now().Add(time.Second))
		pings := 0
		for h, _, err := raw.read(); err == nil; h, _, err = raw.read() {
			if h.Opcode == frame.Ping {
				pings++
			}
		}
		if pings < 10 || pings > 15 {
			t.Errorf("%d Pings were waiting, want one for each half minute", pings)
		}
	})
}

func TestHeartbeatCanBeTurnedOff(t *testing.T) {
	t.Run("no Interval", func(t *testing.T) {
		endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{Interval: -1}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
			_, _, err := c.Read(expiring(24 * time.Hour))
			wantError(t, "Read", err, context.DeadlineExceeded)
			send(t, c, websocket.Text, "the first frame")
			raw.wantFrame(frame.Text, "the first frame")
		})
	})
	t.Run("no Timeout", func(t *testing.T) {
		endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{Timeout: -1}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
			reading := inBackground(func() error { _, _, err := c.Read(expiring(time.Hour)); return err })
			pings := 0
			for start := time.Now(); time.Since(start) < 59*time.Minute; pings++ {
				if h, _, err := raw.read(); err != nil || h.Opcode != frame.Ping {
					t.Fatalf("the peer received %+v, %v; want a Ping", h, err)
				}
			}
			if pings < 105 || pings > 132 {
				t.Errorf("%d Pings in an hour, want 120", pings)
			}
			wantError(t, "Read", <-reading, context.DeadlineExceeded)
		})
	})
}

// Writes into a network that is gone succeed for a while. They are no life.
func TestHalfOpenConnectionEndsThoughTheProgramWrites(t *testing.T) {
	inMemory(t, func(t *testing.T, conns connPair) {
		c := halfOpen(t, conns, websocket.Heartbeat{})
		writing := inBackground(func() error {
			for {
				if err := c.Write(forever, websocket.Binary, make([]byte, 200_000)); err != nil {
					return err
				}
				time.Sleep(time.Second)
			}
		})
		start := time.Now()
		_, _, err := c.Read(forever)
		wantError(t, "Read", err, websocket.ErrHeartbeat)
		wantWithin(t, "it", time.Since(start), 50*time.Second, 30*time.Second)
		wantError(t, "Write", <-writing, websocket.ErrClosed)
	})
}

// The time that is left of silence does not run while nobody reads: it must not be waited for in vain.
func TestHeartbeatOfWhoStoppedReadingJustBeforeItsEndRests(t *testing.T) {
	endAndRaw(t, websocket.Limits{}, websocket.Heartbeat{}, func(t *testing.T, c *websocket.Conn, raw *rawPeer) {
		ctx, cancel := context.WithCancel(forever)
		reading := inBackground(func() error { _, _, err := c.Read(ctx); return err })
		raw.read() // the Ping
		time.Sleep(20*time.Second - time.Microsecond)
		cancel()
		wantError(t, "Read", <-reading, context.Canceled)
		time.Sleep(24 * time.Hour)
		raw.write(raw.text("here"))
		wantMessage(t, c, websocket.Text, "here")
	})
}

package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
	"github.com/everwire/everwire/websocket/wstest"
)

// TestConnStress has two Conns do everything at once over streams that misbehave, from a seed that is
// printed and can be given again: EVERWIRE_SEED=… repeats the choices, though not how goroutines are
// scheduled.
func TestConnStress(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("EVERWIRE_SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	t.Logf("EVERWIRE_SEED=%d", seed)
	rounds := 12
	if os.Getenv("EVERWIRE_LONG") != "" {
		rounds = 1000
	}
	for round := range rounds {
		for _, kind := range []string{"gentle", "rough"} {
			if t.Failed() {
				return
			}
			bubbles(t, fmt.Sprintf("%s %d", kind, round), func(t *testing.T) {
				s := newConnStress(t, rand.New(rand.NewPCG(seed, uint64(round))), kind == "rough")
				s.run()
			})
		}
	}
}

// connStress is one round.
type connStress struct {
	t     *testing.T
	rough bool // the connection ends in the middle of it
	ends  [2]*stressEnd
	conns [2]*websocket.Conn
	wires [2]*wstest.FaultyConn

	mu  sync.Mutex // guards rnd: goroutines draw from it, too
	rnd *rand.Rand
}

// stressEnd is what happens at one end.
type stressEnd struct {
	*connStress
	c       *websocket.Conn
	writers int
	each    int // messages of each writer
	readers int

	mu      sync.Mutex
	next    map[string]int // by writer of the peer, the message that comes next
	missing sync.WaitGroup // messages of the peer
}

func newConnStress(t *testing.T, rnd *rand.Rand, rough bool) *connStress {
	s := &connStress{t: t, rnd: rnd, rough: rough}
	wrap := func(i int) func(net.Conn) net.Conn {
		return func(nc net.Conn) net.Conn {
			s.wires[i] = wstest.Faulty(nc)
			return s.wires[i]
		}
	}
	pair := &wstest.PairOptions{Server: wrap(0), Client: wrap(1)}
	pair.Pipe = []wstest.Option{wstest.PipeSize(1 + s.below(100_000))}
	if !rough { // peers that are slow are not gone
		pair.Accept.Heartbeat.Interval, pair.Dial.Heartbeat.Interval = time.Hour, time.Hour
	}
	s.conns[0], s.conns[1] = memoryConns(t, pair)
	for i, wire := range s.wires {
		wire.Reads().SplitRandom(rnd.Uint64(), 10+s.below(5000))
		wire.Writes().SplitRandom(rnd.Uint64(), 100+s.below(5000)).Delay(time.Duration(s.below(200)) * time.Microsecond)
		s.ends[i] = &stressEnd{
			connStress: s, c: s.conns[i],
			writers: 1 + s.below(3), each: s.below(15), readers: 1 + s.below(3),
			next: map[string]int{},
		}
	}
	return s
}

func (s *connStress) below(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rnd.IntN(n)
}

// soon returns a context that ends within milliseconds, or never.
func (s *connStress) soon() context.Context {
	if s.below(4) == 0 {
		return forever
	}
	return expiring(time.Duration(1+s.below(3000)) * time.Microsecond)
}

func (s *connStress) run() {
	var writing, reading, pinging sync.WaitGroup
	quiet, hush := context.WithCancel(forever)
	for i, end := range s.ends {
		end.missing.Add(s.ends[1-i].writers * s.ends[1-i].each)
		for w := range end.writers {
			writing.Go(func() { end.write(string(rune('a' + w))) })
		}
		for range end.readers {
			reading.Go(end.read)
		}
		pinging.Go(func() { end.ping(quiet) })
	}
	if s.rough {
		time.Sleep(time.Duration(s.below(20)) * time.Millisecond)
		s.disturb()
	} else {
		writing.Wait()
		for _, end := range s.ends {
			end.missing.Wait()
		}
		s.close()
	}
	// Whatever was done, both ends come to their end by themselves.
	reading.Wait()
	writing.Wait()
	hush()
	pinging.Wait()
	for i, c := range s.conns {
		if err := c.Close(websocket.CloseNormal, ""); err != nil && !s.rough {
			s.t.Errorf("end %d: Close: %v", i, err)
		}
		s.wires[i].NetConn().Close() // in case a cut hides the end from it
	}
	wantNoGoroutines(s.t)
}

// disturb ends the connection in some way, or takes something away that it cannot live without.
func (s *connStress) disturb() {
	i := s.below(2)
	c, wire := s.conns[i], s.wires[i]
	far := wire.Writes().Bytes() + int64(s.below(5000))
	switch s.below(8) {
	case 0:
		c.Terminate()
	case 1:
		wire.Writes().CutAfter(far, wstest.CutReset)
	case 2:
		wire.Writes().CutAfter(far, wstest.CutEOF)
	case 3:
		wire.Reads().CutAfter(wire.Reads().Bytes()+int64(s.below(5000)), wstest.CutEOF)
	case 4:
		wire.Writes().CutAfter(far, wstest.CutSilent)
		wire.Reads().CutAfter(0, wstest.CutSilent)
	case 5:
		wire.Writes().Corrupt(far, byte(1+s.below(255)))
	case 6:
		w, err := c.Writer(s.soon(), websocket.Text)
		if err == nil {
			w.Write(bytes.Repeat([]byte("x"), 40<<10))
			w.Write([]byte("\xFF"))
		}
	}
	time.Sleep(time.Duration(s.below(100)) * time.Millisecond)
	s.close()
}

// close closes one end, or both, several times.
func (s *connStress) close() {
	var closing sync.WaitGroup
	first, n := s.below(2), 1+s.below(4)
	for i := range n {
		closing.Go(func() {
			if err := s.conns[(first+i)%2].Close(websocket.CloseGoingAway, "the end"); err != nil && !s.rough {
				s.t.Errorf("Close: %v", err)
			}
		})
	}
	closing.Wait()
}

// write writes messages that say who wrote them and how many came before.
func (e *stressEnd) write(name string) {
	for i := range e.each {
		message := fmt.Sprintf("%s %d %s", name, i, strings.Repeat(name, e.below(1+e.below(20_000))))
		for {
			err := e.writeOne(message)
			if err == nil {
				break
			}
			if e.rough && !errors.Is(err, context.DeadlineExceeded) {
				return
			}
			if !e.rough {
				e.t.Errorf("writing: %v", err)
				return
			}
		}
	}
}

func (e *stressEnd) writeOne(message string) error {
	ctx := forever
	if e.rough {
		ctx = e.soon()
	}
	switch e.below(3) {
	case 0:
		return e.c.WriteJSON(ctx, message)
	case 1:
		return e.c.Write(ctx, websocket.Text, []byte(message))
	}
	w, err := e.c.Writer(ctx, websocket.Binary)
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(onlyWriter{w}, onlyReader{strings.NewReader(message)}, make([]byte, 1+e.below(50_000))); err != nil {
		w.Close()
		return err
	}
	return w.Close()
}

// read reads until the connection ends, by contexts that end all the time.
func (e *stressEnd) read() {
	var begun string // of a message, by a reader that is alone
	for {
		way := e.below(4)
		if e.readers > 1 && way == 2 {
			way = 0 // others would take parts of it
		}
		var message string
		var err error
		switch way {
		case 0:
			message, err = readMessage(e.c, e.soon())
		case 1:
			message, err = nextMessage(e.c, e.soon())
		case 2:
			message, err = streamMessage(e.c, e.soon())
			if err == context.DeadlineExceeded {
				begun += message
			}
		case 3:
			for m, err2 := range e.c.Messages(e.soon()) {
				if err = err2; err != nil {
					break
				}
				e.got(begun + m.Text())
				begun = ""
			}
		}
		switch {
		case err == nil:
			e.got(begun + message)
			begun = ""
		case err != context.DeadlineExceeded:
			return
		}
	}
}

// got checks a message.
func (e *stressEnd) got(message string) {
	var name, body string
	var number int
	message = strings.Trim(message, `"`)
	n, _ := fmt.Sscanf(message, "%s %d %s", &name, &number, &body)
	if n < 2 || strings.Trim(body, name) != "" {
		if !e.rough { // where octets are corrupted on purpose
			e.t.Errorf("got %.100q", message)
		}
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.rough {
		if e.readers == 1 && number != e.next[name] {
			e.t.Errorf("writer %s: message %d came instead of %d", name, number, e.next[name])
		}
		e.next[name]++
		e.missing.Done()
	}
}

func (e *stressEnd) ping(quiet context.Context) {
	for quiet.Err() == nil {
		if err := e.c.Ping(e.soon()); err == websocket.ErrClosed {
			return
		}
		time.Sleep(time.Duration(e.below(5000)) * time.Microsecond)
	}
}

func TestConnStressOverTheNetwork(t *testing.T) {
	overStreams(t, func(t *testing.T, conns connPair) {
		for range 2 {
			var opts wstest.PairOptions
			opts.Accept.Limits.ControlFrames, opts.Dial.Limits.ControlFrames = -1, -1
			s, c := conns(t, &opts)
			var working, busy sync.WaitGroup
			for _, end := range []*websocket.Conn{s, c} {
				working.Go(func() {
					for m, err := range end.Messages(forever) {
						if err != nil {
							return
						}
						if m.Len() == 0 {
							t.Error("an empty message")
						}
					}
				})
				for i := range 3 {
					busy.Add(1)
					working.Go(func() {
						for n := 1; ; n++ {
							if writeSomehow(end, i, bytes.Repeat([]byte("x"), n*700)) != nil {
								return
							}
							if n == 10 {
								busy.Done()
							}
						}
					})
				}
				working.Go(func() {
					for end.Ping(forever) == nil {
					}
				})
			}
			busy.Wait()
			for _, end := range []*websocket.Conn{s, c} {
				working.Go(func() {
					if err := end.Close(websocket.CloseNormal, ""); err != nil {
						t.Errorf("Close: %v", err)
					}
				})
			}
			working.Wait()
		}
	})
}

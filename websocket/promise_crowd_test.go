package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/everwire/everwire/websocket"
)

// TestCrowd has many sockets on each driver do everything at once, while their listeners block, and checks every
// promise. The seed that it prints repeats what is done, though not how goroutines are scheduled.
func TestCrowd(t *testing.T) {
	seed := crowdSeed(t)
	for _, driver := range []websocket.Driver{websocket.EventLoops, websocket.Goroutines} {
		t.Run([]string{"loop", "goroutines"}[driver], func(t *testing.T) { newCrowd(t, seed, driver).run() })
	}
}

// TestStressLong is TestCrowd over and over, for as long as EVERWIRE_STRESS says, each time with the next seed.
func TestStressLong(t *testing.T) {
	if os.Getenv("EVERWIRE_STRESS") == "" {
		t.Skip("it takes long: set EVERWIRE_STRESS to a duration, such as 1h")
	}
	d, err := time.ParseDuration(os.Getenv("EVERWIRE_STRESS"))
	must(t, err)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	seed, rounds := crowdSeed(t), 0
	for end := time.Now().Add(d); time.Now().Before(end) && !t.Failed(); seed++ {
		for _, driver := range []websocket.Driver{websocket.EventLoops, websocket.Goroutines} {
			runtime.GOMAXPROCS(1 + int(seed%4))
			t.Run(fmt.Sprintf("EVERWIRE_SEED=%d", seed), func(t *testing.T) { newCrowd(t, seed, driver).run() })
			rounds++
		}
	}
	t.Logf("%d rounds", rounds)
}

func crowdSeed(t *testing.T) uint64 {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("EVERWIRE_SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	t.Logf("EVERWIRE_SEED=%d", seed)
	return seed
}

// A crowd is many connections to one server.
type crowd struct {
	t       *testing.T
	rnd     *rand.Rand
	driver  websocket.Driver
	server  *httptest.Server
	accept  websocket.AcceptOptions
	dial    websocket.DialOptions
	couples []*couple
	all     crowdGroup // every server's end, as long as it lives
	some    crowdGroup // those that come and go
}

// A crowdGroup numbers what is published to it.
type crowdGroup struct {
	websocket.Group
	mu sync.Mutex
	n  int
}

// publish publishes the next message.
func (g *crowdGroup) publish(kind string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p, _ := websocket.Prepare(websocket.Text, fmt.Appendf(nil, "%s %d ", kind, g.n))
	g.n++
	g.Publish(p)
}

// A couple is a connection: the server's end first.
type couple struct {
	crowd  *crowd
	number int
	ending farewell
	ends   [2]*crowdEnd
}

// A farewell is how a connection ends.
type farewell int

const (
	closeHere     farewell = iota // by the server's end, when it has sent all
	closeThere                    // by the client's
	closeListener                 // by the server's, in a listener
	closeBoth
	terminateHere
	terminateThere
	panicHere // of a listener
	farewells
)

// A crowdEnd is one end, and what is known of it.
type crowdEnd struct {
	couple *couple
	which  int
	s      *websocket.Socket
	peer   *crowdEnd
	ready  chan struct{}
	closed chan struct{}

	mu       sync.Mutex // guards what follows: a message gets its number as it is sent
	sent     int        // messages that were accepted
	refused  int64      // octets that were not, and count all the same
	promised int        // calls of Done that are to come
	kept     int        // of them, with nil
	broken   int        // of them, with an error

	// The listeners' own: they never run at the same time.
	rnd       *rand.Rand
	running   atomic.Int32
	next      int // the message expected next
	toAll     int // the broadcast expected next
	toSome    int // the least number the next one may have
	errors    []error
	closes    int
	wasClean  bool
	panicNext atomic.Bool
	closeNext atomic.Bool
}

func newCrowd(t *testing.T, seed uint64, driver websocket.Driver) *crowd {
	c := &crowd{t: t, rnd: rand.New(rand.NewPCG(seed, uint64(driver))), driver: driver}
	limits := websocket.Limits{CloseTimeout: time.Minute, ControlFrames: -1}
	queue := websocket.Queue{Bytes: -1, Messages: -1}
	plain := websocket.Compression{Disabled: c.rnd.IntN(2) == 0}
	c.accept = websocket.AcceptOptions{Limits: limits, Queue: queue, Driver: driver, Compression: plain}
	c.dial = websocket.DialOptions{Limits: limits, Queue: queue, Driver: driver, Compression: plain}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var i int
		fmt.Sscanf(r.URL.Path, "/%d", &i)
		if _, err := websocket.Upgrade(w, r, &c.accept, c.couples[i].ends[0].listen); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(c.server.Close)
	for i := range 24 {
		p := &couple{crowd: c, number: i, ending: farewell(c.rnd.IntN(int(farewells)))}
		for which := range p.ends {
			p.ends[which] = &crowdEnd{
				couple: p, which: which, ready: make(chan struct{}), closed: make(chan struct{}),
				rnd: rand.New(rand.NewPCG(c.rnd.Uint64(), 1)),
			}
		}
		p.ends[0].peer, p.ends[1].peer = p.ends[1], p.ends[0]
		c.couples = append(c.couples, p)
	}
	return c
}

// run connects all, has them do their things, and waits until all have ended.
func (c *crowd) run() {
	stuck := time.AfterFunc(2*time.Minute, func() {
		for _, p := range c.couples {
			for _, e := range p.ends {
				e.mu.Lock()
				fmt.Fprintf(os.Stderr, "couple %d/%d, ending %d: sent %d, next %d, %v, BufferedAmount %d\n",
					p.number, e.which, p.ending, e.sent, e.next, e.s.ReadyState(), e.s.BufferedAmount())
				e.mu.Unlock()
			}
		}
		panic("the crowd is stuck")
	})
	defer stuck.Stop()
	var all sync.WaitGroup
	for _, p := range c.couples {
		url := fmt.Sprintf("%s/%d", c.server.URL, p.number)
		if _, err := websocket.New(url, &c.dial, p.ends[1].listen); err != nil {
			c.t.Fatal(err)
		}
	}
	for _, p := range c.couples {
		<-p.ends[0].ready
		<-p.ends[1].ready
	}
	for _, p := range c.couples {
		plan := rand.New(rand.NewPCG(c.rnd.Uint64(), 2))
		all.Go(func() { p.live(plan) })
	}
	publishing := rand.New(rand.NewPCG(c.rnd.Uint64(), 3))
	all.Go(func() {
		for range 60 {
			c.all.publish("all")
			member := c.couples[publishing.IntN(len(c.couples))].ends[0].s
			if publishing.IntN(2) == 0 {
				c.some.Add(member)
			} else {
				c.some.Remove(member)
			}
			c.some.publish("some")
			wait(publishing)
		}
	})
	all.Wait()
	for _, p := range c.couples {
		p.judge()
	}
	if n := c.all.Len() + c.some.Len(); n != 0 {
		c.t.Errorf("%d members are left in the groups", n)
	}
}

// live is a couple's life.
func (p *couple) live(plan *rand.Rand) {
	var both sync.WaitGroup
	early := plan.IntN(60) // when a rude ending comes
	for _, e := range p.ends {
		plan := rand.New(rand.NewPCG(plan.Uint64(), 4))
		both.Go(func() {
			for i := range 60 {
				e.act(plan)
				if i == early && e.which == 0 {
					p.endRudely()
				}
			}
		})
	}
	both.Wait()
	switch here, there := p.ends[0].s, p.ends[1].s; p.ending {
	case closeHere:
		here.Close(1000, "")
	case closeThere:
		there.Close(1000, "")
	case closeBoth:
		both.Go(func() { here.Close(1000, "") })
		there.Close(1000, "")
		both.Wait()
	default: // in case it did not come to that
		there.Close(1000, "")
	}
	<-p.ends[0].closed
	<-p.ends[1].closed
}

// endRudely ends the connection in the middle of things, if it is to end like that.
func (p *couple) endRudely() {
	switch p.ending {
	case terminateHere:
		p.ends[0].s.Terminate()
	case terminateThere:
		p.ends[1].s.Terminate()
	case panicHere:
		p.ends[0].panicNext.Store(true)
	case closeListener:
		p.ends[0].closeNext.Store(true)
	}
}

// act does one thing.
func (e *crowdEnd) act(plan *rand.Rand) {
	switch plan.IntN(12) {
	case 0:
		e.s.Ping([]byte("p"))
	case 1:
		e.s.Pause()
		wait(plan)
		e.s.Resume()
	case 2:
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(plan.IntN(int(5*time.Millisecond))))
		defer cancel()
		e.s.Flush(ctx)
	case 3:
		wait(plan)
	default:
		e.send(plan)
	}
}

// wait lets others go on for a while.
func wait(rnd *rand.Rand) {
	switch rnd.IntN(4) {
	case 0:
		time.Sleep(time.Duration(rnd.IntN(int(2 * time.Millisecond))))
	case 1:
		for end := time.Now().Add(time.Duration(rnd.IntN(int(time.Millisecond)))); time.Now().Before(end); {
		}
	default:
		runtime.Gosched()
	}
}

// send sends the next message in some way.
func (e *crowdEnd) send(rnd *rand.Rand) {
	e.mu.Lock()
	defer e.mu.Unlock()
	text := fmt.Sprint("direct ", e.sent, strings.Repeat(" ", 1+rnd.IntN(1+10<<rnd.IntN(14))))
	var err error
	switch rnd.IntN(8) {
	case 0:
		err = e.s.SendBlob(strings.NewReader(text), int64(len(text)))
	case 1:
		p, _ := websocket.Prepare(websocket.Text, []byte(text))
		err = e.s.SendPrepared(p)
	case 2:
		err = e.s.SendFunc([]byte(text), e.done)
		if err == nil {
			e.promised++
		}
	case 3:
		err = e.s.Send([]byte(text))
	default:
		err = e.s.SendText(text)
	}
	switch {
	case err == nil:
		e.sent++
	case errors.Is(err, websocket.ErrClosed):
		e.refused += int64(len(text))
	default:
		e.couple.crowd.t.Error(err)
	}
}

func (e *crowdEnd) done(err error) {
	defer e.enter()()
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		e.kept++
	} else {
		e.broken++
	}
}

// enter begins a listener: nobody else runs, and the close event was not yet.
func (e *crowdEnd) enter() (leave func()) {
	if e.running.Add(1) != 1 || e.closes > 0 {
		e.couple.crowd.t.Errorf("couple %d: %d listeners run, %d close events came", e.couple.number, e.running.Load(), e.closes)
	}
	return func() { e.running.Add(-1) }
}

// listen is the setup of the socket.
func (e *crowdEnd) listen(s *websocket.Socket) {
	e.s = s
	s.OnOpen(func(s *websocket.Socket) {
		defer e.enter()()
		if e.which == 0 {
			e.couple.crowd.all.Add(s)
		}
		close(e.ready)
	})
	s.OnMessage(func(s *websocket.Socket, m websocket.Message) {
		defer e.enter()()
		e.receive(m.Text())
		e.dawdle()
	})
	s.OnPing(func(*websocket.Socket, []byte) { defer e.enter()() })
	s.OnPong(func(*websocket.Socket, []byte) { defer e.enter()(); wait(e.rnd) })
	s.OnDrain(func(*websocket.Socket) { defer e.enter()() })
	s.OnError(func(_ *websocket.Socket, err error) { defer e.enter()(); e.errors = append(e.errors, err) })
	s.OnClose(func(_ *websocket.Socket, ev websocket.CloseEvent) {
		defer close(e.closed)
		defer e.enter()()
		e.closes++
		e.wasClean = ev.WasClean
	})
}

// receive takes a message.
func (e *crowdEnd) receive(text string) {
	t := e.couple.crowd.t
	var kind string
	var n int
	fmt.Sscan(text, &kind, &n)
	switch kind {
	case "direct":
		if n != e.next {
			t.Errorf("couple %d: message %d came, %d was expected", e.couple.number, n, e.next)
		}
		e.next++
	case "all":
		if n != e.toAll && e.toAll != 0 {
			t.Errorf("couple %d: broadcast %d came, %d was expected", e.couple.number, n, e.toAll)
		}
		e.toAll = n + 1
	case "some":
		if n < e.toSome {
			t.Errorf("couple %d: broadcast %d came, after %d", e.couple.number, n, e.toSome-1)
		}
		e.toSome = n + 1
	default:
		t.Errorf("couple %d: %q came", e.couple.number, short(text))
	}
}

// dawdle is what a listener does besides: it blocks, it sends, it ends its goroutine, or the connection.
func (e *crowdEnd) dawdle() {
	switch e.rnd.IntN(10) {
	case 0:
		time.Sleep(time.Duration(e.rnd.IntN(int(4 * time.Millisecond))))
	case 1:
		wait(e.rnd)
	case 2:
		e.send(e.rnd)
	case 3:
		other := e.couple.crowd.couples[e.rnd.IntN(len(e.couple.crowd.couples))].ends[0]
		other.send(e.rnd)
	case 4:
		if e.rnd.IntN(4) == 0 {
			runtime.Goexit()
		}
	}
	if e.closeNext.Swap(false) {
		e.s.Close(1000, "")
		time.Sleep(time.Duration(e.rnd.IntN(int(4 * time.Millisecond))))
	}
	if e.panicNext.Swap(false) {
		panic("the crowd's")
	}
}

// judge looks whether all that was promised was kept.
func (p *couple) judge() {
	t := p.crowd.t
	for _, e := range p.ends {
		if e.closes != 1 || len(e.errors) > 1 {
			t.Errorf("couple %d: %d close events, errors %v", p.number, e.closes, e.errors)
		}
		if e.kept+e.broken != e.promised {
			t.Errorf("couple %d: of %d calls of Done there were %d and %d", p.number, e.promised, e.kept, e.broken)
		}
		if e.next > e.peer.sent {
			t.Errorf("couple %d: %d messages came of %d", p.number, e.next, e.peer.sent)
		}
	}
	closer, other := p.ends[0], p.ends[1]
	switch p.ending {
	case closeHere:
	case closeThere:
		closer, other = other, closer
	default:
		return
	}
	if other.next != closer.sent || !closer.wasClean || !other.wasClean || len(closer.errors)+len(other.errors) > 0 {
		t.Errorf("couple %d, ending %d: of %d messages %d came before the close event, clean %v and %v, errors %v and %v",
			p.number, p.ending, closer.sent, other.next, closer.wasClean, other.wasClean, closer.errors, other.errors)
	}
	n := closer.s.BufferedAmount() - closer.refused
	if closer.which == 0 { // what was published to it in CLOSING counts, too
		n = min(n, 0)
	}
	if n != 0 || closer.broken > 0 {
		t.Errorf("couple %d: all was sent, but BufferedAmount is %d off; %d calls of Done say otherwise", p.number, n, closer.broken)
	}
}

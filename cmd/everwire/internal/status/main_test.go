package status

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/everwire/everwire/internal/leak"
	"github.com/everwire/everwire/websocket"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

// fakePeer is a connection that is none.
type fakePeer struct {
	queued   int64
	rtt      time.Duration
	protocol string

	mu     sync.Mutex
	state  websocket.ReadyState
	code   websocket.CloseCode
	reason string
	taps   map[int]func(websocket.TapEvent)
	last   int
}

func (p *fakePeer) ReadyState() websocket.ReadyState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}
func (p *fakePeer) BufferedAmount() int64 { return p.queued }
func (p *fakePeer) RTT() time.Duration    { return p.rtt }
func (p *fakePeer) Subprotocol() string   { return p.protocol }
func (p *fakePeer) Extensions() string    { return "" }

func (p *fakePeer) Close(code websocket.CloseCode, reason string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state, p.code, p.reason = websocket.Closing, code, reason
	return nil
}

func (p *fakePeer) Tap(f func(websocket.TapEvent)) (remove func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taps == nil {
		p.taps = make(map[int]func(websocket.TapEvent))
	}
	p.last++
	id := p.last
	p.taps[id] = f
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.taps, id)
	}
}

// show shows a frame to those who tap, and returns how many that are.
func (p *fakePeer) show(e websocket.TapEvent) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.taps {
		f(e)
	}
	return len(p.taps)
}

// add gives a Collector a connection that is none.
func add(c *Collector, id int64, address, path, agent string) (*fakePeer, *connection) {
	p := &fakePeer{state: websocket.Open}
	r := httptest.NewRequest(http.MethodGet, cmp.Or(path, "/echo"), nil)
	if agent != "" {
		r.Header.Set("User-Agent", agent)
	}
	return p, c.open(id, p, address, r)
}

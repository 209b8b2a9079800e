package shed

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/everwire/everwire/websocket"
)

// A Gate is in front of the endpoints of a server. It counts who is inside, and lets nobody in while a limit is passed.
type Gate struct {
	limits Limits
	log    *slog.Logger
	meter  meter // only run uses it

	mu     sync.Mutex // guards inside, and changes of shut[Connections], which must agree with it
	inside int

	shut [Causes]atomic.Bool
	shed [Causes]atomic.Uint64

	// Refused, if set, is called with each handshake that is answered with 503.
	Refused func(r *http.Request)
}

// When to come again, in seconds: each is told another time, so that they do not come together.
const (
	soonest = 5
	latest  = 30
)

const (
	look = 100 * time.Millisecond // from measuring to measuring

	rising  = 5                // looks in a row that have to be over a limit: half a second
	falling = 20               // that have to be well below it: two seconds
	loopRun = 12 * time.Second // longer than one pause shows in what loops say

	// Well below a limit is at most so much of it.
	roomConnections = 0.95
	roomMemory      = 0.9
	roomLag         = 0.5
)

// NewGate returns a Gate that is open. Run has it watch memory and lag.
func NewGate(limits Limits, log *slog.Logger) *Gate { return &Gate{limits: limits, log: log} }

// Watch counts a Server's connections. Its requests must come through Guard.
func (g *Gate) Watch(srv *websocket.Server) {
	srv.OnConnection(func(s *websocket.Socket, r *http.Request) {
		if place, ok := r.Context().Value(placeKey{}).(*place); ok {
			place.taken = true
			s.OnClose(func(*websocket.Socket, websocket.CloseEvent) { g.leave() })
		}
	})
}

// A place is that of one handshake among those who are inside.
type place struct{ taken bool }

type placeKey struct{}

// Guard returns a handler that answers handshakes with 503 and a Retry-After while the Gate is shut, and gives everything else to next.
func (g *Gate) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !websocket.IsUpgrade(r) {
			next.ServeHTTP(w, r)
			return
		}
		if cause, ok := g.enter(); !ok {
			g.refuse(w, r, cause)
			return
		}
		p := &place{}
		defer func() {
			if !p.taken {
				g.leave()
			}
		}()
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), placeKey{}, p)))
	})
}

// enter counts one more in, or says why not.
func (g *Gate) enter() (Cause, bool) {
	if c, shut := g.Shut(); shut {
		return c, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut[Connections].Load() { // since just now
		return Connections, false
	}
	g.inside++
	if most := g.limits.Connections; most > 0 && g.inside >= most {
		g.set(Connections, true, "connections", g.inside)
	}
	return 0, true
}

// leave counts one out.
func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if most := g.limits.Connections; most > 0 && g.inside <= lowConnections(most) {
		g.set(Connections, false, "connections", g.inside)
	}
}

// connections is how many are inside.
func (g *Gate) connections() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside
}

// lowConnections is from how many connections on there is room again: fewer than most.
func lowConnections(most int) int { return min(int(roomConnections*float64(most)), most-1) }

// Shut says whether nobody is taken in, and why.
func (g *Gate) Shut() (Cause, bool) {
	for c := range Causes {
		if g.shut[c].Load() {
			return c, true
		}
	}
	return 0, false
}

// Leave shuts the Gate for good: the server is told to stop.
func (g *Gate) Leave() { g.shut[Leaving].Store(true) }

// refuse answers a handshake. The stream ends with it, so that who is not let in holds no descriptor.
func (g *Gate) refuse(w http.ResponseWriter, r *http.Request, c Cause) {
	g.shed[c].Add(1)
	if g.Refused != nil {
		g.Refused(r)
	}
	w.Header().Set("Retry-After", strconv.Itoa(soonest+rand.IntN(latest-soonest+1)))
	w.Header().Set("Connection", "close")
	http.Error(w, Reason(c), http.StatusServiceUnavailable)
}

// Reason is what a client, or a load balancer, is told.
func Reason(c Cause) string {
	if c == Leaving {
		return "shutting down"
	}
	return "too busy: " + c.String()
}

// Run watches memory and lag, if there are limits of them, until ctx ends. Any of the process' Servers knows of its event loops.
func (g *Gate) Run(ctx context.Context, any *websocket.Server) {
	g.meter = newMeter(any)
	g.run(ctx)
}

func (g *Gate) run(ctx context.Context) {
	if g.limits.Memory <= 0 && g.limits.Lag <= 0 {
		return
	}
	memory := watch{high: float64(g.limits.Memory), low: roomMemory * float64(g.limits.Memory), rise: rising, fall: falling}
	late := watch{high: float64(g.limits.Lag), low: roomLag * float64(g.limits.Lag), rise: rising, fall: falling}
	loops := late
	loops.rise = int(loopRun / look)

	timer := time.NewTimer(look)
	defer timer.Stop()
	due := time.Now().Add(look)
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		lag := g.meter.late(due)
		if g.limits.Memory > 0 {
			used := g.meter.memory()
			g.set(Memory, memory.look(float64(used)), "octets", used)
		}
		if g.limits.Lag > 0 {
			ofLoops := g.meter.loops()
			timersAre, loopsAre := late.look(float64(lag)), loops.look(float64(ofLoops))
			g.set(Lag, timersAre || loopsAre, "lag", max(lag, ofLoops))
		}
		timer.Reset(look)
		due = time.Now().Add(look)
	}
}

// set shuts the Gate for a cause, or opens it.
func (g *Gate) set(c Cause, shut bool, figure string, value any) {
	if g.shut[c].Swap(shut) == shut {
		return
	}
	if shut {
		g.log.Warn("shedding load: new connections are answered with 503", "cause", c.String(), figure, value)
	} else {
		g.log.Info("taking connections again", "cause", c.String(), figure, value)
	}
}

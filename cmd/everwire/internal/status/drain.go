package status

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/everwire/everwire/cmd/everwire/internal/drain"
	"github.com/everwire/everwire/websocket"
)

var errDraining = errors.New("connections are being drained already; wait until that is through")

// drainReason is what those are told that are drained.
const drainReason = "please reconnect: connections are spread anew"

// drain answers, and then closes connections until all that were picked are closed, or the visitor is gone.
func (v *visitor) drain(c Command) {
	b := v.board
	if !b.draining.CompareAndSwap(false, true) {
		v.answer(c, nil, errDraining)
		return
	}
	picked, of := b.collector.pick(c.Fraction)
	over := time.Duration(c.Over) * time.Millisecond
	v.log.Info("operator drains", "connections", of, "picked", len(picked), "over", over)
	v.send(Event{Is: IsAnswer, ID: c.ID, Drain: &Drained{Connections: of, Picked: len(picked)}})
	go func() {
		closed := 0
		drain.Spread(v.socket.Context(), len(picked), over, func(i int) {
			p := picked[i].peer
			if p.ReadyState() == websocket.Open && p.Close(websocket.CloseServiceRestart, drainReason) == nil {
				closed++
			}
		})
		b.draining.Store(false) // before it is told: then there may be another
		v.log.Info("drained", "closed", closed, "picked", len(picked))
		v.send(Event{Is: IsDrained, Drain: &Drained{Connections: of, Picked: len(picked), Closed: closed}})
	}()
}

// pick draws a part of the connections that are open at random, and says how many these are in all.
func (c *Collector) pick(fraction float64) (picked []*connection, of int) {
	all := slices.DeleteFunc(c.connections(), func(conn *connection) bool { return conn.peer.ReadyState() != websocket.Open })
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:int(math.Round(fraction*float64(len(all))))], len(all)
}

package observe

import "github.com/everwire/everwire/websocket"

// Join returns an Observer that tells each of several, in their order, nil ones left out; nil if none is left. What none of
// them wants to be told is not asked for. The Observers must not change afterwards.
func Join(observers ...*websocket.Observer) *websocket.Observer {
	var joined *websocket.Observer
	for _, o := range observers {
		switch {
		case o == nil:
		case joined == nil:
			joined = o
		default:
			joined = both(joined, o)
		}
	}
	return joined
}

// both returns an Observer that tells a and then b.
func both(a, b *websocket.Observer) *websocket.Observer {
	return &websocket.Observer{
		Handshake: inTurn4(a.Handshake, b.Handshake),
		Opened:    inTurn1(a.Opened, b.Opened),
		Closed:    inTurn2(a.Closed, b.Closed),
		Received:  inTurn4(a.Received, b.Received),
		Sent:      inTurn4(a.Sent, b.Sent),
		Control:   inTurn4(a.Control, b.Control),
		Dropped:   inTurn2(a.Dropped, b.Dropped),
		RTT:       inTurn2(a.RTT, b.RTT),
		Handled:   inTurn2(a.Handled, b.Handled),
		Throttled: inTurn2(a.Throttled, b.Throttled),
	}
}

func inTurn1[A any](f, g func(A)) func(A) {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(a A) { f(a); g(a) }
}

func inTurn2[A, B any](f, g func(A, B)) func(A, B) {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(a A, b B) { f(a, b); g(a, b) }
}

func inTurn4[A, B, C, D any](f, g func(A, B, C, D)) func(A, B, C, D) {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(a A, b B, c C, d D) { f(a, b, c, d); g(a, b, c, d) }
}

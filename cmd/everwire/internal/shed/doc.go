// Package shed keeps a server from taking on more than it can carry: past set limits of connections, of memory or of lag its Gate
// answers opening handshakes with 503, until there is room again. Who is connected stays.
//
//	gate.go      Gate: who comes in, who does not, and when to ask again
//	watch.go     Limits; the state of each cause, with its hysteresis
//	measure.go   how much memory is in use, and how late everything is
//	figures.go   what is told of it
package shed

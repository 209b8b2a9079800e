// Package wstest has tools for testing programs that use WebSocket: connections that live in memory, run on
// the fake clock of [testing/synctest], and fail on command.
//
// [Pipe] is a connected pair of [net.Conn]. It behaves as TCP on loopback does: it buffers, it half-closes,
// it resets. What passes on it passes on a socket, and no test waits for a kernel.
//
// [Listen] is the matching [net.Listener]. An http.Server serves on it, and [Listener.Dial] is what an
// http.Transport, or any client that takes a dial function, connects with.
//
// [Faulty] wraps a connection, one of these or a real one, and gives the test its levers:
//
//	f := wstest.Faulty(conn)
//	f.Reads().Split(1)                           // every Read returns one byte
//	f.Reads().Corrupt(7, 0x01)                   // the 8th byte arrives with its lowest bit flipped
//	f.Writes().Delay(time.Second)                // a slow line
//	f.Writes().CutAfter(100, wstest.CutReset)    // after 100 bytes the connection is reset
//	f.Reads().CutAfter(0, wstest.CutSilent)      // the network is gone, and nobody was told
//
// [Sockets] and [Conns] put it together: a server's and a client's end of one WebSocket, connected by a
// real opening handshake over a Pipe, and terminated when the test ends.
//
// # With testing/synctest
//
// A goroutine that waits in any call of this package is durably blocked, and deadlines and delays follow the
// bubble's clock: a test of a 60 second timeout takes microseconds and is exact. Make the connections and
// listeners of such a test inside its bubble: synctest forbids sharing timers and channels across bubbles.
//
// A pipe, a listener and a faulty connection have no goroutines, except for the moment in which a deadline or
// a delay ends.
package wstest

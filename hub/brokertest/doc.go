// Package brokertest judges implementations of [hub.Broker]: each promise of its doc comments is a test, but for
// those about brokers that are out of reach, which only tests of one broker can bring about.
//
//	func TestBroker(t *testing.T) {
//		brokertest.Run(t, func(t *testing.T, nodes int) []hub.Broker {
//			brokers := make([]hub.Broker, nodes)
//			for i := range brokers {
//				brokers[i] = … // all of one cluster
//			}
//			return brokers
//		})
//	}
//
// What the files hold: brokertest.go, Run; logged.go, rooms with a log; follow.go, the seam between a log and
// what follows; read.go, which positions are honoured; plain.go, rooms without a log; listen.go, patterns and
// names; presence.go; end.go, contexts and Close; record.go, a Follower that remembers.
package brokertest

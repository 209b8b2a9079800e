package nats

import (
	"testing"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/hub/brokertest"
)

func TestABrokerKeepsThePromisesOfAll(t *testing.T) {
	t.Parallel()
	s := startServer(t, t.TempDir())
	brokertest.Run(t, func(t *testing.T, nodes int) []hub.Broker {
		brokers := make([]hub.Broker, nodes)
		for i := range brokers {
			brokers[i] = newBroker(t, connect(t, s), nil)
		}
		return brokers
	})
}

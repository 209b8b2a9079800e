package brokertest_test

import (
	"testing"

	"github.com/everwire/everwire/hub"
	"github.com/everwire/everwire/hub/brokertest"
	"github.com/everwire/everwire/internal/leak"
)

func TestMain(m *testing.M) { leak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	brokertest.Run(t, func(_ *testing.T, nodes int) []hub.Broker {
		first := hub.NewMemory(nil)
		brokers := []hub.Broker{first}
		for len(brokers) < nodes {
			brokers = append(brokers, first.Node())
		}
		return brokers
	})
}

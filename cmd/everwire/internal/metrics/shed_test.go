package metrics

import (
	"strings"
	"testing"

	"github.com/everwire/everwire/cmd/everwire/internal/shed"
)

func TestGate(t *testing.T) {
	m := New()
	m.WatchGate(func() shed.Figures {
		var f shed.Figures
		f.Shut[shed.Memory] = true
		f.Shed[shed.Memory], f.Shed[shed.Lag] = 7, 3
		return f
	})
	_, text := scrape1(t, m)
	for _, want := range []string{
		`everwire_shedding{cause="leaving"} 0`, `everwire_shedding{cause="memory"} 1`, `everwire_shedding{cause="connections"} 0`,
		`everwire_shed_handshakes_total{cause="memory"} 7`, `everwire_shed_handshakes_total{cause="lag"} 3`,
		`everwire_shed_handshakes_total{cause="connections"} 0`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}

package metrics

import (
	"strings"
	"testing"

	"github.com/everwire/everwire/cmd/everwire/internal/api/events"
)

func TestWebhook(t *testing.T) {
	m := New()
	m.WatchWebhook(func() events.Figures {
		return events.Figures{Waiting: 1, Delivered: 2, Retried: 3, GivenUp: 4, LeftOut: 5, Refused: 6, Unasked: 7}
	})
	_, text := scrape1(t, m)
	for _, want := range []string{
		`everwire_webhook_waiting 1`, `everwire_webhook_events_total{result="delivered"} 2`, `everwire_webhook_retries_total 3`,
		`everwire_webhook_events_total{result="given_up"} 4`, `everwire_webhook_events_total{result="left_out"} 5`,
		`everwire_webhook_refused_total{by="backend"} 6`, `everwire_webhook_refused_total{by="unasked"} 7`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
}

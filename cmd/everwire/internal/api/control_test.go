package api

import (
	"strings"
	"testing"

	"github.com/everwire/everwire/hub"
)

// What comes from another node is looked at as what comes from a backend: it may be another version of the
// program.
func TestOrdersOfOtherNodesAreJudged(t *testing.T) {
	c := newCluster(t, 2)
	conn := c.nodes[0].join("a", "ada", "plain")
	for _, order := range []string{"", "{", `{"user":"ada","code":1006}`, `{"code":4403}`, `{"user":"ada","room":"b","code":4403}`} {
		if _, err := c.nodes[1].hub.Publish(t.Context(), ControlRoom, hub.Message{Data: []byte(order)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.nodes[1].hub.Publish(t.Context(), ControlRoom, hub.Message{Data: []byte(`{"user":"ada","code":4000,"reason":"the good one"}`)}); err != nil {
		t.Fatal(err)
	}
	closedWith(t, conn, 4000, "the good one")
	if n := strings.Count(c.nodes[0].log.String(), "is left out"); n != 5 {
		t.Errorf("%d are left out, want 5: %s", n, c.nodes[0].log)
	}
}

func TestOrdersThatWaitAreBounded(t *testing.T) {
	c := &control{orders: make(chan target, 1)}
	order := []byte(`{"user":"ada","code":4403}`)
	if err := c.order(order); err != nil {
		t.Error(err)
	}
	if err := c.order(order); err == nil {
		t.Error("more are taken than may wait")
	}
}

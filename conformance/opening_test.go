package conformance

import "testing"

func TestTokensDifferByMoreThanCase(t *testing.T) {
	for _, each := range []struct {
		name   string
		values []string
		has    bool
	}{
		{"alone", []string{"websocket"}, true},
		{"in capital letters", []string{"WebSocket"}, true},
		{"in a list", []string{"h2c,\twebsocket , foo"}, true},
		{"in the second field", []string{"h2c", "websocket"}, true},
		{"nowhere", nil, false},
		{"as the beginning of another", []string{"websockets"}, false},
		{"with a version", []string{"websocket/13"}, false},
		{"with the Kelvin sign for the k", []string{"websoc\u212aet"}, false},
		{"with the long s", []string{"web\u017focket"}, false},
	} {
		t.Run(each.name, func(t *testing.T) {
			if got := hasToken(each.values, "websocket"); got != each.has {
				t.Errorf("hasToken(%q) is %v", each.values, got)
			}
		})
	}
}

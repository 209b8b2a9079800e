package browser

import (
	"slices"
	"testing"
)

// Cross-site WebSocket hijacking: a page of another origin, here of another port, connects to the server, and the
// browser sends the cookies of its visitor along.
func TestPagesOfOtherOrigins(t *testing.T) {
	overWSAndWSS(t, func(t *testing.T, secure bool) {
		foreign, another := listen(t, secure, blank), listen(t, secure, blank)
		tests := []struct {
			name  string
			flags []string
			letIn bool
		}{
			{"nobody else is let in", nil, false},
			{"another is let in", []string{"--origin", another.http}, false},
			{"it is let in", []string{"--origin", another.http, "--origin", foreign.http}, true},
		}
		p := open(t, foreign.http)
		for _, tt := range tests {
			s := serve(t, secure, tt.flags...)
			got := p.converse(s.ws+"/echo", nil, "your secrets, please")
			want := []string{"open ", "message your secrets, please", closedByPage}
			if !tt.letIn {
				want = []string{"error", "close code=1006 reason= wasClean=false"}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: the page saw %q, want %q", tt.name, got, want)
			} else if !tt.letIn {
				p.awaitConsole("Unexpected response code: 403")
			}
		}
	})
}

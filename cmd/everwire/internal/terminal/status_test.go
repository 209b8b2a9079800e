package terminal

import (
	"testing"
	"time"
)

func TestStatusLine(t *testing.T) {
	talking := status{name: "ws://localhost", state: open, since: noon.Add(-67 * time.Second), rtt: 420 * time.Microsecond,
		sent: tally{3, 27}, arrived: tally{1234, 5 << 20}}
	silent := talking
	silent.unanswered = noon.Add(-4 * time.Second)
	recent := talking
	recent.unanswered = noon.Add(-2 * time.Second)
	held := silent
	held.held = true
	tests := []struct {
		name  string
		s     status
		width int
		want  string
	}{
		{"wide", talking, 100, "open | rtt 0.42 ms | sent 3 (27 B) | received 1,234 (5.0 MiB) | 1:07 | ws://localhost"},
		{"one less than it needs", talking, 83, "open | rtt 0.42 ms | sent 3 (27 B) | received 1,234 (5.0 MiB) | 1:07"},
		{"less", talking, 59, "open | sent 3 (27 B) | received 1,234 (5.0 MiB)"},
		{"narrow", talking, 40, "open | received 1,234 (5.0 MiB)"},
		{"very narrow", talking, 20, "open"},
		{"too narrow", talking, 4, "ope"},
		{"nothing", talking, 1, ""},
		{"no pong", silent, 40, "open | no pong for 4 s"},
		{"no pong yet", recent, 66, "open | rtt 0.42 ms | sent 3 (27 B) | received 1,234 (5.0 MiB)"},
		{"held", held, 60, "open | the server waits: more comes than is shown"},
		{"connecting", status{name: "ws://x", state: connecting}, 80, "connecting | sent 0 (0 B) | received 0 (0 B) | ws://x"},
		{"closing", status{state: closingDown}, 12, "closing"},
		{"waiting", status{state: waiting, retryAt: noon.Add(2340 * time.Millisecond)}, 50, "reconnecting in 2.3 s | Enter: now"},
		{"late", status{state: waiting, retryAt: noon.Add(-time.Second)}, 25, "reconnecting in 0.0 s"},
		{"a wide name", status{state: open, name: "日本"}, 47, "open | sent 0 (0 B) | received 0 (0 B) | 日本"},
		{"a wide name, one less", status{state: open, name: "日本語"}, 45, "open | sent 0 (0 B) | received 0 (0 B)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.s.line(noon, tt.width, style{}); got != tt.want {
				t.Errorf("it is %q, want %q", got, tt.want)
			}
		})
	}
	if got, want := talking.line(noon, 10, style{true}), "\x1b[32mopen\x1b[0m"; got != want {
		t.Errorf("in colour it is %q", got)
	}
}

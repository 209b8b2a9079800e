package conformance

import (
	"testing"
)

func TestAllAnswered(t *testing.T) {
	send := []frame{ping("1"), text("a"), ping("2"), text("b")}
	tests := []struct {
		name string
		came []event
		want bool
	}{
		{"nothing", nil, false},
		{"all", []event{wantPong("1"), wantText("a"), wantPong("2"), wantText("b")}, true},
		{"the last Pong alone", []event{wantText("a"), wantPong("2"), wantText("b")}, true},
		{"not the last Pong", []event{wantText("a"), wantPong("1"), wantText("b")}, false},
		{"one echo only", []event{wantPong("1"), wantPong("2"), wantText("a")}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			enough, got := allAnswered(send), false
			for i := range tt.came {
				got = enough(tt.came[:i+1])
			}
			if got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

package connect

import (
	"testing"
	"time"
)

func TestParseWait(t *testing.T) {
	tests := []struct {
		text string
		want Wait
		ok   bool
	}{
		{"1", Wait{Messages: 1}, true}, {"500ms", Wait{Time: 500 * time.Millisecond}, true}, {"2s", Wait{Time: 2 * time.Second}, true},
		{"0", Wait{}, false}, {"-1", Wait{}, false}, {"", Wait{}, false}, {"soon", Wait{}, false}, {"0s", Wait{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParseWait(tt.text)
			if got != tt.want || (err == nil) != tt.ok {
				t.Errorf("%+v, %v, want %+v", got, err, tt.want)
			}
			if tt.ok && got.String() != tt.text {
				t.Errorf("written as %q", got)
			}
		})
	}
}

package dialer

import (
	"reflect"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestCompression(t *testing.T) {
	tests := []struct {
		text string
		want websocket.Compression
	}{
		{"on", websocket.Compression{}},
		{"off", websocket.Compression{Disabled: true}},
		{"takeover", websocket.Compression{ServerTakeover: websocket.KeepContext, ClientTakeover: websocket.KeepContext}},
		{"no-takeover", websocket.Compression{ServerTakeover: websocket.DropContext, ClientTakeover: websocket.DropContext}},
		{"server-takeover, client-no-takeover", websocket.Compression{ServerTakeover: websocket.KeepContext, ClientTakeover: websocket.DropContext}},
		{"client-takeover,server-no-takeover", websocket.Compression{ServerTakeover: websocket.DropContext, ClientTakeover: websocket.KeepContext}},
		{"server-window=9,client-window=10", websocket.Compression{ServerWindowBits: 9, ClientWindowBits: 10}},
		{"level=6,threshold=4KiB", websocket.Compression{Level: 6, Threshold: 4096}},
		{"threshold=0", websocket.Compression{Threshold: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			var c compression
			if err := c.Set(tt.text); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(c.options, tt.want) {
				t.Errorf("%+v, want %+v", c.options, tt.want)
			}
		})
	}
}

func TestSize(t *testing.T) {
	tests := []struct {
		text string
		want size
		back string
	}{
		{"1", 1, "1"}, {"1000", 1000, "1000"}, {"64k", 64 << 10, "64KiB"}, {"64KB", 64 << 10, "64KiB"},
		{"1MiB", 1 << 20, "1MiB"}, {"2g", 2 << 30, "2GiB"}, {"none", -1, "none"}, {"12B", 12, "12"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			var s size
			if err := s.Set(tt.text); err != nil {
				t.Fatal(err)
			}
			if s != tt.want || s.String() != tt.back {
				t.Errorf("%d, written %s; want %d, written %s", s, &s, tt.want, tt.back)
			}
		})
	}
}

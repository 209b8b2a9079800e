package connect

import (
	"context"
	"testing"

	"github.com/everwire/everwire/websocket"
)

func TestSink(t *testing.T) {
	tests := []struct {
		name   string
		format Format
		as     BinaryAs
		want   string // of the text "a\n", the binary "\x00\xff", and the empty binary
	}{
		{"lines", Lines, Base64, "a\n\nAP8=\n\n"},
		{"lines and hex", Lines, Hex, "a\n\n00ff\n\n"},
		{"lines as they are", Lines, AsIs, "a\n\n\x00\xff\n\n"},
		{"octets 0", Null, Base64, "a\n\x00AP8=\x00\x00"},
		{"lengths", Prefixed, Base64, "\x00\x00\x00\x02a\n\x00\x00\x00\x02\x00\xff\x00\x00\x00\x00"},
		{"raw", Raw, Base64, "a\n\x00\xff"},
		{"whole", Whole, Base64, "a\n\nAP8=\n\n"},
		{"whole, binary", WholeBinary, Base64, "a\n\x00\xff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url := serve(t, func(c *websocket.Conn) {
				c.Write(context.Background(), websocket.Text, []byte("a\n"))
				c.Write(context.Background(), websocket.Binary, []byte{0, 0xff})
				c.Write(context.Background(), websocket.Binary, nil)
				c.Close(websocket.CloseNormal, "")
			})
			c := to(url, "")
			c.Format, c.BinaryAs = tt.format, tt.as
			if got := run(t.Context(), c); got.out != tt.want || got.status != 0 {
				t.Errorf("%+v, want %q", got, tt.want)
			}
		})
	}
}

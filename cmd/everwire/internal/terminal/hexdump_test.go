package terminal

import (
	"strings"
	"testing"
)

func TestHexdump(t *testing.T) {
	data := []byte("hello, wörld\x00\x1b[2J")
	for _, tt := range []struct {
		name    string
		columns int
		want    string
	}{
		{"wide", 80, `
00000000  68 65 6c 6c 6f 2c 20 77  c3 b6 72 6c 64 00 1b 5b  |hello, w..rld..[|
00000010  32 4a                                             |2J|`},
		{"as wide as it must be", 78, `
00000000  68 65 6c 6c 6f 2c 20 77  c3 b6 72 6c 64 00 1b 5b  |hello, w..rld..[|
00000010  32 4a                                             |2J|`},
		{"narrow", 77, `
00000000  68 65 6c 6c 6f 2c 20 77  |hello, w|
00000008  c3 b6 72 6c 64 00 1b 5b  |..rld..[|
00000010  32 4a                    |2J|`},
		{"very narrow", 5, `
00000000  68 65 6c 6c  |hell|
00000004  6f 2c 20 77  |o, w|
00000008  c3 b6 72 6c  |..rl|
0000000c  64 00 1b 5b  |d..[|
00000010  32 4a        |2J|`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := "\n" + strings.Join(hexdump(data, tt.columns), "\n"); got != tt.want {
				t.Errorf("it is%s\nwant%s", got, tt.want)
			}
		})
	}
	if rows := hexdump(nil, 80); len(rows) != 0 {
		t.Errorf("of nothing it is %q", rows)
	}
}

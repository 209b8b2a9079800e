package terminal

import (
	"fmt"
	"strings"
)

// hexdump shows octets with their offsets and as ASCII, in rows that fit into so many columns.
//
//	00000000  68 65 6c 6c 6f 00 01 02  03 04 05 06 07 08 09 0a  |hello...........|
func hexdump(data []byte, columns int) (rows []string) {
	perRow := 16
	for perRow > 4 && hexColumns(perRow) > columns {
		perRow /= 2
	}
	for offset := 0; offset < len(data); offset += perRow {
		row := data[offset:min(len(data), offset+perRow)]
		var hex, ascii strings.Builder
		for i := range perRow {
			if i == 8 {
				hex.WriteByte(' ')
			}
			if i >= len(row) {
				hex.WriteString("   ")
				continue
			}
			fmt.Fprintf(&hex, " %02x", row[i])
			if row[i] < 0x20 || row[i] > 0x7e {
				ascii.WriteByte('.')
			} else {
				ascii.WriteByte(row[i])
			}
		}
		rows = append(rows, fmt.Sprintf("%08x %s  |%s|", offset, hex.String(), ascii.String()))
	}
	return rows
}

// hexColumns is how wide a row of n octets is.
func hexColumns(n int) int { return 8 + 1 + 3*n + n/16 + 2 + n + 2 }
